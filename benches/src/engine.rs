//! Start → outcome through the engine alone, on one core and without a transport: what is left of a request when HTTP is taken away.

use std::time::Instant;

use jf_core::{Caller, StartReply, StartRequest};
use serde_json::json;

use crate::report::Report;
use crate::{Effort, system};

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let rates = runtime.block_on(async {
        let engine = system::engine().await;
        let caller = Caller::internal("bench");
        let input =
            json!({ "orderId": "A-1017", "amount": 120, "customer": { "id": "c-9", "tier": "gold" } });
        let mut rates = Vec::new();
        for _ in 0..effort.rounds {
            let (begin, mut done) = (Instant::now(), 0_u32);
            while begin.elapsed() < effort.time {
                let request = StartRequest::new("three-states", input.clone()).expect("a valid name");
                let started = engine.start(request, &caller).await.expect("the start is admitted");
                let reply = started.settled().await.expect("the run goes on");
                assert!(matches!(reply, StartReply::Outcome { .. }));
                done += 1;
            }
            rates.push(f64::from(done) / begin.elapsed().as_secs_f64());
        }
        rates
    });
    let mut rates = rates;
    rates.sort_by(f64::total_cmp);
    report.figure("engine start → outcome, one core, no transport", rates[rates.len() / 2], "/s");
}
