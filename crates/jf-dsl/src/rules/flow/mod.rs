//! `JF30xx`: references between states and control flow (02 §2).

mod cycles;
mod graph;
mod reach;

use super::{Fault, RuleInfo};
use crate::decode::Decoder;
use crate::rules::shape::shorten;
use crate::source::Span;

pub(crate) use graph::Graph;

pub(super) const RULES: &[&RuleInfo] = &[
    &UNKNOWN_START,
    &UNKNOWN_TARGET,
    &UNREACHABLE,
    &NO_END,
    &NO_END_ON_API,
    &BUSY_CYCLE,
    &TIMER_ON_SYNC_START,
    &AMBIGUOUS_STEP,
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

static NO_END_ON_API: RuleInfo = RuleInfo::error(
    3005,
    "STA-011",
    "no way to an answer",
    "From here no path leads to a `succeed` or `fail`. An Api must come to an answer, so every reachable state needs a way \
     to an end.",
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
    "Two branches of one parallel hold an external-input state of the same id. While both wait, a submission must use the \
     qualified address (`<parallel>~<branch>~<state>`); the plain id is ambiguous.\n\n\
     Rename one of the two.",
);

fn unknown_start(text: &str, rule: &'static str, suggestion: Option<&str>) -> Fault {
    Fault::new(&UNKNOWN_START, format!("there is no state `{}` to start with", shorten(text)))
        .rule(rule)
        .suggest(suggestion)
}

fn unknown_target(text: &str, suggestion: Option<&str>, elsewhere: bool) -> Fault {
    let fault = Fault::new(&UNKNOWN_TARGET, format!("`{}` is not a state of this scope", shorten(text)));
    if elsewhere {
        fault
            .help("a state of that id exists in another scope; no transition crosses the boundary of a scope")
    } else {
        fault.suggest(suggestion)
    }
}

fn unreachable(id: &str) -> Fault {
    Fault::new(&UNREACHABLE, format!("the state `{}` is never reached", shorten(id)))
}

fn no_end(id: &str, on_api: bool) -> Fault {
    let info = if on_api { &NO_END_ON_API } else { &NO_END };
    Fault::new(info, format!("no path from `{}` leads to a `succeed` or `fail`", shorten(id)))
}

fn busy_cycle(ids: &[&str]) -> Fault {
    const SHOWN: usize = 6;
    let mut list =
        ids.iter().take(SHOWN).map(|id| format!("`{}`", shorten(id))).collect::<Vec<_>>().join(", ");
    if ids.len() > SHOWN {
        list.push_str(", …");
    }
    let message = match ids {
        [_] => format!("the state {list} leads to itself without waiting"),
        _ => format!("the states {list} form a cycle that never waits"),
    };
    Fault::new(&BUSY_CYCLE, message).help("a `wait`, `webhook` or `timer` on the cycle lets the run rest")
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

/// Checks every scope of the graph. What is found on the transitions that are known stays true however the unknown ones
/// are repaired; that something cannot be reached is said only where all are known.
pub(crate) fn check(decoder: &mut Decoder<'_>, graph: &Graph<'_>, is_api: bool) {
    graph::report_targets(decoder, graph);
    for scope in graph.scopes() {
        if graph.is_complete(scope) {
            reach::unreachable_states(decoder, graph, scope);
            reach::dead_ends(decoder, graph, scope, is_api);
        }
        cycles::busy_cycles(decoder, graph, scope);
    }
    reach::ambiguous_steps(decoder, graph);
    if !is_api {
        reach::timers_on_sync_start(decoder, graph);
    }
}
