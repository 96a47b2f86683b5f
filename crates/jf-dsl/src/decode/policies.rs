//! `spec.policies` and the defaults that name them (01 §6, §14).

use std::num::NonZeroU64;
use std::sync::Arc;

use super::{Decoder, Place, Special};
use crate::capabilities::PolicyKind;
use crate::ids::PolicyId;
use crate::model::definition::TaskDefaults;
use crate::model::ordered::OrderedMap;
use crate::model::policy::{
    Backoff, BackoffKind, Bulkhead, CircuitBreaker, Jitter, Policies, PolicySet, ResiliencePolicy, RetryOn,
};
use crate::rules::{policies as rules, shape};
use crate::tree::NodeValue;

/// The ids of the policies of a definition; those that have faults of their own are among them.
#[derive(Debug, Default)]
pub(crate) struct PolicyIds {
    resilience: Vec<Arc<str>>,
    client_auth: Vec<Arc<str>>,
}

impl PolicyIds {
    fn of(&self, kind: PolicyKind) -> &[Arc<str>] {
        match kind {
            PolicyKind::HttpResilience => &self.resilience,
            PolicyKind::HttpClientAuth => &self.client_auth,
        }
    }
}

impl Decoder<'_> {
    /// `spec.policies` (DEF-130).
    pub(super) fn policies(&mut self, place: &Place<'_>) -> Policies {
        if self.object(place, "DEF-130").is_none() {
            return Policies::default();
        }
        self.known_or(place, &["httpResilience", "httpClientAuth"], "DEF-130", |name| {
            let retired = || shape::retired("spec.policies.httpSecurity", "auth tasks in the graph");
            (name == "httpSecurity").then(|| Special::Each(retired()))
        });
        let resilience = place.get("httpResilience");
        let client_auth = place.get("httpClientAuth");
        self.policy_ids = PolicyIds {
            resilience: resilience.as_ref().map(defined_ids).unwrap_or_default(),
            client_auth: client_auth.as_ref().map(defined_ids).unwrap_or_default(),
        };
        Policies {
            http_resilience: resilience
                .and_then(|place| self.policy_set(&place, PolicyKind::HttpResilience, Self::resilience)),
            http_client_auth: client_auth
                .and_then(|place| self.policy_set(&place, PolicyKind::HttpClientAuth, Self::client_auth)),
        }
    }

    fn policy_set<P>(
        &mut self,
        place: &Place<'_>,
        kind: PolicyKind,
        read: fn(&mut Self, &Place<'_>) -> Option<P>,
    ) -> Option<PolicySet<P>> {
        self.object(place, "DEF-130")?;
        self.known_or(place, &["default", "definitions"], "DEF-130", |_| None);
        let default = place.get("default").and_then(|place| self.default_policy(&place, kind));
        let mut definitions = OrderedMap::default();
        let block = self.required(place, "definitions", "DEF-130")?;
        self.object(&block, "DEF-130")?;
        for (key, entry) in block.entries() {
            let id = self.key(key, &entry, "DEF-130", PolicyId::parse);
            let policy = read(self, &entry);
            if let (Some(id), Some(policy)) = (id, policy) {
                definitions.insert(id, policy);
            }
        }
        Some(PolicySet { default, definitions })
    }

    /// The default of a kind must exist (DEF-131); where it is documentation only, it should (DEF-140).
    fn default_policy(&mut self, place: &Place<'_>, kind: PolicyKind) -> Option<PolicyId> {
        match kind {
            PolicyKind::HttpResilience => self.policy_ref(place, kind, "DEF-131"),
            PolicyKind::HttpClientAuth => self.passed_over_policy(place, kind, "DEF-140"),
        }
    }

    /// A reference to a policy of the definition or the platform that must exist (DEF-131, TSK-029).
    pub(super) fn policy_ref(
        &mut self,
        place: &Place<'_>,
        kind: PolicyKind,
        rule: &'static str,
    ) -> Option<PolicyId> {
        let id = self.name(place, rule, PolicyId::parse)?;
        if self.has_policy(kind, id.as_str()) {
            return Some(id);
        }
        let suggestion = self.meant_policy(kind, id.as_str());
        self.report(place, rules::unknown_policy(id.as_str(), suggestion.as_deref(), rule));
        None
    }

    /// A reference to a policy that is passed over when it is not known (DEF-073, DEF-140).
    fn passed_over_policy(
        &mut self,
        place: &Place<'_>,
        kind: PolicyKind,
        rule: &'static str,
    ) -> Option<PolicyId> {
        let id = self.name(place, rule, PolicyId::parse)?;
        if !self.has_policy(kind, id.as_str()) {
            let suggestion = self.meant_policy(kind, id.as_str());
            self.report(place, rules::passed_over(id.as_str(), suggestion.as_deref(), kind));
        }
        Some(id)
    }

    fn has_policy(&self, kind: PolicyKind, id: &str) -> bool {
        self.policy_ids.of(kind).iter().any(|known| **known == *id) || self.capabilities.has_policy(kind, id)
    }

    fn meant_policy(&mut self, kind: PolicyKind, id: &str) -> Option<String> {
        let ids = std::mem::take(&mut self.policy_ids);
        let suggestion = self.closest(id, ids.of(kind).iter().map(AsRef::as_ref)).map(str::to_owned);
        self.policy_ids = ids;
        suggestion
    }

    /// `spec.defaults.tasks` (DEF-072, DEF-073).
    pub(super) fn task_defaults(&mut self, place: &Place<'_>) -> TaskDefaults {
        if self.object(place, "DEF-073").is_none() {
            return TaskDefaults::default();
        }
        self.known(place, &["resiliencePolicyRef"]);
        let reference = place.get("resiliencePolicyRef");
        TaskDefaults {
            resilience_policy_ref: reference
                .and_then(|place| self.passed_over_policy(&place, PolicyKind::HttpResilience, "DEF-073")),
        }
    }

    /// One resilience policy (DEF-132).
    fn resilience(&mut self, place: &Place<'_>) -> Option<ResiliencePolicy> {
        self.object(place, "DEF-132")?;
        self.known(place, &["maxAttempts", "retryOn", "backoff", "circuitBreaker", "bulkhead"]);
        let attempts = self.required(place, "maxAttempts", "DEF-132");
        let max_attempts = attempts.and_then(|place| self.positive(&place, "DEF-132"));
        let retry_on = place.get("retryOn");
        let none_named =
            retry_on.as_ref().is_none_or(|place| place.node.items().is_empty() && !place.is_broken());
        let retry_on = retry_on.map(|place| self.retry_on(&place)).unwrap_or_default();
        if none_named && max_attempts.is_some_and(|attempts| attempts.get() > 1) {
            self.report_member(place, "retryOn", rules::never_retried());
        }
        let backoff = place.get("backoff").and_then(|place| self.backoff(&place));
        let circuit_breaker = place.get("circuitBreaker").and_then(|place| self.circuit_breaker(&place));
        let bulkhead = place.get("bulkhead").and_then(|place| self.bulkhead(&place));
        Some(ResiliencePolicy { max_attempts: max_attempts?, retry_on, backoff, circuit_breaker, bulkhead })
    }

    fn retry_on(&mut self, place: &Place<'_>) -> Vec<RetryOn> {
        const KNOWN: [&str; 4] = ["NETWORK_ERROR", "TIMEOUT", "HTTP_5XX", "HTTP_429"];
        if self.array(place, "DEF-133").is_none() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for item in place.items() {
            let Some(text) = self.text(&item, "DEF-133") else { continue };
            match RetryOn::parse(text) {
                Some(entry) => found.push(entry),
                None => {
                    let fault = shape::not_one_of(text, &KNOWN).rule("DEF-133");
                    self.report(&item, fault.help("any `HTTP_` with three digits is allowed too"));
                }
            }
        }
        found
    }

    /// `backoff` (DEF-134).
    fn backoff(&mut self, place: &Place<'_>) -> Option<Backoff> {
        self.object(place, "DEF-134")?;
        let members = ["kind", "baseDelayMs", "maxDelayMs", "jitter"];
        self.known_or(place, &members, "DEF-007", |name| {
            let retired = || shape::retired(&format!("backoff.{name}"), "`baseDelayMs` and `kind`");
            match name {
                "initialDelayMs" if place.get("baseDelayMs").is_none() => {
                    Some(Special::Each(retired().rename(name, "baseDelayMs")))
                }
                "initialDelayMs" | "factor" => Some(Special::Each(retired())),
                _ => None,
            }
        });
        let kinds = [("fixed", BackoffKind::Fixed), ("exponential", BackoffKind::Exponential)];
        let jitters = [("none", Jitter::None), ("full", Jitter::Full)];
        let mut backoff = Backoff::default();
        if let Some(kind) = place.get("kind").and_then(|place| self.one_of(&place, "DEF-134", &kinds)) {
            backoff.kind = kind;
        }
        if let Some(jitter) = place.get("jitter").and_then(|place| self.one_of(&place, "DEF-134", &jitters)) {
            backoff.jitter = jitter;
        }
        let (base, most) = (place.get("baseDelayMs"), place.get("maxDelayMs"));
        let delay = |decoder: &mut Self, place: &Option<Place<'_>>, default: u64| match place {
            Some(place) => decoder.between(place, "DEF-134", 0, Backoff::MOST_DELAY_MS),
            None => Some(default),
        };
        let base_delay_ms = delay(self, &base, Backoff::DEFAULT_BASE_DELAY_MS);
        let max_delay_ms = delay(self, &most, Backoff::MOST_DELAY_MS);
        (backoff.base_delay_ms, backoff.max_delay_ms) = (base_delay_ms?, max_delay_ms?);
        if let Some(most) = most.filter(|_| backoff.max_delay_ms < backoff.base_delay_ms) {
            let base = backoff.base_delay_ms;
            let fault = shape::too_small(i128::from(base)).rule("DEF-134");
            self.report(
                &most,
                fault.help(format!("`baseDelayMs` is {base} and the longest pause is not shorter")),
            );
            return None;
        }
        Some(backoff)
    }

    /// `circuitBreaker` (DEF-135).
    fn circuit_breaker(&mut self, place: &Place<'_>) -> Option<CircuitBreaker> {
        self.object(place, "DEF-135")?;
        self.known(place, &["enabled", "failureRateThreshold", "slidingWindowSize", "openTimeoutSec"]);
        let mut breaker = CircuitBreaker::default();
        if let Some(enabled) = place.get("enabled").and_then(|place| self.boolean(&place, "DEF-135")) {
            breaker.enabled = enabled;
        }
        let threshold = match place.get("failureRateThreshold") {
            Some(place) => self.share(&place, "DEF-135"),
            None => Some(breaker.failure_rate_threshold),
        };
        let (window, timeout) = (place.get("slidingWindowSize"), place.get("openTimeoutSec"));
        let window = self.positive_or(window, breaker.sliding_window_size, "DEF-135");
        let timeout = self.positive_or(timeout, breaker.open_timeout_sec, "DEF-135");
        breaker.failure_rate_threshold = threshold?;
        breaker.sliding_window_size = window?;
        breaker.open_timeout_sec = timeout?;
        Some(breaker)
    }

    /// `bulkhead` (DEF-135).
    fn bulkhead(&mut self, place: &Place<'_>) -> Option<Bulkhead> {
        self.object(place, "DEF-135")?;
        self.known(place, &["maxConcurrent", "queueSize"]);
        let mut bulkhead = Bulkhead::default();
        let most = self.positive_or(place.get("maxConcurrent"), bulkhead.max_concurrent, "DEF-135");
        let queue = match place.get("queueSize") {
            Some(place) => self.between(&place, "DEF-135", 0, u64::MAX),
            None => Some(bulkhead.queue_size),
        };
        (bulkhead.max_concurrent, bulkhead.queue_size) = (most?, queue?);
        Some(bulkhead)
    }

    fn positive_or(
        &mut self,
        place: Option<Place<'_>>,
        default: NonZeroU64,
        rule: &'static str,
    ) -> Option<NonZeroU64> {
        match place {
            Some(place) => self.positive(&place, rule),
            None => Some(default),
        }
    }

    /// A number above 0 and at most 1.
    fn share(&mut self, place: &Place<'_>, rule: &'static str) -> Option<f64> {
        let NodeValue::Number(number) = &place.node.value else {
            self.wrong_type(place, "a number", rule);
            return None;
        };
        let share = number.as_f64().filter(|share| *share > 0.0 && *share <= 1.0);
        if share.is_none() {
            self.report(place, shape::not_a_share().rule(rule));
        }
        share
    }

    /// An integer in a range.
    fn between(&mut self, place: &Place<'_>, rule: &'static str, least: u64, most: u64) -> Option<u64> {
        let value = self.integer(place, rule)?;
        let fitting = u64::try_from(value).ok().filter(|value| (least..=most).contains(value));
        if fitting.is_none() {
            let fault = match most {
                u64::MAX if value < 0 => shape::too_small(i128::from(least)),
                u64::MAX => shape::too_large_number(),
                _ => shape::not_between(i128::from(least), i128::from(most)),
            };
            self.report(place, fault.rule(rule));
        }
        fitting
    }
}

/// The keys of `definitions`.
fn defined_ids(place: &Place<'_>) -> Vec<Arc<str>> {
    let definitions = place.get("definitions");
    definitions.iter().flat_map(Place::entries).map(|(id, _)| Arc::clone(id)).collect()
}
