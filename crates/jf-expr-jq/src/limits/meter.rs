//! What the running evaluation of this thread has used.
//!
//! The operations of values have no other way to reach the evaluation they belong to than the thread. Evaluations are synchronous and
//! run no foreign code, so there is at most one.

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use jf_core::spi::EvalErrorKind;

use super::{BYTES_PER_STEP, LIVE_BYTES, STACK_BYTES, STEPS_PER_LOOK};

/// A bound that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trip {
    /// The time limit.
    Time,
    /// [`LIVE_BYTES`], [`VALUE_BYTES`](super::VALUE_BYTES) or [`VALUE_DEPTH`](super::VALUE_DEPTH).
    Memory,
    /// [`STACK_BYTES`].
    Stack,
}

impl Trip {
    /// The kind of the evaluation error.
    pub(crate) const fn kind(self) -> EvalErrorKind {
        match self {
            Self::Time => EvalErrorKind::MaxEvalTime,
            Self::Memory => EvalErrorKind::MaxResultSize,
            Self::Stack => EvalErrorKind::Runtime,
        }
    }
}

struct Meter {
    live: Cell<usize>,
    /// Steps until the next look at the clock.
    steps: Cell<u32>,
    time: Cell<Duration>,
    /// Set at the first look, so that short evaluations never ask for the time.
    deadline: Cell<Option<Instant>>,
    stack_base: Cell<usize>,
    trip: Cell<Option<Trip>>,
}

thread_local! {
    static METER: Meter = const {
        Meter {
            live: Cell::new(0),
            steps: Cell::new(STEPS_PER_LOOK),
            time: Cell::new(Duration::MAX),
            deadline: Cell::new(None),
            stack_base: Cell::new(0),
            trip: Cell::new(None),
        }
    };
}

impl Meter {
    fn reset(&self, time: Duration) {
        self.live.set(0);
        self.steps.set(STEPS_PER_LOOK);
        self.time.set(time);
        self.deadline.set(None);
        self.stack_base.set(stack_address());
        self.trip.set(None);
    }

    fn trip(&self, trip: Trip) {
        if self.trip.get().is_none() {
            self.trip.set(Some(trip));
        }
    }

    fn spend(&self, steps: u32) {
        match self.steps.get().checked_sub(steps) {
            Some(left) => self.steps.set(left),
            None => self.look(),
        }
    }

    #[cold]
    fn look(&self) {
        self.steps.set(STEPS_PER_LOOK);
        let now = Instant::now();
        match self.deadline.get() {
            Some(deadline) if now >= deadline => self.trip(Trip::Time),
            Some(_) => {}
            None => self.deadline.set(now.checked_add(self.time.get())),
        }
    }

    fn check(&self) -> Result<(), Trip> {
        if stack_address().abs_diff(self.stack_base.get()) > STACK_BYTES {
            self.trip(Trip::Stack);
        }
        self.trip.get().map_or(Ok(()), Err)
    }
}

/// Roughly where the stack of this thread ends now.
#[inline(never)]
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(black_box(&here)).addr()
}

/// The evaluation of this thread: the meter counts for it from [`begin`](Self::begin) until it is dropped. Values made in between are
/// to be dropped before.
#[derive(Debug)]
pub(crate) struct Evaluation(());

impl Evaluation {
    /// Starts counting, from the present depth of the stack.
    pub(crate) fn begin(time: Duration) -> Self {
        METER.with(|meter| meter.reset(time));
        Self(())
    }
}

impl Drop for Evaluation {
    fn drop(&mut self) {
        METER.with(|meter| {
            debug_assert_eq!(meter.live.get(), 0, "everything that is held is released");
            meter.reset(Duration::MAX);
        });
    }
}

/// The bound that was passed, if one was.
pub(crate) fn tripped() -> Option<Trip> {
    METER.with(|meter| meter.trip.get())
}

/// Notes that a bound was passed. The first one counts.
pub(crate) fn trip(trip: Trip) {
    METER.with(|meter| meter.trip(trip));
}

/// Counts one step and looks at everything: what a program runs through whenever it goes on.
pub(crate) fn tick() -> Result<(), Trip> {
    METER.with(|meter| {
        meter.spend(1);
        meter.check()
    })
}

/// Counts the work of touching that many bytes.
pub(crate) fn spend_bytes(bytes: usize) -> Result<(), Trip> {
    METER.with(|meter| {
        meter.spend(u32::try_from(bytes / BYTES_PER_STEP).unwrap_or(u32::MAX));
        meter.trip.get().map_or(Ok(()), Err)
    })
}

/// Bytes that are alive as long as this is.
#[derive(Debug)]
pub(crate) struct Held(usize);

impl Held {
    /// Holds that many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let mut held = Self(0);
        held.resize(bytes);
        held
    }

    /// Holds that many bytes from now on.
    pub(crate) fn resize(&mut self, bytes: usize) {
        METER.with(|meter| {
            let live = meter.live.get().saturating_sub(self.0).saturating_add(bytes);
            meter.live.set(live);
            if live > LIVE_BYTES {
                meter.trip(Trip::Memory);
            }
        });
        self.0 = bytes;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        METER.with(|meter| meter.live.set(meter.live.get().saturating_sub(self.0)));
    }
}
