//! OpenAPI documents, as far as `operationRef` goes: which operations there are, where they are served, and what a call of
//! one needs (01 §5, 04 §3).
//!
//! Documents of version 3.0 and 3.1 are read, in YAML and in JSON, with the reader of definitions. Only what a call needs is
//! looked at, and references are followed inside the document alone: what is said elsewhere is taken as unknown and never
//! held against a task.

mod read;

use std::collections::HashMap;
use std::sync::Arc;

use crate::capabilities::{Capabilities, MOST_BYTES, SizeLimits};
use crate::model::task::HttpMethod;
use crate::rules::Fault;
use crate::source::{SourceFile, Span};
use crate::tree::read_into;
use crate::value::file_ref::FileRef;

/// The operations of a document that have an `operationId`.
#[derive(Debug, Default)]
pub(crate) struct OpenApi {
    operations: HashMap<Arc<str>, Vec<Arc<Operation>>>,
    /// The ids in document order.
    ids: Vec<Arc<str>>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: HttpMethod,
    /// The path, with `{name}` for each path parameter.
    pub(crate) path: Arc<str>,
    /// Where it is served (DEF-067).
    pub(crate) server: Server,
    /// Its parameters and those of its path item, each once.
    pub(crate) parameters: Vec<Parameter>,
    /// Whether there are parameters that could not be read: then none is unknown.
    pub(crate) open: bool,
    pub(crate) body: RequestBody,
}

/// The first server of an operation, its path item or the document (DEF-067).
#[derive(Debug, Clone)]
pub(crate) enum Server {
    /// None at all, which means `/`.
    None,
    /// A URL as written.
    Url(Arc<str>),
    /// A URL with variables.
    Variables(Arc<str>),
}

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: Arc<str>,
    pub(crate) location: Location,
    pub(crate) required: bool,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Path,
    Query,
    Header,
    Cookie,
}

/// Whether an operation takes a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestBody {
    None,
    Optional,
    Required,
}

/// Why a document does not load (DEF-066).
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// The place in the document, when it could be read so far.
    pub(crate) at: Option<(SourceFile, Span)>,
}

impl Failure {
    /// The fault with the place in the document, when it is known.
    pub(crate) fn label(&self, fault: Fault) -> Fault {
        match &self.at {
            Some((source, span)) => fault.label_in(source, *span, "here"),
            None => fault,
        }
    }
}

/// The answer to the search for an operation.
pub(crate) enum Found<'a> {
    One(&'a Arc<Operation>),
    None,
    Several,
}

impl OpenApi {
    /// Reads the document of a file beside a definition.
    pub(crate) fn load(
        capabilities: &dyn Capabilities,
        base: Option<&std::path::Path>,
        file: &FileRef,
    ) -> Result<Self, Failure> {
        let source = capabilities
            .file(base, file)
            .map_err(|fault| Failure { message: fault.to_string(), at: None })?;
        let limits = SizeLimits { file_bytes: MOST_BYTES, ..capabilities.size_limits() };
        let mut faults = Vec::new();
        // What leaves the rest readable, like an unquoted status code as a key, is no matter here.
        let Some(root) = read_into(&source, &limits, &mut faults) else {
            let fault = faults.into_iter().next();
            let message = fault.as_ref().map_or_else(String::new, |fault| fault.message.clone());
            let at = fault.and_then(|fault| fault.span).map(|span| (source, span));
            return Err(Failure { message, at });
        };
        read::document(&root).map_err(|(message, span)| Failure { message, at: Some((source, span)) })
    }

    /// The operation of an id; ids are meant to be unique, but documents do not always keep to it (TSK-031).
    pub(crate) fn find(&self, id: &str) -> Found<'_> {
        match self.operations.get(id).map(Vec::as_slice) {
            None | Some([]) => Found::None,
            Some([operation]) => Found::One(operation),
            Some(_) => Found::Several,
        }
    }

    /// The ids in document order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(|id| &**id)
    }

    fn add(&mut self, id: Arc<str>, operation: Operation) {
        let known = self.operations.entry(Arc::clone(&id)).or_default();
        if known.is_empty() {
            self.ids.push(id);
        }
        known.push(Arc::new(operation));
    }
}

impl Operation {
    /// The parameters of one place.
    pub(crate) fn parameters_in(&self, location: Location) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.location == location)
    }
}
