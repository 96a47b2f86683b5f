use jf_core::run_fault;
use jf_core::{Phase, TerminationKind};
use jf_machine::{Fact, PutMode, Schedule, ScheduleEvent};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::{World, at, journey, urn};

/// A journey that makes a schedule with these members, whose runs count.
fn plan(members: &str) -> String {
    format!(
        "
start: plan
states:
  plan: {{ type: task, task: {{ kind: 'schedule:v1', start: count, {members} }}, next: done }}
  count: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '{{\"$add\":[\"=context.n\",1]}}' }}, target: {{ kind: var }}, resultVar: n }}, next: work }}
  work: {{ type: task, task: {{ kind: 'fake:v1' }}, next: done }}
  done: {{ type: succeed, outputVar: n }}
execution: {{ maxDurationSec: 3600, onTimeout: {{ errorCode: SLOW, reason: r }} }}
metadata: {{ bindings: {{ attributes: {{ fromPayload: {{ who: {{ path: who }} }} }} }} }}
"
    )
}

fn asked(members: &str) -> World {
    World::start(journey(&plan(members)), json!({ "n": 0, "who": "ann" }))
}

fn planned(members: &str) -> (World, Schedule) {
    let mut world = asked(members);
    world.found(None);
    let schedule = world.schedule();
    (world, schedule)
}

const HOURLY: &str = "interval: PT1H, maxRuns: 3";

fn mapped(expr: &str) -> String {
    format!("{{ mapper: {{ lang: mini, expr: '{expr}' }} }}")
}

/// Takes the run of a schedule to its end, and the schedule with it.
fn end(mut run: World, schedule: &mut Schedule) -> Timestamp {
    run.finish(&[]);
    assert!(run.run.phase().is_final());
    assert!(schedule.run_ended(run.run.journey_id(), run.left.take().expect("ENG-084")));
    run.now
}

/// Also TSK-105, ENG-107.
#[test]
fn tsk_100_a_schedule_is_put_with_the_state_that_makes_it() {
    let mut world = asked(HOURLY);
    assert!(world.run.in_motion(), "it stops like any task");
    assert_eq!(world.check_order().identity().unwrap().start, "count");
    world.found(None);
    assert_eq!(world.output(), &json!(0));
    let (schedule, mode) = world.put.pop().unwrap();
    assert_eq!((schedule.id().as_str(), mode), ("r1.1", PutMode::Only));
    assert_eq!(schedule.due(), Some(world.now), "ENG-080: anchored at the commit");
    let told = Fact::ScheduleChanged(schedule.id().clone(), ScheduleEvent::Added);
    assert!(world.facts.contains(&told));
    let back = Schedule::from_snapshot(&schedule.to_snapshot()).unwrap();
    assert!(back == schedule);
}

#[test]
fn tsk_101_every_value_may_be_computed() {
    let members = format!(
        "interval: {}, maxRuns: {}, startAt: {}, subjectId: {}, context: {}",
        mapped("\"PT2H\""),
        mapped("2"),
        mapped("\"2026-01-02T00:00:00+01:00\""),
        mapped("\"=context.who\""),
        mapped("{ \"n\": 7 }"),
    );
    let (mut world, mut schedule) = planned(&members);
    assert_eq!(schedule.identity().subject.as_deref(), Some("ann"));
    assert_eq!(schedule.due(), Some(at("2026-01-01T23:00:00Z")));
    world.now = at("2026-01-01T22:59:59Z");
    assert!(world.scheduled(&mut schedule, "early").is_none());
    world.now = at("2026-01-01T23:00:00Z");
    let run = world.scheduled(&mut schedule, "s1").expect("it is due");
    assert_eq!(run.task().evaluation.context(), &json!({ "n": 8 }));
    assert_eq!(run.run.attributes()["subjectId"], "ann", "ENG-082");
    assert_eq!(run.run.attributes().len(), 1, "ENG-081: no metadata bindings");
    assert_eq!(run.run.status().attributes.len(), 1);
    end(run, &mut schedule);
    assert_eq!(schedule.due(), Some(at("2026-01-02T01:00:00Z")));
}

/// Also EXP-024.
#[test]
fn tsk_102_values_that_make_no_sense_fail_the_state() {
    let cases = [
        format!("interval: {}, maxRuns: 1", mapped("\"PT59S\"")),
        format!("interval: {}, maxRuns: 1", mapped("\"hourly\"")),
        format!("interval: {}, maxRuns: 1", mapped("60")),
        format!("interval: PT1H, maxRuns: {}", mapped("0")),
        format!("interval: PT1H, maxRuns: {}", mapped("1.5")),
        format!("interval: PT1H, maxRuns: {}", mapped("\"1\"")),
        format!("{HOURLY}, startAt: {}", mapped("\"soon\"")),
        format!("{HOURLY}, startAt: {}", mapped("null")),
        format!("{HOURLY}, subjectId: {}", mapped("\"\"")),
        format!("{HOURLY}, subjectId: {}", mapped("7")),
        format!("{HOURLY}, context: {}", mapped("[]")),
    ];
    for members in cases {
        let mut world = asked(&members);
        assert!(world.check_order().identity().is_none(), "there is nothing to look for");
        world.found(None);
        assert_eq!(world.error().0, urn("schedule-invalid"), "{members}");
        assert_eq!(world.run.termination(), Some(TerminationKind::Fail), "STA-022");
        assert!(world.put.is_empty());
    }
    let mut failing = asked(&format!("{HOURLY}, subjectId: {}", mapped("{\"$fail\":1}")));
    failing.found(None);
    assert_eq!(failing.run.termination(), Some(TerminationKind::RuntimeError), "EXP-042");
}

#[test]
fn tsk_102_the_minimum_is_that_of_the_platform() {
    let program = || journey(&plan(&format!("interval: {}, maxRuns: 1", mapped("\"PT1H\""))));
    let minimum = |text: &str| {
        let mut world = World::with(program(), json!({ "n": 0 }), |world| {
            world.limits.schedule_minimum = text.parse().unwrap();
        });
        world.found(None);
        world.run.phase()
    };
    assert_eq!((minimum("PT1H"), minimum("PT61M")), (Phase::Succeeded, Phase::Failed));
}

#[test]
fn tsk_103_the_snapshot_is_the_context_without_payload() {
    let spec = plan(HOURLY)
        .replace("start: plan", "start: ask")
        .replace("states:", "states:\n  ask: { type: wait, wait: { input: { schema: {} } }, next: plan }");
    let mut world = World::start(journey(&spec), json!({ "n": 0, "deep": { "payload": 1 } }));
    world.submit("ask", json!("secret"));
    world.found(None);
    let mut schedule = world.schedule();
    let run = world.scheduled(&mut schedule, "s1").unwrap();
    assert_eq!(run.task().evaluation.context(), &json!({ "n": 1, "deep": { "payload": 1 } }));
}

#[test]
fn tsk_104_an_existing_schedule_fails_the_task_or_is_replaced_or_stays() {
    let (_, existing) = planned(HOURLY);
    let mut fail = asked(HOURLY);
    fail.found(Some(existing.clone()));
    assert_eq!(fail.error(), (run_fault::SCHEDULE_EXISTS, "Schedule Exists"));
    assert_eq!(fail.run.termination(), Some(TerminationKind::Fail));

    let mut upsert = asked(&format!(
        "interval: PT2H, maxRuns: 1, onExisting: upsert, context: {}",
        mapped("{ \"n\": 5 }")
    ));
    upsert.pass(60);
    let now = upsert.now;
    upsert.found(Some(existing.clone()));
    let (replaced, mode) = upsert.put.pop().unwrap();
    assert_eq!((replaced.id(), mode, replaced.due()), (existing.id(), PutMode::Replace, Some(now)));
    assert!(upsert.facts.contains(&Fact::ScheduleChanged(existing.id().clone(), ScheduleEvent::Replaced)));
    let mut none = asked(&format!("{HOURLY}, onExisting: upsert"));
    none.found(None);
    assert_eq!(none.put.pop().unwrap().1, PutMode::Only);

    let mut another = asked(&format!("{HOURLY}, onExisting: addAnother"));
    assert!(another.check_order().identity().is_none(), "what is there does not matter");
    another.found(None);
    assert_eq!(another.put.pop().unwrap().1, PutMode::Another);
}

/// Also ENG-081, ENG-082, STA-041.
#[test]
fn eng_084_each_run_begins_with_what_the_one_before_ended_with() {
    let (mut world, mut schedule) = planned(HOURLY);
    for n in 1..=3 {
        assert!(!schedule.is_exhausted());
        let mut run = world.scheduled(&mut schedule, "s1").expect("it is due");
        assert_eq!(run.run.tags(), ["static"], "ENG-082");
        assert_eq!(
            run.run.deadline(),
            Some(world.now + SignedDuration::from_hours(1)),
            "ENG-060: a budget of its own"
        );
        assert_eq!(run.run.scheduled_by(), Some(schedule.id()));
        assert_eq!(run.task().evaluation.context()["n"], json!(n));
        if n == 2 {
            // In either phase.
            run.fail_task(jf_machine::TaskFailure::internal());
            assert_eq!(run.run.phase(), Phase::Failed);
            let left = run.left.take().unwrap();
            assert!(schedule.run_ended(run.run.journey_id(), left));
        } else {
            end(run, &mut schedule);
        }
        assert_eq!(schedule.runs_ended(), n);
        world.pass(3600);
    }
    assert!(schedule.is_exhausted());
    assert_eq!(schedule.due(), None);
    assert!(world.scheduled(&mut schedule, "s4").is_none());
}

#[test]
fn eng_083_one_run_at_a_time_and_one_for_all_that_was_missed() {
    let (mut world, mut schedule) = planned("interval: PT1H, maxRuns: 9");
    let first = world.scheduled(&mut schedule, "s1").unwrap();
    assert_eq!(schedule.running().map(|run| run.as_str()), Some("s1"));
    world.pass(2 * 3600 + 60);
    assert_eq!(schedule.due(), None, "while a run goes on");
    assert!(world.scheduled(&mut schedule, "s2").is_none());
    end(first, &mut schedule);
    assert_eq!(schedule.due(), Some(at("2026-01-01T01:00:00Z")), "reached meanwhile");
    let second = world.scheduled(&mut schedule, "s2").expect("it starts when the run ends");
    end(second, &mut schedule);
    assert_eq!(schedule.due(), Some(at("2026-01-01T03:00:00Z")), "the two due times made one run");
}

#[test]
fn eng_084_a_replaced_schedule_waits_for_the_old_run_and_ignores_what_comes_of_it() {
    let (world, mut schedule) = planned(HOURLY);
    let old = world.scheduled(&mut schedule, "s1").unwrap();
    let mut upsert = asked(&format!(
        "interval: PT1H, maxRuns: 2, onExisting: upsert, context: {}",
        mapped("{ \"n\": 50 }")
    ));
    upsert.found(Some(schedule.clone()));
    let mut schedule = upsert.schedule();
    assert_eq!((schedule.runs_ended(), schedule.due()), (0, None), "ENG-083: one run at a time");
    let mut old = old;
    old.finish(&[]);
    assert!(!schedule.run_ended(old.run.journey_id(), old.left.take().unwrap()), "it does not count");
    assert!(!schedule.run_ended(old.run.journey_id(), Arc::new(json!({ "n": 99 }))), "nor twice");
    let new = upsert.scheduled(&mut schedule, "s2").expect("it is due");
    assert_eq!(new.task().evaluation.context()["n"], json!(51));
    assert_eq!(schedule.runs_ended(), 0);
}

#[test]
fn eng_086_a_suspended_schedule_begins_nothing() {
    let (mut world, mut schedule) = planned("interval: PT1H, maxRuns: 9");
    assert!(schedule.suspend() && !schedule.suspend() && schedule.is_suspended());
    world.pass(5 * 3600);
    assert!(schedule.due().is_none() && world.scheduled(&mut schedule, "s1").is_none());
    assert!(schedule.resume() && !schedule.resume());
    end(world.scheduled(&mut schedule, "s1").expect("what was missed makes one run"), &mut schedule);
    assert_eq!(schedule.due(), Some(at("2026-01-01T06:00:00Z")));
}

/// Also DEF-029: loading refuses such a schedule (STA-014), so its definition was replaced since.
#[test]
fn eng_085_a_scheduled_run_that_would_wait_ends() {
    let (mut world, schedule) = planned(HOURLY);
    let waits = "wait: { input: { schema: {} } }, next: done }";
    for ask in [
        format!("  ask: {{ type: wait, {waits}"),
        format!("  ask: {{ type: webhook, web{}", waits.replacen("wait", "hook", 1)),
    ] {
        let spec = format!("start: done\nstates:\n{ask}\n  done: {{ type: succeed }}\n");
        let spec = spec.replace("  ask:", "  count:");
        world.program = Arc::new(journey(&spec));
        let run = world.scheduled(&mut schedule.clone(), "s1").unwrap();
        assert_eq!(run.error().0, urn("interactive-in-schedule"));
        assert_eq!(run.run.termination(), Some(TerminationKind::RuntimeError));
        assert!(run.left.is_some(), "it counts like any other");
    }
    // In a subjourney that would go on after a failure, it is the run that ends.
    let spec = "
start: done
states:
  count: { type: subjourney, subjourney: { ref: inner, resultKind: outcome, resultVar: r, onFailure: { behavior: capture } }, next: done }
  done: { type: succeed }
subjourneys:
  inner:
    start: ask
    states: { ask: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } }
";
    world.program = Arc::new(journey(spec));
    let run = world.scheduled(&mut schedule.clone(), "s1").unwrap();
    assert_eq!(run.error().0, urn("interactive-in-schedule"));
    // A state that is gone ends it as any run of a replaced definition.
    world.program = Arc::new(journey("start: done\nstates: { done: { type: succeed } }"));
    world.run = world.begun_by(&mut schedule.clone(), "s1").unwrap();
    world.feed_unchecked(jf_machine::Input::Begin);
    assert_eq!(world.error().0, urn("internal"));
}

/// Also TSK-013: a branch that is not needed any more looks for nothing.
#[test]
fn sta_108_a_schedule_of_a_cancelled_branch_is_not_put() {
    let spec = format!(
        "
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - {{ name: a, start: p, states: {{ p: {{ type: task, task: {{ kind: 'schedule:v1', start: work, {HOURLY} }}, next: e }}, e: {{ type: succeed }} }} }}
        - {{ name: b, start: t, states: {{ t: {{ type: task, task: {{ kind: 'fake:v1' }}, next: e }}, e: {{ type: succeed }} }} }}
      join: {{ strategy: anyOf }}
    next: done
  work: {{ type: task, task: {{ kind: 'fake:v1' }}, next: done }}
  done: {{ type: succeed }}
"
    );
    let mut world = World::start(journey(&spec), json!({}));
    let order = Box::new(world.check_order().clone());
    world.finish_at("t", &[]);
    assert!(world.checks.is_empty() && world.run.phase() == Phase::Succeeded);
    let late = world.feed(jf_machine::Input::ScheduleChecked { order, existing: None }).unwrap();
    assert!(!late.changed() && world.put.is_empty());
}

#[derive(Debug, Clone)]
enum Turn {
    /// Time passes, in seconds.
    Pass(i64),
    /// Time is set back a little.
    Back(i64),
    Begin,
    End,
    Suspend,
    Resume,
    Replace,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => (0_i64..400_000).prop_map(Turn::Pass),
        1 => (0_i64..4_000).prop_map(Turn::Back),
        6 => any::<()>().prop_map(|()| Turn::Begin),
        4 => any::<()>().prop_map(|()| Turn::End),
        1 => any::<()>().prop_map(|()| Turn::Suspend),
        1 => any::<()>().prop_map(|()| Turn::Resume),
        1 => any::<()>().prop_map(|()| Turn::Replace),
    ]
}

/// What must hold of a schedule, kept beside it.
struct Model {
    anchor: Timestamp,
    interval: &'static str,
    /// Due times that were served, by number.
    next: u64,
    running: Option<(World, bool)>,
    ended: u64,
    suspended: bool,
    begun: u32,
}

impl Model {
    fn due(&self, n: u64) -> Timestamp {
        self.interval.parse::<jf_dsl::IsoDuration>().unwrap().times_after(n, self.anchor).unwrap()
    }
}

proptest! {
    /// Over random clocks: no run overlaps another, none begins before its due time, each due time is served once, and however many
    /// were missed, one run makes up for them (ENG-080, ENG-083, ENG-084).
    #[test]
    fn eng_083_runs_never_overlap_and_missed_ones_merge(
        turns in vec(turn(), 1..60),
        interval in prop_oneof![
            any::<()>().prop_map(|()| "PT6H"), any::<()>().prop_map(|()| "PT36H"), any::<()>().prop_map(|()| "P1D"),
            any::<()>().prop_map(|()| "P1M"), any::<()>().prop_map(|()| "P0.5M"),
        ],
        anchor in 0_i64..40_000_000,
    ) {
        let start = at("2026-01-01T00:00:00Z");
        let anchor = start + SignedDuration::from_secs(anchor - 20_000_000);
        let spec = |on_existing: &str| plan(&format!("interval: {interval}, maxRuns: 1000, startAt: {}, onExisting: {on_existing}", mapped(&format!("\"{anchor}\""))));
        let upserting = spec("upsert");
        let mut world = World::start(journey(&spec("fail")), json!({ "n": 0 }));
        world.found(None);
        let mut schedule = world.schedule();
        let mut model = Model { anchor, interval, next: 0, running: None, ended: 0, suspended: false, begun: 0 };
        for turn in turns {
            match turn {
                Turn::Pass(seconds) => world.now += SignedDuration::from_secs(seconds),
                Turn::Back(seconds) => world.now -= SignedDuration::from_secs(seconds),
                Turn::Begin => {
                    let may = model.running.is_none() && !model.suspended && model.due(model.next) <= world.now;
                    let id = format!("s{}", model.begun);
                    let begun = world.scheduled(&mut schedule, &id);
                    prop_assert_eq!(begun.is_some(), may);
                    if let Some(run) = begun {
                        model.begun += 1;
                        model.running = Some((run, true));
                        // Every due time that has come is served, and none that is to come.
                        while model.due(model.next) <= world.now {
                            model.next += 1;
                        }
                    }
                }
                Turn::End => {
                    let Some((mut run, counts)) = model.running.take() else { continue };
                    run.finish(&[]);
                    let left = run.left.take().unwrap();
                    prop_assert_eq!(schedule.run_ended(run.run.journey_id(), left), counts);
                    model.ended += u64::from(counts);
                }
                Turn::Suspend => prop_assert_eq!(schedule.suspend(), !std::mem::replace(&mut model.suspended, true)),
                Turn::Resume => prop_assert_eq!(schedule.resume(), std::mem::replace(&mut model.suspended, false)),
                Turn::Replace => {
                    let mut other = World::with(journey(&upserting), json!({ "n": 0 }), |other| other.now = world.now);
                    other.found(Some(schedule.clone()));
                    schedule = other.schedule();
                    (model.next, model.ended) = (0, 0);
                    model.running = model.running.map(|(run, _)| (run, false));
                }
            }
            prop_assert_eq!(schedule.runs_ended(), model.ended);
            let rests = model.running.is_some() || model.suspended;
            prop_assert_eq!(schedule.due(), (!rests).then(|| model.due(model.next)));
            prop_assert!(Schedule::from_snapshot(&schedule.to_snapshot()).unwrap() == schedule);
            let snapshot: Value = serde_json::from_slice(&schedule.to_snapshot()[1..]).unwrap();
            prop_assert_eq!(&snapshot["next"], &json!(model.next));
        }
    }
}
