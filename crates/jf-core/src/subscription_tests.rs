//! Deliveries of subscriptions over a scripted engine. The fake answers at once, so no runtime is needed: what is not ready
//! at the first poll waits for a wake-up.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Waker};
use std::time::Duration;

use async_trait::async_trait;
use futures::{FutureExt, stream};
use jf_dsl::{Catalog, Definition, DefinitionName, StateId};
use proptest::prelude::*;
use serde_json::Value;

use super::{Delivery, Opened, Replaying, SubscribeOptions, Subscription};
use crate::{
    ApiReply, At, CallApi, Caller, Cancel, ClientCookie, Cursor, DrainReport, Engine, EngineCapabilities,
    EngineError, EngineErrorKind, Epoch, Event, EventFilter, GapReason, Head, HeadPublisher, HeadSignal,
    HeadWatch, JourneyId, JourneyOutcome, JourneyStatus, ListQuery, Page, Phase, Replay, StartRequest,
    Started, SubmitStep, Submitted,
};

/// One run whose log the test writes by hand.
struct OneRun {
    log: Mutex<Log>,
    publisher: HeadPublisher,
    reads: AtomicUsize,
}

struct Log {
    epoch: Epoch,
    events: Vec<Event>,
    /// Events up to this number are no longer kept.
    forgotten: u64,
    /// Failures of the next guarded reads, in order.
    faults: VecDeque<EngineError>,
    /// Commits that happen just before the next reads, one per read.
    racing: VecDeque<usize>,
    wake_ups_lost: bool,
}

impl OneRun {
    fn with_events(count: usize) -> Arc<Self> {
        let log = Log {
            epoch: epoch("e1"),
            events: Vec::new(),
            forgotten: 0,
            faults: VecDeque::new(),
            racing: VecDeque::new(),
            wake_ups_lost: false,
        };
        let run = Arc::new(Self {
            log: Mutex::new(log),
            publisher: HeadPublisher::new(0),
            reads: AtomicUsize::new(0),
        });
        for _ in 0..count {
            run.commit();
        }
        run
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    fn commit(&self) {
        let head = self.log().commit();
        self.publisher.publish(head);
    }

    fn finish(&self) {
        let head = self.log().finish();
        self.publisher.publish_end(head);
    }

    fn refuse_reads(&self, errors: impl IntoIterator<Item = EngineError>) {
        self.log().faults.extend(errors);
    }

    /// What stands before every guarded read: racing commits, then the guard.
    fn before_read(&self) -> Result<MutexGuard<'_, Log>, EngineError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let mut log = self.log();
        for _ in 0..log.racing.pop_front().unwrap_or(0) {
            let head = log.commit();
            self.publisher.publish(head);
        }
        match log.faults.pop_front() {
            Some(error) => Err(error),
            None => Ok(log),
        }
    }
}

impl Log {
    fn commit(&mut self) -> u64 {
        if !self.ended() {
            let status = status(self.events.len() as u64 + 1, Phase::Running);
            self.events.push(Event::Status(status));
        }
        self.events.len() as u64
    }

    fn finish(&mut self) -> u64 {
        let name = DefinitionName::parse("order").unwrap();
        let outcome = JourneyOutcome::new(run_id(), name, Phase::Succeeded, "OK", Value::Null);
        self.events.push(Event::Outcome(outcome));
        self.events.len() as u64
    }

    fn ended(&self) -> bool {
        matches!(self.events.last(), Some(Event::Outcome(_)))
    }

    fn head(&self) -> Head {
        Head::new(self.epoch.clone(), self.events.len() as u64)
    }
}

#[async_trait]
impl Engine for OneRun {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::new(Catalog::default())
    }

    fn capabilities(&self) -> EngineCapabilities {
        EngineCapabilities::all_in_memory()
    }

    async fn locate(&self, _: &JourneyId) -> Result<Arc<Definition>, EngineError> {
        Err(EngineError::not_found())
    }

    async fn start(&self, _: StartRequest, _: &Caller) -> Result<Started, EngineError> {
        Err(EngineError::unsupported("start"))
    }

    async fn submit_step(&self, _: SubmitStep, _: &Caller) -> Result<Submitted, EngineError> {
        Err(EngineError::unsupported("submit_step"))
    }

    async fn get_status(&self, _: &JourneyId, _: &Caller) -> Result<At<JourneyStatus>, EngineError> {
        let log = self.before_read()?;
        let phase = if log.ended() { Phase::Succeeded } else { Phase::Running };
        Ok(At::new(log.head(), status(log.head().seq, phase)))
    }

    async fn get_outcome(&self, _: &JourneyId, _: &Caller) -> Result<At<JourneyOutcome>, EngineError> {
        let log = self.before_read()?;
        match log.events.last() {
            Some(Event::Outcome(outcome)) => Ok(At::new(log.head(), outcome.clone())),
            _ => Err(EngineError::new(EngineErrorKind::NotTerminal)),
        }
    }

    async fn cancel(&self, _: Cancel, _: &Caller) -> Result<Submitted, EngineError> {
        Err(EngineError::unsupported("cancel"))
    }

    async fn call_api(&self, _: CallApi, _: &Caller) -> Result<ApiReply, EngineError> {
        Err(EngineError::unsupported("call_api"))
    }

    async fn list(&self, _: ListQuery, _: &Caller) -> Result<Page<JourneyStatus>, EngineError> {
        Err(EngineError::unsupported("list"))
    }

    async fn events(
        &self,
        _: &JourneyId,
        from: Cursor,
        limit: NonZeroU32,
        _: &Caller,
    ) -> Result<Replay, EngineError> {
        let log = self.before_read()?;
        let (head, ended) = (log.head(), log.ended());
        let other_log = from.epoch.is_some_and(|epoch| epoch != log.epoch) || from.after > head.seq;
        if other_log || from.after < log.forgotten {
            let reason = if other_log { GapReason::Epoch } else { GapReason::Retention };
            return Ok(Replay::Gone { oldest: log.forgotten + 1, head, reason, ended });
        }
        let after = usize::try_from(from.after).unwrap();
        let numbered = log.events.iter().enumerate().skip(after).take(limit.get() as usize);
        let items: Vec<_> = numbered
            .map(|(index, event)| At::new(Head::new(log.epoch.clone(), index as u64 + 1), event.clone()))
            .collect();
        let more = after + items.len() < log.events.len();
        Ok(Replay::Events { items, head, more, ended })
    }

    async fn watch(&self, _: &JourneyId) -> Result<HeadWatch, EngineError> {
        let log = self.log();
        if log.wake_ups_lost {
            let first = HeadSignal::Moved(log.head().seq);
            return Ok(HeadWatch::new(stream::unfold(Some(first), |next| async move {
                match next {
                    Some(signal) => Some((signal, None)),
                    None => std::future::pending().await,
                }
            })));
        }
        Ok(self.publisher.watch())
    }

    async fn take_cookies(&self, _: &JourneyId, _: &Caller) -> Result<Vec<ClientCookie>, EngineError> {
        Ok(Vec::new())
    }

    async fn drain(&self, _: Duration) -> DrainReport {
        DrainReport::new(0)
    }
}

fn epoch(text: &str) -> Epoch {
    Epoch::parse(text).unwrap()
}

fn run_id() -> JourneyId {
    JourneyId::parse("run-1").unwrap()
}

fn status(seq: u64, phase: Phase) -> JourneyStatus {
    let state = StateId::parse(format!("s{seq}")).unwrap();
    JourneyStatus::new(
        run_id(),
        DefinitionName::parse("order").unwrap(),
        phase,
        state,
        jiff::Timestamp::UNIX_EPOCH,
    )
}

fn caller() -> Caller {
    Caller::internal("test")
}

fn open(run: &Arc<OneRun>, options: SubscribeOptions) -> (Subscription, Opened) {
    let engine: Arc<dyn Engine> = Arc::clone(run) as _;
    let opened = Subscription::open(engine, run_id(), options, &caller()).now_or_never();
    opened.expect("the fake answers at once").expect("opens")
}

/// The next delivery, or nothing when the subscription waits.
fn poll(subscription: &mut Subscription) -> Option<Delivery> {
    subscription.next(&caller()).now_or_never().map(|delivery| delivery.expect("no engine trouble"))
}

fn after(cursor: u64) -> SubscribeOptions {
    SubscribeOptions::from(Replaying::After(Cursor { epoch: None, after: cursor }))
}

/// A delivery in a form that reads well in asserts: kind, number, elided, snapshot.
fn told(delivery: Option<Delivery>) -> String {
    match delivery {
        None => "-".to_owned(),
        Some(Delivery::Status { status, skipped, snapshot }) => {
            line("status", status.at.seq, skipped, snapshot)
        }
        Some(Delivery::Outcome { outcome, skipped, snapshot }) => {
            line("outcome", outcome.at.seq, skipped, snapshot)
        }
        Some(Delivery::Gap { head, from, to, reason }) => {
            format!("gap {} {from}..{to} {}", head.epoch, reason.as_str())
        }
        Some(Delivery::Withheld { pause }) => format!("withheld {}", pause.as_millis()),
        Some(Delivery::Completed) => "completed".to_owned(),
        Some(Delivery::Gone) => "gone".to_owned(),
    }
}

fn line(kind: &str, seq: u64, skipped: u64, snapshot: bool) -> String {
    let skipped = if skipped > 0 { format!(" skipped {skipped}") } else { String::new() };
    format!("{kind} {seq}{skipped}{}", if snapshot { " snapshot" } else { "" })
}

/// Everything that is told until the subscription waits.
fn all(subscription: &mut Subscription) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(delivery) = poll(subscription) {
        lines.push(told(Some(delivery)));
    }
    lines
}

/// Everything but documents that is told until the subscription waits.
fn notices(subscription: &mut Subscription) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..100 {
        if subscription.poll_ready(&mut Context::from_waker(Waker::noop())).is_pending() {
            return lines;
        }
        let notice = subscription.pull_notice(&caller()).now_or_never().expect("the fake answers at once");
        lines.extend(notice.expect("no engine trouble").map(|delivery| told(Some(delivery))));
    }
    panic!("a subscription that puts off is never at rest: {lines:?}");
}

#[test]
fn eng_137_without_a_cursor_the_first_delivery_is_a_snapshot_of_the_head() {
    let run = OneRun::with_events(4);
    let (mut subscription, opened) = open(&run, SubscribeOptions::default());
    assert_eq!(opened, Opened { head: Head::new(epoch("e1"), 4), after: 4, recovered: true, ended: false });
    assert_eq!(all(&mut subscription), ["status 4 snapshot"]);
    run.commit();
    assert_eq!(all(&mut subscription), ["status 5"]);
}

#[test]
fn eng_137_only_later_events_when_asked_for() {
    let run = OneRun::with_events(4);
    let (mut subscription, opened) = open(&run, SubscribeOptions::from(Replaying::Nothing));
    assert_eq!(opened.after, 4);
    assert_eq!(all(&mut subscription), Vec::<String>::new());
    run.commit();
    assert_eq!(all(&mut subscription), ["status 5"]);
}

#[test]
fn sub_4_a_cursor_is_continued_without_a_hole() {
    let run = OneRun::with_events(3);
    for cursor in 0..=3 {
        let (mut subscription, opened) = open(&run, after(cursor).with_conflate(false));
        assert_eq!(
            opened,
            Opened { head: Head::new(epoch("e1"), 3), after: cursor, recovered: true, ended: false }
        );
        let expected: Vec<_> = (cursor + 1..=3).map(|seq| format!("status {seq}")).collect();
        assert_eq!(all(&mut subscription), expected);
    }
}

#[test]
fn flow_2_conflation_gives_the_newest_status_and_counts_the_elided() {
    let run = OneRun::with_events(1);
    let (mut subscription, _) = open(&run, after(0));
    assert_eq!(all(&mut subscription), ["status 1"]);
    for _ in 0..10 {
        run.commit();
    }
    assert_eq!(all(&mut subscription), ["status 11 skipped 9"]);
}

#[test]
fn flow_3_the_outcome_takes_the_place_of_a_pending_status() {
    let run = OneRun::with_events(1);
    let (mut subscription, _) = open(&run, after(1));
    run.commit();
    run.commit();
    run.finish();
    assert_eq!(all(&mut subscription), ["outcome 4 skipped 2", "completed"]);
    assert!(poll(&mut subscription).is_none(), "nothing follows the end");
}

#[test]
fn eng_133_unconflated_the_outcome_is_the_last_of_all_events() {
    let run = OneRun::with_events(2);
    let (mut subscription, _) = open(&run, after(0).with_conflate(false));
    run.finish();
    assert_eq!(all(&mut subscription), ["status 1", "status 2", "outcome 3", "completed"]);
}

#[test]
fn sub_10_an_unwanted_outcome_still_ends_the_subscription() {
    let statuses = EventFilter { status: true, outcome: false };
    for conflate in [true, false] {
        let run = OneRun::with_events(1);
        let (mut subscription, _) = open(&run, after(1).with_filter(statuses).with_conflate(conflate));
        assert_eq!(all(&mut subscription), Vec::<String>::new());
        run.commit();
        run.finish();
        assert_eq!(all(&mut subscription), ["status 2", "completed"]);
    }
}

#[test]
fn sub_10_a_late_subscriber_gets_the_outcome_as_a_snapshot() {
    let run = OneRun::with_events(2);
    run.finish();
    let (mut subscription, opened) = open(&run, SubscribeOptions::default());
    assert!(opened.recovered);
    assert_eq!(all(&mut subscription), ["outcome 3 snapshot", "completed"]);

    let (mut at_the_end, _) = open(&run, after(3));
    assert_eq!(all(&mut at_the_end), ["completed"]);

    let (mut later_only, _) = open(&run, SubscribeOptions::from(Replaying::Nothing));
    assert_eq!(all(&mut later_only), ["completed"]);
}

#[test]
fn flow_2_skipped_is_absent_where_the_filter_excludes_statuses() {
    let run = OneRun::with_events(1);
    let outcomes = EventFilter { status: false, outcome: true };
    let (mut subscription, _) = open(&run, after(0).with_filter(outcomes));
    assert_eq!(all(&mut subscription), Vec::<String>::new());
    run.commit();
    run.finish();
    assert_eq!(all(&mut subscription), ["outcome 3", "completed"]);
}

#[test]
fn sub_6_forgotten_events_are_a_gap_and_a_snapshot() {
    let run = OneRun::with_events(9);
    run.log().forgotten = 6;
    for conflate in [true, false] {
        let (mut subscription, opened) = open(&run, after(4).with_conflate(conflate));
        assert_eq!((opened.after, opened.recovered), (4, false));
        assert_eq!(all(&mut subscription), ["gap e1 5..9 retention", "status 9 snapshot"]);
    }
}

#[test]
fn sub_6_more_than_the_limit_is_a_gap_unconflated_and_no_matter_conflated() {
    let run = OneRun::with_events(5);
    let limit = NonZeroU32::new(3).unwrap();
    let (mut subscription, opened) = open(&run, after(1).with_conflate(false).with_max_replay(limit));
    assert!(!opened.recovered);
    assert_eq!(all(&mut subscription), ["gap e1 2..5 limit", "status 5 snapshot"]);
    for _ in 0..4 {
        run.commit();
    }
    assert_eq!(
        all(&mut subscription),
        ["gap e1 6..9 limit", "status 9 snapshot"],
        "a live one heals the same way"
    );

    let (mut conflated, opened) = open(&run, after(1).with_max_replay(limit));
    assert!(opened.recovered);
    assert_eq!(all(&mut conflated), ["status 9 skipped 7"]);
}

#[test]
fn sub_7_a_cursor_of_another_log_or_beyond_the_head_never_matches() {
    let run = OneRun::with_events(3);
    let foreign = Cursor { epoch: Some(epoch("e0")), after: 2 };
    for options in [SubscribeOptions::from(Replaying::After(foreign)), after(8)] {
        let (mut subscription, opened) = open(&run, options);
        assert!(!opened.recovered);
        assert_eq!(all(&mut subscription), ["gap e1 1..3 epoch", "status 3 snapshot"]);
    }
}

#[test]
fn seq_4_a_log_that_is_replaced_under_a_live_subscription_is_a_gap() {
    for conflate in [true, false] {
        let run = OneRun::with_events(3);
        let (mut subscription, _) = open(&run, after(3).with_conflate(conflate));
        run.log().epoch = epoch("e2");
        run.commit();
        assert_eq!(all(&mut subscription), ["gap e2 1..4 epoch", "status 4 snapshot"]);
    }
}

#[test]
fn seq_5_a_reply_counts_as_delivery() {
    let run = OneRun::with_events(1);
    for conflate in [true, false] {
        let (mut subscription, _) = open(&run, after(1).with_conflate(conflate));
        if conflate {
            run.commit();
            run.commit();
        } else {
            subscription.delivered_status(&Head::new(epoch("e1"), 2), Phase::Running);
        }
        subscription.delivered_status(&Head::new(epoch("e1"), 3), Phase::Running);
        assert_eq!(all(&mut subscription), Vec::<String>::new(), "no echo");
        subscription.delivered_status(&Head::new(epoch("e0"), 99), Phase::Running);
        subscription.delivered_status(&Head::new(epoch("e1"), 1), Phase::Running);
        assert_eq!(subscription.cursor().seq, 3, "only forward, only of this log");
    }
}

#[test]
fn seq_5_only_an_outcome_delivers_the_outcome() {
    let run = OneRun::with_events(1);
    let (mut by_status, _) = open(&run, after(1));
    let (mut by_outcome, _) = open(&run, after(1));
    run.commit();
    run.finish();
    let end = Head::new(epoch("e1"), 3);
    by_status.delivered_status(&end, Phase::Succeeded);
    assert_eq!(all(&mut by_status), ["outcome 3", "completed"]);
    by_outcome.delivered_outcome(&end);
    assert_eq!(all(&mut by_outcome), ["completed"]);
    by_outcome.delivered_outcome(&end);
    assert_eq!(all(&mut by_outcome), Vec::<String>::new());
}

#[test]
fn eng_114_denial_and_removal_end_a_subscription_alike() {
    let run = OneRun::with_events(1);
    let (mut denied, _) = open(&run, after(1));
    let (mut removed, _) = open(&run, after(1));
    run.refuse_reads([EngineError::not_found()]);
    run.commit();
    assert_eq!(all(&mut denied), ["gone"]);
    run.publisher.remove();
    assert_eq!(all(&mut removed), ["gone"]);

    let engine: Arc<dyn Engine> = Arc::clone(&run) as _;
    run.refuse_reads([EngineError::not_found()]);
    let refused = Subscription::open(engine, run_id(), after(1), &caller()).now_or_never().unwrap();
    assert_eq!(refused.unwrap_err().kind(), EngineErrorKind::NotFound);
}

#[test]
fn eng_115_a_faulty_guard_withholds_and_gives_up_after_three_failures() {
    let run = OneRun::with_events(1);
    let (mut subscription, _) = open(&run, after(1));
    run.commit();
    run.refuse_reads((0..2).map(|_| EngineError::guard_fault("guard broke")));
    assert_eq!(told(poll(&mut subscription)), "withheld 250");
    assert_eq!(told(poll(&mut subscription)), "withheld 500");
    assert_eq!(all(&mut subscription), ["status 2"], "nothing is lost by waiting");

    run.commit();
    run.refuse_reads((0..3).map(|_| EngineError::guard_fault("guard broke")));
    assert_eq!(all(&mut subscription), ["withheld 250", "withheld 500", "gone"]);
}

#[test]
fn engine_trouble_leaves_a_subscription_as_it_was() {
    let run = OneRun::with_events(1);
    let (mut subscription, _) = open(&run, after(1));
    run.commit();
    run.refuse_reads([EngineError::new(EngineErrorKind::Unavailable), EngineError::internal("disk")]);
    for _ in 0..2 {
        let trouble = subscription.next(&caller()).now_or_never().expect("ready");
        assert!(trouble.is_err());
    }
    assert_eq!(all(&mut subscription), ["status 2"]);
}

/// INV-6 too.
#[test]
fn eng_132_a_lost_wake_up_is_healed_by_a_look() {
    let run = OneRun::with_events(1);
    run.log().wake_ups_lost = true;
    for conflate in [true, false] {
        let head = run.log().head().seq;
        let (mut subscription, _) = open(&run, after(head).with_conflate(conflate));
        run.commit();
        assert_eq!(all(&mut subscription), Vec::<String>::new());
        subscription.touch();
        assert_eq!(all(&mut subscription), [format!("status {}", head + 1)]);
        subscription.touch();
        assert_eq!(all(&mut subscription), Vec::<String>::new(), "a look without news tells nothing");
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn flow_7_a_document_that_is_put_off_is_read_anew() {
    for (conflate, expected) in
        [(true, &["status 4 skipped 2"][..]), (false, &["status 2", "status 3", "status 4"])]
    {
        let run = OneRun::with_events(1);
        let (mut subscription, _) = open(&run, after(1).with_conflate(conflate));
        run.commit();
        run.commit();
        assert_eq!(notices(&mut subscription), NOTHING);
        assert!(subscription.is_put_off());
        let reads = run.reads.load(Ordering::Relaxed);
        assert_eq!(notices(&mut subscription), NOTHING);
        assert_eq!(run.reads.load(Ordering::Relaxed), reads, "once is enough until something happens");
        run.commit();
        assert_eq!(notices(&mut subscription), NOTHING);
        assert!(run.reads.load(Ordering::Relaxed) > reads);
        subscription.take_up();
        assert_eq!(all(&mut subscription), expected);
        run.finish();
        assert_eq!(notices(&mut subscription), NOTHING);
        subscription.take_up();
        assert_eq!(all(&mut subscription), ["outcome 5", "completed"]);
    }
}

/// Also ENG-114, SUB-6, SUB-10.
#[test]
fn flow_7_ends_and_gaps_are_told_without_documents() {
    type End = fn(&Arc<OneRun>, &mut Subscription);
    let ends: [(End, &str); 4] = [
        (|run, _| run.publisher.remove(), "gone"),
        (
            |run, _| {
                run.refuse_reads([EngineError::not_found()]);
                run.commit();
            },
            "gone",
        ),
        (
            |run, subscription| {
                run.refuse_reads([EngineError::not_found()]);
                subscription.touch();
            },
            "gone",
        ),
        (
            |run, subscription| {
                run.finish();
                subscription.delivered_outcome(&run.log().head());
            },
            "completed",
        ),
    ];
    for conflate in [true, false] {
        for (end, reason) in ends {
            let run = OneRun::with_events(1);
            let (mut subscription, _) = open(&run, after(1).with_conflate(conflate));
            run.commit();
            assert_eq!(notices(&mut subscription), NOTHING);
            end(&run, &mut subscription);
            assert_eq!(notices(&mut subscription), [reason]);
        }
    }

    let run = OneRun::with_events(1);
    let limit = NonZeroU32::new(3).unwrap();
    let (mut subscription, _) = open(&run, after(1).with_conflate(false).with_max_replay(limit));
    for _ in 0..5 {
        run.commit();
    }
    assert_eq!(notices(&mut subscription), ["gap e1 2..6 limit"]);
    run.commit();
    assert_eq!(notices(&mut subscription), NOTHING);
    subscription.take_up();
    assert_eq!(all(&mut subscription), ["status 7 snapshot"]);

    let statuses = EventFilter { status: true, outcome: false };
    let (mut subscription, _) = open(&run, after(7).with_filter(statuses));
    run.finish();
    assert_eq!(notices(&mut subscription), ["completed"], "an unwanted outcome waits for nothing");
}

#[test]
fn flow_4_an_outcome_that_is_next_is_known_without_a_read() {
    let statuses = EventFilter { status: true, outcome: false };
    let is_at_the_end =
        |subscription: &mut Subscription| subscription.is_at_the_end(&mut Context::from_waker(Waker::noop()));
    for (conflate, filter, behind) in [
        (true, EventFilter::ALL, Some(0)),
        (false, EventFilter::ALL, Some(2)),
        (true, statuses, None),
        (false, statuses, None),
    ] {
        let run = OneRun::with_events(1);
        let (mut subscription, _) = open(&run, after(1).with_conflate(conflate).with_filter(filter));
        run.commit();
        run.commit();
        assert!(!is_at_the_end(&mut subscription));
        run.finish();
        let reads = run.reads.load(Ordering::Relaxed);
        let mut count = 0;
        let found = loop {
            if is_at_the_end(&mut subscription) {
                break Some(count);
            }
            if count == 0 {
                assert_eq!(run.reads.load(Ordering::Relaxed), reads);
            }
            if poll(&mut subscription).is_none() {
                break None;
            }
            count += 1;
        };
        assert_eq!(found, behind, "conflate {conflate}, {filter:?}");
        assert!(behind.is_none() || told(poll(&mut subscription)).starts_with("outcome"));
    }
    let run = OneRun::with_events(1);
    run.finish();
    assert!(is_at_the_end(&mut open(&run, SubscribeOptions::default()).0), "of an ended run it is");
    let (mut removed, _) = open(&run, SubscribeOptions::default());
    run.publisher.remove();
    is_at_the_end(&mut removed);
    assert_eq!(all(&mut removed), ["gone"], "a look loses nothing");
}

#[test]
fn flow_1_waiting_touches_nothing_but_the_wake_up() {
    let run = OneRun::with_events(1);
    let (mut subscription, _) = open(&run, after(1));
    let before = run.reads.load(Ordering::Relaxed);
    assert!(poll(&mut subscription).is_none());
    assert_eq!(run.reads.load(Ordering::Relaxed), before);
    drop(subscription);
    assert!(!run.publisher.is_watched());
}

proptest! {
    /// SUB-5, FLOW-2, FLOW-7: whatever commits fall between the reads, and however often a document is put off, numbers rise
    /// strictly, nothing is lost or told twice, and what was elided is counted.
    #[test]
    fn sub_5_no_commit_between_the_reads_is_lost(
        conflate: bool,
        begin in 0_u64..4,
        racing in prop::collection::vec(0_usize..3, 0..20),
        live in prop::collection::vec((0_usize..3, any::<bool>()), 0..6),
    ) {
        let run = OneRun::with_events(4);
        run.log().racing = racing.into();
        let (mut subscription, _) = open(&run, after(begin).with_conflate(conflate));
        let mut seen = begin;
        let mut check = |subscription: &mut Subscription| {
            while let Some(delivery) = poll(subscription) {
                let (seq, skipped) = match delivery {
                    Delivery::Status { status, skipped, .. } => (status.at.seq, skipped),
                    Delivery::Outcome { outcome, skipped, .. } => (outcome.at.seq, skipped),
                    Delivery::Completed => continue,
                    other => return Err(TestCaseError::fail(format!("unexpected {other:?}"))),
                };
                prop_assert_eq!(seq, seen + skipped + 1);
                prop_assert!(conflate || skipped == 0);
                seen = seq;
            }
            Ok(())
        };
        check(&mut subscription)?;
        for (commits, puts_off) in live {
            for _ in 0..commits {
                run.commit();
            }
            if puts_off {
                prop_assert_eq!(notices(&mut subscription), NOTHING);
                subscription.take_up();
            }
            check(&mut subscription)?;
        }
        run.finish();
        check(&mut subscription)?;
        prop_assert_eq!(seen, run.log().head().seq);
    }
}
