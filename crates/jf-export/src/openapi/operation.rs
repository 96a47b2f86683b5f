//! One operation of the document, gathered from all definitions that share its address.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::problems::Refusal;
use crate::schemas::any_of;

/// An operation while it is being put together. Definitions may share an address (two journeys with a step of one name); what
/// differs between them then stands side by side under `anyOf`.
#[derive(Debug, Default)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) tags: Vec<String>,
    parameters: IndexMap<String, Value>,
    body: Option<Body>,
    responses: IndexMap<String, Response>,
}

#[derive(Debug)]
struct Body {
    required: bool,
    schemas: Vec<Value>,
}

#[derive(Debug, Default)]
struct Response {
    description: String,
    headers: IndexMap<&'static str, Value>,
    content: IndexMap<&'static str, Vec<Value>>,
    links: IndexMap<String, Value>,
}

impl Operation {
    pub(super) fn new(id: impl Into<String>, summary: impl Into<String>) -> Self {
        Self { id: id.into(), summary: summary.into(), ..Self::default() }
    }

    pub(super) fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    pub(super) fn tagged(mut self, tag: &str) -> Self {
        self.tags.push(tag.to_owned());
        self
    }

    /// A parameter of `components.parameters`.
    pub(super) fn parameter(mut self, name: &str) -> Self {
        self.parameters.insert(name.to_owned(), json!({ "$ref": format!("#/components/parameters/{name}") }));
        self
    }

    /// A header or query parameter of its own; the first of equal ones counts.
    pub(super) fn string_parameter(&mut self, place: &str, name: &str, description: &str) {
        self.parameters.entry(format!("{place} {}", name.to_ascii_lowercase())).or_insert_with(|| {
            json!({ "name": name, "in": place, "description": description, "schema": { "type": "string" } })
        });
    }

    pub(super) fn body(mut self, required: bool, schema: Value) -> Self {
        self.body = Some(Body { required, schemas: vec![schema] });
        self
    }

    /// A response without content, unless [`content`](Self::content) adds some.
    pub(super) fn response(&mut self, status: &str, description: &str) {
        let response = self.responses.entry(status.to_owned()).or_default();
        if response.description.is_empty() {
            response.description = description.to_owned();
        }
    }

    /// A header of a response, one of `components.headers`.
    pub(super) fn header(&mut self, status: &str, name: &'static str) {
        let reference = json!({ "$ref": format!("#/components/headers/{name}") });
        let field = match name {
            "IdempotencyReplayed" => "Idempotency-Replayed",
            "RetryAfter" => "Retry-After",
            "SetCookie" => "Set-Cookie",
            "AllowOrigin" => "Access-Control-Allow-Origin",
            "AllowMethods" => "Access-Control-Allow-Methods",
            "AllowHeaders" => "Access-Control-Allow-Headers",
            "MaxAge" => "Access-Control-Max-Age",
            name => name,
        };
        self.responses.entry(status.to_owned()).or_default().headers.insert(field, reference);
    }

    /// One more schema that the body of a response may follow.
    pub(super) fn content(&mut self, status: &str, media: &'static str, schema: Value) {
        let response = self.responses.entry(status.to_owned()).or_default();
        add(response.content.entry(media).or_default(), schema);
    }

    /// The statuses that it has by now.
    pub(super) fn statuses(&self) -> Vec<String> {
        self.responses.keys().cloned().collect()
    }

    /// Where an answer leads: the operation on the run that `journey_id`, a runtime expression, finds in it.
    pub(super) fn leads_to(&mut self, status: &str, operation: &str, journey_id: &str) {
        let link = json!({ "operationId": operation, "parameters": { "journeyId": journey_id } });
        self.responses.entry(status.to_owned()).or_default().links.insert(operation.to_owned(), link);
    }

    /// What another definition says of the same address.
    pub(super) fn join(&mut self, other: Self) {
        for tag in other.tags {
            if !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
        for (key, parameter) in other.parameters {
            self.parameters.entry(key).or_insert(parameter);
        }
        if let (Some(body), Some(more)) = (&mut self.body, other.body) {
            body.required &= more.required;
            more.schemas.into_iter().for_each(|schema| add(&mut body.schemas, schema));
        }
        for (status, more) in other.responses {
            let response = self.responses.entry(status).or_default();
            if response.description.is_empty() {
                response.description = more.description;
            }
            response.headers.extend(more.headers);
            response.links.extend(more.links);
            for (media, schemas) in more.content {
                let content = response.content.entry(media).or_default();
                schemas.into_iter().for_each(|schema| add(content, schema));
            }
        }
    }

    /// The operation as OpenAPI has it, with the refusals that every operation of the kind can give.
    pub(super) fn finish(self, refusals: &[&Refusal]) -> Value {
        let mut operation = Map::new();
        operation.insert("operationId".to_owned(), self.id.into());
        operation.insert("summary".to_owned(), self.summary.into());
        if !self.description.is_empty() {
            operation.insert("description".to_owned(), self.description.into());
        }
        operation.insert("tags".to_owned(), self.tags.into());
        if !self.parameters.is_empty() {
            operation.insert("parameters".to_owned(), self.parameters.into_values().collect());
        }
        if let Some(body) = self.body {
            let content = json!({ "application/json": { "schema": any_of(body.schemas) } });
            operation
                .insert("requestBody".to_owned(), json!({ "required": body.required, "content": content }));
        }
        let mut responses: Vec<(String, Value)> =
            self.responses.into_iter().map(|(status, response)| (status, response.finish())).collect();
        for Refusal { name, status, .. } in refusals {
            if !responses.iter().any(|(there, _)| there == status) {
                let reference = json!({ "$ref": format!("#/components/responses/{name}") });
                responses.push(((*status).to_owned(), reference));
            }
        }
        responses.sort_by(|(a, _), (b, _)| a.cmp(b));
        operation.insert("responses".to_owned(), responses.into_iter().collect::<Map<_, _>>().into());
        operation.into()
    }
}

impl Response {
    fn finish(self) -> Value {
        let mut response = Map::from_iter([("description".to_owned(), self.description.into())]);
        if !self.headers.is_empty() {
            let headers: Map<_, _> =
                self.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            response.insert("headers".to_owned(), headers.into());
        }
        if !self.content.is_empty() {
            let content: Map<_, _> = self
                .content
                .into_iter()
                .map(|(media, schemas)| (media.to_owned(), json!({ "schema": any_of(schemas) })))
                .collect();
            response.insert("content".to_owned(), content.into());
        }
        if !self.links.is_empty() {
            response.insert("links".to_owned(), self.links.into_iter().collect::<Map<_, _>>().into());
        }
        response.into()
    }
}

/// The HEAD operation beside a GET (HTTP-003): the same answers without their bodies.
pub(super) fn head_of(get: &Value) -> Value {
    let mut head = get.clone();
    let text = |member: &str| get[member].as_str().unwrap_or_default();
    head["operationId"] = format!("{}Head", text("operationId")).into();
    head["summary"] = format!("{}: the headers alone", text("summary")).into();
    if let Some(responses) = head["responses"].as_object_mut() {
        for response in responses.values_mut() {
            let mut bare = json!({ "description": "As for GET, without a body." });
            if let Some(mut headers) = response.get("headers").cloned() {
                // Cookies wait for who takes the document (HTTP-060).
                headers.as_object_mut().and_then(|headers| headers.shift_remove("Set-Cookie"));
                bare["headers"] = headers;
            }
            *response = bare;
        }
    }
    head
}

fn add(schemas: &mut Vec<Value>, schema: Value) {
    if !schemas.contains(&schema) {
        schemas.push(schema);
    }
}
