//! `task` (02 §3, 04 §1). What the block of a kind holds is for its plugin.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::capabilities::Feature;
use crate::decode::{Decoder, PendingTask, Place};
use crate::model::definition::Kind;
use crate::model::state::Task;
use crate::rules::{features, shape, states as states_rules, tasks as rules};
use crate::tree::{Node, NodeValue};
use crate::version::{InvalidTaskKind, TaskKind};

const SCHEDULE: &str = "schedule";
const HTTP_CALL: &str = "httpCall:v1";

impl Decoder<'_> {
    pub(in crate::decode) fn task_state(&mut self, place: &Place<'_>) -> Option<Task> {
        self.state_members(place, &["task", "next"]);
        let next = self.next(place);
        let block = self.required(place, "task", "STA-002")?;
        self.object(&block, "STA-020")?;
        self.retired_body(&block);
        self.expressions_of_task(&block);
        let kind_place = self.required(&block, "kind", "TSK-001")?;
        let kind = self.task_kind(&kind_place)?;
        if kind.as_str() != HTTP_CALL
            && let Some(cookies) = block.get("cookies")
        {
            self.report_key(&cookies, rules::cookies_elsewhere());
        }
        let config = config(block.node);
        if self.task_available(&kind_place, &kind) {
            let pending = PendingTask {
                path: block.path(),
                kind: kind.clone(),
                config: config.clone(),
                key: block.anchor(),
            };
            self.tasks.push(pending);
        }
        Some(Task { kind, config, next: next? })
    }

    fn task_kind(&mut self, place: &Place<'_>) -> Option<TaskKind> {
        let text = self.non_empty(place, "TSK-001")?;
        match TaskKind::parse(Arc::clone(text)) {
            Ok(kind) => Some(kind),
            Err(InvalidTaskKind::NoMajor) => {
                let fault = shape::retired(text, &format!("a kind with its major version, like `{text}:v1`"));
                self.report(place, fault);
                None
            }
            Err(error) => {
                self.report(place, shape::malformed(text, "task kind", &error.to_string()).rule("TSK-001"));
                None
            }
        }
    }

    /// Whether the build and the kind of definition have the task.
    fn task_available(&mut self, place: &Place<'_>, kind: &TaskKind) -> bool {
        if kind.plugin() == SCHEDULE && self.kind == Kind::Api {
            self.report(place, states_rules::not_on_api("`schedule` tasks"));
            return false;
        }
        if self.task_kinds.iter().any(|known| known == kind.as_str()) {
            return true;
        }
        let fault = if kind.plugin() == SCHEDULE {
            features::unsupported(Feature::Schedule, "TSK-002")
        } else {
            rules::unknown_kind(kind.as_str(), &self.task_kinds)
        };
        self.report(place, fault);
        false
    }

    fn retired_body(&mut self, block: &Place<'_>) {
        if let Some(params) = block.get("params")
            && let Some(body) = params.get("body")
        {
            self.report_key(&body, shape::retired("params.body", "`body` of the task"));
        }
    }

    /// Which members hold expressions is for the plugins; what they mention can be seen anywhere: mappers are in use
    /// (DEF-128), configuration keys should be declared (DEF-083).
    fn expressions_of_task(&mut self, place: &Place<'_>) {
        for (name, member) in place.entries() {
            match (&**name, member.text()) {
                ("mapperRef", Some(id)) => {
                    self.used_mappers.insert(Arc::clone(id));
                }
                ("expr", Some(text)) => self.undeclared_config(&member, text),
                _ => self.expressions_of_task(&member),
            }
        }
        for item in place.items() {
            self.expressions_of_task(&item);
        }
    }
}

/// The block without `kind`, and without members that are `null` (DEF-009) outside literal bodies and `x-` values.
fn config(block: &Node) -> Value {
    let members = block.members().iter().filter(|member| &*member.key != "kind");
    Value::Object(without_nulls(members, true))
}

fn without_nulls<'t>(
    members: impl Iterator<Item = &'t crate::tree::Member>,
    top: bool,
) -> Map<String, Value> {
    let members = members.filter(|member| member.value.value != NodeValue::Null);
    let members = members.map(|member| {
        let literal = member.key.starts_with("x-") || (top && &*member.key == "body");
        let value = if literal { member.value.to_value() } else { value_without_nulls(&member.value) };
        (member.key.as_ref().to_owned(), value)
    });
    members.collect()
}

fn value_without_nulls(node: &Node) -> Value {
    match &node.value {
        NodeValue::Object(members) => Value::Object(without_nulls(members.iter(), false)),
        NodeValue::Array(items) => items.iter().map(value_without_nulls).collect(),
        _ => node.to_value(),
    }
}
