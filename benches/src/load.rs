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
    /// Time of all cores that a piece took, clients included, where the system tells.
    pub(crate) cpu: Option<Duration>,
}

/// Something a client does over and over.
pub(crate) trait Work: Send + 'static {
    /// Does one piece and says how many things that were; a failure ends the benchmark.
    fn once(&mut self) -> impl Future<Output = usize> + Send;
}

/// Runs every client for `time`, after a tenth of it as a warm-up that does not count.
pub(crate) async fn run<W: Work>(clients: Vec<W>, time: Duration) -> (Sample, Vec<W>) {
    let (started, cpu_before) = (Instant::now(), cpu_time());
    let begin = started + time / 10;
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
    // The warm-up did its share at about the same rate.
    let all = done as f64 * started.elapsed().as_secs_f64() / begin.elapsed().as_secs_f64();
    let cpu = cpu_time().zip(cpu_before).map(|(now, before)| (now - before).div_f64(all.max(1.0)));
    (Sample { rate, p50: quantile(50), p99: quantile(99), cpu }, clients)
}

/// Time this process has spent on all cores, to a hundredth of a second.
pub(crate) fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold anything; numbers follow its bracket.
    let (_, numbers) = stat.rsplit_once(')')?;
    let mut numbers = numbers.split_whitespace().skip(11);
    let mut ticks = || numbers.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}

/// Both sides of a comparison.
pub(crate) struct Rounds {
    ours: Vec<Sample>,
    reference: Vec<Sample>,
}

impl Rounds {
    /// Measures both sides in turns: what is true of the machine for a while is true of two neighbours. The clients of a side are the
    /// same in all rounds, and each side goes first in every other round.
    pub(crate) async fn take<O: Work, R: Work>(
        count: usize,
        time: Duration,
        mut ours: Vec<O>,
        mut reference: Vec<R>,
    ) -> Self {
        let mut rounds = Self { ours: Vec::new(), reference: Vec::new() };
        let (mut mine, mut theirs);
        for round in 0..count {
            if round % 2 == 0 {
                (theirs, reference) = run(reference, time).await;
                (mine, ours) = run(ours, time).await;
            } else {
                (mine, ours) = run(ours, time).await;
                (theirs, reference) = run(reference, time).await;
            }
            rounds.ours.push(mine);
            rounds.reference.push(theirs);
        }
        rounds
    }

    /// The middle of ours, and the spread of all.
    pub(crate) fn ours(&self) -> (Sample, f64) {
        median(self.ours.clone())
    }

    /// The middle of the reference, and the spread of all.
    pub(crate) fn reference(&self) -> (Sample, f64) {
        median(self.reference.clone())
    }

    /// Ours as a share of the reference, each round for itself: the lowest, the middle and the highest.
    pub(crate) fn ratios(&self) -> [f64; 3] {
        let pairs = self.ours.iter().zip(&self.reference);
        spread(pairs.map(|(ours, reference)| ours.rate / reference.rate).collect()).unwrap_or_default()
    }

    /// The same by the time of all cores that a piece took: what the ratio of rates is when the cores are the bound. It says something
    /// on a machine that is busy with other things, too.
    pub(crate) fn cpu_ratio(&self) -> Option<f64> {
        let cpu = |sample: &Sample| Some(sample.cpu?.as_secs_f64()).filter(|cpu| *cpu > 0.0);
        let pairs = self.ours.iter().zip(&self.reference);
        let ratios = pairs.filter_map(|(ours, reference)| Some(cpu(reference)? / cpu(ours)?));
        spread(ratios.collect()).map(|[_, middle, _]| middle)
    }
}

fn spread(mut values: Vec<f64>) -> Option<[f64; 3]> {
    values.sort_by(f64::total_cmp);
    Some([*values.first()?, values[values.len() / 2], *values.last()?])
}

/// The measurement in the middle, by rate, and the spread of all: (highest − lowest) ÷ middle.
fn median(mut samples: Vec<Sample>) -> (Sample, f64) {
    samples.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let middle = samples[samples.len() / 2].clone();
    let spread = (samples[samples.len() - 1].rate - samples[0].rate) / middle.rate;
    (middle, spread)
}
