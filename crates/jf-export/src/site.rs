//! Contracts as files that a server hands out.

use jf_dsl::{Catalog, Kind};

use crate::{OpenApi, openapi, openapi_of_catalog, openapi_page};

/// A file of a [`contract_site`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedFile {
    /// Its address, a path from the root of whatever serves it.
    pub path: String,
    /// Its `Content-Type`.
    pub media_type: &'static str,
    /// The `Content-Security-Policy` to serve it with, for pages.
    pub content_security_policy: Option<String>,
    /// Its content.
    pub content: String,
}

/// The contract of everything that is deployed, as files to be served below `path`:
///
/// | address | content |
/// |---|---|
/// | `<path>` | a page for people, see [`openapi_page`] |
/// | `<path>/openapi.json` | the document of the catalog |
/// | `<path>/journeys/<name>.json`, `<path>/apis/<name>.json` | the document of one definition, in the version that serves new runs |
///
/// Links between them are relative, so whatever is in front of the server may add a prefix. The files are those of the catalog at
/// this moment.
///
/// ```
/// use jf_dsl::Catalog;
/// use jf_export::{OpenApi, contract_site};
///
/// let files = contract_site(&Catalog::default(), &OpenApi::default(), "/contract");
/// let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
/// assert_eq!(paths, ["/contract", "/contract/openapi.json"]);
/// ```
#[must_use]
pub fn contract_site(catalog: &Catalog, options: &OpenApi, path: &str) -> Vec<PublishedFile> {
    let path = path.trim_end_matches('/');
    // The page lies beside its folder, not in it.
    let folder = match path.rsplit('/').next().unwrap_or_default() {
        "" => String::new(),
        last => format!("{last}/"),
    };
    let whole = openapi_of_catalog(catalog, options);
    let mut downloads = vec![("OpenAPI 3.1".to_owned(), format!("{folder}openapi.json"))];
    let mut documents = vec![(format!("{path}/openapi.json"), whole.to_string())];
    for (kind, plural) in [(Kind::Journey, "journeys"), (Kind::Api, "apis")] {
        for definition in catalog.serving(kind).map(|loaded| &loaded.definition) {
            if options.hides(definition) {
                continue;
            }
            let name = definition.metadata.name.as_str();
            downloads.push((format!("of {name} alone"), format!("{folder}{plural}/{name}.json")));
            let document = openapi(definition, options);
            documents.push((format!("{path}/{plural}/{name}.json"), document.to_string()));
        }
    }
    let links: Vec<_> = downloads.iter().map(|(text, address)| (text.as_str(), address.as_str())).collect();
    let page = openapi_page(&whole, &links);
    let mut files = vec![PublishedFile {
        path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        media_type: "text/html; charset=utf-8",
        content_security_policy: Some(page.content_security_policy),
        content: page.html,
    }];
    files.extend(documents.into_iter().map(|(path, content)| PublishedFile {
        path,
        media_type: "application/json",
        content_security_policy: None,
        content,
    }));
    files
}
