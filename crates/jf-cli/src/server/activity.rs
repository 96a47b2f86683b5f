//! What a connection is doing and for how long: the base of its time-outs.
//!
//! hyper has one timer for the headers of a request and for the silence before it. We want a short one for the first and a long
//! one for the second, so the stream notes when bytes come and go, the service notes when a request begins and ends, and the
//! connection's one timer reads those notes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::Instant;

use super::ServerLimits;
use super::stall::Stall;

/// The phase of a connection and the moment it began, in one word: the low two bits are the phase, the rest milliseconds since
/// the connection began. Over HTTP/1.1 all of it happens in one task; the words are atomic because tasks move between threads.
#[derive(Debug)]
pub(super) struct Activity {
    begin: Instant,
    protocol: Protocol,
    word: AtomicU64,
    stall: Arc<Stall>,
    /// Requests whose answers are not finished, and bodies that still come.
    open: AtomicU32,
    /// What the peer is owed over HTTP/1.1: [`NOTHING`], [`AN_ANSWER`] or [`THE_REST`].
    owes: AtomicU8,
    /// How many more requests the peer may take back.
    patience: AtomicI64,
    is_hopeless: AtomicBool,
    is_used: AtomicBool,
    /// The peer has nothing more to say.
    has_ended: AtomicBool,
    /// Of the body that waits for more.
    body: AtomicWaker,
    /// Of the connection, which was not told that the peer has ended.
    reader: AtomicWaker,
}

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No request.
    Idle = 0,
    /// The first bytes of a request have come.
    Headers = 1,
    /// Requests are being answered.
    Busy = 2,
}

/// No request is under way, or its answer has no end that could be waited for.
const NOTHING: u8 = 0;
/// An answer is being made.
const AN_ANSWER: u8 = 1;
/// An answer is being written.
const THE_REST: u8 = 2;

/// How many requests more than it lets finish a peer may take back. Whoever goes further is after the work, not the answers.
const REGRETS: i64 = 200;

/// A body that is being received, be it that its request was answered long ago; ends when dropped.
#[derive(Debug)]
pub(super) struct Receiving(Arc<Activity>);

/// A request from its headers to the last byte of its answer; ends when dropped.
#[derive(Debug)]
pub(super) struct InFlight {
    activity: Arc<Activity>,
    is_answered: bool,
}

impl Activity {
    /// Of a connection whose writes are noted in `stall`.
    pub(super) fn new(protocol: Protocol, stall: Arc<Stall>) -> Arc<Self> {
        Arc::new(Self {
            begin: Instant::now(),
            protocol,
            word: AtomicU64::new(Phase::Idle as u64),
            stall,
            open: AtomicU32::new(0),
            owes: AtomicU8::new(NOTHING),
            patience: AtomicI64::new(REGRETS),
            is_hopeless: AtomicBool::new(false),
            is_used: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            body: AtomicWaker::new(),
            reader: AtomicWaker::new(),
        })
    }

    pub(super) const fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX).min(u64::MAX >> 2)
    }

    fn set(&self, phase: Phase) {
        let millis = self.millis();
        self.word.store(millis << 2 | phase as u64, Ordering::Relaxed);
    }

    fn get(&self) -> (Phase, Instant) {
        let word = self.word.load(Ordering::Relaxed);
        let phase = match word & 3 {
            1 => Phase::Headers,
            2 => Phase::Busy,
            _ => Phase::Idle,
        };
        (phase, self.begin + Duration::from_millis(word >> 2))
    }

    /// A request has come, whole or with its body on the way.
    pub(super) fn request_begins(self: &Arc<Self>) -> InFlight {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.owes.store(AN_ANSWER, Ordering::Release);
        self.set(Phase::Busy);
        self.is_used.store(true, Ordering::Relaxed);
        InFlight { activity: Arc::clone(self), is_answered: false }
    }

    /// A body begins to come.
    pub(super) fn receives(self: &Arc<Self>) -> Receiving {
        self.open.fetch_add(1, Ordering::Relaxed);
        Receiving(Arc::clone(self))
    }

    fn owes_nothing(&self) {
        self.owes.store(NOTHING, Ordering::Release);
        self.reader.wake();
    }

    fn one_less(&self) {
        if self.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.set(Phase::Idle);
        }
    }

    /// The peer has nothing more to say. Tells whether it may still want to hear something: an answer that is being made. The body of a
    /// request that has not come whole learns that it never will.
    /// When the answer is there, `reader` is woken to hear of the end after all.
    pub(super) fn peer_ends(&self, reader: &Waker) -> bool {
        if self.protocol == Protocol::Http2 || self.owes.load(Ordering::Acquire) == NOTHING {
            return false;
        }
        self.has_ended.store(true, Ordering::Release);
        self.reader.register(reader);
        self.body.wake();
        true
    }

    /// Whether any request has come so far.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    pub(super) fn bytes_read(&self) {
        // In HTTP/2 bytes may be anything, of requests in flight for instance.
        if self.protocol == Protocol::Http1 && self.get().0 == Phase::Idle {
            self.set(Phase::Headers);
        }
    }

    /// Something was written.
    pub(super) fn bytes_written(&self) {
        // In HTTP/2 a peer could have something written as often as it likes.
        if self.protocol == Protocol::Http1 && self.get().0 == Phase::Idle {
            self.set(Phase::Idle);
        }
    }

    /// All that was written has left. That is found at every turn, when there is nothing left to write, so it is no activity.
    pub(super) fn flushed(&self) {
        if self.owes.load(Ordering::Acquire) == THE_REST {
            self.owes_nothing();
        }
    }

    /// When the connection is to be closed if nothing happens; `None` while a request is being answered and the peer takes what
    /// is written.
    pub(super) fn deadline(&self, limits: &ServerLimits) -> Option<Instant> {
        if self.is_hopeless.load(Ordering::Relaxed) {
            return Some(self.begin);
        }
        let of_phase = match self.get() {
            (Phase::Idle, since) => Some(since + limits.keep_alive),
            (Phase::Headers, since) => Some(since + limits.header_timeout),
            (Phase::Busy, _) => None,
        };
        let of_stall = self.stall.since().map(|since| since + limits.write_timeout);
        of_phase.into_iter().chain(of_stall).min()
    }
}

impl InFlight {
    /// The answer is there, and what is left is to write it. One that `is_whole` is owed to its last byte, also to a peer that has
    /// ended; of one that goes on as long as somebody listens nothing is.
    pub(super) fn answered(&mut self, is_whole: bool) {
        self.is_answered = true;
        if is_whole {
            self.activity.owes.store(THE_REST, Ordering::Release);
        } else {
            self.activity.owes_nothing();
        }
        let more = |patience: i64| Some((patience + 1).min(REGRETS));
        let _ = self.activity.patience.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    pub(super) const fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let activity = &self.activity;
        if !self.is_answered {
            activity.owes_nothing();
            if activity.patience.fetch_sub(1, Ordering::Relaxed) <= 0 {
                activity.is_hopeless.store(true, Ordering::Relaxed);
            }
        }
        activity.one_less();
    }
}

impl Receiving {
    /// Whether all has come that ever will. To be asked before looking for more: whatever came before the end is there by then.
    pub(super) fn has_ended(&self) -> bool {
        self.0.has_ended.load(Ordering::Acquire)
    }

    /// Has the end wake a body that waits.
    pub(super) fn register(&self, waker: &Waker) {
        self.0.body.register(waker);
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.one_less();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Waker;
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::super::stall::Stall;
    use super::super::tests::limits;
    use super::{Activity, Protocol, REGRETS};

    #[tokio::test(start_paused = true)]
    async fn hs_1_headers_have_a_short_time_and_silence_a_long_one() {
        let limits = limits();
        let activity = Activity::new(Protocol::Http1, Stall::new());
        let in_time = |timeout: Duration| Some(Instant::now() + timeout);
        assert_eq!(activity.deadline(&limits), in_time(limits.keep_alive));
        advance(Duration::from_secs(7)).await;
        activity.bytes_read();
        let headers = in_time(limits.header_timeout);
        assert_eq!(activity.deadline(&limits), headers);
        advance(Duration::from_secs(1)).await;
        activity.bytes_read();
        assert_eq!(activity.deadline(&limits), headers, "further bytes win no time");
        let request = activity.request_begins();
        let body = activity.receives();
        activity.bytes_read();
        assert_eq!(activity.deadline(&limits), None, "a body has a clock of its own");
        advance(Duration::from_secs(100)).await;
        drop(request);
        activity.bytes_read();
        assert_eq!(activity.deadline(&limits), None, "answered or not");
        drop(body);
        assert_eq!(activity.deadline(&limits), in_time(limits.keep_alive));
        advance(Duration::from_secs(1)).await;
        activity.bytes_written();
        assert_eq!(
            activity.deadline(&limits),
            in_time(limits.keep_alive),
            "an answer on its way is no silence"
        );
        let idle = activity.deadline(&limits);
        advance(Duration::from_secs(1)).await;
        activity.flushed();
        assert_eq!(activity.deadline(&limits), idle, "nothing was written");
    }

    #[tokio::test(start_paused = true)]
    async fn flow_6_a_reader_that_takes_nothing_has_a_short_time_in_every_phase() {
        let (limits, stall) = (limits(), Stall::new());
        let activity = Activity::new(Protocol::Http1, Arc::clone(&stall));
        let request = activity.request_begins();
        stall.wrote(false);
        advance(Duration::from_millis(1)).await;
        let stalled = activity.deadline(&limits);
        assert_eq!(stalled, Some(Instant::now() + limits.write_timeout));
        advance(Duration::from_secs(3)).await;
        stall.wrote(false);
        activity.bytes_written();
        activity.flushed();
        assert_eq!(
            activity.deadline(&limits),
            stalled,
            "what others take wins no time, nor do further attempts"
        );
        stall.wrote(true);
        assert_eq!(activity.deadline(&limits), None);
        drop(request);
        stall.wrote(false);
        assert_eq!(activity.deadline(&limits), Some(Instant::now() + limits.write_timeout));
        stall.wrote(true);
        assert_eq!(activity.deadline(&limits), Some(Instant::now() + limits.keep_alive));
    }

    #[tokio::test(start_paused = true)]
    async fn several_requests_at_once_are_over_with_the_last() {
        let limits = limits();
        let activity = Activity::new(Protocol::Http2, Stall::new());
        assert!(!activity.is_used());
        let (first, second) = (activity.request_begins(), activity.request_begins());
        drop(first);
        assert_eq!(activity.deadline(&limits), None);
        advance(Duration::from_secs(9)).await;
        drop(second);
        let idle = Some(Instant::now() + limits.keep_alive);
        assert_eq!(activity.deadline(&limits), idle);
        advance(Duration::from_secs(1)).await;
        activity.bytes_read();
        activity.bytes_written();
        assert_eq!(activity.deadline(&limits), idle, "a ping is no request");
        assert!(activity.is_used());
    }

    #[tokio::test(start_paused = true)]
    async fn lim_4_who_takes_back_requests_without_end_is_sent_away() {
        let limits = limits();
        let activity = Activity::new(Protocol::Http2, Stall::new());
        let mut finished = activity.request_begins();
        finished.answered(true);
        drop(finished);
        for _ in 0..REGRETS {
            drop(activity.request_begins());
        }
        assert!(activity.deadline(&limits) > Some(Instant::now()));
        drop(activity.request_begins());
        assert!(activity.deadline(&limits) <= Some(Instant::now()));
    }

    #[test]
    fn an_answer_is_owed_until_it_is_there() {
        let activity = Activity::new(Protocol::Http1, Stall::new());
        assert!(!activity.peer_ends(Waker::noop()));
        let mut request = activity.request_begins();
        let body = activity.receives();
        assert!(!body.has_ended());
        assert!(activity.peer_ends(Waker::noop()) && body.has_ended(), "the body learns of it");
        drop(body);
        assert!(activity.peer_ends(Waker::noop()));
        request.answered(true);
        assert!(activity.peer_ends(Waker::noop()), "to its last byte");
        activity.flushed();
        assert!(!activity.peer_ends(Waker::noop()));
        let mut stream = activity.request_begins();
        stream.answered(false);
        assert!(!activity.peer_ends(Waker::noop()), "a stream has no last byte");
        let _rest = activity.receives();
        assert!(!activity.peer_ends(Waker::noop()), "what is read of a refused body comes too late");
    }
}
