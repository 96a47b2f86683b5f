//! Pages of lists: the first of each filter, and every page there is.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{median, p99};
use crate::client::Client;
use crate::report::Report;

const PATH: &str = "/api/v1/journeys";

/// What operators ask for: common things, rare ones, and both together.
const FILTERS: [&str; 12] = [
    "",
    "journeyName=parked",
    "phase=RUNNING",
    "phase=FAILED",
    "journeyName=parked&phase=FAILED",
    "tag=standard",
    "tag=vip",
    "tenantId=tenant-7",
    "orderId=A-8",
    "tag=vip&phase=FAILED",
    "tenantId=tenant-8&tag=standard",
    "tag=standard&phase=FAILED",
];

/// How often each is asked for.
const TIMES: usize = 15;

/// A page of at most this long is one of milliseconds.
const BOUND_MS: f64 = 20.0;

pub(super) async fn measure(address: SocketAddr, level: usize, report: &mut Report) {
    let mut client = Client::connect(address, "/", "").await;
    for filter in FILTERS {
        let path = format!("{PATH}?pageSize=50&{filter}");
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let begun = Instant::now();
            client.get(path.trim_end_matches('&'), "items").await;
            times.push(begun.elapsed());
        }
        let name = format!("{level} runs: first page [{filter}], median");
        report.at_most(&name, median(&mut times).as_secs_f64() * 1e3, " ms", BOUND_MS);
    }
    walk(&mut client, level, report).await;
}

/// Reads every run there is, page by page.
async fn walk(client: &mut Client, level: usize, report: &mut Report) {
    let (mut times, mut seen, mut token) = (Vec::new(), 0, None::<String>);
    loop {
        let from = token.as_ref().map_or_else(String::new, |token| format!("&pageToken={token}"));
        let begun = Instant::now();
        let page = client.get(&format!("{PATH}?pageSize=200{from}"), "items").await;
        times.push(begun.elapsed());
        let page: Value = serde_json::from_str(&page).expect("a page is JSON");
        seen += page["items"].as_array().map_or(0, Vec::len);
        match page["nextPageToken"].as_str() {
            Some(next) => token = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, level, "each run is on one page");
    let last = times.last().copied().unwrap_or_default();
    let middle = median(&mut times);
    let longest = times.last().copied().unwrap_or_default();
    for (what, time) in
        [("median", middle), ("99 of 100", p99(&times)), ("the deepest", last), ("the longest", longest)]
    {
        let name = format!("{level} runs: a page of 200 of all of them, {what}");
        report.at_most(&name, milliseconds(time), " ms", BOUND_MS);
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
