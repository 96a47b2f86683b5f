//! What calls depend on outside their own task: the documents of catalogued APIs, the policies that send `Authorization`, the
//! default headers. It is read from the tree before any task is, so that it does not matter which blocks have other faults.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::capabilities::Capabilities;
use crate::decode::{Decoder, Place};
use crate::model::schema::Schema;
use crate::openapi::{Failure, OpenApi};
use crate::rules::operations as rules;
use crate::source::SourceFile;
use crate::tree::{Member, Node, NodeValue};
use crate::value::file_ref::FileRef;

#[derive(Debug, Default)]
pub(crate) struct References {
    apis: HashMap<Arc<str>, ApiEntry>,
    /// The names of the catalogue in document order.
    api_names: Vec<Arc<str>>,
    /// OpenAPI documents by file, each read once.
    documents: HashMap<String, Result<Arc<OpenApi>, Failure>>,
    /// Schemas of files of their own, each compiled once.
    pub(super) schemas: HashMap<String, Result<Schema, Failure>>,
    /// Policies of the definition that send an `Authorization` header of their own (TSK-061, TSK-062).
    authorizing: HashSet<Arc<str>>,
    /// Names of `spec.defaults.http.headers`, in lower case.
    default_headers: HashSet<String>,
}

/// An entry of `spec.apis`. Its document is read when it is first needed.
#[derive(Debug)]
struct ApiEntry {
    /// `None` when `openApiRef` itself is at fault (DEF-065).
    file: Option<FileRef>,
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
            api_names: entries(spec, &["apis"]).map(|member| Arc::clone(&member.key)).collect(),
            documents: HashMap::new(),
            schemas: HashMap::new(),
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

    /// The names of the catalogue in document order.
    pub(super) fn api_names(&self) -> impl Iterator<Item = &str> {
        self.api_names.iter().map(|name| &**name)
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
        let Some(file) = entry.file.clone() else { return ApiDocument::Faulty };
        match self.document(capabilities, source, &file) {
            Ok(document) => ApiDocument::Loaded(Arc::clone(document)),
            Err(_) => ApiDocument::Faulty,
        }
    }

    fn document(
        &mut self,
        capabilities: &dyn Capabilities,
        source: &SourceFile,
        file: &FileRef,
    ) -> &Result<Arc<OpenApi>, Failure> {
        let load = || OpenApi::load(capabilities, source.base(), file).map(Arc::new);
        self.documents.entry(file.normal_form()).or_insert_with(load)
    }
}

impl ApiEntry {
    fn of(node: &Node) -> Self {
        let text = node.member("openApiRef").and_then(|member| member.value.as_str());
        Self { file: text.and_then(|text| FileRef::parse(Arc::clone(text)).ok()), used: false }
    }
}

impl Decoder<'_> {
    /// DEF-066: a catalogued document must load where a task uses it, and should where none does. Comes after all tasks.
    pub(in crate::decode) fn finish_apis(&mut self, apis: &Place<'_>) {
        for (name, entry) in apis.entries() {
            let Some(reference) = entry.get("openApiRef") else { continue };
            let Some(ApiEntry { file: Some(file), used }) = self.references.apis.get(&**name) else {
                continue;
            };
            let (file, used) = (file.clone(), *used);
            if let Err(failure) = self.references.document(self.capabilities, self.source, &file) {
                let fault = rules::api_does_not_load(file.as_str(), failure, used);
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
