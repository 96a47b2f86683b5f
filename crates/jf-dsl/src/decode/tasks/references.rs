//! What calls depend on outside their own task: the documents of catalogued APIs, the policies that send `Authorization`, the
//! default headers. It is read from the tree before any task is, so that it does not matter which blocks have other faults.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::capabilities::Capabilities;
use crate::decode::{Decoder, Place};
use crate::openapi::{Failure, OpenApi};
use crate::rules::operations as rules;
use crate::source::SourceFile;
use crate::tree::{Member, Node, NodeValue};
use crate::value::file_ref::FileRef;

#[derive(Debug, Default)]
pub(crate) struct References {
    apis: HashMap<Arc<str>, ApiEntry>,
    /// Policies of the definition that send an `Authorization` header of their own (TSK-061, TSK-062).
    authorizing: HashSet<Arc<str>>,
    /// Names of `spec.defaults.http.headers`, in lower case.
    default_headers: HashSet<String>,
}

/// An entry of `spec.apis`. Its document is read when it is first needed, and once.
#[derive(Debug)]
struct ApiEntry {
    /// `None` when `openApiRef` itself is at fault (DEF-065).
    file: Option<FileRef>,
    document: Option<Result<Arc<OpenApi>, Failure>>,
    used: bool,
}

/// The answer to the search for a catalogued API.
pub(super) enum ApiDocument {
    /// It is not catalogued.
    Unknown,
    /// It does not load, which is reported at the catalogue (DEF-065, DEF-066).
    Faulty,
    Loaded(Arc<OpenApi>),
}

impl References {
    /// Reads `spec`.
    pub(crate) fn of(spec: &Node) -> Self {
        let apis = entries(spec, &["apis"]);
        let policies = entries(spec, &["policies", "httpClientAuth", "definitions"]);
        let headers = entries(spec, &["defaults", "http", "headers"]);
        Self {
            apis: apis.map(|member| (Arc::clone(&member.key), ApiEntry::of(&member.value))).collect(),
            authorizing: policies
                .filter(|member| authorizes(&member.value))
                .map(|member| Arc::clone(&member.key))
                .collect(),
            default_headers: headers.map(|member| member.key.to_ascii_lowercase()).collect(),
        }
    }

    pub(super) fn sets_authorization(&self, policy: &str) -> bool {
        self.authorizing.contains(policy)
    }

    /// Whether `spec.defaults.http.headers` has the header, given in lower case.
    pub(super) fn has_default_header(&self, name: &str) -> bool {
        self.default_headers.contains(name)
    }

    /// The names of the catalogue.
    pub(super) fn api_names(&self) -> Vec<Arc<str>> {
        self.apis.keys().cloned().collect()
    }

    /// The document of a catalogued API, for a task that uses it.
    pub(super) fn use_api(
        &mut self,
        capabilities: &dyn Capabilities,
        source: &SourceFile,
        name: &str,
    ) -> ApiDocument {
        let Some(entry) = self.apis.get_mut(name) else { return ApiDocument::Unknown };
        entry.used = true;
        match entry.load(capabilities, source) {
            Some(Ok(document)) => ApiDocument::Loaded(Arc::clone(document)),
            Some(Err(_)) | None => ApiDocument::Faulty,
        }
    }
}

impl ApiEntry {
    fn of(node: &Node) -> Self {
        let text = node.member("openApiRef").and_then(|member| member.value.as_str());
        let file = text.and_then(|text| FileRef::parse(Arc::clone(text)).ok());
        Self { file, document: None, used: false }
    }

    fn load(
        &mut self,
        capabilities: &dyn Capabilities,
        source: &SourceFile,
    ) -> Option<&Result<Arc<OpenApi>, Failure>> {
        let file = self.file.as_ref()?;
        let load = || OpenApi::load(capabilities, source.base(), file).map(Arc::new);
        Some(self.document.get_or_insert_with(load))
    }
}

impl Decoder<'_> {
    /// DEF-066: a catalogued document must load where a task uses it, and should where none does. Comes after all tasks.
    pub(in crate::decode) fn finish_apis(&mut self, apis: &Place<'_>) {
        for (name, entry) in apis.entries() {
            let Some(reference) = entry.get("openApiRef") else { continue };
            let Some(api) = self.references.apis.get_mut(&**name) else { continue };
            let used = api.used;
            if let Some(Err(failure)) = api.load(self.capabilities, self.source) {
                let file = reference.text().map_or("", |text| text);
                let fault = rules::api_does_not_load(file, failure, used);
                self.report(&reference, fault);
            }
        }
    }
}

fn authorizes(policy: &Node) -> bool {
    let kind = policy.member("kind").and_then(|kind| kind.value.as_str());
    kind.is_some_and(|kind| matches!(&**kind, "bearerStatic" | "oauth2ClientCredentials"))
}

/// The members that are not `null` of an object below another one.
fn entries<'t>(node: &'t Node, path: &[&str]) -> impl Iterator<Item = &'t Member> {
    let found = path.iter().try_fold(node, |node, name| node.member(name).map(|member| &member.value));
    let members = found.map_or(&[][..], Node::members);
    members.iter().filter(|member| member.value.value != NodeValue::Null)
}
