//! The clock of the runtime as the clock of an engine.

use std::time::Duration;

use jf_core::spi::{Clock, Sleep};
use jiff::Timestamp;
use tokio::time::Instant;

/// Time as a paused runtime has it: engine and connections wait for one and the same.
#[derive(Debug, Clone)]
pub(crate) struct TokioClock {
    from: Timestamp,
    since: Instant,
}

impl Default for TokioClock {
    /// Begins with the time of the machine, by which the binding tells expiries.
    fn default() -> Self {
        Self { from: Timestamp::now(), since: Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.from + self.since.elapsed()
    }

    fn sleep_until(&self, due: Timestamp) -> Sleep {
        let left = Duration::try_from(due.duration_since(self.now())).unwrap_or(Duration::ZERO);
        Box::pin(tokio::time::sleep(left))
    }
}
