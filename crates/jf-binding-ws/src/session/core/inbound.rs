//! What frames do.

use std::collections::HashSet;
use std::sync::Arc;

use futures::FutureExt;
use jf_core::{ByteShare, EngineError, EngineErrorKind, JourneyId};
use tokio::time::Instant;

use super::Core;
use super::access::{Occasion, unauthenticated};
use crate::close::Close;
use crate::frames::{
    self, Envelope, ErrorFrame, FrameLimits, Hello, Plain, Refused, Request, RequestId, RunRef, Subscribe,
    Unsubscribed, to_text,
};
use crate::session::requests::{self, Context, Ticket, Work};
use crate::session::turns::Turn;

/// Entries of `hello.resume` that are opened at a time (SUB-9).
const RESUMING: usize = 8;

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
        };
        let refused = match Envelope::read(text, limits) {
            Ok(envelope) => self.request(envelope, text.len(), now),
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

    fn request(&mut self, envelope: Envelope<'_>, bytes: usize, now: Instant) -> Result<(), Refused> {
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
        let share = self.share(&request, bytes).map_err(refused)?;
        if !matches!(request, Request::Ping | Request::Pong) {
            self.quiet_since = now;
        }
        let keyed = match &request {
            Request::Start(start) => start.command.key.is_some(),
            Request::Step(step) => step.command.key.is_some(),
            Request::Cancel(cancel) => cancel.command.key.is_some(),
            _ => false,
        };
        let ticket = Ticket { id, run, keyed, resumed: false, _share: share };
        let at_once = matches!(
            request,
            Request::Hello(_) | Request::Auth(_) | Request::Ping | Request::Pong | Request::Credit(_)
        );
        if self.access.is_judging() && !at_once {
            self.ids.extend(ticket.id.clone());
            self.held.push((ticket, frame_type, request));
            return Ok(());
        }
        let context = Context { shared: Arc::clone(&self.shared), endpoint, caller: self.caller.clone() };
        self.dispatch(context, ticket, frame_type, request, now);
        Ok(())
    }

    /// What can refuse a request before anything looks at the run.
    fn admit(&self, request: &Request) -> Result<(), EngineError> {
        if self.ending.is_some() && request.is_command() {
            return Err(EngineError::new(EngineErrorKind::Draining)); // DRAIN-2
        }
        if !self.access.is_judging() {
            self.unlocked(request)?;
        }
        if request.waits()
            && self.in_flight + self.held.len() >= self.shared.config.limits.max_in_flight.get()
        {
            return Err(EngineError::new(EngineErrorKind::TooManyInFlight));
        }
        Ok(())
    }

    /// The bytes of a payload, which is in memory until it is answered.
    fn share(&self, request: &Request, bytes: usize) -> Result<Option<Arc<ByteShare>>, EngineError> {
        if !matches!(request, Request::Start(_) | Request::Step(_)) {
            return Ok(None);
        }
        let mut share = self.shared.config.payload_budget.share();
        share.grow(bytes)?;
        Ok(Some(Arc::new(share)))
    }

    pub(super) fn dispatch(
        &mut self,
        context: Context,
        ticket: Ticket,
        frame_type: String,
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
                self.set_to_work(Box::pin(requests::start(context, ticket, frame_type, start, auto)), now);
            }
            Request::Step(step) => {
                let Some(run) = self.known(&ticket, &step.run) else { return };
                self.begin(&ticket);
                let turn = self.commands.take(&run);
                self.set_to_work(Box::pin(requests::step(context, ticket, frame_type, step, turn)), now);
            }
            Request::Cancel(cancel) => {
                let Some(run) = self.known(&ticket, &cancel.run) else { return };
                self.begin(&ticket);
                let turn = self.commands.take(&run);
                self.set_to_work(Box::pin(requests::cancel(context, ticket, cancel, turn)), now);
            }
            Request::GetStatus(run) => {
                self.begin(&ticket);
                self.set_to_work(Box::pin(requests::get_status(context, ticket, run)), now);
            }
            Request::GetOutcome(run) => {
                self.begin(&ticket);
                self.set_to_work(Box::pin(requests::get_outcome(context, ticket, run)), now);
            }
            Request::Subscribe(subscribe) => {
                let Some(run) = self.known(&ticket, &subscribe.run) else { return };
                if let Some(work) = self.subscribe(context, ticket, run, subscribe, None) {
                    self.set_to_work(work, now);
                }
            }
            Request::Unsubscribe(run) => self.unsubscribe(ticket, &run),
        }
    }

    /// Sets a request to work. One that need not wait, as is usual with runs in memory, is done at once and takes no place among those that
    /// do. None overtakes one that came before it and was not begun, since too much waited to be written.
    fn set_to_work(&mut self, mut work: Work, now: Instant) {
        self.postponed |= self.out.is_pressed();
        let done = if self.postponed { None } else { (&mut work).now_or_never() };
        match done {
            Some(done) => self.done(done, now),
            // Whoever comes anew is polled in any case, so that the waker of this first time does not matter.
            None => self.work.push(work),
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

    fn subscribe(
        &mut self,
        context: Context,
        ticket: Ticket,
        run: JourneyId,
        subscribe: Subscribe,
        turn: Option<Turn>,
    ) -> Option<Work> {
        if !self.followers.reserve(&run, self.shared.config.limits.max_subscriptions) {
            let error = EngineError::new(EngineErrorKind::SubscriptionLimit);
            let Some(turn) = turn else {
                self.fail(&ticket, &error);
                return None;
            };
            return Some(self.refuse_in_turn(ticket, error, turn));
        }
        self.begin(&ticket);
        let turn = turn.unwrap_or_else(|| self.subscribes.take(&run));
        Some(Box::pin(requests::subscribe(context, ticket, run, subscribe, turn)))
    }

    /// A turn that was given up would let those behind it overtake those before it.
    fn refuse_in_turn(&mut self, ticket: Ticket, error: EngineError, turn: Turn) -> Work {
        self.begin(&ticket);
        Box::pin(requests::refuse(ticket, error, turn))
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

    fn hello(&mut self, ticket: Ticket, mut hello: Hello, now: Instant) {
        if self.settings.greeted || self.settings.spoken || self.access.is_judging() {
            self.close = Some(Close::Violation);
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
        let entries = hello.resume.into_iter().map(|entry| {
            // Its place among what is asked of the run is that of `hello`, however long it waits.
            let place = match &entry.run {
                RunRef::Id(run) => Some((run.clone(), self.subscribes.take(run))),
                RunRef::Impossible(_) => None,
            };
            (entry, place)
        });
        self.resume = entries.collect();
        // Behind it requests may be answered before their entry is opened, which is to be left out of what it tells (SEQ-5).
        for (_, place) in &self.resume {
            if let Some((run, _)) = place {
                self.followers.expect(run);
            }
        }
    }

    /// Opens a few of the entries of `hello.resume` at a time, so that other requests get through.
    pub(super) fn resume_some(&mut self) {
        while self.resuming < RESUMING
            && !self.out.is_pressed()
            && let Some((entry, place)) = self.resume.pop_front()
        {
            let ticket =
                Ticket { run: Some(entry.run.as_str().to_owned()), resumed: true, ..Ticket::default() };
            let work = match place {
                Some((run, turn)) if self.is_mute() => {
                    self.followers.expected(&run);
                    Some(self.refuse_in_turn(ticket, unauthenticated(), turn))
                }
                Some((run, turn)) => {
                    let work = self.subscribe(self.context(), ticket, run.clone(), entry, Some(turn));
                    self.followers.expected(&run);
                    work
                }
                None => {
                    self.fail(&ticket, &EngineError::not_found());
                    None
                }
            };
            self.work.extend(work);
        }
    }

    pub(super) fn begin(&mut self, ticket: &Ticket) {
        if ticket.resumed {
            self.resuming += 1;
            return;
        }
        self.in_flight += 1;
        self.ids.extend(ticket.id.clone());
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
