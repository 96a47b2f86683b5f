//! Bringing many runs into a file, by the engine and its store: what is measured afterwards is what a server would have left there.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::{StreamExt, stream};
use http::Method;
use jf_core::spi::{Clock, Sleep};
use jf_core::{Caller, Cancel, Engine, JourneyId, StartRequest};
use jf_dsl::{Catalog, SourceFile};
use jf_engine::EmbeddedEngine;
use jf_store::Store;
use jf_store_sqlite::{SqliteConfig, SqliteStore, Synchronous};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::system;

/// Waits for two months.
pub(super) const PARKED: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: parked, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  metadata:
    bindings:
      tags: { fromPayload: [{ path: tier }, { path: mark }] }
      attributes: { fromPayload: { orderId: { path: orderId }, tenantId: { path: tenant } } }
  start: ask
  states:
    ask:
      type: wait
      wait:
        input: { schema: { type: object, required: [decision] } }
        timeoutSec: 5184000
        onTimeout: late
      next: done
    late: { type: fail, errorCode: LATE, reason: nobody came }
    done: { type: succeed, outputVar: orderId }
";

/// The same, for a day.
pub(super) fn hasty() -> String {
    PARKED.replace("name: parked", "name: hasty").replace("5184000", "86400")
}

/// Started at the same time at most.
const SIDE_BY_SIDE: usize = 512;

/// One run in so many has a mark of its own, and one is cancelled.
pub(super) const RARE: usize = 1_000;

/// Time that lies in the past and goes on by a millisecond with each look at it, so that runs do not share the time of their creation
/// more than they would with real callers.
#[derive(Debug)]
struct Past(AtomicI64);

impl Clock for Past {
    fn now(&self) -> Timestamp {
        let millisecond = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_millisecond(millisecond).expect("time lies in range")
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep {
        // Nothing falls due while a file is filled.
        Box::pin(std::future::pending())
    }
}

/// What a run begins with.
pub(super) fn input(number: usize) -> Value {
    let mut input = json!({
        "orderId": format!("A-{number}"),
        "tenant": format!("tenant-{}", number % 1_000),
        "tier": if number.is_multiple_of(10) { "gold" } else { "standard" },
        "customer": { "id": format!("c-{}", number / 3), "name": "Mia Example", "city": "Lund" },
        "items": [{ "sku": "tea", "quantity": 2 }, { "sku": "cup", "quantity": 1 }],
    });
    if number.is_multiple_of(RARE) {
        input["mark"] = json!("vip");
    }
    input
}

/// Starts runs of a journey with the numbers `from..to`, and cancels some. Gives the ids of a few that wait.
pub(super) async fn fill(
    file: &Path,
    journey: &str,
    from: usize,
    to: usize,
    days_ago: i64,
) -> Vec<JourneyId> {
    let config = SqliteConfig::new(file).with_synchronous(Synchronous::Normal);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&config).expect("the file can be opened"));
    let load = |text: &str| {
        jf_dsl::load(&SourceFile::new("scale.journey.yaml", text), &system::registries())
            .unwrap_or_else(|found| panic!("the definition is valid: {found:?}"))
    };
    let catalog = Catalog::new(vec![load(PARKED), load(&hasty())]).expect("the definitions go together");
    let begin = Timestamp::now() - SignedDuration::from_hours(24 * days_ago);
    // Later fills come after earlier ones.
    let begin = begin.as_millisecond() + i64::try_from(from).expect("few") * 8;
    let engine = EmbeddedEngine::builder(catalog)
        .registries(system::registries())
        .store(Arc::clone(&store))
        .clock(Arc::new(Past(AtomicI64::new(begin))))
        .build()
        .await
        .expect("the engine has everything it needs");
    let caller = Caller::request("bench", Method::POST, "/").build();
    let (desk, caller) = (&engine, &caller);
    let started = stream::iter(from..to).map(|number| async move {
        let request = StartRequest::new(journey, input(number)).expect("a name");
        let run = desk.start(request, caller).await.expect("the store takes it").journey_id;
        // A little beside the marks, so that some marked runs wait and some have ended.
        if number % RARE == 7 || number % (10 * RARE) == 0 {
            let _ = desk.cancel(Cancel::new(run), caller).await.expect("it waits");
            None
        } else {
            Some(run)
        }
    });
    let mut started = started.buffer_unordered(SIDE_BY_SIDE);
    let every = ((to - from) / 2_000).max(1);
    let (mut known, mut count) = (Vec::new(), 0_usize);
    while let Some(run) = started.next().await {
        if let Some(run) = run.filter(|_| count.is_multiple_of(every)) {
            known.push(run);
        }
        count += 1;
    }
    drop(started);
    drop(engine);
    // What the engine has going on lets go of the file a moment later; then it is closed, and the file complete.
    while Arc::strong_count(&store) > 1 {
        tokio::task::yield_now().await;
    }
    known
}
