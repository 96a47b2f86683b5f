//! The protocol of one connection: what frames do, what comes back, and when it is over. Knows no socket.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jf_core::{Caller, EngineError, EngineErrorKind, JourneyId};
use tokio::time::Instant;
use tungstenite::{Message, Utf8Bytes};

use super::followers::{Followers, PushLimits, address};
use super::outbound::Outbound;
use super::rate::Rate;
use super::requests::{self, Context, Document, Done, Opening, Reply, Ticket, Work};
use super::turns::Turns;
use crate::binding::Shared;
use crate::close::Close;
use crate::frames::{
    self, Envelope, ErrorFrame, FrameLimits, GoAway, Hello, Plain, Refused, Request, RequestId, RunRef,
    Subscribe, Subscribed, Unsubscribed, Welcome, WelcomeAuth, WelcomeHeartbeat, to_text,
};
use crate::handshake::PROTOCOL;
use crate::routing::Endpoint;

/// What this build offers beyond the core of the protocol.
const FEATURES: [&str; 3] = ["actions", "bookmark", "credit"];
/// Entries of `hello.resume` that are opened at a time (SUB-9).
const RESUMING: usize = 8;

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
    resume: VecDeque<Subscribe>,
    resuming: usize,
    rate: Rate,
    settings: Settings,
    ending: Option<Ending>,
    born: Instant,
    /// When the last subscription, request or frame was.
    quiet_since: Instant,
    was_busy: bool,
    close: Option<Close>,
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

/// After `goaway`.
#[derive(Debug, Clone, Copy)]
struct Ending {
    /// Close when nothing is in flight.
    grace: Instant,
    /// Close in any case.
    latest: Instant,
}

impl Core {
    pub(crate) fn new(shared: Arc<Shared>, path: &str, caller: Caller, now: Instant) -> Self {
        let config = &shared.config;
        let limits = &config.limits;
        let mut core = Self {
            name: shared.names.next().into(),
            out: Outbound::new(config.reply_backlog_bytes.get()),
            rate: Rate::new(limits.rate_per_sec, limits.burst, now),
            path: path.into(),
            caller,
            in_flight: 0,
            ids: HashSet::new(),
            work: FuturesUnordered::new(),
            commands: Turns::default(),
            subscribes: Turns::default(),
            followers: Followers::default(),
            resume: VecDeque::new(),
            resuming: 0,
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
            shared,
        };
        let welcome = core.welcome(None);
        core.out.reply(welcome);
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
        if self.out.is_overflown() { Some(Close::SlowConsumer) } else { self.close }
    }

    /// Lets go of everything.
    pub(crate) fn clear(&mut self) {
        self.out.clear();
        self.work = FuturesUnordered::new();
        self.followers = Followers::default();
        self.resume = VecDeque::new();
        self.ids = HashSet::new();
        self.in_flight = 0;
    }

    fn endpoint(&self) -> Arc<Endpoint> {
        self.shared.routes.at(&self.path).unwrap_or_default()
    }

    fn push_limits(shared: &Shared) -> PushLimits<'_> {
        PushLimits {
            max_outbound_bytes: shared.config.limits.max_outbound_bytes.get(),
            status_min_interval: shared.config.status_min_interval,
            http_base: &shared.config.http_base,
        }
    }

    // What comes in.

    /// A control frame arrived.
    pub(crate) fn notice(&mut self, now: Instant) {
        if self.rate.is_abuse(now) {
            self.close = Some(Close::RateAbuse);
        }
    }

    /// A text message arrived.
    pub(crate) fn receive(&mut self, text: &str, now: Instant) {
        self.notice(now);
        let limits = FrameLimits {
            payload_bytes: self.shared.config.limits.max_payload_bytes.get(),
            payload_depth: self.shared.config.limits.max_payload_depth.get(),
        };
        let refused = match Envelope::read(text, limits) {
            Ok(envelope) => self.request(envelope, now),
            Err(refused) => {
                let _ = self.rate.admit(now);
                Err(refused.unless_in_flight(&self.ids))
            }
        };
        if let Err(Refused { id, run, error }) = refused {
            if error.kind() == EngineErrorKind::MalformedFrame && self.rate.is_nonsense(now) {
                self.close = Some(Close::Violation);
            }
            self.out.reply(to_text(&ErrorFrame::new(id.as_ref(), run.as_deref(), false, &error)));
        }
    }

    fn request(&mut self, envelope: Envelope<'_>, now: Instant) -> Result<(), Refused> {
        if let Some(id) = envelope.id.as_ref().filter(|id| self.ids.contains(*id)) {
            let error = duplicate(id);
            return Err(Refused { id: None, ..Refused::about(&envelope, error) });
        }
        let frame_type = envelope.frame_type.clone();
        if !matches!(frame_type.as_str(), "pong" | "credit")
            && let Err(after) = self.rate.admit(now)
        {
            let error = EngineError::new(EngineErrorKind::RateLimited).with_retry_after(after);
            return Err(Refused::about(&envelope, error));
        }
        let endpoint = self.endpoint();
        let (id, run) = (envelope.id.clone(), frames::run_of(&envelope));
        let request = frames::decode(envelope, |frame_type| endpoint.meaning(frame_type));
        let refused = |error| Refused { id: id.clone(), run: run.clone(), error };
        let request = request.map_err(refused)?;
        self.admit(&request).map_err(refused)?;
        if !matches!(request, Request::Hello(_) | Request::Ping | Request::Pong) {
            self.settings.spoken = true;
        }
        if !matches!(request, Request::Ping | Request::Pong) {
            self.quiet_since = now;
        }
        let keyed = match &request {
            Request::Start(start) => start.command.key.is_some(),
            Request::Step(step) => step.command.key.is_some(),
            Request::Cancel(cancel) => cancel.command.key.is_some(),
            _ => false,
        };
        let context = Context { shared: Arc::clone(&self.shared), endpoint, caller: self.caller.clone() };
        self.dispatch(context, Ticket { id, run, keyed, resumed: false }, frame_type, request);
        Ok(())
    }

    /// What can refuse a request before anything looks at the run.
    fn admit(&self, request: &Request) -> Result<(), EngineError> {
        if self.ending.is_some() && request.is_command() {
            return Err(EngineError::new(EngineErrorKind::Draining)); // DRAIN-2
        }
        if request.waits() && self.in_flight >= self.shared.config.limits.max_in_flight.get() {
            return Err(EngineError::new(EngineErrorKind::TooManyInFlight));
        }
        Ok(())
    }

    fn dispatch(&mut self, context: Context, ticket: Ticket, frame_type: String, request: Request) {
        let auto = self.settings.auto_subscribe;
        match request {
            Request::Hello(hello) => self.hello(ticket, hello),
            Request::Auth => self.fail(&ticket, &EngineError::unsupported("credentials in frames")),
            Request::Ping => self.out.urgent(to_text(&Plain::new("pong", ticket.id.as_ref()))),
            Request::Pong => {}
            Request::Credit(n) => self.followers.grant(n.get()),
            Request::Start(start) => {
                self.begin(&ticket);
                self.work.push(Box::pin(requests::start(context, ticket, frame_type, start, auto)));
            }
            Request::Step(step) => {
                let Some(run) = self.known(&ticket, &step.run) else { return };
                self.begin(&ticket);
                let turn = self.commands.take(&run);
                self.work.push(Box::pin(requests::step(context, ticket, frame_type, step, turn)));
            }
            Request::Cancel(cancel) => {
                let Some(run) = self.known(&ticket, &cancel.run) else { return };
                self.begin(&ticket);
                let turn = self.commands.take(&run);
                self.work.push(Box::pin(requests::cancel(context, ticket, cancel, turn)));
            }
            Request::GetStatus(run) => {
                self.begin(&ticket);
                self.work.push(Box::pin(requests::get_status(context, ticket, run)));
            }
            Request::GetOutcome(run) => {
                self.begin(&ticket);
                self.work.push(Box::pin(requests::get_outcome(context, ticket, run)));
            }
            Request::Subscribe(subscribe) => self.subscribe(context, ticket, subscribe),
            Request::Unsubscribe(run) => self.unsubscribe(ticket, &run),
        }
    }

    /// The id a frame names, if any run can have it; else the frame is answered like one about an unknown run.
    fn known(&mut self, ticket: &Ticket, run: &RunRef) -> Option<JourneyId> {
        match run {
            RunRef::Id(id) => Some(id.clone()),
            RunRef::Impossible(_) => {
                self.fail(ticket, &EngineError::not_found());
                None
            }
        }
    }

    fn subscribe(&mut self, context: Context, ticket: Ticket, subscribe: Subscribe) {
        let Some(run) = self.known(&ticket, &subscribe.run) else { return };
        if !self.followers.reserve(&run, self.shared.config.limits.max_subscriptions) {
            self.fail(&ticket, &EngineError::new(EngineErrorKind::SubscriptionLimit));
            return;
        }
        self.begin(&ticket);
        let turn = self.subscribes.take(&run);
        self.work.push(Box::pin(requests::subscribe(context, ticket, run, subscribe, turn)));
    }

    fn unsubscribe(&mut self, ticket: Ticket, run: &RunRef) {
        match run {
            RunRef::Id(run) if self.subscribes.is_taken(run) => {
                self.begin(&ticket);
                let turn = self.subscribes.take(run);
                self.work.push(Box::pin(requests::unsubscribe(ticket, run.clone(), turn)));
            }
            RunRef::Id(run) => {
                self.followers.remove(run);
                self.out.reply(to_text(&Unsubscribed::new(ticket.id.as_ref(), run.as_str(), "requested")));
            }
            RunRef::Impossible(run) => {
                self.out.reply(to_text(&Unsubscribed::new(ticket.id.as_ref(), run, "requested")));
            }
        }
    }

    fn hello(&mut self, ticket: Ticket, hello: Hello) {
        if self.settings.greeted || self.settings.spoken {
            self.close = Some(Close::Violation);
            return;
        }
        if hello.auth {
            self.fail(&ticket, &EngineError::unsupported("credentials in frames"));
            return;
        }
        self.settings.greeted = true;
        self.settings.auto_subscribe = hello.auto_subscribe.unwrap_or(true);
        self.settings.message_heartbeat = hello.message_heartbeat.unwrap_or(false);
        self.followers.bookmarks = hello.bookmarks;
        let welcome = self.welcome(ticket.id.as_ref());
        self.out.reply(welcome);
        self.resume = hello.resume.into();
    }

    /// Opens a few of the entries of `hello.resume` at a time, so that other requests get through.
    fn resume_some(&mut self) {
        while self.resuming < RESUMING
            && !self.out.is_pressed()
            && let Some(entry) = self.resume.pop_front()
        {
            let ticket =
                Ticket { run: Some(entry.run.as_str().to_owned()), resumed: true, ..Ticket::default() };
            let context = Context {
                shared: Arc::clone(&self.shared),
                endpoint: self.endpoint(),
                caller: self.caller.clone(),
            };
            self.subscribe(context, ticket, entry);
        }
    }

    fn begin(&mut self, ticket: &Ticket) {
        if ticket.resumed {
            self.resuming += 1;
            return;
        }
        self.in_flight += 1;
        self.ids.extend(ticket.id.clone());
    }

    // What goes out.

    /// Drives requests; `true` when one has moved.
    pub(crate) fn work(&mut self, cx: &mut TaskContext<'_>, now: Instant) -> bool {
        let mut moved = false;
        self.resume_some();
        while !self.out.is_pressed()
            && let Poll::Ready(Some(done)) = self.work.poll_next_unpin(cx)
        {
            moved = true;
            self.done(done, now);
            self.resume_some();
        }
        if self.work.is_empty() {
            self.commands.clear();
            self.subscribes.clear();
        }
        moved
    }

    fn done(&mut self, done: Done, now: Instant) {
        match done {
            Done::Accepted { ticket, run, at, rest } => {
                self.out.reply(to_text(&Plain::accepted(ticket.id.as_ref(), &run, &at)));
                self.work.push(rest);
            }
            Done::Failed(ticket, error) => {
                self.finish(&ticket);
                self.fail(&ticket, &error);
            }
            Done::Replied(ticket, reply) => self.replied(ticket, reply),
            Done::Opened(opening) => self.opened(*opening, now),
            Done::Unsubscribe(ticket, run) => {
                self.finish(&ticket);
                self.followers.remove(&run);
                self.out.reply(to_text(&Unsubscribed::new(ticket.id.as_ref(), run.as_str(), "requested")));
            }
        }
    }

    /// A document to answer with; it waits for the subscription that was asked for along with it (ORD-3).
    fn replied(&mut self, ticket: Ticket, reply: Box<Reply>) {
        let max = self.shared.config.limits.max_subscriptions;
        match reply.wish {
            Some(wish)
                if !matches!(reply.document, Document::Outcome(_))
                    && self.followers.reserve(&reply.run, max) =>
            {
                let context = Context {
                    shared: Arc::clone(&self.shared),
                    endpoint: self.endpoint(),
                    caller: self.caller.clone(),
                };
                self.work.push(Box::pin(requests::open_for_reply(context, ticket, reply, wish)));
            }
            _ => self.answer(&ticket, &reply, false),
        }
    }

    fn opened(&mut self, opening: Opening, now: Instant) {
        let Opening { ticket, reply, run, wish, replay, result } = opening;
        self.followers.release();
        match (reply, result) {
            (None, Err(error)) => {
                self.finish(&ticket);
                self.fail(&ticket, &error);
            }
            (None, Ok((subscription, opened, served))) => {
                self.finish(&ticket);
                self.out.reply(to_text(&Subscribed::new(ticket.id.as_ref(), &run, &opened)));
                self.followers.insert(subscription, &opened, &replay, wish, served, now);
            }
            (Some(reply), Err(_)) => self.answer(&ticket, &reply, false),
            (Some(reply), Ok((subscription, opened, served))) => {
                self.answer(&ticket, &reply, true);
                self.followers.insert(subscription, &opened, &replay, wish, served, now);
            }
        }
    }

    /// Writes the terminal reply with a document, which counts as delivered (SEQ-5).
    fn answer(&mut self, ticket: &Ticket, reply: &Reply, subscribed: bool) {
        self.finish(ticket);
        let Reply { run, at, document, step, replayed, served, .. } = reply;
        let limits = Self::push_limits(&self.shared);
        let subscribed = reply.tells_subscribed.then_some(subscribed);
        let id = ticket.id.as_ref();
        let text = match document {
            Document::Started(started) => {
                let mut frame = frames::Document::new("started", run, at, started);
                (frame.id, frame.subscribed, frame.replayed) = (id, subscribed, *replayed);
                frame.into_text(limits.max_outbound_bytes, || started.status_url.clone())
            }
            Document::Status(status) => {
                let mut frame = frames::Document::new("status", run, at, status);
                (frame.id, frame.subscribed, frame.replayed) = (id, subscribed, *replayed);
                (frame.step_id, frame.actions) = (step.as_ref(), served.actions(status));
                frame.into_text(limits.max_outbound_bytes, || address(&status.links, limits, run, ""))
            }
            Document::Outcome(outcome) => {
                let mut frame = frames::Document::new("outcome", run, at, outcome);
                (frame.id, frame.subscribed, frame.replayed) = (id, subscribed, *replayed);
                frame.into_text(limits.max_outbound_bytes, || address(&outcome.links, limits, run, "/result"))
            }
        };
        match document {
            Document::Started(_) => {}
            Document::Status(status) => self.followers.told_status(run, at, status.phase),
            Document::Outcome(_) => self.followers.told_outcome(run, at),
        }
        self.out.reply(text);
    }

    fn fail(&mut self, ticket: &Ticket, error: &EngineError) {
        if error.kind() == EngineErrorKind::Internal {
            tracing::error!(error = %error, cause = ?std::error::Error::source(error), "a WebSocket request failed");
        }
        let text = to_text(&ErrorFrame::new(ticket.id.as_ref(), ticket.run.as_deref(), ticket.keyed, error));
        self.out.reply(text);
    }

    /// The request has its terminal reply.
    fn finish(&mut self, ticket: &Ticket) {
        if ticket.resumed {
            self.resuming -= 1;
            return;
        }
        self.in_flight -= 1;
        if let Some(id) = &ticket.id {
            self.ids.remove(id);
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
            features: &FEATURES,
            auth: WelcomeAuth { required: false },
            journeys: config.catalog.then_some(endpoint.journeys.as_slice()),
        })
    }

    // Life cycle.

    /// The server is going to stop.
    pub(crate) fn drain(&mut self, now: Instant) {
        self.go_away("drain", now);
    }

    /// Announces the end: the client learns when to come back, and the close comes at a time of this connection's own, so that
    /// neither reconnects nor closes come all at once (DRAIN-1, DRAIN-2).
    fn go_away(&mut self, reason: &'static str, now: Instant) {
        if self.ending.is_some() {
            return;
        }
        let window = self.shared.config.drain_window;
        let grace = window - part_of(window / 10);
        let delay = part_of(window);
        self.ending = Some(Ending { grace: now + grace, latest: now + window });
        self.out.urgent(to_text(&GoAway::new(reason, millis(grace), millis(delay))));
    }

    /// Judges everything that depends on time alone.
    pub(crate) fn keep_time(&mut self, now: Instant) {
        let limits = &self.shared.config.limits;
        let busy = self.is_busy();
        if busy || std::mem::replace(&mut self.was_busy, busy) {
            self.quiet_since = now;
            self.was_busy = busy;
        } else if now >= self.quiet_since + Duration::from_millis(limits.idle_ms.get()) {
            self.close.get_or_insert(Close::Idle);
        }
        if self.dies_at().is_some_and(|at| now >= at) {
            self.go_away("lifetime", now);
        }
        if let Some(ending) = self.ending {
            let done = self.in_flight == 0 && !self.has_output();
            if now >= ending.latest || (now >= ending.grace && done) {
                self.close.get_or_insert(Close::Restart);
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.in_flight > 0 || !self.work.is_empty() || !self.followers.is_empty()
    }

    fn dies_at(&self) -> Option<Instant> {
        let lifetime = self.shared.config.limits.max_lifetime_ms;
        (lifetime > 0 && self.ending.is_none()).then(|| self.born + Duration::from_millis(lifetime))
    }

    /// When [`Core::keep_time`] or a subscription has something to do without being woken.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let idle = Duration::from_millis(self.shared.config.limits.idle_ms.get());
        let idle = (!self.is_busy()).then(|| self.quiet_since + idle);
        let now = Instant::now();
        let ending = self.ending.map(|ending| if now < ending.grace { ending.grace } else { ending.latest });
        [idle, self.dies_at(), ending, self.followers.next_deadline()].into_iter().flatten().min()
    }
}

fn duplicate(id: &RequestId) -> EngineError {
    let error = EngineError::new(EngineErrorKind::DuplicateId);
    error.with_detail("a request with this `id` is still in flight").with("requestId", id.as_str())
}

impl Refused {
    /// An id that is in flight belongs to the earlier request alone (ORD-2).
    fn unless_in_flight(mut self, ids: &HashSet<RequestId>) -> Self {
        if let Some(id) = self.id.take_if(|id| ids.contains(id)) {
            self.error = self.error.with("requestId", id.as_str());
        }
        self
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A random part of a time, uniformly drawn. Without randomness it is nothing, which is still correct.
fn part_of(whole: Duration) -> Duration {
    let draw = getrandom::u32().unwrap_or(0);
    whole.mul_f64(f64::from(draw) / 4_294_967_296.0)
}
