//! Scripted services as they are written.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use jf_core::dsl::IsoDuration;
use jf_core::spi::HttpFailureKind;
use jiff::Timestamp;

use super::faults;
use super::keys::{REPLY, STUB};
use super::reader::{Fields, Place, Reader};
use super::steps::Names;
use crate::{StubReply, StubRule};

impl Reader<'_> {
    pub(super) fn stubs(&mut self, place: &Place<'_>, names: &mut Names) -> Vec<StubRule> {
        let items = self.list(place, "`stubs`");
        items.iter().filter_map(|item| self.stub(item, names)).collect()
    }

    fn stub(&mut self, place: &Place<'_>, names: &mut Names) -> Option<StubRule> {
        let fields = self.fields(place, &STUB)?;
        let named = self.required(&fields, &STUB, "name");
        let name = named.as_ref().and_then(|place| self.text(place));
        if let (Some(name), Some(place)) = (&name, &named) {
            if names.stubs.contains(name) {
                self.report(&faults::UNKNOWN_NAME, place, format!("there is another stub `{name}`"));
            }
            names.stubs.push(name.clone());
        }
        let url = self.required(&fields, &STUB, "url").and_then(|place| self.text(&place));
        let mut rule = StubRule::new(name.unwrap_or_default()).url(url.unwrap_or_default());
        if let Some(method) = fields.get("method").and_then(|place| self.text(&place)) {
            rule = rule.method(method);
        }
        for (name, value) in self.expected_texts(fields.get("query"), "`query`") {
            rule = rule.query(name, value);
        }
        for (name, value) in self.expected_texts(fields.get("headers"), "`headers`") {
            rule = rule.header(name, value);
        }
        if let Some(body) = fields.get("body") {
            rule = rule.body(self.expected(&body));
        }
        if let Some(replies) = fields.get("replies") {
            for reply in self.list(&replies, "`replies`") {
                rule = rule.reply(self.reply(&reply)?);
            }
        }
        Some(rule)
    }

    fn reply(&mut self, place: &Place<'_>) -> Option<StubReply> {
        let fields = self.fields(place, &REPLY)?;
        let reply = match fields.get("fail") {
            Some(fail) => self.failure(&fail, &fields)?,
            None => self.response(place, &fields)?,
        };
        let Some(place) = fields.get("delay") else { return Some(reply) };
        let delay = self.duration(&place)?;
        match length(&delay) {
            Some(delay) => Some(reply.after(delay)),
            None => {
                self.report(&faults::WRONG_VALUE, &place, "a delay does not go back in time");
                None
            }
        }
    }

    fn failure(&mut self, place: &Place<'_>, fields: &Fields<'_>) -> Option<StubReply> {
        for name in ["status", "headers", "json", "text"] {
            if let Some(other) = fields.get(name) {
                self.report(&faults::NOT_HERE, &other, format!("a reply that fails has no `{name}`"));
            }
        }
        match self.text(place)?.as_str() {
            "timeout" => Some(StubReply::failure(HttpFailureKind::Timeout)),
            "network" => Some(StubReply::failure(HttpFailureKind::Network)),
            other => {
                let message = format!("`{other}` is no failure; there are `timeout` and `network`");
                self.report(&faults::WRONG_VALUE, place, message);
                None
            }
        }
    }

    fn response(&mut self, place: &Place<'_>, fields: &Fields<'_>) -> Option<StubReply> {
        let status = match fields.get("status") {
            None => 200,
            Some(place) => {
                let status = self.whole(&place)?;
                match u16::try_from(status).ok().filter(|status| StatusCode::from_u16(*status).is_ok()) {
                    Some(status) => status,
                    None => {
                        self.report(&faults::WRONG_VALUE, &place, format!("{status} is no status"));
                        return None;
                    }
                }
            }
        };
        let mut reply = match (fields.get("json"), fields.get("text")) {
            (Some(_), Some(_)) => {
                self.report(&faults::NOT_HERE, place, "a reply has `json` or `text`, not both");
                return None;
            }
            (Some(json), None) => StubReply::json(status, self.plain(&json)),
            (None, Some(text)) => StubReply::text(status, self.text(&text)?),
            (None, None) => StubReply::empty(status),
        };
        for (name, value) in self.words(fields.get("headers"), "`headers`") {
            if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(&value).is_err() {
                let message = format!("the header `{name}` cannot be sent");
                self.report(&faults::WRONG_VALUE, &fields.get("headers")?, message);
                return None;
            }
            reply = reply.with_header(&name, &value);
        }
        Some(reply)
    }
}

/// How long a duration is from the beginning of 2026; only months and years depend on that.
fn length(duration: &IsoDuration) -> Option<Duration> {
    let start = Timestamp::from_second(1_767_225_600).ok()?;
    Duration::try_from(duration.after(start)?.duration_since(start)).ok()
}
