//! A stream of events: a subscription that is asked when the connection can take more.

use std::convert::Infallible;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::future::poll_fn;
use jf_core::{Caller, Delivery, EngineError, EventKind, Subscription};
use tokio::time::{Instant, sleep_until};

use super::counted::Place;
use super::frame;
use crate::config::HttpConfig;
use crate::problem;
use crate::routes::health::Readiness;

/// When readers come back after a stream that broke off, each at a time of its own.
const RETRY: Range<Duration> = Duration::from_millis(1_000)..Duration::from_millis(3_000);

pub(super) struct Feed {
    subscription: Subscription,
    caller: Caller,
    heartbeat: Duration,
    /// Statuses of a conflated stream keep this distance (FLOW-8).
    pace: Option<Duration>,
    readiness: Readiness,
    drain_window: Duration,
    stage: Stage,
    not_before: Option<Instant>,
    _place: Place,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Opening,
    Live,
    Over,
}

impl Feed {
    pub(super) fn new(
        subscription: Subscription,
        conflate: bool,
        caller: Caller,
        config: &HttpConfig,
        place: Place,
    ) -> Self {
        Self {
            subscription,
            caller,
            heartbeat: config.heartbeat,
            pace: conflate.then_some(config.status_interval),
            readiness: config.readiness.clone(),
            drain_window: config.drain_window,
            stage: Stage::Opening,
            not_before: None,
            _place: place,
        }
    }

    /// The text of the stream. It is made as it is asked for: whoever does not read costs one cursor.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        futures::stream::unfold(
            self,
            |mut feed| async move { feed.next().await.map(|text| (Ok(text), feed)) },
        )
    }

    async fn next(&mut self) -> Option<Bytes> {
        match self.stage {
            Stage::Over => return None,
            Stage::Opening if !self.readiness.is_draining() => {
                self.stage = Stage::Live;
                return Some(frame::retry(draw(RETRY)));
            }
            Stage::Opening | Stage::Live => {}
        }
        let readiness = self.readiness.clone();
        tokio::select! {
            biased;
            () = readiness.draining() => {
                self.stage = Stage::Over;
                Some(frame::retry(draw(Duration::ZERO..self.drain_window)))
            }
            told = self.tell() => told.unwrap_or_else(|error| {
                // The reader comes back with its cursor.
                problem::report(&error);
                None
            }),
        }
    }

    /// The next thing to tell, or a comment after a time of silence; `None` at the end, which is told by ending (HTTP-104). Cancel safe.
    async fn tell(&mut self) -> Result<Option<Bytes>, EngineError> {
        let silence = Instant::now() + self.heartbeat;
        loop {
            // Silence breaks off the wait and never a read: its guard may take longer than that, and would be asked again for ever.
            tokio::select! {
                biased;
                () = self.ready() => {}
                () = sleep_until(silence) => {
                    // Wake-ups may be lost; the log is looked at all the same (ENG-132).
                    self.subscription.touch();
                    return Ok(Some(frame::COMMENT));
                }
            }
            let Some(delivery) = self.subscription.pull(&self.caller).await? else { continue };
            return Ok(Some(match delivery {
                Delivery::Status { status, .. } => {
                    self.not_before = self.pace.map(|pace| Instant::now() + pace);
                    frame::document(EventKind::Status, &status)?
                }
                Delivery::Outcome { outcome, .. } => frame::document(EventKind::Outcome, &outcome)?,
                Delivery::Gap { from, to, reason, .. } => frame::gap(from, to, reason),
                Delivery::Withheld { pause } => {
                    self.not_before = Some(Instant::now() + pause);
                    self.subscription.touch();
                    continue;
                }
                Delivery::Completed | Delivery::Gone => return Ok(None),
                // A delivery this version does not know says nothing that a reader of it could miss.
                _ => continue,
            }));
        }
    }

    /// Waits until there may be something to tell, and it may be told.
    async fn ready(&mut self) {
        poll_fn(|cx| self.subscription.poll_ready(cx)).await;
        if let Some(moment) = self.not_before {
            sleep_until(moment).await;
        }
    }
}

/// A random time of the range, so that readers that were sent away together do not come back together.
fn draw(range: Range<Duration>) -> Duration {
    // Without randomness all come back at the middle: worse, but no reason to fail.
    let share = getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX));
    range.start + (range.end - range.start).mul_f64(share)
}
