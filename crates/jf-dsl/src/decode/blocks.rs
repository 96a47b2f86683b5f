//! The small blocks of `spec`: defaults, platform, execution, lifecycle, HTTP surface, outcomes (01 §6 to §8, §10, §15).

use std::collections::HashMap;
use std::sync::Arc;

use super::{Decoder, Place, Special};
use crate::capabilities::{Feature, SiteClass};
use crate::ids::{ConfigKey, OutcomeId};
use crate::model::definition::{
    ConfigDeclaration, ConfigType, Defaults, EndPhase, Execution, ExecutionTimeout, HttpDefaults,
    HttpSurface, Lifecycle, OutcomeMatch, OutcomeRule, StartMode,
};
use crate::model::ordered::OrderedMap;
use crate::rules::{calls, features, metadata as rules, shape};
use crate::value::template::Template;

pub(super) const PHASES: [(&str, EndPhase); 2] =
    [("SUCCEEDED", EndPhase::Succeeded), ("FAILED", EndPhase::Failed)];

impl Decoder<'_> {
    pub(super) fn defaults(&mut self, place: &Place<'_>) -> Defaults {
        if self.object(place, "DEF-070").is_none() {
            return Defaults::default();
        }
        self.known(place, &["http", "tasks"]);
        let tasks = place.get("tasks");
        if let Some(tasks) = tasks.as_ref().filter(|_| !self.capabilities.supports(Feature::Policies)) {
            self.report_key(tasks, features::unsupported(Feature::Policies, "DEF-073"));
        }
        Defaults {
            http: place.get("http").map(|place| self.http_defaults(&place)).unwrap_or_default(),
            tasks: tasks.map(|place| self.task_defaults(&place)).unwrap_or_default(),
        }
    }

    fn http_defaults(&mut self, place: &Place<'_>) -> HttpDefaults {
        if self.object(place, "DEF-070").is_none() {
            return HttpDefaults::default();
        }
        self.known(place, &["timeoutMs", "headers"]);
        HttpDefaults {
            timeout_ms: place.get("timeoutMs").and_then(|place| self.positive(&place, "DEF-070")),
            headers: place.get("headers").and_then(|place| self.default_headers(&place)).unwrap_or_default(),
        }
    }

    fn default_headers(&mut self, place: &Place<'_>) -> Option<OrderedMap<String, Template>> {
        self.object(place, "DEF-071")?;
        let mut headers = OrderedMap::default();
        let mut names = HashMap::new();
        for (name, entry) in place.entries() {
            if let Some(fault) = calls::header_name(name, "DEF-071") {
                self.report_key(&entry, fault);
            } else if let Some(first) = names.get(&name.to_ascii_lowercase()) {
                self.report_key(&entry, calls::header_twice(name, *first).rule("DEF-071"));
            } else {
                names.insert(name.to_ascii_lowercase(), entry.anchor());
            }
            let Some(text) = self.text(&entry, "DEF-071") else { continue };
            if !calls::fits_header(text) {
                self.report(&entry, calls::header_value("EXP-056"));
                continue;
            }
            if let Some(template) = self.template_of(&entry, Arc::clone(text)) {
                headers.insert(name.as_ref().to_owned(), template);
            }
        }
        Some(headers)
    }

    /// `spec.platform` (DEF-080); the keys are kept by the decoder, which needs them for expressions.
    pub(super) fn platform(&mut self, place: &Place<'_>) {
        if self.object(place, "DEF-080").is_none() {
            return;
        }
        self.known(place, &["config"]);
        let Some(config) = place.get("config") else { return };
        if self.object(&config, "DEF-080").is_none() {
            return;
        }
        for (name, entry) in config.entries() {
            let Some(key) = self.key(name, &entry, "DEF-080", ConfigKey::parse) else { continue };
            // A key with a faulty declaration is declared all the same; its users are not at fault.
            let declaration = self.config_declaration(&entry).unwrap_or(ConfigDeclaration {
                config_type: ConfigType::Object,
                required: false,
                description: None,
            });
            self.config.insert(key, declaration);
        }
    }

    fn config_declaration(&mut self, place: &Place<'_>) -> Option<ConfigDeclaration> {
        const TYPES: [ConfigType; 5] = [
            ConfigType::String,
            ConfigType::Integer,
            ConfigType::Number,
            ConfigType::Boolean,
            ConfigType::Object,
        ];
        self.object(place, "DEF-080")?;
        self.known(place, &["type", "required", "description"]);
        let types = TYPES.map(|config_type| (config_type.as_str(), config_type));
        let config_type =
            self.required(place, "type", "DEF-080").and_then(|place| self.one_of(&place, "DEF-080", &types));
        let required =
            place.get("required").and_then(|place| self.boolean(&place, "DEF-080")).unwrap_or(false);
        let description = place.get("description").and_then(|place| self.text(&place, "DEF-080").cloned());
        let description = description.map(|text| text.as_ref().to_owned());
        Some(ConfigDeclaration { config_type: config_type?, required, description })
    }

    pub(super) fn execution(&mut self, place: &Place<'_>) -> Option<Execution> {
        self.object(place, "DEF-090")?;
        self.known(place, &["maxDurationSec", "onTimeout"]);
        let duration = self.required(place, "maxDurationSec", "DEF-090");
        let max_duration_sec = duration.and_then(|duration| {
            let seconds = self.positive(&duration, "DEF-090")?;
            if let Some(bound) =
                self.limits.execution.max_duration_upper_bound_sec.filter(|bound| seconds.get() > *bound)
            {
                self.report(&duration, rules::deadline_above_bound(bound));
            }
            Some(seconds)
        });
        let on_timeout = self.required(place, "onTimeout", "DEF-090")?;
        self.object(&on_timeout, "DEF-090")?;
        self.known(&on_timeout, &["errorCode", "reason"]);
        let error_code = self.required_text(&on_timeout, "errorCode", "DEF-090");
        let reason = self.required_text(&on_timeout, "reason", "DEF-090");
        let on_timeout = ExecutionTimeout { error_code: error_code?, reason: reason? };
        Some(Execution { max_duration_sec: max_duration_sec?, on_timeout })
    }

    pub(super) fn lifecycle(&mut self, place: &Place<'_>, is_api: bool) -> Lifecycle {
        let mut lifecycle = Lifecycle::default();
        self.journey_only(place, "lifecycle", is_api, "DEF-100");
        if is_api || self.object(place, "DEF-101").is_none() {
            return lifecycle;
        }
        self.known(place, &["cancellable", "startMode"]);
        if let Some(cancellable) = place.get("cancellable").and_then(|place| self.boolean(&place, "DEF-101"))
        {
            lifecycle.cancellable = cancellable;
        }
        let modes = [("sync", StartMode::Sync), ("async", StartMode::Async)];
        if let Some(mode) = place.get("startMode").and_then(|place| self.one_of(&place, "DEF-101", &modes)) {
            lifecycle.start_mode = mode;
        }
        lifecycle
    }

    pub(super) fn http_surface(&mut self, place: &Place<'_>, is_api: bool) -> HttpSurface {
        let mut surface = HttpSurface::default();
        if is_api {
            self.report_key(place, rules::no_effect_on_api());
        }
        if self.object(place, "DEF-102").is_none() {
            return surface;
        }
        self.known(place, &["links"]);
        let Some(links) = place.get("links") else { return surface };
        if self.object(&links, "DEF-102").is_some() {
            self.known(&links, &["enabled"]);
            if let Some(enabled) = links.get("enabled").and_then(|place| self.boolean(&place, "DEF-102")) {
                surface.links.enabled = enabled;
            }
        }
        surface
    }

    /// `spec.outcomes` (DEF-150).
    pub(super) fn outcomes(&mut self, place: &Place<'_>) -> OrderedMap<OutcomeId, OutcomeRule> {
        let mut outcomes = OrderedMap::default();
        if self.object(place, "DEF-150").is_none() {
            return outcomes;
        }
        for (key, entry) in place.entries() {
            let id = self.key(key, &entry, "DEF-150", OutcomeId::parse);
            let rule = self.outcome(&entry);
            if let (Some(id), Some(rule)) = (id, rule) {
                outcomes.insert(id, rule);
            }
        }
        outcomes
    }

    fn outcome(&mut self, place: &Place<'_>) -> Option<OutcomeRule> {
        self.object(place, "DEF-150")?;
        self.known_or(place, &["when"], "DEF-007", |name| {
            let misplaced = matches!(name, "phase" | "predicate");
            misplaced.then(|| Special::Once(shape::misplaced(name, "under `when`").rule("DEF-150")))
        });
        if place.get("when").is_none() && (place.get("phase").is_some() || place.get("predicate").is_some()) {
            return None;
        }
        let when = self.required(place, "when", "DEF-150")?;
        self.object(&when, "DEF-150")?;
        self.known_or(&when, &["phase", "predicate"], "DEF-007", |name| direct_predicate(name, "DEF-150"));
        let phase = self.required(&when, "phase", "DEF-150");
        let phase = phase.and_then(|place| self.one_of(&place, "DEF-150", &PHASES));
        let predicate =
            when.get("predicate").map(|place| self.expression(&place, SiteClass::Predicate, "DEF-150"));
        let predicate = predicate.map_or(Some(None), |found| found.map(Some))?;
        Some(OutcomeRule { when: OutcomeMatch { phase: phase?, predicate } })
    }
}

/// `lang` or `expr` written directly where `predicate` belongs.
pub(super) fn direct_predicate(name: &str, rule: &'static str) -> Option<Special> {
    matches!(name, "lang" | "expr")
        .then(|| Special::Once(shape::misplaced(name, "under `predicate`").rule(rule)))
}
