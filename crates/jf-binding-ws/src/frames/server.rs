//! What the server sends (§4), written straight from the documents of the engine.

use std::sync::Arc;

use jf_core::{EngineError, Head, JourneyId, StepRef};
use serde::Serialize;
use tungstenite::Utf8Bytes;

use super::envelope::RequestId;
use crate::config::Limits;

/// Text of a frame.
pub(crate) fn to_text(frame: &impl Serialize) -> Utf8Bytes {
    // Most frames fit, so that the text does not move while it grows.
    let mut text = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut text, frame).expect("documents have text keys and finite numbers only");
    String::from_utf8(text).expect("JSON is written as UTF-8").into()
}

const USUAL_BYTES: usize = 1000;

const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The text of a frame with a document.
pub(crate) struct Written {
    pub(crate) text: Utf8Bytes,
    /// The document is in it. One that was left out (LIM-3) is large, however short the text is.
    pub(crate) whole: bool,
}

/// `started`, `status` or `outcome`: a document with its place in the log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document<'a, D> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a RequestId>,
    pub(crate) journey_id: &'a JourneyId,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "step")]
    pub(crate) step_id: Option<&'a StepRef>,
    pub(crate) seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subscribed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) snapshot: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<&'a D>,
    /// Stands in for a payload that is too large (LIM-3).
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) payload_omitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) href: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actions: Option<Vec<Action<'a>>>,
}

impl<'a, D: Serialize> Document<'a, D> {
    pub(crate) fn new(kind: &'static str, journey_id: &'a JourneyId, at: &'a Head, payload: &'a D) -> Self {
        Self {
            kind,
            id: None,
            journey_id,
            step_id: None,
            seq: at.seq,
            epoch: Some(at.epoch.as_str()),
            subscribed: None,
            skipped: None,
            snapshot: false,
            replayed: false,
            payload: Some(payload),
            payload_omitted: false,
            href: None,
            actions: None,
        }
    }

    /// The text of the frame, without the document if it has more than `max` bytes with it (LIM-3).
    pub(crate) fn into_text(self, max: usize, href: impl FnOnce() -> String) -> Utf8Bytes {
        self.into_written(max, href).text
    }

    /// The same, with whether the document is in the text.
    pub(crate) fn into_written(mut self, max: usize, href: impl FnOnce() -> String) -> Written {
        let text = to_text(&self);
        if text.len() <= max {
            return Written { text, whole: true };
        }
        self.payload = None;
        self.payload_omitted = true;
        self.href = Some(href());
        Written { text: to_text(&self), whole: false }
    }
}

/// One legal next command on this path, the twin of a link (OP-10).
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Action<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) step_id: Option<&'a str>,
}

/// `accepted`, and replies that say no more than that something is so.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plain<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) journey_id: Option<&'a JourneyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<&'a str>,
}

impl<'a> Plain<'a> {
    /// `ping` and `pong`.
    pub(crate) const fn new(kind: &'static str, id: Option<&'a RequestId>) -> Self {
        Self { kind, id, journey_id: None, seq: None, epoch: None }
    }

    pub(crate) fn accepted(id: Option<&'a RequestId>, journey_id: &'a JourneyId, at: &'a Head) -> Self {
        let (seq, epoch) = (Some(at.seq), Some(at.epoch.as_str()));
        Self { kind: "accepted", id, journey_id: Some(journey_id), seq, epoch }
    }

    pub(crate) fn bookmark(journey_id: &'a JourneyId, at: &'a Head) -> Self {
        let (seq, epoch) = (Some(at.seq), Some(at.epoch.as_str()));
        Self { kind: "bookmark", id: None, journey_id: Some(journey_id), seq, epoch }
    }
}

/// `error`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorFrame<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    journey_id: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    replayed: bool,
    effect: &'static str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    problem: &'a jf_core::Problem,
}

impl<'a> ErrorFrame<'a> {
    /// `keyed` tells whether the request carried a key (IDEM-10).
    pub(crate) fn new(
        id: Option<&'a RequestId>,
        run: Option<&'a str>,
        keyed: bool,
        error: &'a EngineError,
    ) -> Self {
        Self {
            kind: "error",
            id,
            journey_id: run,
            replayed: error.is_replayed(),
            effect: error.effect().as_str(),
            retryable: error.is_retryable(keyed),
            retry_after_ms: error
                .retry_after()
                .map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            problem: error.problem(),
        }
    }
}

/// `authenticated`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authenticated<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl<'a> Authenticated<'a> {
    pub(crate) const fn new(id: Option<&'a RequestId>, expires_at: Option<String>) -> Self {
        Self { kind: "authenticated", id, expires_at }
    }
}

/// `authExpiring`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthExpiring {
    #[serde(rename = "type")]
    kind: &'static str,
    expires_at: String,
}

impl AuthExpiring {
    pub(crate) const fn new(expires_at: String) -> Self {
        Self { kind: "authExpiring", expires_at }
    }
}

/// `subscribed`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscribed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    journey_id: &'a JourneyId,
    epoch: &'a str,
    after: u64,
    head: u64,
    recovered: bool,
}

impl<'a> Subscribed<'a> {
    pub(crate) fn new(
        id: Option<&'a RequestId>,
        journey_id: &'a JourneyId,
        opened: &'a jf_core::Opened,
    ) -> Self {
        let (epoch, head) = (opened.head.epoch.as_str(), opened.head.seq);
        Self {
            kind: "subscribed",
            id,
            journey_id,
            epoch,
            after: opened.after,
            head,
            recovered: opened.recovered,
        }
    }
}

/// `unsubscribed`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unsubscribed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    journey_id: &'a str,
    reason: &'static str,
}

impl<'a> Unsubscribed<'a> {
    pub(crate) const fn new(id: Option<&'a RequestId>, journey_id: &'a str, reason: &'static str) -> Self {
        Self { kind: "unsubscribed", id, journey_id, reason }
    }
}

/// `gap`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Gap<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    journey_id: &'a JourneyId,
    epoch: &'a str,
    from: u64,
    to: u64,
    reason: &'static str,
}

impl<'a> Gap<'a> {
    pub(crate) fn new(
        journey_id: &'a JourneyId,
        head: &'a Head,
        (from, to): (u64, u64),
        reason: jf_core::GapReason,
    ) -> Self {
        Self { kind: "gap", journey_id, epoch: head.epoch.as_str(), from, to, reason: reason.as_str() }
    }
}

/// `goaway`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GoAway {
    #[serde(rename = "type")]
    kind: &'static str,
    reason: &'static str,
    grace_ms: u64,
    reconnect_delay_ms: u64,
}

impl GoAway {
    pub(crate) const fn new(reason: &'static str, grace_ms: u64, reconnect_delay_ms: u64) -> Self {
        Self { kind: "goaway", reason, grace_ms, reconnect_delay_ms }
    }
}

/// `welcome`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Welcome<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a RequestId>,
    pub(crate) protocol: &'static str,
    pub(crate) revision: u32,
    pub(crate) connection_id: &'a str,
    pub(crate) server_time: String,
    pub(crate) heartbeat: WelcomeHeartbeat,
    pub(crate) limits: &'a Limits,
    pub(crate) features: &'a [&'static str],
    pub(crate) auth: WelcomeAuth,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) journeys: Option<&'a [WelcomeJourney]>,
}

/// How silence is probed (HB-1, HB-2).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WelcomeHeartbeat {
    pub(crate) mode: &'static str,
    pub(crate) interval_ms: u64,
    pub(crate) timeout_ms: u64,
}

/// Whether a credential must be sent in band.
#[derive(Debug, Serialize)]
pub(crate) struct WelcomeAuth {
    pub(crate) required: bool,
}

/// What a path offers of one definition.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WelcomeJourney {
    pub(crate) journey_name: Arc<str>,
    pub(crate) start: Arc<str>,
    pub(crate) start_mode: &'static str,
    pub(crate) steps: serde_json::Map<String, serde_json::Value>,
    pub(crate) cancellable: bool,
}

impl WelcomeJourney {
    /// The message types it lists.
    pub(crate) fn types(&self) -> impl Iterator<Item = &str> {
        let steps = self.steps.values().filter_map(serde_json::Value::as_str);
        std::iter::once(&*self.start).chain(steps)
    }
}

fn step<S: serde::Serializer>(step: &Option<&StepRef>, serializer: S) -> Result<S::Ok, S::Error> {
    match step {
        Some(step) => serializer.collect_str(step),
        None => serializer.serialize_none(),
    }
}
