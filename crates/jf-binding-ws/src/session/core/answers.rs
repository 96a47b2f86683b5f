//! What comes back.

use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures::StreamExt;
use jf_core::{At, EngineError, EngineErrorKind, Replaying};
use tokio::time::Instant;

use super::Core;
use super::access::unauthenticated;
use crate::frames::{self, ErrorFrame, Plain, RunRef, Subscribed, Unsubscribed, to_text};
use crate::session::followers::address;
use crate::session::requests::{self, Document, Done, Opening, Reply, Ticket};

impl Core {
    /// Drives requests as far as they go.
    pub(crate) fn work(&mut self, cx: &mut TaskContext<'_>, now: Instant) {
        self.resume_some(now);
        self.release(now);
        while !self.out.is_pressed()
            && let Poll::Ready(Some(done)) = self.work.poll_next_unpin(cx)
        {
            self.done(done, now);
            self.resume_some(now);
        }
        if self.work.is_empty() && self.resume.is_empty() && self.held.is_empty() {
            self.commands.clear();
            self.subscribes.clear();
        }
    }

    pub(super) fn done(&mut self, done: Done, now: Instant) {
        match done {
            Done::Accepted { ticket, run, at, rest } => {
                self.out.reply(to_text(&Plain::accepted(ticket.id.as_ref(), &run, &at)));
                self.pursue(ticket.id, rest);
            }
            // An effect is told in any case. What repeats one is a read (ENG-053), as is the refusal to repeat it.
            Done::Replied(ticket, reply) if reply.replayed && self.is_mute(now) => {
                self.refuse(&ticket, &unauthenticated());
            }
            Done::Replied(ticket, reply) => self.replied(ticket, reply),
            Done::Failed(ticket, error) if error.is_replayed() && self.is_mute(now) => {
                self.refuse(&ticket, &unauthenticated());
            }
            Done::Failed(ticket, error) => self.refuse(&ticket, &error),
            Done::Read(ticket, _) if self.is_mute(now) => self.refuse(&ticket, &unauthenticated()),
            Done::Read(ticket, Ok(reply)) => self.answer(&ticket, *reply, false),
            Done::Read(ticket, Err(error)) => self.refuse(&ticket, &error),
            Done::Opened(opening) => self.opened(*opening, now),
            Done::Authenticated { ticket, credential, occasion, verdict } => {
                self.authenticated(&ticket, credential, occasion, verdict, now);
            }
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
                let turn = self.subscribes.take(&reply.run);
                let id = ticket.id.clone();
                let opening = requests::open_for_reply(self.context(), ticket, reply, wish, turn);
                self.pursue(id, Box::pin(opening));
            }
            _ => self.answer(&ticket, *reply, false),
        }
    }

    fn opened(&mut self, opening: Opening, now: Instant) {
        let Opening { ticket, reply, run, wish, replay, result } = opening;
        let told = self.followers.release(&run);
        // What was opened with a credential that has expired meanwhile is not kept (AUTH-4).
        let result = if self.is_mute(now) { Err(unauthenticated()) } else { result };
        match (reply, result) {
            (None, Err(error)) => self.refuse(&ticket, &error),
            (Some(reply), Err(error)) if reply.replayed && self.is_mute(now) => self.refuse(&ticket, &error),
            (None, Ok((subscription, opened, served))) => {
                self.finish(&ticket);
                self.out.reply(to_text(&Subscribed::new(ticket.id.as_ref(), &run, &opened)));
                self.followers.insert(subscription, &opened, &replay, wish, served, now);
                if replay != Replaying::Latest {
                    self.followers.leave_out(&run, &told);
                }
            }
            (Some(reply), Err(_)) => self.answer(&ticket, reply, false),
            (Some(reply), Ok((subscription, opened, served))) => {
                self.answer(&ticket, reply, true);
                self.followers.insert(subscription, &opened, &replay, wish, served, now);
                self.followers.leave_out(&run, &told);
            }
        }
    }

    /// Writes the terminal reply with a document, which counts as delivered (SEQ-5).
    fn answer(&mut self, ticket: &Ticket, reply: Reply, subscribed: bool) {
        self.finish(ticket);
        let Reply { run, document, step, replayed, served, .. } = &reply;
        let limits = Self::push_limits(&self.shared);
        let subscribed = reply.tells_subscribed.then_some(subscribed);
        let id = ticket.id.as_ref();
        let text = match document {
            Document::Started(started) => {
                let At { at, document: started } = &**started;
                let mut frame = frames::Document::new("started", run, at, started);
                (frame.id, frame.subscribed, frame.replayed) = (id, subscribed, *replayed);
                frame.into_text(limits.max_outbound_bytes, || started.status_url.clone())
            }
            Document::Status(status) => {
                let At { at, document: status } = &**status;
                let mut frame = frames::Document::new("status", run, at, status);
                (frame.id, frame.subscribed, frame.replayed) = (id, subscribed, *replayed);
                (frame.step_id, frame.actions) = (step.as_ref(), served.actions(status));
                frame.into_text(limits.max_outbound_bytes, || address(&status.links, limits, run, ""))
            }
            Document::Outcome(outcome) => {
                let At { at, document: outcome } = &**outcome;
                let mut frame = frames::Document::new("outcome", run, at, outcome);
                (frame.id, frame.subscribed, frame.replayed) = (id, subscribed, *replayed);
                frame.into_text(limits.max_outbound_bytes, || address(&outcome.links, limits, run, "/result"))
            }
        };
        match document {
            Document::Started(_) => {}
            Document::Status(status) => {
                self.followers.told_status(run, &status.at, status.document.phase);
            }
            Document::Outcome(outcome) => self.followers.told_outcome(run, &outcome.at),
        }
        self.out.reply(text);
        // What repeats a start may be of a version that is not served here.
        if !reply.replayed && Arc::ptr_eq(&reply.context, &self.context) {
            self.recent = Some((reply.run, reply.served));
        }
    }

    /// The terminal reply of a request that has come to nothing.
    fn refuse(&mut self, ticket: &Ticket, error: &EngineError) {
        self.finish(ticket);
        self.fail(ticket, error);
    }

    pub(super) fn fail(&mut self, ticket: &Ticket, error: &EngineError) {
        if error.kind() == EngineErrorKind::Internal {
            tracing::error!(error = %error, cause = ?std::error::Error::source(error), "a WebSocket request failed");
        }
        let text = to_text(&ErrorFrame::new(
            ticket.id.as_ref(),
            ticket.run.as_ref().map(RunRef::as_str),
            ticket.keyed,
            error,
        ));
        self.out.reply(text);
    }

    /// The request has its terminal reply.
    pub(super) fn finish(&mut self, ticket: &Ticket) {
        if ticket.resumed {
            self.resume.working -= 1;
            return;
        }
        self.in_flight -= 1;
        if let Some(id) = &ticket.id
            && !self.ids.is_empty()
        {
            self.ids.remove(id);
        }
    }
}
