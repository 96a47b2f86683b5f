//! Many connections that watch one busy run of the real server, one of which never reads: what that costs the others, and what becomes of it.

mod audience;
mod mute;

use std::net::SocketAddr;
use std::time::Duration;

use crate::Effort;
use crate::place::Place;
use crate::report::Report;
use crate::server::Server;

use audience::Audience;
use mute::Mute;

/// Keeps those who do not read: what they cost is to be measured for longer than they may stay.
const PATIENT: &str = "websocket.writeTimeoutMs: 86400000\nwebsocket.heartbeat.intervalMs: 86400000\n";
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn measure(watchers: usize, effort: Effort, report: &mut Report) {
    let Some(place) = Place::new() else {
        report.skipped("watchers", "build the server first: cargo build --release -p jf-cli");
        return;
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
    let server = place.serve(PATIENT);
    runtime.block_on(side_by_side(&server, watchers, effort, report));
    drop(server);
    let server = place.serve("");
    runtime.block_on(closed_and_resumed(server.address(), report));
}

/// Times with and without the one that does not read, in turns.
async fn side_by_side(server: &Server, watchers: usize, effort: Effort, report: &mut Report) {
    let mut beside = Audience::gather(server.address(), watchers - 1).await;
    let mut alone = Audience::gather(server.address(), watchers - 1).await;
    let mute = Mute::watch(server.address(), beside.run()).await;
    beside.fill().await;
    let before = server.resident();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..effort.rounds {
        let mut sides = [(&mut beside, &mut ours), (&mut alone, &mut theirs)];
        if round % 2 == 1 {
            sides.reverse();
        }
        for (audience, times) in sides {
            times.push(audience.turn(effort.time).await);
        }
    }
    let grown = server.resident().saturating_sub(before) as f64 / MIB;
    for (what, percent) in [("half", 50), ("99 of 100", 99)] {
        let name = format!("event to {watchers} watchers, one never reading, {what}");
        report.time_ratio(name, middle(&ours, percent), middle(&theirs, percent), 1.1);
    }
    report.at_most("resident memory grown meanwhile", grown, " MiB", 16.0);
    drop(mute);
}

/// The middle of all turns, of what a share of the deliveries of each did not exceed.
fn middle(turns: &[Vec<Duration>], percent: usize) -> Duration {
    let mut quantiles: Vec<_> = turns.iter().map(|times| times[times.len() * percent / 100]).collect();
    quantiles.sort_unstable();
    quantiles[quantiles.len() / 2]
}

/// With the settings that a server comes with, the one that does not read is closed, learns why, and gets the rest when it comes back.
async fn closed_and_resumed(address: SocketAddr, report: &mut Report) {
    let mut audience = Audience::gather(address, 1).await;
    let mut mute = Mute::watch(address, audience.run()).await;
    audience.fill().await;
    // It is closed after ten seconds in which nothing could be written to it.
    audience.turn(Duration::from_secs(11)).await;
    let code = mute.read_to_close().await;
    report.exactly("code that closes a watcher who does not read", f64::from(code), 4508.0);
    let head = audience.head();
    mute.resume(head).await;
    report.exactly("events that it missed in the end", mute.missed(head) as f64, 0.0);
}
