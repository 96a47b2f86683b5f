//! The server on one file: start-up, memory, and what single requests cost.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use jf_core::JourneyId;

use super::{MIB, Place, fill, lists, median, p99};
use crate::Effort;
use crate::client::Client;
use crate::report::Report;

/// Starts by one client in one round.
const STARTS: usize = 400;

/// Clients that start runs at the same time, and how many each.
const CLIENTS: usize = 16;
const EACH: usize = 60;

/// Parked runs that are read and answered.
const TOUCHED: usize = 300;

/// One file with its runs.
pub(super) struct Scene<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) file: &'a Path,
    pub(super) level: usize,
    /// Some runs that wait.
    pub(super) known: &'a [JourneyId],
}

impl Scene<'_> {
    pub(super) async fn measure(&self, effort: Effort, report: &mut Report) {
        let level = self.level;
        self.start_up(report);
        let server = self.place.serve(self.file);
        report.at_most(
            &format!("{level} runs: resident when ready"),
            server.resident() as f64 / MIB,
            " MiB",
            200.0,
        );
        lists::measure(server.address(), level, report).await;
        self.touch(server.address(), report).await;
        self.starts(server.address(), effort, report).await;
        let most = server.most_resident() as f64 / MIB;
        report.at_most(&format!("{level} runs: most resident after all of this"), most, " MiB", 200.0);
        server.kill();
        // Left behind by a kill, with what it has not moved from its log.
        let server = self.place.serve(self.file);
        let name = format!("{level} runs: from process to ready, after a kill");
        report.at_most(&name, server.ready().as_secs_f64() * 1e3, " ms", 2_000.0);
    }

    fn start_up(&self, report: &mut Report) {
        let mut times: Vec<Duration> = (0..3).map(|_| self.place.serve(self.file).ready()).collect();
        let name = format!("{} runs: from process to ready", self.level);
        report.at_most(&name, median(&mut times).as_secs_f64() * 1e3, " ms", 2_000.0);
    }

    /// Starts here and on an empty file, in turns.
    async fn starts(&self, address: SocketAddr, effort: Effort, report: &mut Report) {
        let (mut ours, mut empty) = (Vec::new(), Vec::new());
        let (mut ours_many, mut empty_many) = (Vec::new(), Vec::new());
        for round in 0..effort.rounds {
            let beside = self.place.serve(&self.place.file("empty"));
            // Both sides have answered something before they are measured, and none is always the first.
            for address in [address, beside.address()] {
                one_by_one(address, self.level, 50).await;
            }
            let mut sides =
                [(address, &mut ours, &mut ours_many), (beside.address(), &mut empty, &mut empty_many)];
            if round % 2 == 1 {
                sides.reverse();
            }
            for (address, alone, many) in sides {
                alone.extend(one_by_one(address, self.level + STARTS * round, STARTS).await);
                many.extend(side_by_side(address, self.level).await);
            }
            drop(beside);
            self.place.remove("empty");
        }
        let level = self.level;
        for (what, mut ours, mut empty) in [("1 client", ours, empty), ("16 clients", ours_many, empty_many)]
        {
            let (here, there) = (median(&mut ours), median(&mut empty));
            report.time_ratio(format!("{level} runs: start, {what}, median"), here, there, 1.2);
            report.time_ratio(
                format!("{level} runs: start, {what}, 99 of 100"),
                p99(&ours),
                p99(&empty),
                1.2,
            );
        }
    }

    /// Reads and answers parked runs.
    async fn touch(&self, address: SocketAddr, report: &mut Report) {
        let mut client = Client::connect(address, "/", "").await;
        let (mut reads, mut steps) = (Vec::new(), Vec::new());
        let every = (self.known.len() / TOUCHED).max(1);
        for run in self.known.iter().step_by(every).take(TOUCHED) {
            let begun = Instant::now();
            client.get(&format!("/api/v1/journeys/{run}"), "journeyId").await;
            reads.push(begun.elapsed());
            let begun = Instant::now();
            let path = format!("/api/v1/journeys/{run}/steps/ask");
            client.post(&path, r#"{"decision":"yes"}"#, "SUCCEEDED").await;
            steps.push(begun.elapsed());
        }
        for (what, mut times) in [("status of a parked run", reads), ("step of a parked run", steps)] {
            let middle = median(&mut times).as_secs_f64() * 1e6;
            report.figure(&format!("{} runs: {what}, median", self.level), middle, " µs");
            report.figure(
                &format!("{} runs: {what}, 99 of 100", self.level),
                p99(&times).as_secs_f64() * 1e6,
                " µs",
            );
        }
    }
}

/// Starts runs one after the other; gives the time of each.
pub(super) async fn one_by_one(address: SocketAddr, from: usize, count: usize) -> Vec<Duration> {
    let mut client = Client::connect(address, "/", "").await;
    let mut times = Vec::with_capacity(count);
    for number in from..from + count {
        let body = fill::input(number).to_string();
        let begun = Instant::now();
        client.post("/api/v1/journeys/parked/start", &body, "RUNNING").await;
        times.push(begun.elapsed());
    }
    times
}

async fn side_by_side(address: SocketAddr, from: usize) -> Vec<Duration> {
    let clients = (0..CLIENTS).map(|client| tokio::spawn(one_by_one(address, from + client * EACH, EACH)));
    let clients: Vec<_> = clients.collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.expect("a client of the benchmark panicked"));
    }
    times
}
