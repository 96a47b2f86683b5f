//! What a call sends: parameters, headers and body (TSK-023, TSK-026 to TSK-028, TSK-033 to TSK-036).

use std::collections::HashMap;
use std::sync::Arc;

use super::optional;
use crate::capabilities::SiteClass;
use crate::decode::{Decoder, Place, Special};
use crate::model::ordered::OrderedMap;
use crate::model::task::{CallBody, CallParams, HttpMethod, Scalar};
use crate::openapi::{Location, Operation, RequestBody};
use crate::rules::tasks::no_effect;
use crate::rules::{calls as rules, operations, shape};
use crate::source::Span;
use crate::tree::{Node, NodeValue};

/// The parts of a request.
pub(super) struct Request {
    pub(super) params: CallParams,
    pub(super) headers: OrderedMap<String, Scalar>,
    pub(super) body: Option<CallBody>,
    pub(super) accept: Option<Arc<str>>,
}

impl Decoder<'_> {
    /// `method` and `operation` are those of the target, as far as they are known.
    pub(super) fn call_request(
        &mut self,
        block: &Place<'_>,
        method: Option<HttpMethod>,
        operation: Option<&Operation>,
    ) -> Option<Request> {
        // Names in lower case: `headers` and `params.headers` are one set (TSK-027).
        let mut names = HashMap::new();
        let own = block.get("headers");
        let headers = optional(own.map(|place| self.call_headers(&place, "TSK-035", &mut names)));
        let params = optional(block.get("params").map(|place| self.call_params(block, &place, &mut names)));
        let accept = optional(block.get("accept").map(|place| self.accept(&place, &names)));
        let body = self.call_body(block, method, operation);
        if let Some(operation) = operation {
            self.operation_parameters(block, operation, &names);
        }
        Some(Request {
            params: params?.unwrap_or_default(),
            headers: headers?.unwrap_or_default(),
            body: body?,
            accept: accept?,
        })
    }

    fn call_params(
        &mut self,
        block: &Place<'_>,
        place: &Place<'_>,
        names: &mut HashMap<String, Span>,
    ) -> Option<CallParams> {
        const RULE: &str = "TSK-026";
        self.object(place, RULE)?;
        self.known_or(place, &["path", "query", "headers"], "DEF-007", |name| {
            let retired = || shape::retired("params.body", "`body` of the task");
            (name == "body").then(|| Special::Each(retired()))
        });
        let path = place.get("path");
        if let Some(path) =
            path.as_ref().filter(|_| block.get("operationRef").is_none() && block.get("url").is_some())
        {
            let fault = shape::does_not_fit("`params.path` needs `operationRef`").rule(RULE);
            let help =
                "write the values into `url`, such as `https://api.example.com/orders/${context.orderId}`";
            self.report_key(path, fault.help(help));
        }
        let path = optional(path.map(|place| self.scalars(&place, RULE)));
        let query = optional(place.get("query").map(|place| self.scalars(&place, RULE)));
        let headers = optional(place.get("headers").map(|place| self.call_headers(&place, RULE, names)));
        Some(CallParams {
            path: path?.unwrap_or_default(),
            query: query?.unwrap_or_default(),
            headers: headers?.unwrap_or_default(),
        })
    }

    /// A map of names to strings, numbers and booleans.
    pub(super) fn scalars(
        &mut self,
        place: &Place<'_>,
        rule: &'static str,
    ) -> Option<OrderedMap<String, Scalar>> {
        self.object(place, rule)?;
        let mut sound = true;
        let mut scalars = OrderedMap::default();
        for (name, entry) in place.entries() {
            match self.scalar(&entry, rule) {
                Some(scalar) => {
                    scalars.insert(name.as_ref().to_owned(), scalar);
                }
                None => sound = false,
            }
        }
        sound.then_some(scalars)
    }

    fn scalar(&mut self, place: &Place<'_>, rule: &'static str) -> Option<Scalar> {
        match &place.node.value {
            NodeValue::String(text) => self.template_of(place, Arc::clone(text)).map(Scalar::Text),
            NodeValue::Number(number) => Some(Scalar::Number(number.clone())),
            NodeValue::Bool(value) => Some(Scalar::Bool(*value)),
            _ => {
                self.wrong_type(place, "a string, a number or a boolean", rule);
                None
            }
        }
    }

    /// Headers of a request, whose names add to those that are there already.
    fn call_headers(
        &mut self,
        place: &Place<'_>,
        rule: &'static str,
        names: &mut HashMap<String, Span>,
    ) -> Option<OrderedMap<String, Scalar>> {
        let headers = self.scalars(place, rule);
        let mut sound = true;
        for (name, entry) in place.entries() {
            let fault = if let Some(fault) = rules::header_name(name, "TSK-004") {
                fault
            } else if let Some(first) = names.get(&name.to_ascii_lowercase()) {
                rules::header_twice(name, *first)
            } else {
                names.insert(name.to_ascii_lowercase(), entry.anchor());
                if entry.text().is_some_and(|text| !rules::fits_header(text)) {
                    self.report(&entry, rules::header_value("EXP-056"));
                    sound = false;
                }
                continue;
            };
            self.report_key(&entry, fault);
            sound = false;
        }
        headers.filter(|_| sound)
    }

    /// TSK-036.
    fn accept(&mut self, place: &Place<'_>, names: &HashMap<String, Span>) -> Option<Arc<str>> {
        let text = self.non_empty(place, "TSK-036")?;
        if !rules::fits_header(text) {
            self.report(place, rules::header_value("TSK-036"));
            return None;
        }
        if names.contains_key("accept") {
            self.report_key(place, no_effect("accept", "a header `Accept`").rule("TSK-036"));
        }
        Some(Arc::clone(text))
    }

    /// The outer `None` says that it is at fault.
    fn call_body(
        &mut self,
        block: &Place<'_>,
        method: Option<HttpMethod>,
        operation: Option<&Operation>,
    ) -> Option<Option<CallBody>> {
        let Some(place) = block.get("body") else {
            if operation.is_some_and(|operation| operation.body == RequestBody::Required) {
                self.report_member(block, "body", operations::missing_body());
            }
            return Some(None);
        };
        let forbidden = match (method, operation) {
            (Some(method), _) if !method.allows_body() => {
                let fault = shape::does_not_fit(format!("a {method} request has no body")).rule("TSK-023");
                fault.help("send the data with `params.query`, or use another method")
            }
            (_, Some(operation)) if operation.body == RequestBody::None => operations::no_body(),
            _ => return self.body_value(&place).map(Some),
        };
        self.mentions(&place);
        self.report_key(&place, forbidden);
        None
    }

    /// TSK-028.
    fn body_value(&mut self, place: &Place<'_>) -> Option<CallBody> {
        match &place.node.value {
            NodeValue::String(text) => self.template_of(place, Arc::clone(text)).map(CallBody::Text),
            NodeValue::Object(members) if matches!(&members[..], [only] if matches!(&*only.key, "mapper" | "mapperRef")) => {
                self.mapper_block(place, SiteClass::Task, "TSK-028").map(CallBody::Mapper)
            }
            NodeValue::Object(_) | NodeValue::Array(_) => {
                if mentions_placeholder(place.node) {
                    self.report_key(place, rules::literal_placeholder());
                }
                Some(CallBody::Json(place.node.to_value()))
            }
            _ => {
                self.wrong_type(place, "a string, an object, an array or a mapper", "TSK-028");
                None
            }
        }
    }

    /// TSK-033.
    fn operation_parameters(
        &mut self,
        block: &Place<'_>,
        operation: &Operation,
        names: &HashMap<String, Span>,
    ) {
        let params = block.get("params");
        for (member, location) in
            [("path", Location::Path), ("query", Location::Query), ("headers", Location::Header)]
        {
            let given = params.as_ref().and_then(|params| params.get(member));
            // A map that is none was reported.
            if given.as_ref().is_some_and(|given| !given.is_object()) {
                continue;
            }
            for parameter in operation.parameters_in(location).filter(|parameter| parameter.required) {
                let name = &parameter.name;
                let has_value = if location == Location::Header {
                    let lower = name.to_ascii_lowercase();
                    is_always_known(&lower)
                        || names.contains_key(&lower)
                        || self.references.has_default_header(&lower)
                } else {
                    given.as_ref().is_some_and(|given| given.get(name).is_some())
                };
                if !has_value {
                    self.missing_parameter(block, member, name);
                }
            }
            let Some(given) = given else { continue };
            for (name, entry) in given.entries() {
                let known = operation.parameters_in(location).any(|parameter| match location {
                    Location::Header => parameter.name.eq_ignore_ascii_case(name),
                    _ => parameter.name == *name,
                });
                let free = location == Location::Header && is_always_known(&name.to_ascii_lowercase());
                if known || free || operation.open {
                    continue;
                }
                let meant = self.closest(name, operation.parameters_in(location).map(|p| &*p.name));
                self.report_key(&entry, operations::unknown_parameter(name, location, meant));
            }
        }
    }

    /// Reports a parameter that has no value, at the path it would have.
    fn missing_parameter(&mut self, block: &Place<'_>, member: &str, name: &Arc<str>) {
        let params = block.get("params");
        let map = params.as_ref().and_then(|params| params.get(member));
        let operation_ref = block.get("operationRef");
        let span = match (&map, &params, &operation_ref) {
            (Some(place), _, _) | (None, Some(place), _) => place.anchor(),
            (None, None, Some(place)) => place.span(),
            (None, None, None) => block.anchor(),
        };
        let path = block.path().member("params").member(member).member(Arc::clone(name));
        self.report_at(path, span, operations::missing_parameter(name, member));
    }
}

/// Headers that calls have anyway, whatever an operation says of them (TSK-033).
fn is_always_known(lower: &str) -> bool {
    matches!(lower, "accept" | "content-type" | "authorization")
}

fn mentions_placeholder(node: &Node) -> bool {
    match &node.value {
        NodeValue::String(text) => text.contains("${"),
        NodeValue::Array(items) => items.iter().any(mentions_placeholder),
        NodeValue::Object(members) => {
            members.iter().any(|member| member.key.contains("${") || mentions_placeholder(&member.value))
        }
        _ => false,
    }
}
