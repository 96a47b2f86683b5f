//! Schedules through the engine, on every store: runs begun by time, one at a time, each exactly once (TSK-100 to TSK-105, ENG-080 to
//! ENG-086).

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use jf_core::spi::Clock;
use jf_core::{Engine, JourneyStatus, ListQuery, Phase};
use jf_engine::{EmbeddedEngine, EngineConfig};
use jf_store::{MemoryStore, Store};
use jf_store_sqlite::{SqliteConfig, SqliteStore};
use jf_testkit::{Fate, FaultyStore};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Bench, Setup, breathe, caller, definition, faulty_store, journey, soon};

/// A journey whose schedule has these members. Each run wraps what the one before left, so that the depth of `chain` counts them.
fn planning(members: &str, work: &str) -> String {
    format!(
        "\
start: plan
states:
  plan: {{ type: task, task: {{ kind: 'schedule:v1', start: note, {members} }}, next: planned }}
  planned: {{ type: succeed }}
  note: {{ type: transform, transform: {{ mapper: {{ lang: tiny, expr: '{{\"before\":\"=context.chain\"}}' }}, target: {{ kind: var }}, resultVar: chain }}, next: work }}
  work: {work}
  done: {{ type: succeed, outputVar: chain }}
"
    )
}

/// What a run does without asking anybody.
const AT_ONCE: &str = "{ type: task, task: { kind: 'desk:v1', does: worked }, next: done }";

/// What a run does with the help of the test.
const AT_THE_DESK: &str = "{ type: task, task: { kind: 'desk:v1' }, next: done }";

const HOUR: i64 = 3_600;

/// Stores that an engine can be built on again and again.
enum Kept {
    Memory(Arc<dyn Store>),
    File(TempDir),
}

impl Kept {
    fn all() -> [Self; 2] {
        [Self::Memory(Arc::new(MemoryStore::new())), Self::File(tempfile::tempdir().unwrap())]
    }

    /// The store; a file must not be open already.
    fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::clone(store),
            Self::File(folder) => {
                let config = SqliteConfig::new(folder.path().join("runs.db"));
                Arc::new(SqliteStore::open(&config).unwrap())
            }
        }
    }
}

async fn bench(store: &Kept, definitions: &[String]) -> Bench {
    Setup::new(definitions).store(store.open()).build().await
}

/// Ends an engine and goes on with another one on the same store.
async fn restart(bench: Bench, store: &Kept, definitions: &[String]) -> Bench {
    let clock = bench.clock.clone();
    // Work in flight holds the store.
    bench.engine.drain(std::time::Duration::from_secs(0)).await;
    let mut weak = Some(Arc::downgrade(&bench.store));
    drop(bench);
    if matches!(store, Kept::File(_)) {
        soon(async {
            while weak.take_if(|weak| weak.strong_count() == 0).is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    let mut setup = Setup::new(definitions).store(store.open());
    setup.clock = clock;
    setup.build().await
}

/// All runs, the oldest first.
async fn runs(bench: &Bench) -> Vec<JourneyStatus> {
    let query = ListQuery::new(NonZeroU32::new(200).unwrap());
    let mut items = bench.engine.list(query, &caller()).await.unwrap().items;
    items.reverse();
    items
}

/// Waits until there are as many runs as wanted, all but `open` of which have ended; and makes sure that there come no more.
async fn until_runs(bench: &Bench, wanted: usize, open: usize) -> Vec<JourneyStatus> {
    let there = |runs: &[JourneyStatus]| {
        let ended = runs.iter().filter(|run| run.phase.is_final()).count();
        runs.len() >= wanted && ended + open >= wanted
    };
    soon(async {
        while !there(&runs(bench).await) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    breathe().await;
    let runs = runs(bench).await;
    assert_eq!(runs.len(), wanted, "{runs:?}");
    assert_eq!(runs.iter().filter(|run| !run.phase.is_final()).count(), open, "{runs:?}");
    runs
}

fn depth(chain: &Value) -> usize {
    chain.get("before").map_or(0, |before| 1 + depth(before))
}

/// How deep the output of each scheduled run is.
async fn depths(bench: &Bench, runs: &[JourneyStatus]) -> Vec<usize> {
    let mut depths = Vec::new();
    for run in runs.iter().filter(|run| run.current_state == *"done") {
        depths.push(depth(&bench.outcome(&run.journey_id).await.output));
    }
    depths.sort_unstable();
    depths
}

async fn next_due(bench: &Bench) -> Option<Timestamp> {
    let due = bench.store.due_schedules(Timestamp::MAX, NonZeroUsize::MIN).await.unwrap();
    due.first().map(|schedule| schedule.due)
}

/// Also ENG-080, ENG-081, TSK-105.
#[tokio::test]
async fn eng_084_a_schedule_has_its_runs_each_with_what_the_one_before_left() {
    for store in Kept::all() {
        let bench = bench(&store, &[journey("plan", &planning("interval: PT1H, maxRuns: 3", AT_ONCE))]).await;
        let begin = bench.clock.now();
        bench.run("plan", json!({ "chain": null })).await;
        for n in 1..=3_usize {
            // The first is due at once: the schedule is anchored at the commit that makes it.
            let ended = until_runs(&bench, 1 + n, 0).await;
            assert_eq!(depths(&bench, &ended).await, (1..=n).collect::<Vec<_>>());
            let expected = (n < 3).then(|| begin + jiff::SignedDuration::from_secs(HOUR * n as i64));
            assert_eq!(next_due(&bench).await, expected, "exhausted ones are gone");
            bench.pass(HOUR - 1).await;
            until_runs(&bench, 1 + n, 0).await;
            bench.pass(1).await;
        }
        until_runs(&bench, 4, 0).await;
    }
}

#[tokio::test]
async fn eng_083_a_run_is_not_overtaken_and_what_was_missed_makes_one_run() {
    for store in Kept::all() {
        let members = "interval: PT1H, maxRuns: 9, startAt: '2026-01-01T01:00:00Z'";
        let bench = bench(&store, &[journey("plan", &planning(members, AT_THE_DESK))]).await;
        bench.run("plan", json!({ "chain": null })).await;
        until_runs(&bench, 1, 0).await;
        bench.pass(HOUR).await;
        let job = bench.desk.next().await;
        assert!(job.context.caller.is_none(), "TSK-008");
        bench.pass(3 * HOUR).await;
        until_runs(&bench, 2, 1).await;
        job.done(json!(1));
        // Three due times have come meanwhile.
        let job = bench.desk.next().await;
        job.fail("urn:broken");
        until_runs(&bench, 3, 0).await;
        bench.pass(HOUR).await;
        bench.desk.next().await.done(json!(3));
        let ended = until_runs(&bench, 4, 0).await;
        assert_eq!(depths(&bench, &ended).await, [1, 3], "the one that failed has left its context, too");
    }
}

/// Also DEF-151 ff.: a scheduled run is a run like any other.
#[tokio::test]
async fn eng_082_a_scheduled_run_has_its_subject_and_the_tags_of_the_definition() {
    let members =
        "interval: PT1H, maxRuns: 1, subjectId: { mapper: { lang: tiny, expr: '\"=context.who\"' } }";
    let text = journey("plan", &planning(members, AT_ONCE))
        .replace("version: 1.0.0", "version: 1.0.0, tags: [nightly]");
    for store in Kept::all() {
        let bench = bench(&store, std::slice::from_ref(&text)).await;
        bench.run("plan", json!({ "who": "ann" })).await;
        let runs = until_runs(&bench, 2, 0).await;
        let scheduled = runs.iter().find(|run| run.current_state == *"done").unwrap();
        assert_eq!(scheduled.tags, ["nightly"]);
        assert_eq!(scheduled.attributes["subjectId"], "ann");
        assert_eq!(bench.events(&scheduled.journey_id).await[0].at.seq, 1);
    }
}

#[tokio::test]
async fn tsk_104_an_active_schedule_of_the_identity_counts() {
    for store in Kept::all() {
        let subject = "subjectId: { mapper: { lang: tiny, expr: '\"=context.who\"' } }, context: { mapper: { lang: tiny, expr: '\"=context\"' } }";
        let members = |rest: &str| {
            format!(
                "interval: PT1H, maxRuns: 2, startAt: '2026-01-02T00:00:00Z', {subject}, onExisting: {rest}"
            )
        };
        let definitions = ["fail", "upsert", "addAnother"].map(|mode| {
            // One journey with three ways in: identity is per journey.
            (mode, members(mode))
        });
        let states: String = definitions
            .iter()
            .map(|(mode, members)| format!("  {mode}: {{ type: task, task: {{ kind: 'schedule:v1', start: work, {members} }}, next: done }}\n"))
            .collect();
        let choices = "[{ when: { predicate: { lang: tiny, expr: '{\"$eq\":[\"=context.mode\",\"upsert\"]}' } }, next: upsert }, { when: { predicate: { lang: tiny, expr: '{\"$eq\":[\"=context.mode\",\"addAnother\"]}' } }, next: addAnother }]";
        let spec = format!(
            "start: pick\nstates:\n  pick: {{ type: choice, choices: {choices}, default: fail }}\n{states}  work: {AT_ONCE}\n  done: {{ type: succeed, outputVar: n }}\n"
        );
        let bench = bench(&store, &[journey("plan", &spec)]).await;
        let ask = async |mode: &str, who: &str, n: i64| {
            let started = bench.start("plan", json!({ "mode": mode, "who": who, "n": n })).await;
            let id = started.journey_id.clone();
            soon(started.settled()).await.unwrap();
            bench.outcome(&id).await.error.map(|error| error.code)
        };
        let count = async || {
            let limit = NonZeroUsize::new(100).unwrap();
            bench.store.due_schedules(Timestamp::MAX, limit).await.unwrap().len()
        };
        let exists = Some("urn:journeyforge:error:schedule-exists".to_owned());
        assert_eq!(ask("fail", "ann", 1).await, None);
        assert_eq!(ask("fail", "ann", 2).await, exists);
        assert_eq!(ask("fail", "bob", 3).await, None);
        assert_eq!((ask("upsert", "ann", 4).await, count().await), (None, 2));
        assert_eq!((ask("addAnother", "ann", 5).await, count().await), (None, 3));
        assert_eq!((ask("upsert", "ann", 6).await, count().await), (None, 3), "the newest is replaced");
        // Each of the three has its runs; those of `ann` show what was replaced.
        bench.pass(24 * HOUR).await;
        let ended = until_runs(&bench, 9, 0).await;
        let mut outputs = Vec::new();
        for run in ended.iter().filter(|run| run.attributes.contains_key("subjectId")) {
            outputs.push(bench.outcome(&run.journey_id).await.output.as_i64().unwrap());
        }
        outputs.sort_unstable();
        assert_eq!(outputs, [3, 4, 6]);
        bench.pass(HOUR).await;
        until_runs(&bench, 12, 0).await;
        assert_eq!(count().await, 0);
        assert_eq!(ask("fail", "ann", 7).await, None, "exhausted ones do not count");
    }
}

/// Also TSK-105: the store decides between two that have both found nothing.
#[tokio::test]
async fn tsk_104_of_two_that_find_no_schedule_one_makes_it() {
    let members = "interval: PT1H, maxRuns: 1, startAt: '2026-01-02T00:00:00Z'";
    let faulty = faulty_store();
    let bench = Setup::new(&[journey("plan", &planning(members, AT_ONCE))]).store(faulty).build().await;
    for round in 0..10 {
        let ids = futures::future::join_all((0..5).map(|_| async {
            let started = bench.start("plan", json!({ "round": round })).await;
            let id = started.journey_id.clone();
            soon(started.settled()).await.unwrap();
            id
        }))
        .await;
        let mut succeeded = 0;
        for id in ids {
            let outcome = bench.outcome(&id).await;
            match outcome.error {
                None => succeeded += 1,
                Some(error) => assert_eq!(error.code, "urn:journeyforge:error:schedule-exists"),
            }
        }
        assert_eq!(succeeded, usize::from(round == 0));
    }
}

/// Nothing of an answer that was taken back stays behind: the store finds each run by what it is.
#[tokio::test]
async fn tsk_104_who_comes_second_is_found_by_what_it_has_become() {
    let spec = "\
start: try
states:
  try: { type: subjourney, subjourney: { ref: planning, resultVar: tried, resultKind: outcome, onFailure: { behavior: capture } }, next: mark }
  mark: { type: transform, transform: { mapper: { lang: tiny, expr: '{\"orderId\":\"=context.tried.phase\"}' }, target: { kind: attributes } }, next: ask }
  ask: { type: task, task: { kind: 'desk:v1', does: asked }, next: more }
  more: { type: transform, transform: { mapper: { lang: tiny, expr: '{\"channel\":\"desk\"}' }, target: { kind: attributes } }, next: done }
  work: { type: succeed }
  done: { type: succeed, outputVar: tried }
subjourneys:
  planning:
    start: plan
    states:
      plan: { type: task, task: { kind: 'schedule:v1', start: work, interval: PT1H, maxRuns: 1, startAt: '2026-02-01T00:00:00Z' }, next: planned }
      planned: { type: succeed }
";
    let bench = Setup::new(&[journey("plan", spec)]).store(faulty_store()).build().await;
    let ids = futures::future::join_all((0..5).map(|_| async {
        let started = bench.start("plan", json!({})).await;
        let id = started.journey_id.clone();
        soon(started.settled()).await.unwrap();
        id
    }))
    .await;
    let mut succeeded = 0;
    for id in ids {
        let tried = bench.outcome(&id).await.output;
        succeeded += usize::from(tried["phase"] == "SUCCEEDED");
        let index = bench.store.locate(&id).await.unwrap().unwrap();
        assert_eq!(Some(index.attributes["orderId"].as_str()), tried["phase"].as_str());
        assert_eq!(index.attributes["channel"], "desk");
    }
    assert_eq!(succeeded, 1);
}

/// A schedule that rests, and whose run goes on: what two engines without its version have left. The second one is given back, with what it
/// is at: its store is that of a process that hangs.
async fn resting(definitions: &[String], other: &[String]) -> (Arc<dyn Store>, Bench) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let kept = Kept::Memory(Arc::clone(&store));
    let before = bench(&kept, definitions).await;
    before.run("plan", json!({ "chain": null })).await;
    let _lost = before.desk.next().await;
    let clock = before.clock.clone();
    let mut setup = Setup::new(other).store(Arc::clone(&store));
    setup.clock = clock;
    let without = setup.build().await;
    let version = store.scheduled_versions().await.unwrap().remove(0);
    soon(async {
        while store.schedules_of(&version, true, None, NonZeroUsize::MIN).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    (store, without)
}

/// Also ENG-084.
#[tokio::test]
async fn eng_086_a_schedule_whose_version_is_back_goes_on_though_its_run_ends_at_that_moment() {
    let spec = planning("interval: PT1H, maxRuns: 9", AT_THE_DESK);
    let first = [definition("Journey", "plan", "1.0.0", &spec)];
    let second = [definition("Journey", "plan", "2.0.0", &spec)];
    let (disk, without) = resting(&first, &second).await;
    let faulty = Arc::new(FaultyStore::new(disk));
    // The claim and the definition are written before; then the schedule is to go on.
    faulty.fail_at(2, Fate::Late);
    let mut setup = Setup::new(&first).store(faulty);
    setup.clock = without.clock.clone();
    let back = setup.build().await;
    back.desk.next().await.done(json!(1));
    until_runs(&back, 2, 0).await;
    back.pass(HOUR).await;
    back.desk.next().await.done(json!(2));
    until_runs(&back, 3, 0).await;
}

/// Also ENG-101: trouble with the store passes.
#[tokio::test]
async fn eng_086_a_schedule_goes_on_when_the_store_had_trouble_as_its_version_came_back() {
    let spec = planning("interval: PT1H, maxRuns: 9", AT_THE_DESK);
    let first = [definition("Journey", "plan", "1.0.0", &spec)];
    let second = [definition("Journey", "plan", "2.0.0", &spec)];
    for fate in [Fate::Refused, Fate::Unknown, Fate::Lost] {
        let (disk, without) = resting(&first, &second).await;
        let faulty = Arc::new(FaultyStore::new(disk));
        // The claim and the definition are written before.
        faulty.fail_at(2, fate);
        let mut setup = Setup::new(&first).store(faulty);
        setup.clock = without.clock.clone();
        let back = setup.build().await;
        let job = back.desk.next().await;
        back.pass(2).await;
        job.done(json!(1));
        until_runs(&back, 2, 0).await;
        back.pass(HOUR).await;
        back.desk.next().await.done(json!(2));
        until_runs(&back, 3, 0).await;
        drop(without);
    }
}

/// Also ENG-117.
#[tokio::test]
async fn eng_086_a_withdrawn_version_begins_no_runs_until_it_is_back() {
    let spec = planning("interval: PT1H, maxRuns: 9, startAt: '2026-01-01T01:00:00Z'", AT_ONCE);
    let first = [definition("Journey", "plan", "1.0.0", &spec)];
    let second = [definition("Journey", "plan", "2.0.0", &spec)];
    for store in Kept::all() {
        let before = bench(&store, &first).await;
        before.run("plan", json!({ "chain": null })).await;
        before.pass(HOUR).await;
        until_runs(&before, 2, 0).await;
        let without = restart(before, &store, &second).await;
        soon(async {
            while next_due(&without).await.is_some() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        without.pass(5 * HOUR).await;
        until_runs(&without, 2, 0).await;
        let back = restart(without, &store, &[first[0].clone(), second[0].clone()]).await;
        until_runs(&back, 3, 0).await;
        back.pass(HOUR).await;
        let ended = until_runs(&back, 4, 0).await;
        assert_eq!(depths(&back, &ended).await, [1, 2, 3], "what was missed made one run");
    }
}

/// Also ENG-101.
#[tokio::test]
async fn eng_086_a_run_of_a_withdrawn_version_goes_on_and_its_schedule_rests() {
    let spec = planning("interval: PT1H, maxRuns: 9", AT_THE_DESK);
    let first = [definition("Journey", "plan", "1.0.0", &spec)];
    let second = [definition("Journey", "plan", "2.0.0", &spec)];
    for store in Kept::all() {
        let before = bench(&store, &first).await;
        before.run("plan", json!({ "chain": null })).await;
        let lost = before.desk.next().await;
        drop(lost);
        let without = restart(before, &store, &second).await;
        // In a store in memory the first engine may have ended the run already.
        if runs(&without).await.iter().any(|run| !run.phase.is_final()) {
            without.desk.next().await.done(json!(1));
        }
        until_runs(&without, 2, 0).await;
        without.pass(3 * HOUR).await;
        until_runs(&without, 2, 0).await;
        let back = restart(without, &store, &first).await;
        back.desk.next().await.done(json!(2));
        until_runs(&back, 3, 0).await;
    }
}

#[tokio::test]
async fn eng_083_due_times_that_came_while_nobody_was_there_make_one_run() {
    let definitions = [journey("plan", &planning("interval: PT1H, maxRuns: 9", AT_ONCE))];
    for store in Kept::all() {
        let before = bench(&store, &definitions).await;
        before.run("plan", json!({ "chain": null })).await;
        until_runs(&before, 2, 0).await;
        let clock = before.clock.clone();
        before.engine.drain(std::time::Duration::from_secs(1)).await;
        clock.advance(jiff::SignedDuration::from_secs(10 * HOUR));
        breathe().await;
        until_runs(&before, 2, 0).await;
        let after = restart(before, &store, &definitions).await;
        until_runs(&after, 3, 0).await;
        after.pass(HOUR).await;
        until_runs(&after, 4, 0).await;
    }
}

/// Killed after the n-th commit, for every n: the schedule is made once, and each of its runs exactly once (TSK-105, ENG-101).
#[tokio::test]
async fn tsk_105_a_crash_neither_loses_nor_doubles_schedules_and_their_runs() {
    let definitions = [journey("plan", &planning("interval: PT1H, maxRuns: 3", AT_ONCE))];
    for fate in Fate::FAULTS {
        // Two commits make the schedule, and two each run.
        for commits in 1..=8 {
            let faulty: Arc<FaultyStore> = faulty_store();
            let before = Setup::new(&definitions).store(faulty.clone()).build().await;
            faulty.fail_at(commits, fate);
            let main = before.start("plan", json!({ "chain": null })).await.journey_id;
            for _ in 0..8 {
                before.pass(HOUR / 2).await;
            }
            let mut setup = Setup::new(&definitions).store(faulty.disk());
            setup.clock = before.clock.clone();
            let after = setup.build().await;
            for _ in 0..10 {
                after.pass(HOUR / 2).await;
            }
            assert_eq!(after.until_ended(&main).await.phase, Phase::Succeeded);
            let ended = until_runs(&after, 4, 0).await;
            assert_eq!(depths(&after, &ended).await, [1, 2, 3], "{fate:?} after {commits} commits");
            assert_eq!(next_due(&after).await, None);
        }
    }
}

/// Also ENG-084: an old run that goes on is waited for.
#[tokio::test]
async fn eng_083_a_scheduled_run_that_makes_its_schedule_anew_is_not_overtaken() {
    let spec = "\
start: plan
states:
  plan: { type: task, task: { kind: 'schedule:v1', start: again, interval: PT1H, maxRuns: 2 }, next: done }
  again: { type: task, task: { kind: 'schedule:v1', start: again, interval: PT2H, maxRuns: 1, onExisting: upsert }, next: work }
  work: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed }
";
    for store in Kept::all() {
        let bench = bench(&store, &[journey("plan", spec)]).await;
        bench.run("plan", json!({})).await;
        for n in 0..3 {
            let job = bench.desk.next().await;
            bench.pass(HOUR).await;
            until_runs(&bench, 2 + n, 1).await;
            job.done(json!(n));
        }
    }
}

/// Also TSK-102.
#[tokio::test]
async fn tsk_100_a_catalog_with_schedules_alone_needs_no_connector() {
    let spec = "start: plan\nstates:\n  plan: { type: task, task: { kind: 'schedule:v1', start: done, interval: PT1H, maxRuns: 1 }, next: done }\n  done: { type: succeed }\n";
    let registries = jf_core::spi::Registries::builder().features(EmbeddedEngine::FEATURES.iter().copied());
    let registries = registries.build().unwrap();
    let source = jf_dsl::SourceFile::new("plan.journey.yaml", journey("plan", spec));
    let loaded = jf_dsl::load(&source, &registries).unwrap();
    let catalog = jf_dsl::Catalog::new(vec![loaded]).unwrap();
    let built =
        EmbeddedEngine::builder(catalog).registries(registries).config(EngineConfig::default()).build().await;
    assert!(built.is_ok(), "{built:?}");
}
