//! Those who read what they are told.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use tokio::task::JoinSet;
use tungstenite::Message;

use super::mute::FULL;
use crate::ws::{self, RoundTrip};

/// How often the run takes a step.
const PACE: Duration = Duration::from_millis(100);
/// No faster than pushes may follow each other, so that each of them is one.
const FILLING_PACE: Duration = Duration::from_millis(60);
const BREATH: Duration = Duration::from_millis(1);
/// Numbers of a run that can be timed.
const NUMBERS: usize = 10_000;

/// A run, whoever drives it, and those who watch it.
pub(super) struct Audience {
    run: String,
    driver: RoundTrip,
    head: u64,
    seen: Arc<Seen>,
    _watching: JoinSet<()>,
}

/// What driver and watchers share.
struct Seen {
    begun: Instant,
    /// When the step that led to a number was sent, in nanoseconds.
    sent: Vec<AtomicU64>,
    /// The last number of each watcher.
    last: Vec<AtomicU64>,
    /// What the first watcher has read.
    bytes: AtomicU64,
    times: Mutex<Vec<Duration>>,
}

impl Seen {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn told(&self, watcher: usize, seq: u64, bytes: usize) {
        let sent = self.sent[usize::try_from(seq).expect("small")].load(Ordering::Relaxed);
        let took = Duration::from_nanos(self.now().saturating_sub(sent));
        self.times.lock().unwrap_or_else(PoisonError::into_inner).push(took);
        self.last[watcher].store(seq, Ordering::Relaxed);
        if watcher == 0 {
            self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }
}

impl Audience {
    pub(super) async fn gather(address: SocketAddr, watchers: usize) -> Self {
        let driver = ws::submitter(address).await;
        let run = driver.run().to_owned();
        let zeros = |count: usize| (0..count).map(|_| AtomicU64::new(0)).collect();
        let seen = Arc::new(Seen {
            begun: Instant::now(),
            sent: zeros(NUMBERS),
            last: zeros(watchers),
            bytes: AtomicU64::new(0),
            times: Mutex::default(),
        });
        let mut watching = JoinSet::new();
        for watcher in 0..watchers {
            let mut socket = ws::connect(address, "/ws/journeys/loop").await;
            let subscribe = format!(r#"{{"type":"subscribe","journeyId":"{run}","replay":"none"}}"#);
            socket.send(Message::text(subscribe)).await.expect("the connection is open");
            while !text(&mut socket).await.starts_with(r#"{"type":"subscribed""#) {}
            let seen = Arc::clone(&seen);
            watching.spawn(async move {
                loop {
                    let text = text(&mut socket).await;
                    seen.told(watcher, seq(&text), text.len());
                }
            });
        }
        Self { run, driver, head: 2, seen, _watching: watching }
    }

    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// The last number of the run.
    pub(super) const fn head(&self) -> u64 {
        self.head
    }

    /// Steps until nobody could have taken all that was told without reading it.
    pub(super) async fn fill(&mut self) {
        while self.seen.bytes.load(Ordering::Relaxed) < FULL {
            self.step().await;
            tokio::time::sleep(FILLING_PACE).await;
        }
        self.all_told().await;
    }

    /// Steps for a while; gives how long each telling of each of them took, in order of length.
    pub(super) async fn turn(&mut self, time: Duration) -> Vec<Duration> {
        self.seen.times.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.step().await;
            tokio::time::sleep(PACE).await;
        }
        self.all_told().await;
        let mut times = std::mem::take(&mut *self.seen.times.lock().unwrap_or_else(PoisonError::into_inner));
        times.sort_unstable();
        times
    }

    async fn step(&mut self) {
        self.head += 1;
        let next = usize::try_from(self.head).expect("small");
        self.seen.sent[next].store(self.seen.now(), Ordering::Relaxed);
        let reply = self.driver.exchange().await;
        assert_eq!(seq(&reply), self.head, "each step is one event: {reply}");
    }

    async fn all_told(&self) {
        while self.seen.last.iter().any(|last| last.load(Ordering::Relaxed) < self.head) {
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// The next text.
pub(super) async fn text(socket: &mut ws::Socket) -> String {
    loop {
        match socket.next().await.expect("the connection is open").expect("frames are readable") {
            Message::Text(text) => return text.as_str().to_owned(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("unexpected message: {other:?}"),
        }
    }
}

/// The number in a frame about a run.
pub(super) fn seq(text: &str) -> u64 {
    let number =
        text.split_once(r#""seq":"#).map(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next());
    number.flatten().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no number in {text}"))
}
