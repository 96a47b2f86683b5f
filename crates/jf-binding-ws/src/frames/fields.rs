//! Typed reading of members. The first one that does not fit is named in the error.

use jf_core::{
    Cursor, EngineError, EngineErrorKind, Epoch, EventFilter, HeadCondition, IdempotencyKey, JourneyId,
    TraceContext,
};
use serde::de::DeserializeOwned;
use serde_json::Number;
use smol_str::SmolStr;

use super::client::{RunRef, Wish};
use super::envelope::shortened;
use super::members::{Member, Members, elements};

/// Greatest integer of an envelope (ENC-3).
const MAX_INTEGER: u64 = (1 << 53) - 1;
/// Names of unknown members that one error repeats.
const MAX_NAMED: usize = 8;

/// The members of a frame or of an object inside one, with the place for error messages.
pub(super) struct Fields<'a> {
    members: Members<'a>,
    at: String,
}

impl<'a> Fields<'a> {
    pub(super) const fn of_frame(members: Members<'a>) -> Self {
        Self { members, at: String::new() }
    }

    /// Reads `value`, the object at `name`, which has the members `known` and no others, extensions neither.
    fn inside(&self, name: &str, value: &'a str, known: &[&str]) -> Result<Self, EngineError> {
        let members = Members::split(value).map_err(|_| self.invalid(name, "must be an object"))?;
        let at = format!("{}.", self.path(name));
        if let Some(twice) = members.duplicate() {
            return Err(invalid(&format!("{at}{}", shortened(twice)), "occurs more than once"));
        }
        let inner = Self { members, at };
        inner.refuse(inner.members.unknown(known), known)?;
        Ok(inner)
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.at)
    }

    pub(super) fn invalid(&self, name: &str, expected: &str) -> EngineError {
        invalid(&self.path(name), expected)
    }

    /// Refuses members other than `known` and extensions (ERR-6); those of `taken` have been read already.
    pub(super) fn only<'n>(
        &'n self,
        known: &[&str],
        taken: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), EngineError> {
        let mut unknown = self.members.unknown(known);
        unknown.retain(|name| !name.starts_with("x-"));
        unknown.extend(taken.into_iter().filter(|name| !known.contains(name)));
        self.refuse(unknown, known)
    }

    fn refuse(&self, unknown: Vec<&str>, known: &[&str]) -> Result<(), EngineError> {
        let Some(first) = unknown.first() else { return Ok(()) };
        let paths: Vec<_> = unknown.iter().take(MAX_NAMED).map(|name| self.path(&shortened(name))).collect();
        let mut detail = format!("the frame has no member `{}`", paths[0]);
        if let Some(near) = jf_dsl::closest(first, known.iter().copied()) {
            detail.push_str("; did you mean `");
            detail.push_str(&self.path(near));
            detail.push_str("`?");
        }
        Err(EngineError::new(EngineErrorKind::UnknownMember).with_detail(detail).with("members", paths))
    }

    fn read<T: DeserializeOwned>(&mut self, name: &str, expected: &str) -> Result<Option<T>, EngineError> {
        let Some(member) = self.members.take(name) else { return Ok(None) };
        serde_json::from_str::<T>(member.value).map(Some).map_err(|_| self.invalid(name, expected))
    }

    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, EngineError> {
        self.read(name, "must be `true` or `false`")
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, EngineError> {
        self.read(name, "must be a string")
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, EngineError> {
        self.read(name, "must be an array of strings")
    }

    pub(super) fn short_text(
        &mut self,
        name: &str,
        min: usize,
        max: usize,
    ) -> Result<Option<SmolStr>, EngineError> {
        let text: Option<SmolStr> = self.read(name, "must be a string")?;
        if text.as_ref().is_some_and(|text| !(min..=max).contains(&text.chars().count())) {
            return Err(self.invalid(name, &format!("must have {min} to {max} characters")));
        }
        Ok(text)
    }

    pub(super) fn integer(&mut self, name: &str, min: u64, max: u64) -> Result<Option<u64>, EngineError> {
        let Some(member) = self.members.take(name) else { return Ok(None) };
        let number = serde_json::from_str::<Number>(member.value).ok();
        let whole = number.and_then(|number| number.as_u64().or_else(|| whole(number.as_f64()?)));
        let fitting = whole.filter(|n| (min..=max).contains(n));
        fitting
            .map(Some)
            .ok_or_else(|| self.invalid(name, &format!("must be an integer from {min} to {max}")))
    }

    pub(super) fn run(&mut self) -> Result<RunRef, EngineError> {
        let text = self.short_text("journeyId", 1, 128)?;
        let text = text.ok_or_else(|| self.invalid("journeyId", "is required"))?;
        Ok(match JourneyId::parse(&text) {
            Ok(id) => RunRef::Id(id),
            Err(_) => RunRef::Impossible(text.into()),
        })
    }

    /// `key` (IDEM-8).
    pub(super) fn key(&mut self) -> Result<Option<IdempotencyKey>, EngineError> {
        let Some(member) = self.members.take("key") else { return Ok(None) };
        let key = serde_json::from_str::<String>(member.value)
            .ok()
            .and_then(|text| IdempotencyKey::parse(text).ok());
        let detail = "`key` must be a string of 16 to 255 visible ASCII characters";
        key.map(Some)
            .ok_or_else(|| EngineError::new(EngineErrorKind::IdempotencyKeyInvalid).with_detail(detail))
    }

    /// `ifSeq` or `after`, with the `epoch` beside it.
    fn position(&mut self, name: &str) -> Result<Option<(Option<Epoch>, u64)>, EngineError> {
        let epoch = self.text("epoch")?;
        let epoch = epoch.map(Epoch::parse).transpose();
        let epoch =
            epoch.map_err(|_| self.invalid("epoch", "must be 1 to 32 characters out of A-Z a-z 0-9 _ -"))?;
        match self.integer(name, 0, MAX_INTEGER)? {
            None if epoch.is_some() => Err(self.invalid("epoch", &format!("needs `{name}` beside it"))),
            None => Ok(None),
            Some(seq) => Ok(Some((epoch, seq))),
        }
    }

    pub(super) fn if_head(&mut self) -> Result<Option<HeadCondition>, EngineError> {
        Ok(self.position("ifSeq")?.map(|(epoch, seq)| HeadCondition { epoch, seq }))
    }

    pub(super) fn cursor(&mut self) -> Result<Option<Cursor>, EngineError> {
        Ok(self.position("after")?.map(|(epoch, after)| Cursor { epoch, after }))
    }

    /// `events` and `conflate`.
    pub(super) fn wish(&mut self) -> Result<Wish, EngineError> {
        let expected = "must be an array of `status` and `outcome`, each at most once";
        let filter = match self.read::<Vec<String>>("events", expected)? {
            None => EventFilter::ALL,
            Some(kinds) => {
                let has = |kind: &str| kinds.iter().any(|k| k == kind);
                let filter = EventFilter { status: has("status"), outcome: has("outcome") };
                let distinct = usize::from(filter.status) + usize::from(filter.outcome);
                if kinds.is_empty() || kinds.len() != distinct {
                    return Err(self.invalid("events", expected));
                }
                filter
            }
        };
        Ok(Wish { filter, conflate: self.boolean("conflate")?.unwrap_or(true) })
    }

    /// `subscribe` of a command (SUB-1, SUB-2).
    pub(super) fn subscribe(&mut self) -> Result<Option<Option<Wish>>, EngineError> {
        const NAME: &str = "subscribe";
        let Some(Member { value, .. }) = self.members.take(NAME) else { return Ok(None) };
        match value {
            "true" => Ok(Some(Some(Wish::default()))),
            "false" => Ok(Some(None)),
            _ if value.starts_with('{') => {
                Ok(Some(Some(self.inside(NAME, value, &["events", "conflate"])?.wish()?)))
            }
            _ => Err(self.invalid(NAME, "must be `true`, `false` or an object")),
        }
    }

    /// `trace` (WS-024). A context that is not valid is as good as none.
    pub(super) fn trace(&mut self) -> Result<Option<TraceContext>, EngineError> {
        let Some(mut inner) = self.object("trace", &["traceparent", "tracestate"])? else { return Ok(None) };
        let parent = inner.text("traceparent")?;
        let state = inner.text("tracestate")?;
        Ok(parent.and_then(|parent| TraceContext::parse(&parent, state.as_deref())))
    }

    /// The object at `name`, which has the members `known` and no others.
    pub(super) fn object(&mut self, name: &str, known: &[&str]) -> Result<Option<Self>, EngineError> {
        let Some(member) = self.members.take(name) else { return Ok(None) };
        self.inside(name, member.value, known).map(Some)
    }

    /// Gives the objects of the array at `name` to `read`, one after the other: there may be many, and each takes more as members than as what
    /// is made of it.
    pub(super) fn objects(
        &mut self,
        name: &str,
        known: &[&str],
        mut read: impl FnMut(Self) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let Some(member) = self.members.take(name) else { return Ok(()) };
        let objects =
            elements(member.value).map_err(|_| self.invalid(name, "must be an array of objects"))?;
        for (index, object) in objects.into_iter().enumerate() {
            read(self.inside(&format!("{name}[{index}]"), object, known)?)?;
        }
        Ok(())
    }
}

/// A number with zero fraction is an integer too.
fn whole(number: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a whole number in range"
    )]
    (number.fract() == 0.0 && (0.0..=MAX_INTEGER as f64).contains(&number)).then_some(number as u64)
}

fn invalid(path: &str, expected: &str) -> EngineError {
    EngineError::invalid_input(format!("`{path}` {expected}")).with("member", path)
}
