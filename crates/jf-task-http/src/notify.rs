//! Calls nobody waits for (TSK-050, TSK-051).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jf_core::spi::{HttpConnector, HttpExchange, HttpFailureKind, Notification, TaskTelemetry};

/// Counts notifications that were not delivered, for the telemetry of the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failures(Arc<AtomicU64>);

impl Failures {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The work of sending a request that was built inside the state. It reaches nothing of the run: what comes back is looked at only to
/// tell whether the notification arrived.
pub(crate) fn notification(
    connector: Arc<dyn HttpConnector>,
    exchange: HttpExchange,
    telemetry: TaskTelemetry,
    failures: Failures,
) -> Notification {
    Notification::new(async move {
        let reason = match connector.send(exchange).await {
            Ok(received) if received.status.is_success() => return,
            // It arrived; the answer is of no interest.
            Err(failure) if failure.kind() == HttpFailureKind::TooLarge => return,
            Ok(received) => format!("status {}", received.status.as_u16()),
            Err(failure) => failure.kind().as_str().to_owned(),
        };
        failures.add();
        telemetry.error("a notification was not delivered", &[("reason", &reason)]);
    })
}
