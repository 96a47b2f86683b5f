//! The document while it is being put together.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::operation::{Operation, head_of};
use super::problems::{self, Refusal};
use crate::schemas::{Schemas, any_of, reference};
use crate::unused;

/// Media types of answers.
pub(super) const JSON: &str = "application/json";
pub(super) const PROBLEM: &str = "application/problem+json";

/// What every address can answer.
const ALWAYS: [&Refusal; 6] = [
    &problems::FORBIDDEN,
    &problems::METHOD_NOT_ALLOWED,
    &problems::RATE_LIMITED,
    &problems::HEADERS_TOO_LARGE,
    &problems::INTERNAL_ERROR,
    &problems::UNAVAILABLE,
];
/// What commands can answer besides (HTTP-022 to HTTP-024).
const COMMANDS: [&Refusal; 5] = [
    &problems::BAD_REQUEST,
    &problems::NOT_FOUND,
    &problems::TOO_LARGE,
    &problems::UNSUPPORTED_MEDIA_TYPE,
    &problems::KEY_MISMATCH,
];
/// The operations on any run that an answer with its id leads to.
pub(super) const ON_RUNS: [&str; 4] = [STATUS, OUTCOME, EVENTS, CANCEL];
const STATUS: &str = "getStatus";
const OUTCOME: &str = "getOutcome";
const EVENTS: &str = "subscribe";
const CANCEL: &str = "cancel";

/// The tag of operations that belong to no definition.
pub(super) const RUNS: &str = "runs";
/// The tag of what browsers ask before pages of other origins send.
pub(super) const ORIGINS: &str = "origins";
/// The filters and pages of a listing (HTTP-081).
const LIST_PARAMETERS: [&str; 11] = [
    "JourneyName",
    "Phase",
    "SubjectId",
    "TenantId",
    "OrderId",
    "PaymentIntentId",
    "CrmCaseId",
    "Tag",
    "PageSize",
    "PageToken",
    "IncludeCompensation",
];

/// The addresses and schemas gathered so far.
#[derive(Default)]
pub(super) struct Document {
    posts: IndexMap<String, Operation>,
    pub(super) schemas: Schemas,
    outcomes: Vec<Value>,
    /// Whether any run hands cookies on with its result (HTTP-060).
    pub(super) cookies: bool,
}

impl Document {
    /// One more schema that outcomes may follow.
    pub(super) fn outcome(&mut self, schema: Value) {
        self.outcomes.push(schema);
    }

    /// Adds an operation, to what there is at the address already.
    pub(super) fn post(&mut self, path: &str, operation: Operation) {
        match self.posts.get_mut(path) {
            Some(there) => there.join(operation),
            None => {
                self.posts.insert(path.to_owned(), operation);
            }
        }
    }

    /// What is at an address of its own, besides the operations of definitions.
    fn reads(&mut self, list: bool) -> Map<String, Value> {
        let mut paths = Map::new();
        let mut get = |path: &str, operation: Operation, refusals: &[&Refusal]| {
            let common = [&problems::BAD_PARAMETER, &problems::NOT_FOUND];
            let refusals: Vec<_> = ALWAYS.iter().chain(&common).chain(refusals).copied().collect();
            let get = operation.finish(&refusals);
            paths.insert(path.to_owned(), json!({ "get": get, "head": head_of(&get) }));
        };
        let mut status = Operation::new(STATUS, "Where a run stands").tagged(RUNS);
        let mut outcome = Operation::new(OUTCOME, "How a run ended").tagged(RUNS);
        let event = self.schemas.add("Event", &event(&self.outcomes));
        for (operation, schemas) in [
            (&mut status, vec![reference("JourneyStatus")]),
            (&mut outcome, std::mem::take(&mut self.outcomes)),
        ] {
            operation.response("200", "The document.");
            schemas.into_iter().for_each(|schema| operation.content("200", JSON, schema));
            operation.header("200", "ETag");
            operation.response("304", "It is as the caller knows it.");
            operation.header("304", "ETag");
        }
        let guarded = |operation: Operation| operation.parameter("JourneyId");
        get("/journeys/{journeyId}", guarded(status).parameter("IfNoneMatch"), &[]);
        if self.cookies {
            outcome.header("200", "SetCookie");
        }
        let refusals = [&problems::NOT_TERMINAL];
        get("/journeys/{journeyId}/result", guarded(outcome).parameter("IfNoneMatch"), &refusals);
        let mut events = guarded(Operation::new(EVENTS, "The events of a run"))
            .tagged(RUNS)
            .described("Server-sent events: `status` and `outcome`, each with the document of the address of its kind, and `gap` where some are missing. The stream ends after the outcome. The schema is that of one event.");
        for parameter in ["After", "LastEventId", "Events", "Conflate"] {
            events = events.parameter(parameter);
        }
        events.response("200", "The stream.");
        events.content("200", "text/event-stream", event);
        events.response("204", "There is nothing to come.");
        get("/journeys/{journeyId}/events", events, &[]);
        if list {
            let mut list = Operation::new("list", "List runs").tagged(RUNS);
            for parameter in LIST_PARAMETERS {
                list = list.parameter(parameter);
            }
            list.response("200", "A page.");
            list.content("200", JSON, reference("JourneyPage"));
            for operation in [STATUS, OUTCOME] {
                list.leads_to("200", operation, "$response.body#/items/0/journeyId");
            }
            let refusals = [&problems::UNAUTHENTICATED, &problems::UNSUPPORTED];
            get("/journeys", list, &refusals);
        }
        paths
    }

    fn cancel(&mut self) {
        let mut cancel = Operation::new(CANCEL, "Cancel a run").tagged(RUNS);
        for parameter in ["JourneyId", "IdempotencyKey", "IfMatch"] {
            cancel = cancel.parameter(parameter);
        }
        cancel.response("200", "The run has ended.");
        cancel.content("200", JSON, reference("JourneyStatus"));
        cancel.header("200", "ETag");
        cancel.header("200", "IdempotencyReplayed");
        for operation in [STATUS, OUTCOME] {
            cancel.leads_to("200", operation, "$response.body#/journeyId");
        }
        self.post("/journeys/{journeyId}/steps/cancel", cancel);
    }

    /// The paths and components of the document; `journeys` says whether there is any Journey in it, `list` whether runs can be listed,
    /// `cross_origin` whether pages of other origins are answered.
    pub(super) fn finish(mut self, journeys: bool, list: bool, cross_origin: bool) -> (Value, Value) {
        let mut paths = Map::new();
        if journeys {
            paths = self.reads(list);
            self.cancel();
        }
        for (path, operation) in self.posts {
            let of_run = path.starts_with("/journeys/{journeyId}/");
            let start = path.starts_with("/journeys/") && !of_run;
            let mut refusals: Vec<_> = ALWAYS.iter().chain(&COMMANDS).copied().collect();
            if of_run {
                let cancels = operation.id == CANCEL;
                let conflict = if cancels { &problems::NOT_CANCELLABLE } else { &problems::STEP_CONFLICT };
                refusals.extend([conflict, &problems::PRECONDITION_FAILED]);
            } else if !start {
                // No caller keys on Apis.
                refusals.retain(|refusal| refusal.status != problems::KEY_MISMATCH.status);
            }
            paths.insert(path, json!({ "post": operation.finish(&refusals) }));
        }
        if cross_origin {
            for (path, item) in &mut paths {
                item["options"] = preflight(path, item);
            }
        }
        let mut components: Value =
            serde_json::from_str(include_str!("components.json")).expect("the file is JSON, as a test shows");
        components["schemas"] = self.schemas.finish().into();
        components["responses"] = problems::responses().into();
        unused::prune(&mut components, &paths);
        (paths.into(), components)
    }
}

/// An event of a stream (HTTP-102, HTTP-103), whose data is JSON in a string.
fn event(outcomes: &[Value]) -> Value {
    let outcome = any_of(outcomes.to_vec());
    let gap = json!({
        "type": "object",
        "required": ["from", "to", "reason"],
        "properties": {
            "from": { "type": "integer" },
            "to": { "type": "integer" },
            "reason": { "type": "string" }
        }
    });
    let kind = |kind: &str, schema: Value, required: &[&str]| {
        let data = json!({ "type": "string", "contentMediaType": JSON, "contentSchema": schema });
        json!({
            "if": { "properties": { "event": { "const": kind } } },
            "then": { "required": required, "properties": { "id": { "type": "string" }, "data": data } }
        })
    };
    json!({
        "description": "An event of the stream of a run. `data` is JSON: JourneyStatus, JourneyOutcome, or what is missing.",
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "id": { "type": "string", "description": "`<epoch>.<seq>`, for `Last-Event-ID`; absent from a gap." },
            "event": { "type": "string", "enum": ["status", "outcome", "gap"] },
            "data": { "type": "string", "contentMediaType": JSON }
        },
        "allOf": [
            kind("status", reference("JourneyStatus"), &["id"]),
            kind("outcome", outcome, &["id"]),
            kind("gap", gap, &[])
        ]
    })
}

/// The leave that browsers ask for before pages of other origins may send what is at the address (HTTP-028).
fn preflight(path: &str, item: &Value) -> Value {
    let of = ["post", "get"].iter().find_map(|method| item[method]["operationId"].as_str());
    let mut operation = Operation::new(
        format!("{}Preflight", of.unwrap_or_default()),
        "Ask whether pages of another origin may use this address",
    )
    .tagged(ORIGINS);
    for parameter in ["Origin", "AccessControlRequestMethod", "AccessControlRequestHeaders"] {
        operation = operation.parameter(parameter);
    }
    if path.contains("{journeyId}") {
        operation = operation.parameter("JourneyId");
    }
    operation.response("204", "Pages of the origin may.");
    for header in ["AllowOrigin", "AllowMethods", "AllowHeaders", "MaxAge"] {
        operation.header("204", header);
    }
    operation.finish(&ALWAYS)
}
