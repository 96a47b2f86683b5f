//! `spec.bindings.http` (DEF-184 ff.).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::blocks::{PHASES, direct_predicate};
use super::{Decoder, Place, Special};
use crate::capabilities::SiteClass;
use crate::header::HeaderName;
use crate::ids::StateId;
use crate::model::binding::{
    ApiResponseMatch, ApiResponseRule, ApiResponses, FailedStatus, HttpBinding, Passthrough, Projection,
    Route, RouteMethod, RuleStatus,
};
use crate::model::definition::{EndPhase, Kind, SchemaBlock};
use crate::model::ordered::OrderedMap;
use crate::model::schema::Schema;
use crate::rules::{bindings as rules, flow, metadata, shape};
use crate::source::Span;
use crate::value::path::WritePath;

impl Decoder<'_> {
    pub(super) fn http_binding(
        &mut self,
        place: &Place<'_>,
        kind_known: bool,
        graph: Option<&flow::Graph<'_>>,
    ) -> HttpBinding {
        let mut binding = HttpBinding::default();
        if self.object(place, "DEF-184").is_none() {
            return binding;
        }
        self.known_or(place, &["start", "steps", "route", "apiResponses"], "DEF-007", |name| {
            let retired = || shape::retired("spec.bindings.http.security", "auth tasks in the graph");
            (name == "security").then(|| Special::Each(retired()))
        });
        if let Some(start) = place.get("start") {
            binding.start = self.projection(&start).unwrap_or_default();
        }
        if let Some(steps) = place.get("steps") {
            binding.steps = self.http_steps(&steps, graph);
        }
        if kind_known && self.kind == Kind::Journey {
            for name in ["route", "apiResponses"] {
                if let Some(member) = place.get(name) {
                    self.report_key(&member, metadata::wrong_kind(name, "Api", "DEF-184"));
                }
            }
            return binding;
        }
        if let Some(route) = place.get("route") {
            binding.route = self.route(&route).unwrap_or_default();
        }
        if let Some(responses) = place.get("apiResponses") {
            binding.api_responses = self.binding(&["output"], |decoder| decoder.api_responses(&responses));
        }
        binding
    }

    fn http_steps(
        &mut self,
        place: &Place<'_>,
        graph: Option<&flow::Graph<'_>>,
    ) -> OrderedMap<StateId, Projection> {
        let mut steps = OrderedMap::default();
        if self.object(place, "DEF-185").is_none() {
            return steps;
        }
        for (id, step) in place.entries() {
            self.step_key(place, (id, &step), graph, "DEF-186");
            let projection = self.projection(&step);
            if let (Ok(id), Some(projection)) = (StateId::parse(Arc::clone(id)), projection) {
                steps.insert(id, projection);
            }
        }
        steps
    }

    /// What a request brings along (DEF-185 to DEF-188).
    fn projection(&mut self, place: &Place<'_>) -> Option<Projection> {
        self.object(place, "DEF-185")?;
        self.known(place, &["headersToContext", "queryToContext", "headersPassthrough"]);
        let mut projection = Projection::default();
        if let Some(headers) = place.get("headersToContext")
            && self.object(&headers, "DEF-185").is_some()
        {
            let mut seen = HashMap::new();
            for (name, field) in headers.entries() {
                let header = self.header_key(name, &field, &mut seen);
                let field = self.context_field(&field);
                if let (Some(header), Some(field)) = (header, field) {
                    projection.headers_to_context.insert(header, field);
                }
            }
        }
        if let Some(query) = place.get("queryToContext")
            && self.object(&query, "DEF-185").is_some()
        {
            for (name, field) in query.entries() {
                if name.is_empty() {
                    self.report_key(&field, shape::empty("a parameter name").rule("DEF-185"));
                }
                if let Some(field) = self.context_field(&field) {
                    projection.query_to_context.insert(Arc::clone(name), field);
                }
            }
        }
        if let Some(list) = place.get("headersPassthrough")
            && self.array(&list, "DEF-185").is_some()
        {
            projection.headers_passthrough =
                list.items().filter_map(|item| self.passthrough(&item)).collect();
        }
        Some(projection)
    }

    /// Whether the start may write where its projections do: the input schema judges the body with them in it (DEF-054).
    pub(super) fn projections_fit(&mut self, spec: &Place<'_>, input: Option<&SchemaBlock>) {
        let Some(known) = input.and_then(|input| closed_members(&input.schema)) else { return };
        let Some(bindings) = spec.get("bindings") else { return };
        let Some(http) = bindings.get("http") else { return };
        let Some(start) = http.get("start") else { return };
        for block in ["headersToContext", "queryToContext"] {
            let Some(block) = start.get(block) else { continue };
            for (_, field) in block.entries() {
                let path = field.text().and_then(|text| WritePath::parse(Arc::clone(text)).ok());
                // What is wrong with the path itself was reported.
                let Some(path) = path.filter(|path| path.root() != "payload") else { continue };
                let root = path.root();
                if known.get(root).is_none() {
                    let near = self.closest(root, known.keys().map(String::as_str));
                    let whole = near.filter(|_| path.segments().count() == 1);
                    self.report(&field, rules::projected_nowhere(root, whole));
                }
            }
        }
    }

    fn header_key(
        &mut self,
        name: &Arc<str>,
        place: &Place<'_>,
        seen: &mut HashMap<HeaderName, Span>,
    ) -> Option<HeaderName> {
        let Ok(header) = HeaderName::parse(Arc::clone(name)) else {
            let fault = shape::malformed(name, "header name", "it is not an HTTP token");
            self.report_key(place, fault.rule("DEF-188"));
            return None;
        };
        if let Some(first) = seen.get(&header) {
            self.report_key(place, rules::header_twice(name, *first));
            return None;
        }
        seen.insert(header.clone(), place.anchor());
        Some(header)
    }

    /// A dot-path of identifiers that is not `payload` (DEF-187).
    fn context_field(&mut self, place: &Place<'_>) -> Option<WritePath> {
        let text = self.non_empty(place, "DEF-185")?;
        match WritePath::parse(Arc::clone(text)) {
            Ok(path) if path.root() == "payload" => {
                self.report(place, rules::payload_field());
                None
            }
            Ok(path) => Some(path),
            Err(error) => {
                self.report(
                    place,
                    shape::malformed(text, "context field", &error.to_string()).rule("DEF-187"),
                );
                None
            }
        }
    }

    fn passthrough(&mut self, place: &Place<'_>) -> Option<Passthrough> {
        self.object(place, "DEF-185")?;
        self.known(place, &["from", "to"]);
        let from = self.required(place, "from", "DEF-185").and_then(|place| self.header(&place, "DEF-188"));
        let to = self.required(place, "to", "DEF-185").and_then(|place| {
            let to = self.header(&place, "DEF-188")?;
            if let Some(fault) = rules::passthrough_target(&to) {
                self.report(&place, fault);
            }
            Some(to)
        });
        Some(Passthrough { from: from?, to: to? })
    }

    fn route(&mut self, place: &Place<'_>) -> Option<Route> {
        self.object(place, "DEF-189")?;
        self.known(place, &["path", "method"]);
        if let Some(method) = place.get("method") {
            self.one_of(&method, "DEF-190", &[("POST", RouteMethod::Post)]);
        }
        let Some(path) = place.get("path") else { return Some(Route::default()) };
        let text = self.non_empty(&path, "DEF-189")?;
        if let Some(reason) = rules::route_fault(text) {
            self.report(&path, shape::malformed(text, "route path", reason).rule("DEF-189"));
            return None;
        }
        Some(Route { path: Some(Arc::clone(text)), method: RouteMethod::Post })
    }

    fn api_responses(&mut self, place: &Place<'_>) -> ApiResponses {
        let mut responses = ApiResponses::default();
        if self.object(place, "DEF-192").is_none() {
            return responses;
        }
        self.known(place, &["rules", "default"]);
        if let Some(rules) = place.get("rules")
            && self.array(&rules, "DEF-192").is_some()
        {
            responses.rules = rules.items().filter_map(|item| self.response_rule(&item)).collect();
        }
        let Some(default) = place.get("default") else { return responses };
        if self.object(&default, "DEF-194").is_none() {
            return responses;
        }
        self.known(&default, &["SUCCEEDED", "FAILED"]);
        if let Some(status) = default.get("SUCCEEDED").and_then(|place| self.status(&place, "DEF-194")) {
            responses.default.succeeded = status;
        }
        if let Some(failed) = default.get("FAILED") {
            let word = [("fromProblemStatus", FailedStatus::FromProblemStatus)];
            let status = match failed.text() {
                Some(_) => self.one_of(&failed, "DEF-194", &word),
                None => self.status(&failed, "DEF-194").map(FailedStatus::Fixed),
            };
            responses.default.failed = status.unwrap_or_default();
        }
        responses
    }

    fn response_rule(&mut self, place: &Place<'_>) -> Option<ApiResponseRule> {
        self.object(place, "DEF-192")?;
        self.known(place, &["when", "status", "statusExpr"]);
        let status = match (place.get("status"), place.get("statusExpr")) {
            (Some(status), Some(expr)) => {
                let fault = shape::does_not_fit("a rule has either `status` or `statusExpr`").rule("DEF-192");
                self.report_key(&expr, fault.label(status.anchor(), "the other one"));
                None
            }
            (Some(status), None) => self.status(&status, "DEF-193").map(RuleStatus::Fixed),
            (None, Some(expr)) => {
                self.expression(&expr, SiteClass::StatusExpr, "DEF-192").map(RuleStatus::Computed)
            }
            (None, None) => {
                self.missing(place, "status", "DEF-192");
                None
            }
        };
        let when = self.required(place, "when", "DEF-192")?;
        self.object(&when, "DEF-192")?;
        let members = ["phase", "errorType", "predicate"];
        self.known_or(&when, &members, "DEF-007", |name| direct_predicate(name, "DEF-192"));
        let phase = self.required(&when, "phase", "DEF-192");
        let phase = phase.and_then(|place| self.one_of(&place, "DEF-192", &PHASES));
        let error_type = when.get("errorType").map(|place| {
            if phase == Some(EndPhase::Succeeded) {
                let fault = shape::does_not_fit("`errorType` needs `phase: FAILED`").rule("DEF-192");
                self.report_key(&place, fault);
                return None;
            }
            self.non_empty(&place, "DEF-192").cloned()
        });
        let predicate =
            when.get("predicate").map(|place| self.expression(&place, SiteClass::Predicate, "DEF-192"));
        let when = ApiResponseMatch {
            phase: phase?,
            error_type: error_type.map_or(Some(None), |found| found.map(Some))?,
            predicate: predicate.map_or(Some(None), |found| found.map(Some))?,
        };
        Some(ApiResponseRule { when, status: status? })
    }

    /// A status code (DEF-193).
    fn status(&mut self, place: &Place<'_>, rule: &'static str) -> Option<u16> {
        let value = self.integer(place, rule)?;
        let status = u16::try_from(value).ok().filter(|status| (100..=599).contains(status));
        match status {
            None => self.report(place, shape::not_between(100, 599).rule(rule)),
            Some(100..=199) => self.report(place, rules::informational_status()),
            Some(_) => {}
        }
        status
    }
}

/// The members of an object that a schema closes by itself; `None` where others may be there.
fn closed_members(schema: &Schema) -> Option<&Map<String, Value>> {
    let closed =
        schema.json.get("additionalProperties")? == false && schema.json.get("patternProperties").is_none();
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    closed.then(|| schema.json.get("properties").and_then(Value::as_object).unwrap_or(&NONE))
}
