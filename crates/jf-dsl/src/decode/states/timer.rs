//! `timer` (02 §8).

use std::sync::Arc;

use crate::capabilities::SiteClass;
use crate::decode::{Decoder, Place, Special};
use crate::model::expression::Mapper;
use crate::model::state::{Given, Timer, TimerDue};
use crate::rules::shape;
use crate::value::duration::IsoDuration;
use crate::value::time::parse_rfc3339;

impl Decoder<'_> {
    pub(in crate::decode) fn timer_state(&mut self, place: &Place<'_>) -> Option<Timer> {
        self.state_members(place, &["timer", "next"]);
        let next = self.next(place);
        let block = self.required(place, "timer", "STA-002")?;
        self.object(&block, "STA-075")?;
        self.known(&block, &["duration", "until"]);
        let due = match (block.get("duration"), block.get("until")) {
            (Some(duration), None) => self.timer_duration(&duration),
            (None, Some(until)) => self.timer_until(&until),
            (Some(duration), Some(until)) => {
                let fault = shape::does_not_fit("a timer has either `duration` or `until`").rule("STA-075");
                let fault = fault.label(duration.anchor(), "one way").label(until.anchor(), "the other way");
                self.report(&block, fault);
                self.mentions(&block);
                None
            }
            (None, None) => {
                let fault = shape::does_not_fit("a timer needs `duration` or `until`").rule("STA-075");
                self.report(&block, fault);
                None
            }
        };
        Some(Timer { timer: due?, next: next? })
    }

    fn timer_duration(&mut self, place: &Place<'_>) -> Option<TimerDue> {
        let Some(text) = place.text() else {
            return self.timer_mapper(place).map(|mapper| TimerDue::Duration(Given::Mapper(mapper)));
        };
        match IsoDuration::parse(Arc::clone(text)) {
            Ok(duration) => Some(TimerDue::Duration(Given::Literal(duration))),
            Err(error) => {
                self.report(place, shape::malformed(text, "duration", &error.to_string()).rule("STA-076"));
                None
            }
        }
    }

    fn timer_until(&mut self, place: &Place<'_>) -> Option<TimerDue> {
        let Some(text) = place.text() else {
            return self.timer_mapper(place).map(|mapper| TimerDue::Until(Given::Mapper(mapper)));
        };
        let until = parse_rfc3339(text);
        if until.is_none() {
            let reason = "expected an RFC 3339 timestamp such as `2026-01-31T10:00:00Z`";
            self.report(place, shape::malformed(text, "time", reason).rule("STA-076"));
        }
        until.map(|at| TimerDue::Until(Given::Literal(at)))
    }

    fn timer_mapper(&mut self, place: &Place<'_>) -> Option<Mapper> {
        if !place.is_object() {
            self.wrong_type(place, "a string or a mapper", "STA-075");
            return None;
        }
        self.known_or(place, &["mapper", "mapperRef"], "DEF-007", |name| {
            let misplaced = matches!(name, "lang" | "expr");
            misplaced.then(|| Special::Once(shape::misplaced(name, "under `mapper`").rule("STA-075")))
        });
        if !Self::has_mapper(place) {
            if place.get("lang").is_none() && place.get("expr").is_none() {
                self.missing(place, "mapper", "STA-075");
            }
            return None;
        }
        self.mapper(place, SiteClass::Schedule, "STA-075")
    }
}
