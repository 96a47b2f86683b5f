//! A definition as a graph: states, and the ways from one to the next.

use jf_dsl::{Definition, Given, Mapper, State, StateId, States, Template, TimerDue};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Characters of a predicate at a way; the whole of it is in the definition.
const LABEL: usize = 60;

/// The states of a scope in document order, with where it begins.
pub(crate) fn scope(start: &StateId, states: &States) -> Value {
    let states: Vec<Value> = states.iter().map(|(id, state)| node(id, state)).collect();
    json!({ "start": start, "states": states })
}

/// The local subjourneys by name.
pub(crate) fn subjourneys(definition: &Definition) -> Map<String, Value> {
    let all = definition.spec.subjourneys.iter();
    all.map(|(id, subjourney)| (id.to_string(), scope(&subjourney.start, &subjourney.states))).collect()
}

fn node(id: &StateId, state: &State) -> Value {
    let mut node = Map::new();
    node.insert("id".to_owned(), Value::from(id.as_str()));
    node.insert("type".to_owned(), Value::from(state.state_type().as_str()));
    if let Some(detail) = detail(state) {
        node.insert("detail".to_owned(), Value::from(detail));
    }
    let ways = ways(state);
    if !ways.is_empty() {
        node.insert("ways".to_owned(), Value::from(ways));
    }
    if let Some(input) = state.external_input() {
        node.insert("input".to_owned(), input.input.schema.json().clone());
        if let Some(timeout) = &input.timeout {
            node.insert("timeoutSec".to_owned(), Value::from(timeout.timeout_sec.get()));
        }
    }
    match state {
        State::Parallel(parallel) => {
            let branches = parallel.parallel.branches.iter().map(|branch| {
                let mut scope = scope(&branch.start, &branch.states);
                scope["name"] = Value::from(branch.name.as_str());
                scope
            });
            node.insert("branches".to_owned(), branches.collect());
        }
        State::Subjourney(call) => {
            node.insert("subjourney".to_owned(), Value::from(call.subjourney.subjourney.as_str()));
        }
        _ => {}
    }
    Value::Object(node)
}

/// What a state does, in a word or two.
fn detail(state: &State) -> Option<String> {
    match state {
        State::Task(task) => Some(task.task.kind().to_owned()),
        State::Timer(timer) => Some(match &timer.timer {
            TimerDue::Duration(due) => format!("for {}", written(due)),
            TimerDue::Until(due) => format!("until {}", written(due)),
        }),
        State::Parallel(parallel) => {
            let strategy = serde_json::to_value(parallel.parallel.join.strategy).unwrap_or_default();
            strategy.as_str().map(str::to_owned)
        }
        State::Subjourney(call) => Some(call.subjourney.subjourney.to_string()),
        State::Fail(fail) => Some(text(&fail.error_code)),
        State::Transform(transform) => match &transform.transform.mapper {
            Mapper::Inline(expression) => Some(expression.lang.to_string()),
            Mapper::Ref(name) => Some(name.to_string()),
        },
        State::Choice(_) | State::Wait(_) | State::Webhook(_) | State::Succeed(_) => None,
    }
}

/// A literal as it is written; a computed value is known when it is needed.
fn written<T: Serialize>(due: &Given<T>) -> String {
    match due {
        Given::Literal(literal) => {
            let value = serde_json::to_value(literal).unwrap_or_default();
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        }
        Given::Mapper(_) => "a computed time".to_owned(),
    }
}

fn text(template: &Template) -> String {
    let value = serde_json::to_value(template).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The ways out of a state, in the order in which they are tried.
fn ways(state: &State) -> Vec<Value> {
    let way = |to: &StateId, kind: &str| json!({ "to": to, "kind": kind });
    let mut ways: Vec<Value> = state.next().map(|next| way(next, "next")).into_iter().collect();
    if let State::Choice(choice) = state {
        for rule in &choice.choices {
            let predicate = rule.when.predicate.expr.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut way = way(&rule.next, "choice");
            way["label"] = Value::from(shortened(&predicate));
            ways.push(way);
        }
        ways.extend(choice.default.as_ref().map(|default| way(default, "default")));
    }
    let timeout = state.external_input().and_then(|input| input.timeout.as_ref());
    ways.extend(timeout.map(|timeout| way(&timeout.on_timeout, "timeout")));
    ways
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LABEL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
