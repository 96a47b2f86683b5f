//! Small definitions and sequences of inputs, drawn at random.

use jf_core::spi::{TaskErrorKind, TaskWrite, WriteTarget};
use jf_core::{Problem, StepRef, StepTarget};
use jf_dsl::StateId;
use jf_machine::{ActivationId, Input, Refused, Submission, TaskFailure, TaskReturn};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NEVER_WRITTEN, NUMBER, RAW, World, caller, head, submission};

/// A definition of up to eight states; targets are taken modulo their number.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    states: Vec<StateSketch>,
    subjourneys: Vec<Vec<StateSketch>>,
    deadline: Option<u8>,
    cancellable: bool,
    compensation: Option<CompensationSketch>,
}

/// What follows an end, whether that is waited for, and whether successes are followed as well.
#[derive(Debug, Clone)]
struct CompensationSketch {
    states: Vec<StateSketch>,
    sync: bool,
    after_success: bool,
}

#[derive(Debug, Clone)]
enum StateSketch {
    Task { next: usize },
    Choice { rules: Vec<(&'static str, usize)>, default: Option<usize> },
    Transform { expr: &'static str, target: &'static str, next: usize },
    Wait { webhook: bool, schema: &'static str, timeout: Option<(u8, usize)>, next: usize },
    Timer { due: &'static str, next: usize },
    Subjourney { call: usize, input: &'static str, result: &'static str, next: usize },
    Parallel { branches: Vec<Vec<StateSketch>>, join: String, next: usize },
    Succeed,
    Fail { code: &'static str },
}

/// States that open scopes: branches hold simple states, and now and then such states again.
fn nested() -> impl Strategy<Value = StateSketch> {
    let call = (
        0_usize..2,
        prop::sample::select(vec![
            "",
            ", input: { mapper: { lang: mini, expr: '{\"k\":\"=context.k\",\"payload\":\"=payload\"}' } }",
            ", input: { mapper: { lang: mini, expr: '7' } }",
        ]),
        prop::sample::select(vec![
            "",
            ", resultVar: m",
            ", resultVar: m, resultKind: outcome, onFailure: { behavior: capture }",
            ", resultVar: m, onFailure: { behavior: capture }",
        ]),
        0_usize..8,
    );
    let call =
        call.prop_map(|(call, input, result, next)| StateSketch::Subjourney { call, input, result, next });
    let join = (
        prop::sample::select(vec!["allOf", "anyOf", "firstCompleted"]),
        prop::sample::select(vec!["collectAll", "failFast", "ignoreErrors"]),
        prop::sample::select(vec![
            "",
            ", resultVar: m",
            ", resultVar: m, mapper: { lang: mini, expr: '{\"$bindings\":1}' }",
            ", resultVar: m, mapper: { lang: mini, expr: '{\"$fail\":1}' }",
        ]),
    );
    let join = join
        .prop_map(|(strategy, policy, rest)| format!("strategy: {strategy}, errorPolicy: {policy}{rest}"));
    (join, 0_usize..8).prop_flat_map(move |(join, next)| {
        let leaf = prop_oneof![4 => state().boxed(), 1 => call.clone().boxed()];
        let branch = prop_oneof![
            6 => leaf.clone().boxed(),
            1 => (vec(vec(leaf, 1..4), 1..3), 0_usize..8).prop_map(|(branches, next)| StateSketch::Parallel {
                branches, join: "strategy: anyOf".to_owned(), next
            }).boxed(),
        ];
        let branches = vec(vec(branch, 1..4), 1..4);
        prop_oneof![
            1 => call.clone().boxed(),
            2 => branches.prop_map(move |branches| StateSketch::Parallel { branches, join: join.clone(), next }).boxed(),
        ]
    })
}

/// The states without attribute transforms, which compensation must not have, nor what it runs (DEF-098).
fn compensating(states: Vec<StateSketch>) -> Vec<StateSketch> {
    let state = |state| match state {
        StateSketch::Transform { target, next, .. } if target.contains("attributes") => {
            StateSketch::Task { next }
        }
        StateSketch::Subjourney { next, .. } => StateSketch::Task { next },
        StateSketch::Parallel { branches, join, next } => {
            StateSketch::Parallel { branches: branches.into_iter().map(compensating).collect(), join, next }
        }
        other => other,
    };
    states.into_iter().map(state).collect()
}

/// A definition with subjourneys and branches; the states of all scopes have the same ids.
pub(crate) fn tree() -> impl Strategy<Value = Sketch> {
    let states = || vec(prop_oneof![2 => state().boxed(), 2 => nested().boxed()], 1..6);
    let compensation =
        (vec(prop_oneof![4 => state().boxed(), 1 => nested().boxed()], 1..4), any::<bool>(), any::<bool>())
            .prop_map(|(states, sync, after_success)| CompensationSketch {
                states: compensating(states),
                sync,
                after_success,
            });
    (states(), states(), vec(state(), 1..4), option::of(1_u8..60), option::of(compensation)).prop_map(
        |(states, first, second, deadline, compensation)| {
            let first = first.into_iter().map(|state| match state {
                // No subjourney runs itself (DEF-044).
                StateSketch::Subjourney { input, result, next, .. } => {
                    StateSketch::Subjourney { call: 1, input, result, next }
                }
                StateSketch::Parallel { next, .. } => StateSketch::Task { next },
                other => other,
            });
            let subjourneys = vec![first.collect(), second];
            Sketch { states, deadline, cancellable: true, subjourneys, compensation }
        },
    )
}

fn state() -> impl Strategy<Value = StateSketch> {
    let next = || 0_usize..8;
    let predicate = prop::sample::select(vec![
        "true",
        "false",
        r#"{"$eq":["=context.k",1]}"#,
        r#"{"$eq":["=payload",1]}"#,
        r#"{"$lt":["=context.k",3]}"#,
        "7",
    ]);
    let mapper = prop::sample::select(vec![
        (r#"{"$add":["=context.k",1]}"#, "target: { kind: var }, resultVar: k"),
        (r#"{"k":"=context.k"}"#, "target: { path: m.n }"),
        (r#"{"k":1}"#, "target: { path: k.n }"),
        (r#"{"k":0}"#, "target: { kind: context }"),
        (r#"{"$merge":["=context",{"z":2}]}"#, "target: { kind: context }"),
        ("1", "target: { kind: context }"),
        (r#"{"a":"=context.k"}"#, "target: { kind: attributes }"),
        (r#"{"$fail":1}"#, "target: { kind: var }, resultVar: x"),
    ]);
    let wait = (
        any::<bool>(),
        prop::sample::select(vec!["{}", "{ type: integer }"]),
        option::of((1_u8..20, next())),
        next(),
    );
    prop_oneof![
        3 => next().prop_map(|next| StateSketch::Task { next }),
        3 => (vec((predicate, next()), 1..3), option::of(next()))
            .prop_map(|(rules, default)| StateSketch::Choice { rules, default }),
        3 => (mapper, next()).prop_map(|((expr, target), next)| StateSketch::Transform { expr, target, next }),
        4 => wait.prop_map(|(webhook, schema, timeout, next)| StateSketch::Wait { webhook, schema, timeout, next }),
        2 => (prop::sample::select(vec!["duration: PT5S", "duration: PT0S", "until: '2026-01-01T00:00:07.0005Z'"]), next())
            .prop_map(|(due, next)| StateSketch::Timer { due, next }),
        1 => Just(StateSketch::Succeed),
        1 => prop::sample::select(vec!["E", "E_${context.k}"]).prop_map(|code| StateSketch::Fail { code }),
    ]
}

pub(crate) fn sketch() -> impl Strategy<Value = Sketch> {
    (vec(state(), 1..8), option::of(1_u8..60), any::<bool>()).prop_map(|(states, deadline, cancellable)| {
        Sketch { states, subjourneys: Vec::new(), deadline, cancellable, compensation: None }
    })
}

impl Sketch {
    /// The members of `spec`.
    pub(crate) fn spec(&self) -> String {
        let mut spec = format!("{}\n", scope(&self.states));
        if !self.subjourneys.is_empty() {
            let subjourneys = self.subjourneys.iter().enumerate();
            let subjourneys: Vec<_> =
                subjourneys.map(|(at, states)| format!("sub{at}: {{ {} }}", flow_scope(states))).collect();
            spec.push_str(&format!("subjourneys: {{ {} }}\n", subjourneys.join(", ")));
        }
        if let Some(seconds) = self.deadline {
            spec.push_str(&format!(
                "execution: {{ maxDurationSec: {seconds}, onTimeout: {{ errorCode: T, reason: r }} }}\n"
            ));
        }
        if let Some(CompensationSketch { states, sync, after_success }) = &self.compensation {
            let mode = if *sync { "sync" } else { "async" };
            let also = if *after_success { ", alsoFor: [{ when: {} }]" } else { "" };
            spec.push_str(&format!("compensation: {{ mode: {mode}{also}, {} }}\n", flow_scope(states)));
        }
        format!("{spec}lifecycle: {{ cancellable: {} }}\n", self.cancellable)
    }
}

/// The states of a scope, each as one line.
fn blocks(states: &[StateSketch]) -> Vec<String> {
    let to = |next: usize| format!("s{}", next % states.len());
    let mut spec = Vec::new();
    for (at, state) in states.iter().enumerate() {
        let block = match state {
            StateSketch::Task { next } => {
                format!("type: task, task: {{ kind: 'fake:v1' }}, next: {}", to(*next))
            }
            StateSketch::Choice { rules, default } => {
                let rules = rules.iter().map(|(expr, next)| {
                    format!(
                        "{{ when: {{ predicate: {{ lang: mini, expr: '{expr}' }} }}, next: {} }}",
                        to(*next)
                    )
                });
                let default = default.map_or(String::new(), |next| format!(", default: {}", to(next)));
                format!("type: choice, choices: [{}]{default}", rules.collect::<Vec<_>>().join(", "))
            }
            StateSketch::Transform { expr, target, next } => {
                format!(
                    "type: transform, transform: {{ mapper: {{ lang: mini, expr: '{expr}' }}, {target} }}, next: {}",
                    to(*next)
                )
            }
            StateSketch::Wait { webhook, schema, timeout, next } => {
                let kind = if *webhook { "webhook" } else { "wait" };
                let timeout = timeout.map_or(String::new(), |(seconds, next)| {
                    format!(", timeoutSec: {seconds}, onTimeout: {}", to(next))
                });
                format!(
                    "type: {kind}, {kind}: {{ input: {{ schema: {schema} }}{timeout} }}, next: {}",
                    to(*next)
                )
            }
            StateSketch::Timer { due, next } => {
                format!("type: timer, timer: {{ {due} }}, next: {}", to(*next))
            }
            StateSketch::Subjourney { call, input, result, next } => {
                format!(
                    "type: subjourney, subjourney: {{ ref: sub{call}{input}{result} }}, next: {}",
                    to(*next)
                )
            }
            StateSketch::Parallel { branches, join, next } => {
                let branches = branches.iter().enumerate();
                let branches: Vec<_> = branches
                    .map(|(at, states)| format!("{{ name: b{at}, {} }}", flow_scope(states)))
                    .collect();
                let branches = branches.join(", ");
                format!(
                    "type: parallel, parallel: {{ branches: [{branches}], join: {{ {join} }} }}, next: {}",
                    to(*next)
                )
            }
            StateSketch::Succeed => "type: succeed".to_owned(),
            StateSketch::Fail { code } => format!("type: fail, errorCode: '{code}', reason: r"),
        };
        spec.push(format!("s{at}: {{ {block} }}"));
    }
    spec
}

fn scope(states: &[StateSketch]) -> String {
    let blocks = blocks(states).into_iter().map(|block| format!("  {block}"));
    format!("start: s0\nstates:\n{}", blocks.collect::<Vec<_>>().join("\n"))
}

fn flow_scope(states: &[StateSketch]) -> String {
    format!("start: s0, states: {{ {} }}", blocks(states).join(", "))
}

/// Something that happens to a run.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Pass(u16),
    Finish(i64),
    /// Writes that conflict with each other, after one that would do.
    Conflict,
    Fault(bool),
    Submit {
        step: usize,
        payload: i64,
    },
    /// To one of the active steps, by its address.
    SubmitTo {
        nth: usize,
        payload: i64,
    },
    Mistyped {
        step: usize,
    },
    Covered {
        mask: u8,
        given: Option<usize>,
        payload: i64,
    },
    IfHead {
        step: usize,
        seq: u64,
    },
    Cancel(Option<u64>),
    /// A result or firing of an activation that may or may not be the present one.
    Stale {
        activation: u64,
        kind: u8,
    },
    Begin,
    Resume,
    CompensationStarted,
    CompensationEnded,
}

pub(crate) fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let step = || 0_usize..8;
    let one = prop_oneof![
        4 => (0_u16..9_000).prop_map(Happening::Pass),
        6 => (0_i64..4).prop_map(Happening::Finish),
        1 => Just(Happening::Conflict),
        1 => any::<bool>().prop_map(Happening::Fault),
        8 => (step(), 0_i64..3).prop_map(|(step, payload)| Happening::Submit { step, payload }),
        6 => (step(), 0_i64..3).prop_map(|(nth, payload)| Happening::SubmitTo { nth, payload }),
        1 => step().prop_map(|step| Happening::Mistyped { step }),
        3 => (any::<u8>(), option::of(step()), 0_i64..3)
            .prop_map(|(mask, given, payload)| Happening::Covered { mask, given, payload }),
        2 => (step(), 0_u64..8).prop_map(|(step, seq)| Happening::IfHead { step, seq }),
        1 => option::of(0_u64..8).prop_map(Happening::Cancel),
        2 => (0_u64..8, 0_u8..3).prop_map(|(activation, kind)| Happening::Stale { activation, kind }),
        1 => Just(Happening::Begin),
        1 => Just(Happening::Resume),
        1 => Just(Happening::CompensationStarted),
        1 => Just(Happening::CompensationEnded),
    ];
    vec(one, 0..24)
}

fn id(step: usize) -> StateId {
    StateId::parse(format!("s{step}")).unwrap()
}

/// Activations are not built from numbers outside of the machine, except as their serialised form.
fn activation(number: u64) -> ActivationId {
    serde_json::from_value(json!(number)).unwrap()
}

impl World {
    /// Lets it happen; whatever is refused is left at that.
    pub(crate) fn live(&mut self, happening: &Happening) {
        match happening {
            Happening::Pass(millis) => self.pass_millis(i64::from(*millis)),
            Happening::Finish(k) => {
                let k = match k {
                    2 => json!({ RAW: "no JSON" }),
                    3 => json!({ NUMBER: "3" }),
                    k => json!(k),
                };
                self.end_with(Ok(vec![write(WriteTarget::Var("k".into()), k)]));
            }
            Happening::Conflict => {
                let below = WriteTarget::Path("k.x".parse().unwrap());
                let first = write(WriteTarget::Var("k".into()), json!(NEVER_WRITTEN));
                self.end_with(Ok(vec![first, write(below, json!(1))]));
            }
            Happening::Fault(reported) => {
                let kind = if *reported { TaskErrorKind::Reported } else { TaskErrorKind::Fault };
                let problem = Problem::new("urn:x", "x").with("told", json!({ RAW: "no JSON" }));
                self.end_with(Err(TaskFailure { kind, problem }));
            }
            Happening::Submit { step, payload } => {
                drop(self.tell(Input::StepSubmitted(submission(&format!("s{step}"), json!(payload)))));
            }
            Happening::Mistyped { step } => {
                // Some schemas take anything.
                drop(self.tell(Input::StepSubmitted(submission(&format!("s{step}"), json!("text")))));
            }
            Happening::SubmitTo { nth, payload } => {
                let addresses = self.addresses();
                if let Some(address) = addresses.get(nth % addresses.len().max(1)) {
                    drop(self.tell(Input::StepSubmitted(submission(address, json!(payload)))));
                }
            }
            Happening::Covered { mask, given, payload } => self.covered(*mask, *given, json!(payload)),
            Happening::IfHead { step, seq } => {
                let now = self.run.seq();
                let submission =
                    submission(&format!("s{step}"), json!(1)).with_if_head(Some(vec![head(None, *seq)]));
                let accepted = self.tell(Input::StepSubmitted(submission)).is_ok();
                assert!(!accepted || now == *seq || self.run.seq() > *seq, "ENG-054");
            }
            Happening::Cancel(seq) => {
                let if_head = seq.map(|seq| vec![head(Some("e1"), seq)]);
                drop(self.tell(Input::CancelRequested { if_head, traceparent: None }));
            }
            Happening::Stale { activation: number, kind } => self.stale(*number, *kind),
            Happening::Begin => drop(self.tell(Input::Begin)),
            Happening::Resume => drop(self.tell(Input::Resume)),
            Happening::CompensationStarted => drop(self.tell(Input::CompensationStarted)),
            Happening::CompensationEnded => drop(self.tell(Input::CompensationEnded)),
        }
    }

    fn tell(&mut self, input: Input) -> Result<jf_machine::Effects, Refused> {
        self.feed(input)
    }

    fn end_with(&mut self, result: Result<Vec<TaskWrite>, TaskFailure>) {
        if let [.., task] = &self.tasks[..] {
            let activation = task.activation;
            // What is overdue may abandon it first.
            self.catch_up();
            self.tasks.retain(|task| task.activation != activation);
            let result = result.map(TaskReturn::from);
            self.tell(Input::TaskFinished { activation, result }).unwrap();
        }
    }

    fn covered(&mut self, mask: u8, given: Option<usize>, payload: Value) {
        let ids: Vec<StateId> = (0..8).filter(|bit| mask & (1 << bit) != 0).map(id).collect();
        let target = StepTarget::Covered { given: given.map(|step| StepRef::Id(id(step))), ids: ids.clone() };
        let result = self.tell(Input::StepSubmitted(Submission::new(target, payload, caller())));
        if let Ok(effects) = result {
            let accepted = effects.accepted().unwrap();
            assert!(ids.contains(&accepted.state), "INV-5");
            assert!(given.is_none_or(|given| id(given) == accepted.state));
        }
    }

    /// Everything but what the run really waits for is dropped.
    fn stale(&mut self, number: u64, kind: u8) {
        self.catch_up();
        let activation = activation(number);
        let position = self.positions().get(&number).cloned();
        let live = position.as_deref() == Some(["task", "timer+due", "step+due"][usize::from(kind)]);
        let input = match kind {
            0 => Input::TaskFinished { activation, result: Ok(TaskReturn::default()) },
            1 => Input::TimerFired { activation },
            _ => Input::WaitTimedOut { activation },
        };
        if !live {
            assert!(!self.tell(input).unwrap().changed(), "ENG-071: a stale input had an effect");
        }
    }
}

fn write(target: WriteTarget, value: Value) -> TaskWrite {
    TaskWrite { target, value }
}
