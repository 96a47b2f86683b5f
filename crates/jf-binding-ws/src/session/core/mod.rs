//! The protocol of one connection: what frames do, what comes back, and when it is over. Knows no socket.

mod access;
mod answers;
mod inbound;
mod leave;
mod life;
mod resume;
mod share;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::task::Context as TaskContext;

use futures::stream::FuturesUnordered;
use jf_core::{ByteBudget, Caller, JourneyId};
use smol_str::SmolStr;
use tokio::time::Instant;
use tungstenite::{Message, Utf8Bytes};

use self::access::Access;
pub(crate) use self::access::Occasion;
pub(crate) use self::leave::Leave;
use self::life::{Ending, millis};
use self::resume::Resume;
use super::followers::{Followers, PushLimits};
use super::outbound::Outbound;
use super::rate::Rate;
use super::requests::{Context, Target, Ticket, Work};
use super::turns::Turns;
use crate::binding::Shared;
use crate::close::Close;
use crate::frames::{Plain, Request, RequestId, Welcome, WelcomeAuth, WelcomeHeartbeat, to_text};
use crate::handshake::{Client, PROTOCOL};
use crate::routing::Served;

/// What this build offers beyond the core of the protocol; the last one where credentials can be used.
const FEATURES: [&str; 4] = ["actions", "bookmark", "credit", "auth"];

/// Bytes of payloads in flight that a connection has besides the budget of all: not more than its buffers take anyway.
const OWN_BYTES: usize = 4 << 10;

/// State of a conversation.
pub(crate) struct Core {
    shared: Arc<Shared>,
    path: Box<str>,
    name: Box<str>,
    context: Arc<Context>,
    /// The run of the last reply, in this context: what follows is usually about it, too.
    recent: Option<(JourneyId, Arc<Served>)>,
    out: Outbound,
    /// Requests of the client without their terminal reply.
    in_flight: usize,
    /// Ids of those that were not answered at once, and of those that are held.
    ids: HashSet<RequestId>,
    work: FuturesUnordered<Work>,
    commands: Turns,
    subscribes: Turns,
    followers: Followers,
    resume: Resume,
    access: Access,
    /// Requests that were not begun: a credential before them is being judged, or too much waits to be written.
    held: VecDeque<(Ticket, SmolStr, Request)>,
    rate: Rate,
    own_budget: ByteBudget,
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
        let access = Access::new(config, &client, now);
        let context = Context::new(Arc::clone(&shared), path, client.caller, access.leave());
        let mut core = Self {
            name: shared.names.next().into(),
            context: Arc::new(context),
            recent: None,
            out: Outbound::new(config.reply_backlog_bytes.get()),
            rate: Rate::new(limits.rate_per_sec, limits.burst, now),
            own_budget: ByteBudget::new(OWN_BYTES),
            path: path.into(),
            access,
            held: VecDeque::new(),
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

    /// What a request needs of its connection, as of now: a deployment reaches open connections, too (RT-11).
    fn context(&mut self) -> Arc<Context> {
        if !self.shared.routes.is_current(&self.context.tables) {
            let (caller, leave) = (self.context.caller.clone(), self.context.leave.clone());
            self.set_context(Context::new(Arc::clone(&self.shared), &self.path, caller, leave));
        }
        Arc::clone(&self.context)
    }

    fn set_context(&mut self, context: Context) {
        self.context = Arc::new(context);
        self.recent = None;
    }

    /// Somebody else's word counts for the client from now on.
    fn set_caller(&mut self, caller: Caller) {
        self.set_context(Context { caller, leave: self.access.leave(), ..Context::clone(&self.context) });
    }

    /// A run that a request is about.
    fn target(&mut self, run: JourneyId) -> Target {
        let recent = self.recent.take_if(|(recent, _)| *recent == run);
        Target { run, served: recent.map(|(_, served)| served) }
    }

    fn push_limits(shared: &Shared) -> PushLimits<'_> {
        PushLimits {
            max_outbound_bytes: shared.config.limits.max_outbound_bytes.get(),
            status_min_interval: shared.config.status_min_interval,
            http_base: &shared.config.http_base,
            audiences: &shared.audiences,
        }
    }

    /// Requests were held back, since too much waits to be written.
    pub(crate) fn is_pressed(&self) -> bool {
        self.out.is_pressed()
    }

    /// It ends once the last reply is written.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.ending.is_some()
    }

    /// Nothing has looked yet for the end of the credential it has.
    pub(crate) const fn is_fresh(&self) -> bool {
        self.access.is_fresh()
    }

    /// Lets subscriptions pull; `true` when there is something to write.
    pub(crate) fn follow(&mut self, cx: &mut TaskContext<'_>, now: Instant, room: bool) -> bool {
        let limits = Self::push_limits(&self.shared);
        let room = room && self.out.is_empty() && !self.access.is_suspended();
        self.followers.poll(cx, now, room, &self.context.caller, limits) && !self.access.is_suspended()
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.out.is_empty() || (self.followers.has_push() && !self.access.is_suspended())
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

    /// Whether the client may know what is served at the path (§4).
    fn tells_journeys(&self) -> bool {
        self.shared.config.catalog && !self.access.is_demanded()
    }

    fn welcome(&mut self, id: Option<&RequestId>) -> Utf8Bytes {
        let context = self.context();
        let (config, endpoint) = (&self.shared.config, &context.endpoint);
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
            journeys: self.tells_journeys().then_some(endpoint.journeys.as_slice()),
        })
    }
}
