//! `spec`: which blocks there are, and in which order they are read (DEF-030).

use super::tasks::References;
use super::{Decoder, Place, Special};
use crate::capabilities::Feature;
use crate::ids::StateId;
use crate::model::definition::{Kind, Output, Platform, Spec};
use crate::rules::{features, flow, metadata as rules, schemas, shape};

const MEMBERS: [&str; 20] = [
    "start",
    "states",
    "subjourneys",
    "input",
    "output",
    "context",
    "apis",
    "defaults",
    "platform",
    "execution",
    "compensation",
    "lifecycle",
    "metadata",
    "access",
    "httpSurface",
    "mappers",
    "policies",
    "outcomes",
    "cookies",
    "errors",
];

/// Blocks that belong to features which a build may lack. They are read all the same, so that all there is to say is said.
const FEATURES: [(&str, Feature); 7] = [
    ("subjourneys", Feature::Subjourney),
    ("apis", Feature::Apis),
    ("compensation", Feature::Compensation),
    ("access", Feature::Access),
    ("policies", Feature::Policies),
    ("cookies", Feature::Cookies),
    ("errors", Feature::Errors),
];

impl Decoder<'_> {
    /// `kind_known` says whether `kind` could be read; without it nothing is held against the kind.
    pub(super) fn spec(&mut self, place: &Place<'_>, kind_known: bool) -> Option<Spec> {
        self.object(place, "DEF-030")?;
        self.spec_members(place);
        let is_api = kind_known && self.kind == Kind::Api;
        // What expressions and texts refer to comes first.
        if let Some(platform) = place.get("platform") {
            self.platform(&platform);
        }
        let context = place.get("context").and_then(|place| self.schema_block(&place));
        self.context = context.as_ref().map(|block| block.schema.clone());
        let mappers_place = place.get("mappers");
        if let Some(mappers) = &mappers_place {
            self.named_mappers(mappers);
        }
        self.references = References::of(place.node);
        let policies = place.get("policies").map(|place| self.policies(&place)).unwrap_or_default();
        let apis_place = place.get("apis");
        let apis = apis_place.as_ref().map(|place| self.apis(place)).unwrap_or_default();
        let errors_place = place.get("errors");
        let errors = errors_place.as_ref().map(|place| self.errors(place)).unwrap_or_default();
        let input = place.get("input").and_then(|place| self.input(&place));
        let output = place.get("output").map_or_else(Output::default, |place| self.output(&place, is_api));
        self.api_contract(place, is_api);
        let defaults = place.get("defaults").map(|place| self.defaults(&place)).unwrap_or_default();
        let execution = place.get("execution").and_then(|place| self.execution(&place));
        let lifecycle =
            place.get("lifecycle").map(|place| self.lifecycle(&place, is_api)).unwrap_or_default();
        let http_surface =
            place.get("httpSurface").map(|place| self.http_surface(&place, is_api)).unwrap_or_default();
        let metadata_bindings =
            place.get("metadata").map(|place| self.spec_metadata(&place, is_api)).unwrap_or_default();
        let cookies = place.get("cookies").map(|place| self.cookies(&place)).unwrap_or_default();
        let access = place.get("access").and_then(|place| self.access(&place, is_api)).unwrap_or_default();
        let start = self.required(place, "start", "DEF-031").and_then(|place| self.start(&place, "DEF-031"));
        let states = self.required(place, "states", "DEF-032");
        let graph = states.as_ref().filter(|states| states.is_object()).map(|_| flow::Graph::build(place));
        let states = states.map(|states| self.states(&states, "DEF-032"));
        let subjourneys = place.get("subjourneys").map(|place| self.subjourneys(&place)).unwrap_or_default();
        let compensation = place.get("compensation").and_then(|place| self.compensation(&place));
        if let Some(graph) = &graph {
            flow::check(self, graph, is_api);
        }
        let outcomes = place.get("outcomes");
        let outcomes = outcomes.map(|place| self.binding(&["output"], |decoder| decoder.outcomes(&place)));
        let bindings = place.get("bindings").map(|place| self.bindings(&place, kind_known, graph.as_ref()));
        self.projections_fit(place, input.as_ref());
        let mappers = self.finish_mappers(mappers_place.as_ref());
        if let Some(errors) = &errors_place {
            self.finish_normalisers(errors);
        }
        if let Some(apis) = &apis_place {
            self.finish_apis(apis);
        }
        let spec = Spec {
            start: start.unwrap_or_else(nowhere),
            states: states.unwrap_or_default(),
            subjourneys,
            input,
            output,
            context,
            apis,
            defaults,
            platform: Platform { config: std::mem::take(&mut self.config) },
            execution,
            compensation,
            lifecycle,
            access,
            http_surface,
            metadata: metadata_bindings,
            mappers,
            policies,
            outcomes: outcomes.unwrap_or_default(),
            cookies,
            errors,
            bindings: bindings.unwrap_or_default(),
        };
        Some(spec)
    }

    fn spec_members(&mut self, place: &Place<'_>) {
        let known: Vec<&str> = MEMBERS.into_iter().chain(["bindings"]).collect();
        self.known_or(place, &known, "DEF-007", |name| {
            let (old, replacement) = match name {
                "route" => ("spec.route", "`spec.bindings.http.route`"),
                "apiResponses" => ("spec.apiResponses", "`spec.bindings.http.apiResponses`"),
                "resources" => ("spec.resources", "a `cache:v1` task"),
                _ => return None,
            };
            Some(Special::Each(shape::retired(old, replacement)))
        });
        for (name, feature) in FEATURES {
            // A block of the other kind is at fault for that.
            let misplaced = name == "access" && self.kind == Kind::Api;
            if let Some(block) =
                place.get(name).filter(|_| !misplaced && !self.capabilities.supports(feature))
            {
                self.report_key(&block, features::unsupported(feature, "DEF-030"));
            }
        }
    }

    /// A start member: the name of a state, whose existence the flow rules judge.
    pub(super) fn start(&mut self, place: &Place<'_>, rule: &'static str) -> Option<StateId> {
        self.state_ref(place, rule)
    }

    /// A member that names a state of the same scope. Whether it exists is for the flow rules.
    pub(super) fn state_ref(&mut self, place: &Place<'_>, rule: &'static str) -> Option<StateId> {
        let text = self.non_empty(place, rule)?;
        // A malformed id names no state, which the flow rules report.
        StateId::parse(std::sync::Arc::clone(text)).ok()
    }

    /// DEF-055: an Api should say what it takes and gives.
    fn api_contract(&mut self, place: &Place<'_>, is_api: bool) {
        if !is_api {
            return;
        }
        for block in ["input", "output"] {
            if place.get(block).and_then(|block| block.get("schema").map(|_| ())).is_none() {
                self.report_member(place, block, schemas::api_without_schema(block));
            }
        }
    }

    /// DEF-100 and its like: a block of Journeys on an Api.
    pub(super) fn journey_only(&mut self, place: &Place<'_>, name: &str, is_api: bool, rule: &'static str) {
        if is_api {
            self.report_key(place, rules::wrong_kind(name, "Journey", rule));
        }
    }
}

/// Stands in for a start that could not be read.
fn nowhere() -> StateId {
    StateId::parse("nowhere").expect("the id has the form of DEF-033")
}
