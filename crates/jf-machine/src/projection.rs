//! What requests bring into runs and answers take out of them (HTTP-030 ff., HTTP-040 ff., ENG-028, ENG-048).

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use jf_core::Caller;
use jf_dsl::{PathConflict, Projection, StateId, VarName};
use serde_json::{Map, Value};

use crate::context::members;
use crate::measure::name_len;
use crate::{Diagnostic, Fact, Program};

impl Program {
    /// The projection that the binding of a caller declares for a start, or for the steps of an id wherever they sit (HTTP-035).
    /// Bindings without projections of their own have none (WS-024).
    pub(crate) fn projection(&self, caller: &Caller, step: Option<&StateId>) -> Option<&Projection> {
        let http = &self.definition().spec.bindings.http;
        match (caller.transport(), step) {
            ("http", None) => Some(&http.start),
            ("http", Some(id)) => http.steps.get(id.as_str()),
            _ => None,
        }
        .filter(|projection| !projection.is_empty())
    }

    /// The headers that a request adds to the outbound calls of its segment: those of a start (or Api call) without `step`, else
    /// those of a submission to that state (HTTP-040, HTTP-042). To be kept in memory for that segment only (HTTP-041).
    #[must_use]
    pub fn passthrough(&self, step: Option<&StateId>, caller: &Caller) -> HeaderMap {
        let entries =
            self.projection(caller, step).map_or(&[][..], |projection| &projection.headers_passthrough);
        let mut headers = HeaderMap::new();
        for entry in entries {
            // To the byte: what is text to whom is not for us to say.
            let value = caller.header_bytes(entry.from.as_str());
            let value = value.and_then(|bytes| HeaderValue::try_from(bytes).ok());
            if let (Ok(name), Some(mut value)) = (HeaderName::from_bytes(entry.to.as_str().as_bytes()), value)
            {
                // Hides it from debug output, since it may well be a credential (TSK-010).
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        headers
    }

    /// The query parameters of a request that are projected, as the fingerprint of a keyed command covers them (ENG-058).
    #[must_use]
    pub fn projected_query<'a>(
        &'a self,
        step: Option<&StateId>,
        caller: &'a Caller,
    ) -> Vec<(&'a str, &'a str)> {
        let entries = self.projection(caller, step).into_iter().flat_map(|found| &found.query_to_context);
        entries.filter_map(|(name, _)| Some((&**name, caller.query_parameter(name)?))).collect()
    }
}

/// Query parameters, then headers, each in document order, written over the context (HTTP-030, HTTP-033). Absent ones change
/// nothing, empty ones write the empty text (HTTP-031). Returns the changed context and the bytes it gained at most, or `None`
/// when nothing was present.
pub(crate) fn project(
    projection: &Projection,
    caller: &Caller,
    context: &Arc<Value>,
) -> Result<Option<(Arc<Value>, usize)>, PathConflict> {
    let query = projection
        .query_to_context
        .iter()
        .filter_map(|(parameter, field)| Some((field, caller.query_parameter(parameter)?.to_owned())));
    let headers = projection
        .headers_to_context
        .iter()
        .filter_map(|(header, field)| Some((field, caller.header(header.as_str())?)));
    let mut projected: Option<(Arc<Value>, usize)> = None;
    for (field, text) in query.chain(headers) {
        let (context, added) = projected.get_or_insert_with(|| (Arc::clone(context), 0));
        let names: usize = field.segments().map(|segment| name_len(segment) + 2).sum();
        // The text may need escapes: six bytes for a character at most.
        *added += names + 6 * text.len() + 2;
        field.write(members(context), Value::String(text))?;
    }
    Ok(projected)
}

/// The members of `context.<output_var>` that do not hide the document's own, and a report of those that would (ENG-029).
pub(crate) fn pick_members(
    context: &Value,
    output_var: &VarName,
    reserved: &[&str],
) -> (Map<String, Value>, Option<Fact>) {
    let mut skipped = Vec::new();
    let mut picked = Map::new();
    for (name, value) in context.get(output_var.as_str()).and_then(Value::as_object).into_iter().flatten() {
        if reserved.contains(&name.as_str()) {
            skipped.push(name.clone());
        } else {
            picked.insert(name.clone(), value.clone());
        }
    }
    let report = (!skipped.is_empty()).then_some(Fact::Diagnostic(Diagnostic::ProjectionSkipped(skipped)));
    (picked, report)
}
