//! Many time-outs that have passed while no server was there.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::server::one_by_one;
use super::{MIB, Place, fill, median, p99};
use crate::report::Report;

/// Longer than any machine should need.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) async fn measure(place: &Place<'_>, file: &Path, runs: usize, report: &mut Report) {
    fill::fill(file, "hasty", 0, runs, 3).await;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let looking = Connection::open_with_flags(file, flags).expect("the file can be looked at");
    let now = i64::try_from(Timestamp::now().as_nanosecond()).expect("a present time");
    let left = || -> u64 {
        let sql = "SELECT count(*) FROM run WHERE due <= ?1";
        looking.query_row(sql, [now], |row| row.get(0)).expect("the file can be read")
    };
    let expected = left();
    let server = place.serve(file);
    let begun = Instant::now();
    report.at_most(
        &format!("{expected} runs overdue: from process to ready"),
        server.ready().as_secs_f64() * 1e3,
        " ms",
        2_000.0,
    );
    let mut times = Vec::new();
    while left() > 0 {
        times.extend(one_by_one(server.address(), 0, 20).await);
        assert!(begun.elapsed() < PATIENCE, "what is overdue fires");
    }
    let took = begun.elapsed().as_secs_f64();
    report.figure(
        &format!("{expected} runs overdue: time-outs fired per second"),
        expected as f64 / took,
        "/s",
    );
    report.figure("a start meanwhile, median", median(&mut times).as_secs_f64() * 1e6, " µs");
    report.figure("a start meanwhile, 99 of 100", p99(&times).as_secs_f64() * 1e6, " µs");
    report.at_most("most resident meanwhile", server.most_resident() as f64 / MIB, " MiB", 200.0);
}
