//! Time that passes when a test says so, beside sockets that take the time they take.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;

use tokio::task::{spawn_blocking, yield_now};
use tokio::time::advance;

use super::flows::Flows;

/// Looks at everything that can go on, before it is believed that nothing does.
const LOOKS: usize = 32;
/// So often, which takes seconds, before what is under way is believed to stay there.
const TRIES: usize = 100_000;
/// Time passes in steps, so that what is sent in one is answered before the next: much less than a heartbeat may take to be answered.
const STEP: Duration = Duration::from_secs(1);
/// What does not come at once is waited for in such steps of the clock – pushes of one run are kept apart, refused reads are made to last –
const GRAIN: Duration = Duration::from_millis(10);
/// up to so much in all; no further, or waiting for one thing would make another come.
const GRAINS: u32 = 30;
/// What engines do on other threads is over in such a time of the machine, mostly.
const MOMENT: Duration = Duration::from_millis(2);
/// Long: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// The clock of a paused runtime, moved by hand. By itself such a clock moves whenever all tasks wait, also for a socket; this one stands still.
#[derive(Debug)]
pub(super) struct Hand {
    flows: Flows,
    /// While somebody waits in a blocking task, the runtime leaves its clock alone.
    _hold: mpsc::Sender<Infallible>,
}

impl Hand {
    /// Takes the clock of this runtime, until it is dropped.
    pub(super) fn take(flows: Flows) -> Self {
        let (hold, held) = mpsc::channel::<Infallible>();
        spawn_blocking(move || held.recv());
        Self { flows, _hold: hold }
    }

    /// Waits until nothing goes on that needs no time: no task can go on, and nothing is under way on a connection.
    pub(super) async fn rest(&self) {
        for _ in 0..TRIES {
            for _ in 0..LOOKS {
                yield_now().await;
            }
            if self.flows.are_empty() {
                return;
            }
        }
        panic!("what was written is never read: {:?}", self.flows);
    }

    /// Lets time pass.
    pub(super) async fn pass(&self, time: Duration) {
        self.rest().await;
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(STEP);
            left -= step;
            advance(step).await;
            self.rest().await;
        }
    }

    /// Everything that is due within `GRAIN * GRAINS` has come.
    pub(super) async fn settle(&self) {
        for _ in 0..GRAINS {
            self.pass(GRAIN).await;
        }
        moment(MOMENT).await;
        self.rest().await;
    }

    /// Waits for something that may take a little time; `None` if it does not come.
    pub(super) async fn wait<T>(&self, what: impl Future<Output = T>) -> Option<T> {
        let mut what = pin!(what);
        for _ in 0..GRAINS {
            let nothing_goes_on = async {
                self.rest().await;
                moment(MOMENT).await;
                self.rest().await;
            };
            tokio::select! {
                biased;
                found = &mut what => return Some(found),
                () = nothing_goes_on => {}
            }
            advance(GRAIN).await;
        }
        tokio::select! {
            found = what => Some(found),
            () = moment(PATIENCE) => None,
        }
    }
}

/// So much time of the machine.
async fn moment(time: Duration) {
    let (_hold, held) = mpsc::channel::<Infallible>();
    // Ends with this future, if that is dropped.
    let _ = spawn_blocking(move || held.recv_timeout(time)).await;
}
