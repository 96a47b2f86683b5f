//! How an embedder announces a shutdown (DRAIN-1, DRAIN-2).

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

/// The switch an embedder turns when the server stops, and the way to know when the last connection has gone. Clones are one
/// and the same switch; several bindings may share it.
///
/// ```
/// # async fn stop(drain: jf_binding_ws::Drain, engine: std::sync::Arc<dyn jf_core::Engine>, window: std::time::Duration) {
/// drain.begin(); // handshakes are refused from now on, every connection gets its `goaway`
/// engine.drain(window * 4 / 5).await; // waits for replies end a little before the connections do
/// drain.closed().await; // at the latest when the drain window has passed
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Drain {
    /// Turned before those who wait are woken; what connections look at, since a token takes a lock.
    is_begun: Arc<AtomicBool>,
    begun: CancellationToken,
    /// Over which time the announced ends are spread, if it is not the drain window.
    spread: Arc<OnceLock<Duration>>,
    connections: TaskTracker,
}

impl Drain {
    /// A switch that is off.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses further handshakes with 503 and announces the end to all connections: each gets a `goaway` with a delay of its
    /// own, commands are refused as `draining` from then on, those in flight finish, and the last connection is closed with 1012
    /// when the drain window of the configuration ends. There is no way back.
    pub fn begin(&self) {
        self.announce();
    }

    /// The same for a server that nobody takes the place of, or with few clients: reconnects, and closes of connections with nothing in
    /// flight, are spread over this time instead of the drain window, if it is shorter. What is in flight has the whole window.
    pub fn begin_within(&self, spread: Duration) {
        // What the first one has announced holds.
        if !self.is_begun() {
            self.spread.get_or_init(|| spread);
        }
        self.announce();
    }

    fn announce(&self) {
        self.is_begun.store(true, Ordering::Release);
        self.begun.cancel();
        self.connections.close();
    }

    /// Whether it has begun.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.is_begun.load(Ordering::Acquire)
    }

    /// Connections that are open now, and handshakes that are being answered.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.connections.len()
    }

    /// Waits until the drain has begun and every connection has gone. Cancel safe.
    pub async fn closed(&self) {
        self.connections.wait().await;
    }

    /// Over which time the announced ends are spread.
    pub(crate) fn spread(&self, window: Duration) -> Duration {
        self.spread.get().map_or(window, |spread| window.min(*spread))
    }

    pub(crate) fn connections(&self) -> &TaskTracker {
        &self.connections
    }

    /// For one connection, which looks at every turn: what it waits on is its own, so that connections do not wait for each other.
    pub(crate) fn begun(&self) -> Beginning {
        let wait = Box::pin(self.begun.child_token().cancelled_owned());
        Beginning { is_begun: Arc::clone(&self.is_begun), wait, waker: None }
    }
}

/// The beginning of a drain, as one connection waits for it.
pub(crate) struct Beginning {
    is_begun: Arc<AtomicBool>,
    wait: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Whom `wait` wakes.
    waker: Option<Waker>,
}

impl Beginning {
    /// Ready once the drain has begun. Where the waker is the one of the last time, as it is of a task, this is but a look.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_begun.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        if self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.waker = Some(cx.waker().clone());
        self.wait.as_mut().poll(cx)
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("begun", &self.is_begun())
            .field("open", &self.open_connections())
            .finish()
    }
}
