//! What clients can send, after decoding.

use std::num::NonZeroU32;

use crate::credential::Credential;
use jf_core::{Cursor, EventFilter, HeadCondition, IdempotencyKey, JourneyId, Replaying, TraceContext};
use serde_json::Value;
use smol_str::SmolStr;

/// A run as a frame names it. Text that no run can have as its id is kept, since the answer to it is that of an unknown run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunRef {
    Id(JourneyId),
    Impossible(String),
}

impl RunRef {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Impossible(text) => text,
        }
    }
}

/// What a subscriber wants, wherever it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) filter: EventFilter,
    pub(crate) conflate: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self { filter: EventFilter::ALL, conflate: true }
    }
}

/// Members that start, step and cancel share.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Command {
    pub(crate) key: Option<IdempotencyKey>,
    /// `None` where the frame says nothing, `Some(None)` where it declines.
    pub(crate) subscribe: Option<Option<Wish>>,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) ack: bool,
}

/// A frame of a start type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Start {
    pub(crate) journey_name: Option<String>,
    pub(crate) payload: Value,
    pub(crate) command: Command,
}

/// A frame of a step type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) run: RunRef,
    pub(crate) step_id: Option<SmolStr>,
    pub(crate) payload: Value,
    pub(crate) if_head: Option<HeadCondition>,
    pub(crate) command: Command,
}

/// `cancel`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cancel {
    pub(crate) run: RunRef,
    pub(crate) if_head: Option<HeadCondition>,
    pub(crate) command: Command,
}

/// `subscribe`, or one entry of `hello.resume`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subscribe {
    pub(crate) run: RunRef,
    pub(crate) replay: Replaying,
    pub(crate) wish: Wish,
}

/// `hello`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Hello {
    pub(crate) bookmarks: bool,
    pub(crate) message_heartbeat: Option<bool>,
    pub(crate) auto_subscribe: Option<bool>,
    pub(crate) auth: Option<Credential>,
    pub(crate) resume: Vec<Subscribe>,
    /// Runs of entries beyond those that there may be, which are refused. All that is kept of them is what the refusal names.
    pub(crate) excess: Vec<RunRef>,
}

impl Hello {
    /// Bytes that its list takes beside the names in it.
    pub(crate) const fn list_bytes(&self) -> usize {
        size_of::<Subscribe>() * self.resume.len() + size_of::<RunRef>() * self.excess.len()
    }
}

/// A frame, routed by its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    Hello(Hello),
    Auth(Credential),
    GetStatus(RunRef),
    GetOutcome(RunRef),
    Subscribe(Subscribe),
    Unsubscribe(RunRef),
    Cancel(Cancel),
    Credit(NonZeroU32),
    Ping,
    Pong,
    Start(Start),
    Step(Step),
}

impl Request {
    /// Whether the frame asks for an effect on a run (DRAIN-2).
    pub(crate) const fn is_command(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Step(_) | Self::Cancel(_))
    }

    /// The run that the frame names.
    pub(crate) const fn run(&self) -> Option<&RunRef> {
        match self {
            Self::GetStatus(run) | Self::GetOutcome(run) | Self::Unsubscribe(run) => Some(run),
            Self::Subscribe(subscribe) => Some(&subscribe.run),
            Self::Step(step) => Some(&step.run),
            Self::Cancel(cancel) => Some(&cancel.run),
            Self::Hello(_) | Self::Auth(_) | Self::Credit(_) | Self::Ping | Self::Pong | Self::Start(_) => {
                None
            }
        }
    }

    /// Whether it carries a caller key.
    pub(crate) const fn is_keyed(&self) -> bool {
        match self {
            Self::Start(start) => start.command.key.is_some(),
            Self::Step(step) => step.command.key.is_some(),
            Self::Cancel(cancel) => cancel.command.key.is_some(),
            _ => false,
        }
    }

    /// Whether the reply may take a while, so that the request counts as in flight (FLOW-5).
    pub(crate) const fn waits(&self) -> bool {
        !matches!(
            self,
            Self::Hello(_) | Self::Auth(_) | Self::Unsubscribe(_) | Self::Credit(_) | Self::Ping | Self::Pong
        )
    }
}

/// The cursor a frame asks for (`replay`, `after`, `epoch`).
pub(crate) fn replaying(mode: Option<&str>, cursor: Option<Cursor>) -> Result<Replaying, &'static str> {
    match (mode, cursor) {
        (Some("all") | None, Some(cursor)) => Ok(Replaying::After(cursor)),
        (Some("all"), None) => Ok(Replaying::After(Cursor::beginning())),
        (Some("latest") | None, None) => Ok(Replaying::Latest),
        (Some("none"), None) => Ok(Replaying::Nothing),
        (Some("latest" | "none"), Some(_)) => Err("must be `all` or absent beside `after`"),
        (Some(_), _) => Err("must be `latest`, `all` or `none`"),
    }
}
