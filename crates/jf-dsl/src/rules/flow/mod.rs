//! `JF30xx`: references between states and control flow (02 §2).

mod cycles;
mod graph;
mod nesting;
mod reach;
mod read;
mod references;
mod restrict;

use super::{Fault, RuleInfo};
use crate::decode::Decoder;
use crate::rules::shape::shorten;
use crate::source::Span;
use crate::suggest::Meant;

use nesting::Nesting;
use references::Elsewhere;

pub(crate) use graph::{Graph, Within};

pub(super) const RULES: &[&RuleInfo] = &[
    &UNKNOWN_START,
    &UNKNOWN_TARGET,
    &UNREACHABLE,
    &NO_END,
    &NO_ANSWER,
    &BUSY_CYCLE,
    &TIMER_ON_SYNC_START,
    &AMBIGUOUS_STEP,
    &RECURSION,
    &UNUSED_SUBJOURNEY,
    &UNKNOWN_SUBJOURNEY,
    &SCHEDULE_REACHES,
    &NOT_IN_GUARD,
    &NOT_IN_COMPENSATION,
    &COMPENSATION_WAITS,
];

static UNKNOWN_START: RuleInfo = RuleInfo::error(
    3001,
    "DEF-031",
    "the start is no state",
    "`start` names the state where the scope begins, a key of its own `states`.",
);

static UNKNOWN_TARGET: RuleInfo = RuleInfo::error(
    3002,
    "STA-005",
    "a target that is no state of this scope",
    "`next`, the `next` of a choice, `default` and `onTimeout` name a state of the same scope. A scope is one `states` map: \
     the top level, a branch, a subjourney, or compensation; no transition crosses its boundary.\n\n\
     To leave a branch, end it with `succeed` or `fail` and continue after the `parallel` state.",
);

static UNREACHABLE: RuleInfo = RuleInfo::warning(
    3003,
    "STA-010",
    "a state that is never reached",
    "No path from the start of the scope leads to the state. It may be left over, or a transition to it is missing.",
);

static NO_END: RuleInfo = RuleInfo::warning(
    3004,
    "STA-011",
    "no way to an end",
    "From here no path leads to a `succeed` or `fail` of the scope. A journey may be meant to go on until its deadline or \
     its cancellation; otherwise a transition is missing.",
);

static NO_ANSWER: RuleInfo = RuleInfo::error(
    3005,
    "STA-011",
    "no way to an answer",
    "From here no path leads to a `succeed` or `fail`. An Api and a read guard must come to an answer, so every reachable \
     state needs a way to an end.",
);

static BUSY_CYCLE: RuleInfo = RuleInfo::warning(
    3006,
    "STA-012",
    "a cycle that never waits",
    "The states form a cycle without a `wait`, `webhook` or `timer`. A run that stays in it works without pause until the \
     engine's limit on transitions ends it.\n\n\
     If the cycle polls something, put a `timer` into it.",
);

static TIMER_ON_SYNC_START: RuleInfo = RuleInfo::warning(
    3007,
    "STA-013",
    "a timer on the way of a synchronous start",
    "The caller of a synchronous start waits for the first answer, and a timer can come before it. The start is then answered \
     with the status at the timer, or late.\n\n\
     `spec.lifecycle.startMode: async` answers at once.",
);

static AMBIGUOUS_STEP: RuleInfo = RuleInfo::warning(
    3008,
    "STA-016",
    "a step id in two branches",
    "Two branches of one parallel hold an external-input state of the same id, or run a subjourney that does. While both \
     wait, a submission must use the qualified address (`<parallel>~<branch>~<state>`); the plain id is ambiguous.\n\n\
     Rename one of the two.",
);

static RECURSION: RuleInfo = RuleInfo::error(
    3009,
    "DEF-044",
    "a subjourney that reaches itself",
    "A subjourney runs itself through its `subjourney` states, directly or through others. Recursion has no bound in the \
     language, and the addresses of steps would grow with it.\n\n\
     Write the repetition as a cycle of states inside one scope.",
);

static UNUSED_SUBJOURNEY: RuleInfo = RuleInfo::warning(
    3010,
    "DEF-045",
    "a subjourney that nothing runs",
    "No `subjourney` state and no read guard names the subjourney. It may be left over, or a reference may be missing.",
);

static UNKNOWN_SUBJOURNEY: RuleInfo = RuleInfo::error(
    3011,
    "STA-085",
    "an unknown subjourney",
    "`subjourney.ref` and `access.read.guardRef` name a key of `spec.subjourneys`, and there is none of this id. \
     Subjourneys are local to their definition.",
);

static SCHEDULE_REACHES: RuleInfo = RuleInfo::error(
    3012,
    "STA-014",
    "a scheduled run that would wait for input",
    "A `schedule:v1` task starts runs at a state of the top level, and from there a `wait` or `webhook` is reached, in a \
     branch or subjourney perhaps. Nobody starts a scheduled run and nobody is there to submit to it.\n\n\
     Start at another state, or ask for the input before the schedule is made.",
);

static NOT_IN_GUARD: RuleInfo = RuleInfo::error(
    3013,
    "DEF-166",
    "a state that a read guard cannot have",
    "The read guard answers one read at once, on a copy of the context that is thrown away. It cannot wait, schedule runs or \
     write attributes, nor can the branches and subjourneys it runs.\n\n\
     Leave the state out of the guard, or give the guard a subjourney of its own.",
);

static NOT_IN_COMPENSATION: RuleInfo = RuleInfo::error(
    3014,
    "DEF-098",
    "a state that compensation cannot have",
    "A compensation run has no tags and attributes of its own and must not start future runs, so compensation cannot \
     schedule or write attributes, nor can the branches and subjourneys it runs.",
);

static COMPENSATION_WAITS: RuleInfo = RuleInfo::warning(
    3015,
    "DEF-099",
    "synchronous compensation that waits",
    "With `mode: sync` the outcome of the run is published after its compensation has ended, and a `wait`, `webhook` or \
     `timer` is reached there. Until then callers see a run that goes on.\n\n\
     `mode: async` publishes the outcome first.",
);

fn unknown_start(text: &str, rule: &'static str, suggestion: Option<Meant<'_>>, states: &[&str]) -> Fault {
    let fault = Fault::new(&UNKNOWN_START, format!("there is no state `{}` to start with", shorten(text)));
    one_of_these(fault.rule(rule), suggestion, "the states here are", states)
}

/// Names what was probably meant, or else what there is.
fn one_of_these(fault: Fault, suggestion: Option<Meant<'_>>, what: &str, ids: &[&str]) -> Fault {
    if suggestion.is_some() || ids.is_empty() {
        return fault.suggest(suggestion);
    }
    fault.help(format!("{what} {}", list(ids)))
}

fn unknown_target(text: &str, suggestion: Option<Meant<'_>>, elsewhere: Elsewhere, states: &[&str]) -> Fault {
    let fault = Fault::new(&UNKNOWN_TARGET, format!("`{}` is not a state of this scope", shorten(text)));
    match elsewhere {
        Elsewhere::Nowhere => one_of_these(fault, suggestion, "the states here are", states),
        Elsewhere::Scope => fault
            .help("a state of that id exists in another scope; no transition crosses the boundary of a scope"),
        Elsewhere::BeyondSubjourney => fault.rule("DEF-041").help(
            "a state of that id exists in another scope; subjourneys are entered by `subjourney` states and left by \
             `succeed` and `fail`",
        ),
    }
}

fn unreachable(id: &str) -> Fault {
    Fault::new(&UNREACHABLE, format!("the state `{}` is never reached", shorten(id)))
}

fn no_end(id: &str, must_end: bool) -> Fault {
    let info = if must_end { &NO_ANSWER } else { &NO_END };
    Fault::new(info, format!("no path from `{}` leads to a `succeed` or `fail`", shorten(id)))
}

/// More places than these help nobody.
const MOST_LABELS: usize = 6;

fn busy_cycle(ids: &[&str], others: impl Iterator<Item = Span>) -> Fault {
    let message = match ids {
        [id] => format!("the state `{}` leads to itself without waiting", shorten(id)),
        _ => format!("the states {} form a cycle that never waits", list(ids)),
    };
    let fault = Fault::new(&BUSY_CYCLE, message)
        .help("a `wait`, `webhook` or `timer` on the cycle lets the run rest");
    others.take(MOST_LABELS).fold(fault, |fault, span| fault.label(span, "this one too"))
}

fn timer_on_sync_start(timer: Span) -> Fault {
    Fault::new(&TIMER_ON_SYNC_START, "a timer can come before the answer of a synchronous start")
        .help("`startMode: async` answers at once")
        .label(timer, "this timer")
}

fn ambiguous_step(id: &str, first: Span) -> Fault {
    Fault::new(&AMBIGUOUS_STEP, format!("another branch has an external-input state `{}` too", shorten(id)))
        .label(first, "the first one")
}

fn recursion(ids: &[&str], others: impl Iterator<Item = Span>) -> Fault {
    let message = match ids {
        [id] => format!("the subjourney `{}` runs itself", shorten(id)),
        _ => format!("the subjourneys {} run each other", list(ids)),
    };
    others.fold(Fault::new(&RECURSION, message), |fault, span| fault.label(span, "this one too"))
}

fn unknown_subjourney(
    text: &str,
    suggestion: Option<Meant<'_>>,
    rule: &'static str,
    subjourneys: &[&str],
) -> Fault {
    let fault = Fault::new(&UNKNOWN_SUBJOURNEY, format!("there is no subjourney `{}`", shorten(text)));
    one_of_these(fault.rule(rule), suggestion, "the subjourneys are", subjourneys)
}

fn unused_subjourney(id: &str) -> Fault {
    Fault::new(&UNUSED_SUBJOURNEY, format!("nothing runs the subjourney `{}`", shorten(id)))
}

fn schedule_reaches(ids: &[&str], first: Span) -> Fault {
    let states = if ids.len() == 1 { "the external-input state" } else { "the external-input states" };
    Fault::new(&SCHEDULE_REACHES, format!("the scheduled run reaches {states} {}", list(ids)))
        .label(first, "nobody submits here")
}

fn not_in_guard(what: &str, guard: Span) -> Fault {
    Fault::new(&NOT_IN_GUARD, format!("{what} are not allowed in a read guard"))
        .label(guard, "the read guard")
}

fn not_in_compensation(what: &str) -> Fault {
    Fault::new(&NOT_IN_COMPENSATION, format!("{what} are not allowed in compensation"))
}

fn compensation_waits(id: &str, at: Span) -> Fault {
    Fault::new(
        &COMPENSATION_WAITS,
        format!("the outcome waits until compensation has passed `{}`", shorten(id)),
    )
    .help("`mode: async` publishes the outcome first")
    .label(at, "compensation waits here")
}

/// How many ids a list names.
const SHOWN: usize = 6;

/// Some ids, the first few by name.
fn list(ids: &[&str]) -> String {
    let mut list =
        ids.iter().take(SHOWN).map(|id| format!("`{}`", shorten(id))).collect::<Vec<_>>().join(", ");
    if ids.len() > SHOWN {
        list.push_str(", …");
    }
    list
}

/// Checks every scope of the graph. What is found on the transitions that are known stays true however the unknown ones
/// are repaired; that something cannot be reached is said only where all are known.
pub(crate) fn check(decoder: &mut Decoder<'_>, graph: &Graph<'_>, is_api: bool) {
    references::targets(decoder, graph);
    references::subjourneys(decoder, graph);
    let nesting = Nesting::of(graph);
    nesting::recursions(decoder, graph, &nesting);
    nesting::depths(decoder, graph, &nesting);
    for scope in graph.scopes() {
        if graph.of(scope).complete {
            reach::unreachable_states(decoder, graph, scope);
            reach::dead_ends(decoder, graph, scope, is_api);
        }
        cycles::busy_cycles(decoder, graph, &nesting, scope);
    }
    reach::ambiguous_steps(decoder, graph);
    restrict::guard(decoder, graph);
    restrict::compensation(decoder, graph, is_api);
    if !is_api {
        restrict::schedules(decoder, graph);
        reach::timers_on_sync_start(decoder, graph, &nesting);
    }
}
