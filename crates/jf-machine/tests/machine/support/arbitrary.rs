//! Small definitions and sequences of inputs, drawn at random.

use jf_core::spi::{TaskErrorKind, TaskWrite, WriteTarget};
use jf_core::{Problem, StepRef, StepTarget};
use jf_dsl::StateId;
use jf_machine::{ActivationId, Input, Refused, Submission, TaskFailure};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{World, caller, head, submission};

/// A definition of up to eight states; targets are taken modulo their number.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    states: Vec<StateSketch>,
    deadline: Option<u8>,
    cancellable: bool,
}

#[derive(Debug, Clone)]
enum StateSketch {
    Task { next: usize },
    Choice { rules: Vec<(&'static str, usize)>, default: Option<usize> },
    Transform { expr: &'static str, target: &'static str, next: usize },
    Wait { webhook: bool, schema: &'static str, timeout: Option<(u8, usize)>, next: usize },
    Timer { due: &'static str, next: usize },
    Succeed,
    Fail { code: &'static str },
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
    (vec(state(), 1..8), option::of(1_u8..60), any::<bool>())
        .prop_map(|(states, deadline, cancellable)| Sketch { states, deadline, cancellable })
}

impl Sketch {
    /// The members of `spec`.
    pub(crate) fn spec(&self) -> String {
        let to = |next: usize| format!("s{}", next % self.states.len());
        let mut spec = "start: s0\nstates:\n".to_owned();
        for (at, state) in self.states.iter().enumerate() {
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
                StateSketch::Succeed => "type: succeed".to_owned(),
                StateSketch::Fail { code } => format!("type: fail, errorCode: '{code}', reason: r"),
            };
            spec.push_str(&format!("  s{at}: {{ {block} }}\n"));
        }
        if let Some(seconds) = self.deadline {
            spec.push_str(&format!(
                "execution: {{ maxDurationSec: {seconds}, onTimeout: {{ errorCode: T, reason: r }} }}\n"
            ));
        }
        format!("{spec}lifecycle: {{ cancellable: {} }}\n", self.cancellable)
    }
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
}

pub(crate) fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let step = || 0_usize..8;
    let one = prop_oneof![
        4 => (0_u16..9_000).prop_map(Happening::Pass),
        6 => (0_i64..4).prop_map(Happening::Finish),
        1 => Just(Happening::Conflict),
        1 => any::<bool>().prop_map(Happening::Fault),
        8 => (step(), 0_i64..3).prop_map(|(step, payload)| Happening::Submit { step, payload }),
        1 => step().prop_map(|step| Happening::Mistyped { step }),
        3 => (any::<u8>(), option::of(step()), 0_i64..3)
            .prop_map(|(mask, given, payload)| Happening::Covered { mask, given, payload }),
        2 => (step(), 0_u64..8).prop_map(|(step, seq)| Happening::IfHead { step, seq }),
        1 => option::of(0_u64..8).prop_map(Happening::Cancel),
        2 => (0_u64..8, 0_u8..3).prop_map(|(activation, kind)| Happening::Stale { activation, kind }),
        1 => Just(Happening::Begin),
        1 => Just(Happening::Resume),
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
            Happening::Finish(k) => self.end_with(Ok(vec![write(WriteTarget::Var("k".into()), json!(k))])),
            Happening::Conflict => {
                let before = self.context();
                let ends = !self.tasks.is_empty();
                let path = |path: &str| WriteTarget::Path(path.parse().unwrap());
                let writes =
                    vec![write(WriteTarget::Var("k".into()), json!("w")), write(path("k.x"), json!(1))];
                self.end_with(Ok(writes));
                let unchanged = || self.kept_context().is_none_or(|context| context == before);
                assert!(!ends || (self.finished && unchanged()), "STA-008: a failed state has written");
            }
            Happening::Fault(reported) => {
                let kind = if *reported { TaskErrorKind::Reported } else { TaskErrorKind::Fault };
                self.end_with(Err(TaskFailure { kind, problem: Problem::new("urn:x", "x") }));
            }
            Happening::Submit { step, payload } => {
                drop(self.tell(Input::StepSubmitted(submission(&format!("s{step}"), json!(payload)))));
            }
            Happening::Mistyped { step } => {
                drop(self.tell(Input::StepSubmitted(submission(&format!("s{step}"), json!("text")))));
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
                drop(self.tell(Input::CancelRequested { if_head }));
            }
            Happening::Stale { activation: number, kind } => self.stale(*number, *kind),
            Happening::Begin => drop(self.tell(Input::Begin { segment: None })),
            Happening::Resume => drop(self.tell(Input::Resume)),
        }
    }

    fn tell(&mut self, input: Input) -> Result<jf_machine::Effects, Refused> {
        self.feed(input)
    }

    fn end_with(&mut self, result: Result<Vec<TaskWrite>, TaskFailure>) {
        if let [task] = &self.tasks[..] {
            let activation = task.activation;
            // What is overdue may abandon it first.
            self.catch_up();
            if self.tasks.iter().any(|task| task.activation == activation) {
                self.tasks.clear();
            }
            self.tell(Input::TaskFinished { activation, result }).unwrap();
        }
    }

    fn covered(&mut self, mask: u8, given: Option<usize>, payload: Value) {
        let ids: Vec<StateId> = (0..8).filter(|bit| mask & (1 << bit) != 0).map(id).collect();
        let target =
            StepTarget::Covered { given: given.map(|step| StepRef::Id(id(step))), ids: ids.clone().into() };
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
        let timer = self.timers.contains_key(&jf_machine::TimerId::Activation(activation));
        let at_step = !self.run.active_steps().is_empty();
        let live = match kind {
            0 => self.tasks.iter().any(|task| task.activation == activation),
            1 => timer && !at_step,
            _ => timer && at_step,
        };
        let input = match kind {
            0 => Input::TaskFinished { activation, result: Ok(Vec::new()) },
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
