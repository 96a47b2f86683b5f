//! JSON Schemas in files of their own (TSK-081).

use std::sync::Arc;

use crate::capabilities::{MOST_BYTES, SizeLimits};
use crate::decode::{Decoder, Place};
use crate::model::task::SchemaFile;
use crate::openapi::Failure;
use crate::rules::{shape, tasks as rules};
use crate::tree::read_into;
use crate::value::file_ref::FileRef;

impl Decoder<'_> {
    /// A reference to a schema file, which is read and compiled.
    pub(super) fn schema_file(&mut self, place: &Place<'_>) -> Option<SchemaFile> {
        let text = self.non_empty(place, "TSK-081")?;
        let file = match FileRef::parse(Arc::clone(text)) {
            Ok(file) => file,
            Err(error) => {
                let fault = shape::malformed(text, "file reference", &error.to_string()).rule("TSK-081");
                self.report(place, fault);
                return None;
            }
        };
        let key = file.normal_form();
        if !self.references.schemas.contains_key(&key) {
            let loaded = self.load_schema(&file);
            self.references.schemas.insert(key.clone(), loaded);
        }
        match self.references.schemas.get(&key)? {
            Ok(schema) => Some(SchemaFile { file, schema: schema.clone() }),
            Err(failure) => {
                let fault = rules::schema_does_not_load(text, failure);
                self.report(place, fault);
                None
            }
        }
    }

    fn load_schema(&mut self, file: &FileRef) -> Result<crate::model::schema::Schema, Failure> {
        let source = self
            .capabilities
            .file(self.source.base(), file)
            .map_err(|fault| Failure { message: fault.to_string(), at: None })?;
        let limits = SizeLimits { file_bytes: MOST_BYTES, ..self.capabilities.size_limits() };
        let mut faults = Vec::new();
        let root = read_into(&source, &limits, &mut faults);
        let root = root.filter(|_| faults.is_empty());
        let schema = root.as_ref().and_then(|root| {
            // The schema is judged like one that is written in place, with its own file around it.
            let mut inner = Decoder::new(&source, self.capabilities, std::mem::take(&mut faults));
            inner.compiled = std::mem::take(&mut self.compiled);
            inner.patterns = self.patterns;
            let schema = inner.schema(&Place::root(root));
            self.compiled = inner.compiled;
            self.patterns = inner.patterns;
            faults = inner.faults;
            schema
        });
        schema.ok_or_else(|| {
            let fault = faults.into_iter().find(crate::diagnostic::Diagnostic::is_error);
            let message = fault.as_ref().map_or_else(String::new, |fault| fault.message.clone());
            Failure { message, at: fault.and_then(|fault| fault.span).map(|span| (source.clone(), span)) }
        })
    }
}
