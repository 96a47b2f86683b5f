//! A client that takes one run to its end, whatever happens to the engine, and remembers what it was told.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use jf_core::{
    At, Cancel, Cursor, Engine, EngineError, EngineErrorKind, Event, Head, JourneyId, JourneyStatus,
    ListQuery, Replay, StartRequest,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::journeys::Case;
use crate::support::{Bench, Job, breathe, caller, key, step};

/// Longer than any of the journeys takes, with all pauses after failures.
const ROUNDS: usize = 400;

/// What a client and the tasks of a run have seen.
pub(super) struct Pilot<'a> {
    case: &'a Case,
    run: Option<JourneyId>,
    /// The highest number that a command was acknowledged with.
    acknowledged: u64,
    /// Documents that were read, by run and number.
    read: BTreeMap<(JourneyId, u64), Value>,
    /// How often each task was run, by its attempt, with the state it belongs to.
    tasks: BTreeMap<String, (String, usize)>,
}

/// All that is left of a case at its end, without ids and times.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Of the run, and of whatever else is in the store: what compensates it.
    outcomes: Vec<Value>,
    /// The states whose tasks were run, each once per activation.
    tasks: Vec<String>,
}

impl<'a> Pilot<'a> {
    pub(super) const fn new(case: &'a Case) -> Self {
        Self { case, run: None, acknowledged: 0, read: BTreeMap::new(), tasks: BTreeMap::new() }
    }

    /// Takes the run as far as it goes. Tells whether it came to its end, its compensation included.
    pub(super) async fn go(&mut self, bench: &Bench, dead: impl Fn() -> bool) -> bool {
        for _ in 0..ROUNDS {
            breathe().await;
            if dead() {
                return false;
            }
            self.work(bench).await;
            if self.run.is_none() {
                self.start(bench).await;
            } else if self.command(bench).await {
                return true;
            }
            bench.clock.advance(SignedDuration::from_secs(1));
        }
        panic!("{}: it does not come to its end", self.case.name);
    }

    /// Does the tasks that have begun.
    async fn work(&mut self, bench: &Bench) {
        while !bench.desk.is_empty().await {
            let job = bench.desk.next().await;
            self.task(job);
            breathe().await;
        }
    }

    fn task(&mut self, job: Job) {
        // What asks for a read guard belongs to no run.
        if job.context.attempt.contains(".read-") {
            return job.done(json!({ "allowed": true }));
        }
        let state = job.context.state.to_string();
        let seen = self.tasks.entry(job.context.attempt.to_string()).or_insert((state.clone(), 0));
        assert_eq!(seen.0, state, "an attempt belongs to one state");
        seen.1 += 1;
        job.done(json!(state));
    }

    /// Waits for an answer, and does what has to be done for it.
    async fn told<T: std::fmt::Debug>(
        &mut self,
        bench: &Bench,
        asked: impl Future<Output = Result<T, EngineError>>,
    ) -> Option<T> {
        let mut asked = std::pin::pin!(asked);
        loop {
            tokio::select! {
                biased;
                answer = &mut asked => return told(answer),
                job = bench.desk.next() => self.task(job),
            }
        }
    }

    async fn start(&mut self, bench: &Bench) {
        let request = StartRequest::new(self.case.name, json!({})).unwrap().with_key(key("start"));
        if let Some(started) = self.told(bench, bench.engine.start(request, &caller())).await {
            self.acknowledge(&started.at);
            self.run = Some(started.journey_id);
        }
    }

    fn acknowledge(&mut self, at: &Head) {
        self.acknowledged = self.acknowledged.max(at.seq);
    }

    /// Looks at the run and gives it what it waits for. Tells whether all is over.
    async fn command(&mut self, bench: &Bench) -> bool {
        let run = self.run.clone().expect("it was started");
        let Some(status) = self.look(bench, &run).await else { return false };
        if status.phase.is_final() {
            let Some(runs) = listed(bench).await else { return false };
            for undoing in runs.iter().filter(|id| **id != run) {
                if !self.look(bench, undoing).await.is_some_and(|status| status.phase.is_final()) {
                    return false;
                }
            }
            return runs.len() >= self.case.runs;
        }
        if self.case.cancelled_at.is_some_and(|state| status.current_state == *state) {
            let request = Cancel::new(run.clone()).with_key(key("cancel"));
            if let Some(cancelled) = self.told(bench, bench.engine.cancel(request, &caller())).await {
                self.acknowledge(&cancelled.at);
            }
            return false;
        }
        for address in status.active_steps.iter().map(address) {
            if self.case.answers.contains(&address.as_str()) {
                let name = key(&address.replace('~', ""));
                let submission = step(&run, &address, json!(address)).with_key(name);
                if let Some(taken) = self.told(bench, bench.submit(submission)).await {
                    self.acknowledge(&taken.at);
                }
            }
        }
        false
    }

    async fn look(&mut self, bench: &Bench, run: &JourneyId) -> Option<JourneyStatus> {
        let At { at, document, .. } = self.told(bench, bench.engine.get_status(run, &caller())).await?;
        self.read.insert((run.clone(), at.seq), shape(&Event::Status(document.clone())));
        Some(document)
    }

    /// Holds what is left to everything that was seen, and gives it.
    pub(super) async fn end(&mut self, bench: &Bench) -> End {
        let run = self.run.clone().expect("it was started");
        let mut runs = listed(bench).await.expect("nothing is in the way");
        runs.sort_by_key(|id| *id != run);
        let mut outcomes = Vec::new();
        for id in runs {
            let (all, me) = (NonZeroU32::new(1_000).unwrap(), caller());
            let log = bench.engine.events(&id, Cursor::beginning(), all, &me);
            let Some(Replay::Events { items: log, .. }) = self.told(bench, log).await else {
                panic!("nothing is in the way, and all is kept")
            };
            let numbers: Vec<u64> = log.iter().map(|event| event.at.seq).collect();
            assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "ENG-106: {numbers:?}");
            let ends = log.iter().filter(|event| matches!(event.document, Event::Outcome(_))).count();
            assert_eq!(ends, 1, "ENG-106");
            outcomes.push(log.last().map(|event| shape(&event.document)).expect("an outcome"));
            for ((_, seq), seen) in self.read.iter().filter(|((of, _), _)| *of == id) {
                let logged = &log[usize::try_from(*seq).unwrap() - 1].document;
                if matches!(logged, Event::Status(_)) {
                    assert_eq!(*seen, shape(logged), "ENG-100: what was read at {seq} has happened");
                }
            }
            if id == run {
                assert!(numbers.len() as u64 >= self.acknowledged, "ENG-100: {}", self.acknowledged);
            }
        }
        // Of the others some were created in one commit, and in a list stand in the order of their ids.
        outcomes[1..].sort_by_cached_key(Value::to_string);
        let mut tasks: Vec<String> = self.tasks.values().map(|(state, _)| state.clone()).collect();
        tasks.sort_unstable();
        End { outcomes, tasks }
    }

    /// How often tasks were run beyond once.
    pub(super) fn repeated(&self) -> usize {
        self.tasks.values().map(|(_, runs)| runs - 1).sum()
    }
}

/// What came of a call; `None` when the store was in its way, which is the only trouble there is.
fn told<T: std::fmt::Debug>(result: Result<T, EngineError>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(error) => {
            let kind = error.kind();
            assert!(matches!(kind, EngineErrorKind::Unavailable | EngineErrorKind::Internal), "{error}");
            None
        }
    }
}

fn address(active: &jf_core::ActiveStep) -> String {
    active.address.as_deref().map_or_else(|| active.step_id.to_string(), ToOwned::to_owned)
}

/// What a document says beside ids, links and times.
fn shape(document: &Event) -> Value {
    match document {
        Event::Status(status) => {
            let steps: BTreeSet<String> = status.active_steps.iter().map(address).collect();
            json!([status.phase, status.current_state, steps])
        }
        Event::Outcome(outcome) => {
            json!([outcome.phase, outcome.output, outcome.error.as_ref().map(|error| error.code.as_str())])
        }
    }
}

/// All runs there are.
async fn listed(bench: &Bench) -> Option<Vec<JourneyId>> {
    let mut query = ListQuery::new(NonZeroU32::new(10).unwrap());
    query.include_compensation = true;
    let page = told(bench.engine.list(query, &caller()).await)?;
    Some(page.items.into_iter().map(|status| status.journey_id).collect())
}
