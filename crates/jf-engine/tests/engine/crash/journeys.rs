//! What is taken through every fault: each way a run can wait, alone and together.

/// A journey, and what its client does.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) spec: &'static str,
    /// Addresses of steps that are answered as soon as they are active, with what; others are left to their time-outs.
    pub(super) answers: &'static [&'static str],
    /// The current state at which the run is cancelled.
    pub(super) cancelled_at: Option<&'static str>,
    /// Runs there are at the end: the run, what undoes it, and those that a schedule has begun.
    pub(super) runs: usize,
    /// Commits, claim and kept definition included, that there are at least to go wrong.
    pub(super) writes: usize,
}

const fn case(
    name: &'static str,
    spec: &'static str,
    answers: &'static [&'static str],
    runs: usize,
    writes: usize,
) -> Case {
    Case { name, spec, answers, cancelled_at: None, runs, writes }
}

pub(super) const CASES: [Case; 12] = [
    case("long", LONG_WAY, &["wait"], 1, 9),
    case("tree", TREE, &["both~left~sign", "both~right~run~sign"], 1, 9),
    case("race", RACE, &["race~person~sign"], 1, 6),
    case("nested", NESTED, &["outer~inner~sign"], 1, 7),
    case("undone", UNDONE, &["wait"], 2, 8),
    case("undone-first", UNDONE_FIRST, &["wait"], 2, 8),
    case("hurried", HURRIED, &[], 1, 5),
    Case { cancelled_at: Some("wait"), ..case("cancelled", UNDONE, &[], 2, 8) },
    case("planned", PLANNED, &[], 3, 10),
    case("planned-undone", PLANNED_UNDONE, &[], 5, 9),
    case("guarded", GUARDED, &["wait"], 1, 5),
    Case { cancelled_at: Some("wait"), ..case("guarded-cancelled", GUARDED, &[], 1, 5) },
];

/// Everything a run can wait for, one after the other.
const LONG_WAY: &str = "\
start: first
states:
  first: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: second }
  second: { type: task, task: { kind: 'desk:v1' }, next: nap }
  nap: { type: timer, timer: { duration: PT10S }, next: hurry }
  hurry:
    type: webhook
    webhook: { input: { schema: {} }, timeoutSec: 5, onTimeout: third }
    next: missed
  missed: { type: fail, errorCode: MISSED, reason: nobody was to come }
  third: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";

/// Branches with a wait and a task each, one of them in a subjourney, and one with a timer and a task behind it.
const TREE: &str = "\
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - name: left
          start: sign
          states:
            sign: { type: wait, wait: { input: { schema: {} } }, next: call }
            call: { type: task, task: { kind: 'desk:v1' }, next: end }
            end: { type: succeed, outputVar: answer }
        - name: right
          start: run
          states:
            run: { type: subjourney, subjourney: { ref: signing, resultVar: signed }, next: end }
            end: { type: succeed, outputVar: signed }
        - name: clock
          start: nap
          states:
            nap: { type: timer, timer: { duration: PT10S }, next: ring }
            ring: { type: task, task: { kind: 'desk:v1' }, next: end }
            end: { type: succeed, outputVar: answer }
      join: { strategy: allOf, resultVar: all, mapper: { lang: tiny, expr: '{\"l\":\"=branches.left._outcome.output\",\"r\":\"=branches.right._outcome.output\",\"c\":\"=branches.clock._outcome.output\"}' } }
    next: last
  last: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: all }
subjourneys:
  signing:
    start: sign
    states:
      sign: { type: webhook, webhook: { input: { schema: {} }, timeoutSec: 3600, onTimeout: late }, next: call }
      call: { type: task, task: { kind: 'desk:v1' }, next: end }
      late: { type: fail, errorCode: LATE, reason: r }
      end: { type: succeed, outputVar: answer }
";

/// A person against a timer that would take an hour; what loses leaves nothing behind.
const RACE: &str = "\
start: race
states:
  race:
    type: parallel
    parallel:
      branches:
        - name: person
          start: sign
          states:
            sign: { type: wait, wait: { input: { schema: {} } }, next: call }
            call: { type: task, task: { kind: 'desk:v1' }, next: end }
            end: { type: succeed }
        - name: clock
          start: nap
          states:
            nap: { type: timer, timer: { duration: PT1H }, next: ring }
            ring: { type: task, task: { kind: 'desk:v1' }, next: end }
            end: { type: succeed }
      join: { strategy: firstCompleted }
    next: last
  last: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";

/// A subjourney in a subjourney, with a task, a wait and a timer at the bottom of it.
const NESTED: &str = "\
start: outer
states:
  outer: { type: subjourney, subjourney: { ref: upper, resultVar: result }, next: done }
  done: { type: succeed, outputVar: result }
subjourneys:
  upper:
    start: inner
    states:
      inner: { type: subjourney, subjourney: { ref: lower, resultVar: result }, next: end }
      end: { type: succeed, outputVar: result }
  lower:
    start: call
    states:
      call: { type: task, task: { kind: 'desk:v1' }, next: sign }
      sign: { type: wait, wait: { input: { schema: {} } }, next: nap }
      nap: { type: timer, timer: { duration: PT10S }, next: again }
      again: { type: task, task: { kind: 'desk:v1' }, next: end }
      end: { type: succeed, outputVar: answer }
";

/// Fails behind a task and a wait, and is undone by a task, a timer and a task.
const UNDONE: &str = "\
start: first
states:
  first: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: bad }
  bad: { type: fail, errorCode: NO, reason: because }
compensation:
  mode: async
  start: undo
  states:
    undo: { type: task, task: { kind: 'desk:v1' }, next: nap }
    nap: { type: timer, timer: { duration: PT10S }, next: again }
    again: { type: task, task: { kind: 'desk:v1' }, next: end }
    end: { type: succeed, outputVar: answer }
";

/// The same, undone before its outcome is published.
const UNDONE_FIRST: &str = "\
start: first
states:
  first: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: bad }
  bad: { type: fail, errorCode: NO, reason: because }
compensation:
  mode: sync
  start: undo
  states:
    undo: { type: task, task: { kind: 'desk:v1' }, next: again }
    again: { type: task, task: { kind: 'desk:v1' }, next: end }
    end: { type: succeed, outputVar: answer }
";

/// Ended by its deadline while it waits.
const HURRIED: &str = "\
execution: { maxDurationSec: 20, onTimeout: { errorCode: TOO_SLOW, reason: no time left } }
start: first
states:
  first: { type: task, task: { kind: 'desk:v1' }, next: nap }
  nap: { type: timer, timer: { duration: PT5S }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} }, timeoutSec: 600, onTimeout: first }, next: done }
  done: { type: succeed }
";

/// Makes a schedule, whose runs take each other further.
const PLANNED: &str = "\
start: plan
states:
  plan: { type: task, task: { kind: 'schedule:v1', start: note, interval: PT1M, maxRuns: 2 }, next: planned }
  planned: { type: succeed }
  note: { type: transform, transform: { mapper: { lang: tiny, expr: '{\"before\":\"=context.chain\"}' }, target: { kind: var }, resultVar: chain }, next: work }
  work: { type: task, task: { kind: 'desk:v1' }, next: nap }
  nap: { type: timer, timer: { duration: PT3S }, next: done }
  done: { type: succeed, outputVar: chain }
";

/// Its scheduled runs fail, and each is undone before its end is told: to readers, and to the schedule.
const PLANNED_UNDONE: &str = "\
start: plan
states:
  plan: { type: task, task: { kind: 'schedule:v1', start: note, interval: PT1M, maxRuns: 2 }, next: planned }
  planned: { type: succeed }
  note: { type: transform, transform: { mapper: { lang: tiny, expr: '{\"before\":\"=context.chain\"}' }, target: { kind: var }, resultVar: chain }, next: bad }
  bad: { type: fail, errorCode: NO, reason: because }
compensation:
  mode: sync
  start: undo
  states:
    undo: { type: task, task: { kind: 'desk:v1' }, next: end }
    end: { type: succeed, outputVar: chain }
";

/// Read by those alone whom a service knows, which is asked with every read and before a cancellation.
const GUARDED: &str = "\
access: { read: { guardRef: guard } }
subjourneys:
  guard: { start: judge, states: { judge: { type: task, task: { kind: 'desk:v1' }, next: done }, done: { type: succeed, outputVar: answer } } }
start: first
states:
  first: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed, outputVar: answer }
";
