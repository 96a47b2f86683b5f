//! What frames do.

use std::collections::HashSet;
use std::sync::Arc;

use futures::FutureExt;
use jf_core::{ByteShare, EngineError, EngineErrorKind};
use smol_str::SmolStr;
use tokio::time::Instant;

use super::Core;
use super::access::{Occasion, unauthenticated};
use crate::close::Close;
use crate::frames::{
    self, Envelope, ErrorFrame, FrameLimits, Hello, Plain, Refused, Request, RequestId, RunRef, Subscribe,
    Unsubscribed, to_text,
};
use crate::session::requests::{self, Context, Target, Ticket, Work};

impl Core {
    /// A control frame arrived.
    pub(crate) fn notice(&mut self, now: Instant) {
        if self.rate.is_abuse(now) {
            self.close = Some(Close::RateAbuse);
        }
    }

    /// A text message arrived.
    pub(crate) fn receive(&mut self, text: &str, now: Instant) {
        self.notice(now);
        if self.farewell.is_some() {
            return;
        }
        if self.is_too_much(text.len()) {
            self.close = Some(Close::TooBig);
            return;
        }
        let limits = FrameLimits {
            payload_bytes: self.shared.config.limits.max_payload_bytes.get(),
            payload_depth: self.shared.config.limits.max_payload_depth.get(),
            resumed: self.shared.config.limits.max_subscriptions,
        };
        let mut share = None;
        let read = Envelope::read(text, limits, &mut |bytes| self.take(&mut share, bytes));
        let refused = match read {
            Ok(envelope) => self.request(envelope, share, text.len(), now),
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

    /// Begins what a frame asks for, or holds it. `share` is what its payload takes.
    fn request(
        &mut self,
        envelope: Envelope<'_>,
        share: Option<ByteShare>,
        bytes: usize,
        now: Instant,
    ) -> Result<(), Refused> {
        if let Some(id) = envelope.id.as_ref().filter(|id| self.ids.contains(*id)) {
            let error = duplicate(id);
            return Err(Refused { id: None, ..Refused::about(&envelope, error) });
        }
        if !matches!(envelope.frame_type.as_str(), "pong" | "credit")
            && let Err(after) = self.rate.admit(now)
        {
            let error = EngineError::new(EngineErrorKind::RateLimited).with_retry_after(after);
            return Err(Refused::about(&envelope, error));
        }
        let context = self.context();
        let (id, run) = (envelope.id.clone(), envelope.run());
        let refused = |error| Refused { id: id.clone(), run: run.and_then(frames::run_named), error };
        let is_told = self.tells_journeys();
        let meaning = |frame_type: &str| context.endpoint.meaning(frame_type, is_told);
        let (frame_type, request) = frames::decode(envelope, meaning).map_err(refused)?;
        self.admit(&request, now).map_err(refused)?;
        let share = self.share(&request, share, bytes).map_err(refused)?;
        if !matches!(request, Request::Ping | Request::Pong) {
            self.quiet_since = now;
        }
        let (run, keyed) = (request.run().cloned(), request.is_keyed());
        let ticket = Ticket { id, run, keyed, resumed: false, share };
        if self.must_wait(&request) {
            self.ids.extend(ticket.id.clone());
            self.held.push_back((ticket, frame_type, request));
            return Ok(());
        }
        self.dispatch(context, ticket, frame_type, request, now);
        Ok(())
    }

    /// Whether a request is held, behind a credential that is being judged or while too much waits to be written. None overtakes
    /// one that is.
    fn must_wait(&self, request: &Request) -> bool {
        match request {
            Request::Ping | Request::Pong | Request::Credit(_) => false,
            // One that comes while another one is judged is refused at once.
            Request::Hello(_) | Request::Auth(_) => !self.held.is_empty() && !self.access.is_judging(),
            _ => self.access.is_judging() || !self.held.is_empty() || self.out.is_pressed(),
        }
    }

    /// What can refuse a request before anything looks at the run.
    fn admit(&mut self, request: &Request, now: Instant) -> Result<(), EngineError> {
        if self.ending.is_some() && request.is_command() {
            return Err(EngineError::new(EngineErrorKind::Draining)); // DRAIN-2
        }
        // What is held is judged by the credential there is when it begins.
        let is_held = self.must_wait(request);
        if !is_held && !self.access.is_judging() {
            self.unlocked(request, now)?;
        }
        let waits = request.waits() || is_held || self.is_behind(request);
        if waits && self.in_flight + self.held.len() >= self.shared.config.limits.max_in_flight.get() {
            return Err(EngineError::new(EngineErrorKind::TooManyInFlight));
        }
        Ok(())
    }

    /// Whether it has to wait for a subscription that is being opened.
    fn is_behind(&mut self, request: &Request) -> bool {
        matches!(request, Request::Unsubscribe(RunRef::Id(run)) if self.subscribes.is_taken(run))
    }

    pub(super) fn dispatch(
        &mut self,
        context: Arc<Context>,
        ticket: Ticket,
        frame_type: SmolStr,
        request: Request,
        now: Instant,
    ) {
        if !matches!(request, Request::Hello(_) | Request::Ping | Request::Pong) {
            self.settings.spoken = true;
        }
        let auto = self.settings.auto_subscribe;
        match request {
            Request::Hello(hello) => self.hello(ticket, hello, now),
            Request::Auth(credential) => self.authenticate(ticket, credential, Occasion::Auth, now),
            Request::Ping => self.out.urgent(to_text(&Plain::new("pong", ticket.id.as_ref()))),
            Request::Pong => {}
            Request::Credit(n) => self.followers.grant(n.get()),
            Request::Start(start) => {
                self.begin(&ticket);
                let id = ticket.id.clone();
                let work = requests::start(context, ticket, frame_type, start, auto);
                self.set_to_work(id, Box::pin(work), now);
            }
            Request::Step(step) => {
                let Some(target) = self.known(&ticket, &step.run) else { return };
                self.begin(&ticket);
                let (id, turn) = (ticket.id.clone(), self.commands.take(&target.run));
                let work = requests::step(context, ticket, frame_type, step, target, turn);
                self.set_to_work(id, Box::pin(work), now);
            }
            Request::Cancel(cancel) => {
                let Some(target) = self.known(&ticket, &cancel.run) else { return };
                self.begin(&ticket);
                let (id, turn) = (ticket.id.clone(), self.commands.take(&target.run));
                let work = requests::cancel(context, ticket, cancel, target, turn);
                self.set_to_work(id, Box::pin(work), now);
            }
            Request::GetStatus(run) => {
                let Some(target) = self.known(&ticket, &run) else { return };
                self.begin(&ticket);
                let id = ticket.id.clone();
                self.set_to_work(id, Box::pin(requests::get_status(context, ticket, target)), now);
            }
            Request::GetOutcome(run) => {
                let Some(target) = self.known(&ticket, &run) else { return };
                self.begin(&ticket);
                let id = ticket.id.clone();
                self.set_to_work(id, Box::pin(requests::get_outcome(context, ticket, target)), now);
            }
            Request::Subscribe(subscribe) => {
                let Some(target) = self.known(&ticket, &subscribe.run) else { return };
                let id = ticket.id.clone();
                if let Some(work) = self.subscribe(context, ticket, target, subscribe) {
                    self.set_to_work(id, work, now);
                }
            }
            Request::Unsubscribe(run) => self.unsubscribe(ticket, &run),
        }
    }

    /// Sets a request to work. One that need not wait, as is usual with runs in memory, is done at once and takes no place among those that
    /// do.
    fn set_to_work(&mut self, id: Option<RequestId>, mut work: Work, now: Instant) {
        match (&mut work).now_or_never() {
            Some(done) => self.done(done, now),
            // Whoever comes anew is polled in any case, so that the waker of this first time does not matter.
            None => self.pursue(id, work),
        }
    }

    /// Goes on with a request, whose id is in flight from now on if it was not before.
    pub(super) fn pursue(&mut self, id: Option<RequestId>, work: Work) {
        self.ids.extend(id);
        self.work.push(work);
    }

    /// The run a frame names, if any can have that id; else the frame is answered like one about an unknown run.
    fn known(&mut self, ticket: &Ticket, run: &RunRef) -> Option<Target> {
        match run {
            RunRef::Id(id) => Some(self.target(id.clone())),
            RunRef::Impossible(_) => {
                self.fail(ticket, &EngineError::not_found());
                None
            }
        }
    }

    fn subscribe(
        &mut self,
        context: Arc<Context>,
        ticket: Ticket,
        target: Target,
        subscribe: Subscribe,
    ) -> Option<Work> {
        if !self.followers.reserve(&target.run, self.shared.config.limits.max_subscriptions) {
            self.fail(&ticket, &subscription_limit());
            return None;
        }
        self.begin(&ticket);
        let turn = self.subscribes.take(&target.run);
        Some(Box::pin(requests::subscribe(context, ticket, target, subscribe, turn)))
    }

    fn unsubscribe(&mut self, ticket: Ticket, run: &RunRef) {
        match run {
            RunRef::Id(run) if self.subscribes.is_taken(run) => {
                self.begin(&ticket);
                let turn = self.subscribes.take(run);
                let id = ticket.id.clone();
                self.pursue(id, Box::pin(requests::unsubscribe(ticket, run.clone(), turn)));
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

    fn hello(&mut self, ticket: Ticket, mut hello: Hello, now: Instant) {
        if self.settings.greeted || self.settings.spoken || self.access.is_judging() {
            let detail = "`hello` comes once, and is the first request of a connection";
            self.fail(&ticket, &EngineError::invalid_input(detail));
            self.farewell = Some(Close::Violation);
            return;
        }
        match hello.auth.take() {
            Some(credential) => self.authenticate(ticket, credential, Occasion::Hello(hello), now),
            None if self.access.is_demanded() => self.fail(&ticket, &unauthenticated()),
            None => self.greet(&ticket, hello),
        }
    }

    /// Does what `hello` asks for.
    pub(super) fn greet(&mut self, ticket: &Ticket, hello: Hello) {
        self.settings.greeted = true;
        self.settings.auto_subscribe = hello.auto_subscribe.unwrap_or(true);
        self.settings.message_heartbeat = hello.message_heartbeat.unwrap_or(false);
        self.followers.bookmarks = hello.bookmarks;
        let welcome = self.welcome(ticket.id.as_ref());
        self.out.reply(welcome);
        self.resume(hello.resume, hello.excess, ticket);
    }

    pub(super) fn begin(&mut self, ticket: &Ticket) {
        if ticket.resumed {
            self.resume.working += 1;
            return;
        }
        self.in_flight += 1;
    }
}

pub(super) fn subscription_limit() -> EngineError {
    EngineError::new(EngineErrorKind::SubscriptionLimit)
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
