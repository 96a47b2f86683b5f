//! `schedule:v1` (04 §12). Whether `start` is there, and what can be reached from it, is for the flow rules (STA-014).

use std::num::NonZeroU64;
use std::sync::Arc;

use jiff::Timestamp;

use super::optional;
use crate::capabilities::SiteClass;
use crate::decode::{Decoder, Place};
use crate::model::state::Given;
use crate::model::task::{OnExisting, Schedule};
use crate::rules::{shape, tasks as rules};
use crate::tree::NodeValue;
use crate::value::duration::IsoDuration;
use crate::value::time::parse_rfc3339;

const RULE: &str = "TSK-101";
const SITE: SiteClass = SiteClass::Schedule;

impl Decoder<'_> {
    pub(super) fn schedule(&mut self, block: &Place<'_>) -> Option<Schedule> {
        let members = ["start", "interval", "maxRuns", "startAt", "subjectId", "context", "onExisting"];
        self.task_members(block, &members, "DEF-007", |_| None);
        let start = self.required(block, "start", "TSK-100");
        let start = start.and_then(|place| self.state_ref(&place, "TSK-100"));
        let interval = self.required(block, "interval", "TSK-100");
        let interval = interval.and_then(|place| self.interval(&place));
        let max_runs = self.required(block, "maxRuns", "TSK-100").and_then(|place| self.max_runs(&place));
        let start_at = optional(block.get("startAt").map(|place| self.start_at(&place)));
        let subject_id = optional(block.get("subjectId").map(|place| self.mapper_block(&place, SITE, RULE)));
        let context = optional(block.get("context").map(|place| self.mapper_block(&place, SITE, RULE)));
        let words = [
            ("fail", OnExisting::Fail),
            ("upsert", OnExisting::Upsert),
            ("addAnother", OnExisting::AddAnother),
        ];
        let on_existing = optional(block.get("onExisting").map(|place| self.one_of(&place, RULE, &words)));
        Some(Schedule {
            start: start?,
            interval: interval?,
            max_runs: max_runs?,
            start_at: start_at?,
            subject_id: subject_id?,
            context: context?,
            on_existing: on_existing?.unwrap_or_default(),
        })
    }

    fn interval(&mut self, place: &Place<'_>) -> Option<Given<IsoDuration>> {
        let Some(text) = place.text() else {
            return self.schedule_mapper(place, "a string").map(Given::Mapper);
        };
        match IsoDuration::parse(Arc::clone(text)) {
            Ok(interval) => {
                let minimum = self.capabilities.schedule_minimum();
                if interval.is_shorter_than(&minimum) {
                    self.report(place, rules::interval_too_short(&minimum));
                }
                Some(Given::Literal(interval))
            }
            Err(error) => {
                self.report(place, shape::malformed(text, "duration", &error.to_string()).rule(RULE));
                None
            }
        }
    }

    fn max_runs(&mut self, place: &Place<'_>) -> Option<Given<NonZeroU64>> {
        if matches!(place.node.value, NodeValue::Number(_)) {
            return self.positive(place, RULE).map(Given::Literal);
        }
        self.schedule_mapper(place, "an integer").map(Given::Mapper)
    }

    fn start_at(&mut self, place: &Place<'_>) -> Option<Given<Timestamp>> {
        let Some(text) = place.text() else {
            return self.schedule_mapper(place, "a string").map(Given::Mapper);
        };
        let at = parse_rfc3339(text);
        if at.is_none() {
            let reason = "expected an RFC 3339 timestamp such as `2026-01-31T10:00:00Z`";
            self.report(place, shape::malformed(text, "time", reason).rule(RULE));
        }
        at.map(Given::Literal)
    }

    fn schedule_mapper(
        &mut self,
        place: &Place<'_>,
        literal: &str,
    ) -> Option<crate::model::expression::Mapper> {
        if place.is_object() {
            return self.mapper_block(place, SITE, RULE);
        }
        self.wrong_type(place, &format!("{literal} or a mapper"), RULE);
        None
    }
}
