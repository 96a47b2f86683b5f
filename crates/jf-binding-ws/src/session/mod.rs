//! One connection: a loop over a stream and a sink of messages, in one task, without a task or a lock of its own (§1, §8, §12).
//!
//! [`Session`] moves messages and keeps time; [`Core`] knows the protocol. A turn of the loop reads what has arrived, drives the
//! requests, writes what waits, and lets subscriptions pull while the socket takes more. It goes to sleep when another turn would
//! find nothing to do without having been woken.

mod core;
mod followers;
mod outbound;
mod pulse;
mod rate;
mod requests;
mod timer;
mod turns;
mod wakes;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::time::Instant;
use tungstenite::Message;
use tungstenite::error::{CapacityError, Error};

use self::core::Core;
use self::pulse::{Pulse, Verdict};
use self::timer::Timer;
use crate::binding::Shared;
use crate::close::Close;
use crate::drain::Beginning;
use crate::handshake::Client;
use crate::socket::Fault;

pub(crate) use self::pulse::Traffic;

/// Turns before other tasks get the thread.
const TURNS: usize = 32;
/// Messages read in one turn, so that writing is never forgotten over reading.
const READS: usize = 16;
/// How long the peer may take to confirm a close.
const CLOSE_TIME: Duration = Duration::from_secs(2);
/// How long a peer that did not read may take to begin, so that it learns why it was closed.
const SLOW_CLOSE_TIME: Duration = Duration::from_secs(30);

/// A conversation over `wire`. It ends when the connection has; dropping it releases everything (SUB-11).
pub(crate) struct Session<T> {
    wire: T,
    core: Core,
    pulse: Pulse,
    traffic: Arc<Traffic>,
    timer: Timer,
    /// The drain, until it has begun.
    drain: Option<Beginning>,
    phase: Phase,
    /// Something was given to the sink that is not known to be flushed.
    unflushed: bool,
    /// The sink does not take more; since when nothing has moved.
    blocked: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Open,
    /// A close frame of ours waits, was sent, or is not needed since the peer sent the first.
    Closing {
        frame: Option<Close>,
        /// The peer has sent a close frame.
        confirmed: bool,
        /// Everything has left.
        flushed: bool,
        until: Instant,
    },
    Done,
}

/// How a conversation was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Nothing more is to be done.
    Over,
    /// Our close frame is on its way to a peer that may still be sending, and the stream cannot be read any more.
    Unread,
}

/// Why a turn ends the open phase.
#[derive(Debug, Clone, Copy)]
enum End {
    /// We close.
    Close(Close),
    /// The peer has closed, and the library answers.
    Closed,
    /// The connection is gone.
    Gone,
}

impl<T> Session<T>
where
    T: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    /// A conversation at `path`, which begins with `welcome`.
    pub(crate) fn new(
        shared: Arc<Shared>,
        path: &str,
        client: Client,
        wire: T,
        traffic: Arc<Traffic>,
    ) -> Self {
        let now = Instant::now();
        let drain = shared.config.drain.begun();
        Self {
            wire,
            pulse: Pulse::new(shared.config.heartbeat, now),
            core: Core::new(shared, path, client, now),
            traffic,
            timer: Timer::default(),
            drain: Some(drain),
            phase: Phase::Open,
            unflushed: false,
            blocked: None,
        }
    }

    /// A connection that is closed at once (SP-1 `close`).
    pub(crate) fn closing(mut self, close: Close) -> Self {
        self.finish(End::Close(close), Instant::now());
        self
    }

    /// A turn that may panic, where an engine or another part of an embedder does: that must not look like a lost network (AUTH-6).
    fn guarded_turn(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, End> {
        // Safe to unwind: all that is used afterwards is the wire and what `finish` makes anew.
        let turn = catch_unwind(AssertUnwindSafe(|| self.turn(cx, now)));
        turn.unwrap_or_else(|_| {
            tracing::error!(connection = self.core.name(), "a WebSocket conversation panicked");
            Err(End::Close(Close::Internal))
        })
    }

    /// One look at everything; whether another one may find something to do at once.
    ///
    /// What comes late in a turn must not leave anything undone that comes early in it and that nothing would wake the session for:
    /// messages that were not read, requests that were held back while too much waited to be written, subscriptions that go on once
    /// their push is written, an end that waits for the last reply to be, and a new credential that nobody waits for the end of.
    fn turn(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, End> {
        if let Some(drain) = &mut self.drain
            && drain.poll(cx).is_ready()
        {
            self.drain = None;
            self.core.drain(now);
        }
        self.core.keep_access(cx, now);
        if let Some(close) = self.core.close() {
            return Err(End::Close(close));
        }
        let may_read_more = self.read(cx, now)?;
        self.core.work(cx, now);
        let held_back = self.core.is_pressed();
        self.keep_time(now)?;
        let mut wrote = self.write(cx, now)?;
        let room = self.blocked.is_none();
        let followed = self.core.follow(cx, now, room);
        if followed {
            wrote |= self.write(cx, now)?;
        }
        self.observe(now);
        match self.core.close() {
            Some(close) => Err(End::Close(close)),
            None => {
                // A push may come to nothing at the moment it is to be written.
                let goes_on =
                    (followed && self.blocked.is_none()) || wrote && (held_back || self.core.is_leaving());
                Ok(may_read_more || goes_on || self.core.is_fresh())
            }
        }
    }

    /// Reads what has arrived; whether there may be more.
    fn read(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, End> {
        for _ in 0..READS {
            match self.wire.poll_next_unpin(cx) {
                Poll::Pending => return Ok(false),
                Poll::Ready(None) => return Err(End::Gone),
                Poll::Ready(Some(Err(error))) => return Err(ending(&error)),
                Poll::Ready(Some(Ok(message))) => {
                    self.pulse.read(now);
                    match message {
                        Message::Text(text) => self.core.receive(&text, now),
                        Message::Binary(_) => return Err(End::Close(Close::Binary)),
                        Message::Close(_) => return Err(End::Closed),
                        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => self.core.notice(now),
                    }
                }
            }
            if let Some(close) = self.core.close() {
                return Err(End::Close(close));
            }
        }
        Ok(true)
    }

    /// Writes what waits as far as the socket takes it; whether it took anything.
    fn write(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, End> {
        let mut moved = false;
        while self.core.has_output() {
            match self.wire.poll_ready_unpin(cx) {
                Poll::Pending => {
                    self.blocked.get_or_insert(now);
                    return Ok(moved);
                }
                Poll::Ready(Err(error)) => return Err(ending(&error)),
                Poll::Ready(Ok(())) => {}
            }
            let Some(message) = self.core.next_output(now) else { break };
            self.wire.start_send_unpin(message).map_err(|error| ending(&error))?;
            self.unflushed = true;
            self.blocked = self.blocked.map(|_| now);
            moved = true;
        }
        if self.unflushed {
            match self.wire.poll_flush_unpin(cx) {
                Poll::Pending => {
                    self.blocked.get_or_insert(now);
                }
                Poll::Ready(Err(error)) => return Err(ending(&error)),
                Poll::Ready(Ok(())) => {
                    self.unflushed = false;
                    self.blocked = None;
                    self.pulse.written(now);
                    moved = true;
                }
            }
        }
        Ok(moved)
    }

    /// Takes over what has moved below the frames: a part of one that was written is progress, too (FLOW-6). At the end of every turn,
    /// since what is seen later would count as if it had moved later.
    fn observe(&mut self, now: Instant) {
        let before = self.pulse.last_write();
        self.pulse.observe(&self.traffic, now);
        if self.pulse.last_write() > before {
            self.blocked = self.blocked.map(|_| now);
        }
    }

    fn keep_time(&mut self, now: Instant) -> Result<(), End> {
        self.observe(now);
        if self.blocked.is_some_and(|since| now >= since + self.core.shared().config.write_timeout) {
            return Err(End::Close(Close::SlowConsumer));
        }
        match self.pulse.check(now) {
            Verdict::Dead => return Err(End::Close(Close::Liveness)),
            Verdict::Probe => self.core.probe(),
            Verdict::Alive => {}
        }
        self.core.keep_time(now);
        Ok(())
    }

    fn next_deadline(&self, now: Instant) -> Instant {
        let blocked = self.blocked.map(|since| since + self.core.shared().config.write_timeout);
        let deadlines = [blocked, self.core.next_deadline(now)];
        deadlines.into_iter().flatten().min().map_or(self.pulse.next(), |at| at.min(self.pulse.next()))
    }

    /// Leaves the open phase: requests and subscriptions are let go of at once, the runs do not notice.
    fn finish(&mut self, end: End, now: Instant) {
        self.core.clear();
        let closing = |frame: Option<Close>| {
            let is_slow = frame == Some(Close::SlowConsumer) && self.drain.is_some();
            let time = if is_slow { SLOW_CLOSE_TIME } else { CLOSE_TIME };
            Phase::Closing { frame, confirmed: frame.is_none(), flushed: false, until: now + time }
        };
        self.phase = match end {
            End::Close(close) => {
                let (code, name) = close.parts();
                tracing::debug!(code, name, connection = self.core.name(), "closing a WebSocket connection");
                closing(Some(close))
            }
            End::Closed => closing(None),
            End::Gone => Phase::Done,
        };
    }

    /// Sends our close frame, if one is due, and waits a moment for the peer's.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Farewell> {
        let Phase::Closing { frame, confirmed, flushed, until } = &mut self.phase else {
            return Poll::Ready(Farewell::Over);
        };
        let moment = Instant::now() + CLOSE_TIME;
        if let Some(drain) = &mut self.drain
            && drain.poll(cx).is_ready()
        {
            self.drain = None;
            *until = moment.min(*until);
        }
        if let Some(close) = *frame {
            match self.wire.poll_ready_unpin(cx) {
                Poll::Pending => {
                    return self.timer.poll_until(*until, Instant::now(), cx).map(|()| Farewell::Over);
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Farewell::Over),
                Poll::Ready(Ok(())) => {}
            }
            if self.wire.start_send_unpin(Message::Close(Some(close.frame()))).is_err() {
                return Poll::Ready(Farewell::Over);
            }
            *frame = None;
        }
        match self.wire.poll_flush_unpin(cx) {
            Poll::Ready(Err(_)) => return Poll::Ready(Farewell::Over),
            Poll::Ready(Ok(())) if !*flushed => {
                *flushed = true;
                *until = moment.min(*until);
            }
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        loop {
            match self.wire.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(message))) => *confirmed |= matches!(message, Message::Close(_)),
                Poll::Ready(None | Some(Err(_))) if *flushed => {
                    return Poll::Ready(if *confirmed { Farewell::Over } else { Farewell::Unread });
                }
                Poll::Ready(None | Some(Err(_))) | Poll::Pending => {
                    return self.timer.poll_until(*until, Instant::now(), cx).map(|()| Farewell::Over);
                }
            }
            if Instant::now() >= *until {
                return Poll::Ready(Farewell::Over);
            }
        }
    }
}

impl<T> Future for Session<T>
where
    T: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    type Output = Farewell;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Farewell> {
        let session = self.get_mut();
        for _ in 0..TURNS {
            let now = Instant::now();
            match session.phase {
                Phase::Done => return Poll::Ready(Farewell::Over),
                Phase::Closing { .. } => return session.poll_close(cx),
                Phase::Open => match session.guarded_turn(cx, now) {
                    Err(end) => session.finish(end, now),
                    Ok(true) => {}
                    Ok(false) => {
                        if session.timer.poll_until(session.next_deadline(now), now, cx).is_pending() {
                            return Poll::Pending;
                        }
                    }
                },
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// How an error of the transport ends the conversation.
fn ending(error: &Error) -> End {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => End::Close(Close::TooBig),
        Error::Utf8(_) => End::Close(Close::NotUtf8),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(_) | Error::Capacity(_) => End::Close(Close::Protocol),
        Error::Io(error) => match Fault::of(error) {
            Some(Fault::Protocol) => End::Close(Close::Protocol),
            Some(Fault::Fragments) => End::Close(Close::TooBig),
            None => End::Gone,
        },
        _ => End::Gone,
    }
}
