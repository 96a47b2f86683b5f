//! Closed-loop load: each client does the next piece of work when the one before is done.

use std::time::{Duration, Instant};

/// What a side of a comparison did in one measurement.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// Pieces of work per second, over all clients.
    pub(crate) rate: f64,
    /// Half of the pieces took no longer.
    pub(crate) p50: Duration,
    /// 99 of 100 pieces took no longer.
    pub(crate) p99: Duration,
}

/// Something a client does over and over.
pub(crate) trait Work: Send + 'static {
    /// Does one piece and says how many things that were; a failure ends the benchmark.
    fn once(&mut self) -> impl Future<Output = usize> + Send;
}

/// Runs every client for `time`, after a tenth of it as a warm-up that does not count.
pub(crate) async fn run<W: Work>(clients: Vec<W>, time: Duration) -> (Sample, Vec<W>) {
    let begin = Instant::now() + time / 10;
    let end = begin + time;
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                let mut done = 0;
                loop {
                    let before = Instant::now();
                    if before >= end {
                        return (client, latencies, done);
                    }
                    let pieces = client.once().await;
                    if before >= begin {
                        latencies.push(before.elapsed());
                        done += pieces;
                    }
                }
            })
        })
        .collect();
    let (mut clients, mut latencies, mut done) = (Vec::new(), Vec::new(), 0);
    for task in tasks {
        let (client, more, pieces) = task.await.expect("a client of the benchmark panicked");
        clients.push(client);
        latencies.extend(more);
        done += pieces;
    }
    latencies.sort_unstable();
    let quantile = |q: usize| latencies.get(latencies.len() * q / 100).copied().unwrap_or_default();
    let rate = done as f64 / begin.elapsed().as_secs_f64();
    (Sample { rate, p50: quantile(50), p99: quantile(99) }, clients)
}

/// The measurement in the middle, by rate, and the spread of all: (highest − lowest) ÷ middle.
pub(crate) fn median(mut samples: Vec<Sample>) -> (Sample, f64) {
    samples.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let middle = samples[samples.len() / 2].clone();
    let spread = (samples[samples.len() - 1].rate - samples[0].rate) / middle.rate;
    (middle, spread)
}
