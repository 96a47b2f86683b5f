//! The protocol of one connection: what frames do, what comes back, and when it is over. Knows no socket.

mod access;
mod answers;
mod inbound;
mod life;
mod resume;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::task::Context as TaskContext;

use futures::stream::FuturesUnordered;
use jf_core::Caller;
use tokio::time::Instant;
use tungstenite::{Message, Utf8Bytes};

use self::access::Access;
pub(crate) use self::access::Occasion;
use self::life::{Ending, millis};
use self::resume::Resume;
use super::followers::{Followers, PushLimits};
use super::outbound::Outbound;
use super::rate::Rate;
use super::requests::{Context, Ticket, Work};
use super::turns::Turns;
use crate::binding::Shared;
use crate::close::Close;
use crate::frames::{Plain, Request, RequestId, Welcome, WelcomeAuth, WelcomeHeartbeat, to_text};
use crate::handshake::{Client, PROTOCOL};
use crate::routing::Endpoint;

/// What this build offers beyond the core of the protocol; the last one where credentials can be used.
const FEATURES: [&str; 4] = ["actions", "bookmark", "credit", "auth"];

/// State of a conversation.
pub(crate) struct Core {
    shared: Arc<Shared>,
    path: Box<str>,
    name: Box<str>,
    caller: Caller,
    out: Outbound,
    /// Requests of the client without their terminal reply; ids are in `ids`.
    in_flight: usize,
    ids: HashSet<RequestId>,
    work: FuturesUnordered<Work>,
    commands: Turns,
    subscribes: Turns,
    followers: Followers,
    resume: Resume,
    access: Access,
    /// Requests that were not begun: a credential before them is being judged, or too much waits to be written.
    held: VecDeque<(Ticket, String, Request)>,
    rate: Rate,
    settings: Settings,
    ending: Option<Ending>,
    born: Instant,
    /// When the last subscription, request or frame was.
    quiet_since: Instant,
    was_busy: bool,
    close: Option<Close>,
    /// Close with this once everything is written.
    farewell: Option<Close>,
}

/// What `hello` can change.
#[derive(Debug, Clone, Copy)]
struct Settings {
    greeted: bool,
    /// A request came that was no `hello`, which may not follow any more.
    spoken: bool,
    auto_subscribe: bool,
    message_heartbeat: bool,
}

impl Core {
    pub(crate) fn new(shared: Arc<Shared>, path: &str, client: Client, now: Instant) -> Self {
        let config = &shared.config;
        let limits = &config.limits;
        let mut core = Self {
            name: shared.names.next().into(),
            out: Outbound::new(config.reply_backlog_bytes.get()),
            rate: Rate::new(limits.rate_per_sec, limits.burst, now),
            path: path.into(),
            access: Access::new(config, &client.identity, now),
            held: VecDeque::new(),
            caller: client.caller,
            in_flight: 0,
            ids: HashSet::new(),
            work: FuturesUnordered::new(),
            commands: Turns::default(),
            subscribes: Turns::default(),
            followers: Followers::default(),
            resume: Resume::default(),
            settings: Settings {
                greeted: false,
                spoken: false,
                auto_subscribe: true,
                message_heartbeat: false,
            },
            ending: None,
            born: now,
            quiet_since: now,
            was_busy: false,
            close: None,
            farewell: None,
            shared,
        };
        // Urgent, since a `pong` is too, and the client may have sent its `ping` along with the handshake (§1).
        let welcome = core.welcome(None);
        core.out.urgent(welcome);
        tracing::debug!(connection = core.name(), path = &*core.path, "a WebSocket connection is open");
        core
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Name of the connection in logs.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Why the connection is to be closed, once it is.
    pub(crate) fn close(&self) -> Option<Close> {
        if self.out.is_overflown() {
            return Some(Close::SlowConsumer);
        }
        self.close.or_else(|| self.farewell.filter(|_| self.out.is_empty()))
    }

    /// Lets go of everything.
    pub(crate) fn clear(&mut self) {
        self.out.clear();
        self.work = FuturesUnordered::new();
        self.followers = Followers::default();
        self.resume = Resume::default();
        self.held = VecDeque::new();
        self.ids = HashSet::new();
        self.in_flight = 0;
    }

    /// What a request needs of its connection.
    fn context(&self) -> Context {
        Context { shared: Arc::clone(&self.shared), endpoint: self.endpoint(), caller: self.caller.clone() }
    }

    fn endpoint(&self) -> Arc<Endpoint> {
        self.shared.routes.at(&self.path).unwrap_or_default()
    }

    fn push_limits(shared: &Shared) -> PushLimits<'_> {
        PushLimits {
            max_outbound_bytes: shared.config.limits.max_outbound_bytes.get(),
            status_min_interval: shared.config.status_min_interval,
            http_base: &shared.config.http_base,
            audiences: &shared.audiences,
        }
    }

    /// Lets subscriptions pull; `true` when there is something to write.
    pub(crate) fn follow(&mut self, cx: &mut TaskContext<'_>, now: Instant, room: bool) -> bool {
        let limits = Self::push_limits(&self.shared);
        self.followers.poll(cx, now, room && self.out.is_empty(), &self.caller, limits)
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.out.is_empty() || self.followers.has_push()
    }

    pub(crate) fn next_output(&mut self, now: Instant) -> Option<Message> {
        let limits = Self::push_limits(&self.shared);
        let followers = &mut self.followers;
        self.out.next(|| followers.next(now, limits))
    }

    /// Asks whether the peer is there, in the way it can see (HB-2).
    pub(crate) fn probe(&mut self) {
        if self.settings.message_heartbeat {
            self.out.urgent(to_text(&Plain::new("ping", None)));
        } else {
            self.out.probe();
        }
    }

    fn welcome(&self, id: Option<&RequestId>) -> Utf8Bytes {
        let config = &self.shared.config;
        let endpoint = self.endpoint();
        to_text(&Welcome {
            kind: "welcome",
            id,
            protocol: PROTOCOL,
            revision: 1,
            connection_id: &self.name,
            server_time: jf_core::format_timestamp(jiff::Timestamp::now()),
            heartbeat: WelcomeHeartbeat {
                mode: if self.settings.message_heartbeat { "message" } else { "control" },
                interval_ms: millis(config.heartbeat.interval),
                timeout_ms: millis(config.heartbeat.timeout),
            },
            limits: &config.limits,
            features: if self.access.is_offered() { &FEATURES } else { &FEATURES[..3] },
            auth: WelcomeAuth { required: self.access.is_demanded() },
            journeys: (config.catalog && !self.access.is_demanded()).then_some(endpoint.journeys.as_slice()),
        })
    }
}
