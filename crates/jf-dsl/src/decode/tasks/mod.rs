//! The `task` object (02 §3, 04 – Tasks): one file per core kind; what the object of another kind holds is for its plugin.

mod auth;
mod cache;
mod call;
mod call_request;
mod call_target;
mod error_mapping;
mod kafka_publish;
mod plugin;
mod references;
mod schedule;
mod schema_file;
mod xml_decode;

use std::sync::Arc;

use super::{Decoder, Place, Special};
use crate::capabilities::{Feature, SiteClass};
use crate::model::definition::Kind;
use crate::model::expression::Mapper;
use crate::model::task::TaskConfig;
use crate::rules::{features, shape, states as states_rules, tasks as rules};
use crate::version::{InvalidTaskKind, TaskKind};

pub(crate) use references::References;

const HTTP_CALL: &str = "httpCall:v1";
const SCHEDULE: &str = "schedule:v1";

impl Decoder<'_> {
    pub(super) fn task(&mut self, block: &Place<'_>) -> Option<TaskConfig> {
        let Some(kind_place) = self.required(block, "kind", "TSK-001") else {
            self.mentions(block);
            return None;
        };
        let Some(kind) = self.task_kind(&kind_place) else {
            self.mentions(block);
            return None;
        };
        if kind.as_str() != HTTP_CALL
            && let Some(cookies) = block.get("cookies")
        {
            self.report_key(&cookies, rules::cookies_elsewhere());
        }
        let available = self.task_available(&kind_place, &kind);
        match kind.as_str() {
            HTTP_CALL => self.http_call(block).map(|call| TaskConfig::HttpCall(Box::new(call))),
            "kafkaPublish:v1" => {
                self.kafka_publish(block).map(|publish| TaskConfig::KafkaPublish(Box::new(publish)))
            }
            "xmlDecode:v1" => self.xml_decode(block).map(|decode| TaskConfig::XmlDecode(Box::new(decode))),
            SCHEDULE => self.schedule(block).map(|schedule| TaskConfig::Schedule(Box::new(schedule))),
            "cache:v1" => self.cache(block).map(|cache| TaskConfig::Cache(Box::new(cache))),
            "jwtValidate:v1" => {
                self.jwt_validate(block, &kind).map(|task| TaskConfig::JwtValidate(Box::new(task)))
            }
            "mtlsValidate:v1" => {
                self.mtls_validate(block, &kind).map(|task| TaskConfig::MtlsValidate(Box::new(task)))
            }
            "apiKeyValidate:v1" => {
                self.api_key_validate(block, &kind).map(|task| TaskConfig::ApiKeyValidate(Box::new(task)))
            }
            _ => Some(self.plugin_task(block, kind, available)),
        }
    }

    fn task_kind(&mut self, place: &Place<'_>) -> Option<TaskKind> {
        let text = self.non_empty(place, "TSK-001")?;
        match TaskKind::parse(Arc::clone(text)) {
            Ok(kind) => Some(kind),
            Err(InvalidTaskKind::NoMajor) => {
                let fault = shape::retired(text, "a kind with its major version, like `httpCall:v1`");
                let mut versions = self
                    .task_kinds
                    .iter()
                    .filter(|kind| kind.strip_prefix(&**text).is_some_and(|major| major.starts_with(':')));
                let fault = match (versions.next(), versions.next()) {
                    (Some(only), None) => fault.rename(text, only),
                    _ => fault,
                };
                self.report(place, fault);
                None
            }
            Err(error) => {
                self.report(place, shape::malformed(text, "task kind", &error.to_string()).rule("TSK-001"));
                None
            }
        }
    }

    /// Whether the build and the kind of definition have the task (STA-004, TSK-002).
    fn task_available(&mut self, place: &Place<'_>, kind: &TaskKind) -> bool {
        let fault = if kind.as_str() == SCHEDULE {
            // Schedules are kept by the engine; there is no plugin to look for.
            if self.kind == Kind::Api {
                states_rules::not_on_api("`schedule` tasks")
            } else if !self.capabilities.supports(Feature::Schedule) {
                features::unsupported(Feature::Schedule, "TSK-002")
            } else {
                return true;
            }
        } else if self.task_kinds.iter().any(|known| known == kind.as_str()) {
            return true;
        } else {
            rules::unknown_kind(kind.as_str(), &self.task_kinds)
        };
        self.report(place, fault);
        false
    }

    /// The members of a core kind (TSK-004). `kind` was read before, and `cookies` on a task that cannot have it was
    /// reported (TSK-014).
    fn task_members(
        &mut self,
        block: &Place<'_>,
        members: &[&str],
        rule: &'static str,
        special: impl Fn(&str) -> Option<Special>,
    ) {
        let known: Vec<&str> = ["kind"].into_iter().chain(members.iter().copied()).collect();
        self.known_or(block, &known, rule, |name| match name {
            "cookies" => Some(Special::Reported),
            _ => special(name),
        });
    }

    /// `{mapper}` or `{mapperRef}` and nothing else (EXP-070).
    fn mapper_block(&mut self, place: &Place<'_>, class: SiteClass, rule: &'static str) -> Option<Mapper> {
        if !place.is_object() {
            self.wrong_type(place, "a mapper (an object with `mapper` or `mapperRef`)", rule);
            return None;
        }
        self.known_or(place, &["mapper", "mapperRef"], "DEF-007", |name| match name {
            "lang" | "expr" => Some(Special::Once(shape::misplaced(name, "under `mapper`").rule(rule))),
            _ => None,
        });
        if !Self::has_mapper(place) {
            if ["lang", "expr"].iter().all(|name| place.get(name).is_none()) {
                self.missing(place, "mapper", rule);
            }
            return None;
        }
        self.mapper(place, class, rule)
    }

    /// A required member that is a mapper.
    fn required_mapper(
        &mut self,
        block: &Place<'_>,
        name: &'static str,
        class: SiteClass,
        rule: &'static str,
    ) -> Option<Mapper> {
        let place = self.required(block, name, rule)?;
        self.mapper_block(&place, class, rule)
    }
}

/// The answer for a member that may be absent: `None` says that it is at fault.
fn optional<T>(member: Option<Option<T>>) -> Option<Option<T>> {
    member.map_or(Some(None), |found| found.map(Some))
}
