//! Reading scalars of a wanted form.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::{Decoder, Place};
use crate::header::HeaderName;
use crate::ids::InvalidName;
use crate::rules::shape;
use crate::tree::NodeValue;

impl Decoder<'_> {
    pub(super) fn text<'t>(&mut self, place: &Place<'t>, rule: &'static str) -> Option<&'t Arc<str>> {
        let text = place.text();
        if text.is_none() {
            self.wrong_type(place, "a string", rule);
        }
        text
    }

    pub(super) fn non_empty<'t>(&mut self, place: &Place<'t>, rule: &'static str) -> Option<&'t Arc<str>> {
        let text = self.text(place, rule)?;
        if text.is_empty() {
            self.report(place, shape::empty("a string").rule(rule));
            return None;
        }
        Some(text)
    }

    /// A required member that is a non-empty string.
    pub(super) fn required_text(
        &mut self,
        place: &Place<'_>,
        name: &'static str,
        rule: &'static str,
    ) -> Option<Arc<str>> {
        let member = self.required(place, name, rule)?;
        self.non_empty(&member, rule).cloned()
    }

    pub(super) fn boolean(&mut self, place: &Place<'_>, rule: &'static str) -> Option<bool> {
        if let NodeValue::Bool(value) = place.node.value {
            return Some(value);
        }
        self.wrong_type(place, "a boolean", rule);
        None
    }

    /// An integer; a double without fraction is one.
    pub(super) fn integer(&mut self, place: &Place<'_>, rule: &'static str) -> Option<i128> {
        let NodeValue::Number(number) = &place.node.value else {
            self.wrong_type(place, "an integer", rule);
            return None;
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only whole numbers are cast, saturating is enough"
        )]
        let whole = number
            .as_i128()
            .or_else(|| number.as_f64().filter(|value| value.fract() == 0.0).map(|value| value as i128));
        if whole.is_none() {
            self.report(place, shape::wrong_type("an integer", "a fraction").rule(rule));
        }
        whole
    }

    /// An integer of at least 1.
    pub(super) fn positive(&mut self, place: &Place<'_>, rule: &'static str) -> Option<NonZeroU64> {
        let value = self.integer(place, rule)?;
        let positive = u64::try_from(value).ok().and_then(NonZeroU64::new);
        if positive.is_none() {
            let fault = if value < 1 { shape::too_small(1) } else { shape::too_large_number() };
            self.report(place, fault.rule(rule));
        }
        positive
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        place: &Place<'_>,
        rule: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(place, rule)?;
        let found = words.iter().find(|(word, _)| **word == **text);
        if found.is_none() {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.report(place, shape::not_one_of(text, &allowed).rule(rule));
        }
        found.map(|(_, value)| *value)
    }

    /// A name of a certain form.
    pub(super) fn name<T>(
        &mut self,
        place: &Place<'_>,
        rule: &'static str,
        parse: impl FnOnce(Arc<str>) -> Result<T, InvalidName>,
    ) -> Option<T> {
        let text = self.text(place, rule)?;
        match parse(Arc::clone(text)) {
            Ok(name) => Some(name),
            Err(invalid) => {
                self.report(place, shape::malformed(text, invalid.what(), invalid.reason()).rule(rule));
                None
            }
        }
    }

    /// A key of a map that is a name of a certain form; the fault is reported at the key.
    pub(super) fn key<T>(
        &mut self,
        key: &Arc<str>,
        place: &Place<'_>,
        rule: &'static str,
        parse: impl FnOnce(Arc<str>) -> Result<T, InvalidName>,
    ) -> Option<T> {
        match parse(Arc::clone(key)) {
            Ok(name) => Some(name),
            Err(invalid) => {
                self.report_key(place, shape::malformed(key, invalid.what(), invalid.reason()).rule(rule));
                None
            }
        }
    }

    pub(super) fn header(&mut self, place: &Place<'_>, rule: &'static str) -> Option<HeaderName> {
        let text = self.non_empty(place, rule)?;
        match HeaderName::parse(Arc::clone(text)) {
            Ok(name) => Some(name),
            Err(_) => {
                self.report(
                    place,
                    shape::malformed(text, "header name", "it is not an HTTP token").rule(rule),
                );
                None
            }
        }
    }
}
