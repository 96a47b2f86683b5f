//! Forgetting what need not be kept (ENG-104, ENG-109, ENG-052).

use std::num::NonZeroUsize;
use std::sync::Weak;

use tokio_util::sync::CancellationToken;

use crate::clock::after;
use crate::shared::Shared;

/// Things that are removed at once, so that commits get their turn in between.
const BATCH: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");

/// Sweeps the store now and then, until `stop`.
pub(crate) async fn run(engine: Weak<Shared>, stop: CancellationToken) {
    loop {
        let Some(shared) = engine.upgrade() else { return };
        let next = after(shared.clock.now(), shared.config.sweep_interval);
        let sleep = shared.clock.sleep_until(next);
        drop(shared);
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep => {}
        }
        let Some(shared) = engine.upgrade() else { return };
        sweep(&shared).await;
    }
}

async fn sweep(shared: &Shared) {
    loop {
        match shared.store.sweep(shared.clock.now(), BATCH).await {
            Ok(swept) if swept.is_empty() => return,
            Ok(swept) => swept.runs.iter().for_each(|run| shared.watches.remove(run)),
            Err(error) => {
                tracing::warn!(%error, "what need not be kept cannot be removed");
                return;
            }
        }
        tokio::task::yield_now().await;
    }
}
