//! Answers of Apis: body and status from the end of a run (HTTP-066 to HTTP-073).

use jf_core::spi::{Bindings, EvalError, Site};
use jf_core::{ApiReply, EngineErrorKind, JourneyId, Phase, Problem};
use jf_dsl::{ApiResponses, DefaultStatuses, EndPhase, FailedStatus, JsonPath, RuleStatus, SiteClass};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;

use crate::end::result_binding;
use crate::envelope::Enveloped;
use crate::link::{Expr, Linker};
use crate::platform::{platform_of, platform_value};
use crate::{Diagnostic, Env, Fact, Program, Run};

/// The linked `spec.bindings.http.apiResponses`.
#[derive(Debug)]
pub(crate) struct ApiRules {
    rules: Vec<Rule>,
    default: DefaultStatuses,
}

#[derive(Debug)]
struct Rule {
    phase: EndPhase,
    error_type: Option<Arc<str>>,
    predicate: Option<Expr>,
    status: Status,
}

#[derive(Debug)]
enum Status {
    Fixed(u16),
    Computed(Expr),
}

/// A finished answer, with what telemetry should learn of its making.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiAnswer {
    /// The answer in the envelope of the definition.
    pub reply: ApiReply,
    /// Diagnostics.
    pub facts: Vec<Fact>,
}

impl ApiRules {
    pub(crate) fn link(responses: &ApiResponses, linker: &mut Linker<'_>) -> Self {
        let path = ["spec", "bindings", "http", "apiResponses", "rules"];
        let path = path.into_iter().fold(JsonPath::root(), JsonPath::member);
        let mut rules = Vec::with_capacity(responses.rules.len());
        for (at, rule) in responses.rules.iter().enumerate() {
            let path = path.clone().index(at);
            let predicate = match &rule.when.predicate {
                Some(predicate) => {
                    let path = path.clone().member("when").member("predicate").member("expr");
                    let Some(predicate) = linker.predicate(predicate, &["output"], &path) else { continue };
                    Some(predicate)
                }
                None => None,
            };
            let status = match &rule.status {
                RuleStatus::Fixed(status) => Status::Fixed(*status),
                RuleStatus::Computed(expression) => {
                    let site = Site::new(SiteClass::StatusExpr).with_extra(&["output"]);
                    let path = path.member("statusExpr").member("expr");
                    let Some(expression) = linker.expression(expression, site, &path) else { continue };
                    Status::Computed(expression)
                }
            };
            let (phase, error_type) = (rule.when.phase, rule.when.error_type.clone());
            rules.push(Rule { phase, error_type, predicate, status });
        }
        Self { rules, default: responses.default }
    }
}

impl ApiRules {
    /// Whether judging an end looks at the context.
    pub(crate) const fn read_context(&self) -> bool {
        !self.rules.is_empty()
    }
}

/// The answer to an Api call whose run has ended; one that has not is answered with the internal Problem.
///
/// The status follows HTTP-067: the first rule that matches, else the default of the phase. An evaluation that fails, or a status
/// that cannot be final, gives 500 with the internal Problem (HTTP-069).
#[must_use]
pub fn api_answer(program: &Program, run: &Run, env: &Env<'_>) -> ApiAnswer {
    let id = (&run.journey_id, run.created_at, run.traceparent.as_deref());
    let Some(end) = &run.end else {
        return internal(Vec::new());
    };
    let outcome = &end.outcome;
    let problem = outcome.error.as_ref().and_then(|error| error.problem.as_ref()).unwrap_or(&Value::Null);
    let mut facts = Vec::new();
    let context = end.context.as_deref().unwrap_or(&Value::Null);
    let judged = Judged { program, run, env, context, output: &outcome.output, problem };
    let status = judged.status(outcome.phase, &mut facts).filter(|status| (200..=599).contains(status));
    let (problem, status) = match status {
        Some(status) if outcome.phase == Phase::Succeeded => {
            let mut reply = ApiReply::new(status, outcome.output.clone());
            reply.cookies = run.owed_cookies(env.now);
            return ApiAnswer { reply, facts };
        }
        Some(status) => (problem.clone(), status),
        None => (Problem::of(EngineErrorKind::Internal).into_value(), 500),
    };
    enveloped(program, problem, status, context, id, env, facts)
}

/// An error in the envelope of the definition (HTTP-073, HTTP-074); the minimal internal Problem where that cannot be made
/// (HTTP-075).
fn enveloped(
    program: &Program,
    problem: Value,
    status: u16,
    context: &Value,
    id: (&JourneyId, Timestamp, Option<&str>),
    env: &Env<'_>,
    mut facts: Vec<Fact>,
) -> ApiAnswer {
    if !program.envelope.is_custom() {
        return ApiAnswer { reply: with_status(problem, status), facts };
    }
    let of = Enveloped { problem: &problem, context, compensated: None };
    match program.envelope.shape(&of, || platform_value(program, id, env), env, &mut facts) {
        Some(shape) => ApiAnswer { reply: ApiReply::new(status, Value::Object(shape)), facts },
        None => internal(facts),
    }
}

fn internal(facts: Vec<Fact>) -> ApiAnswer {
    let problem = Problem::of(EngineErrorKind::Internal).into_value();
    ApiAnswer { reply: with_status(problem, 500), facts }
}

/// The answer to an Api call that did not become a run: the Problem with its own status, in the envelope of the definition
/// (HTTP-067, HTTP-073). `request_id` is what `platform.run.id` would have been; the context is empty.
#[must_use]
pub fn api_refusal(
    program: &Program,
    problem: Problem,
    request_id: &JourneyId,
    traceparent: Option<&str>,
    env: &Env<'_>,
) -> ApiAnswer {
    let status = problem.status.unwrap_or(500);
    let context = Value::Object(Map::new());
    let id = (request_id, env.now, traceparent);
    enveloped(program, problem.into_value(), status, &context, id, env, Vec::new())
}

/// The Problem as a body; its `status` is the one that is sent (HTTP-073).
fn with_status(mut problem: Value, status: u16) -> ApiReply {
    if let Some(members) = problem.as_object_mut() {
        members.insert("status".to_owned(), Value::from(status));
    }
    ApiReply::problem(status, problem)
}

/// What rules judge.
struct Judged<'a> {
    program: &'a Program,
    run: &'a Run,
    env: &'a Env<'a>,
    context: &'a Value,
    output: &'a Value,
    problem: &'a Value,
}

impl Judged<'_> {
    /// The status by rules and defaults; `None` when an evaluation failed.
    fn status(&self, phase: Phase, facts: &mut Vec<Fact>) -> Option<u16> {
        let rules = &self.program.api_rules;
        let end = if phase == Phase::Succeeded { EndPhase::Succeeded } else { EndPhase::Failed };
        let error_type = self.problem.get("type").and_then(Value::as_str);
        let mut candidates = rules
            .rules
            .iter()
            .filter(|rule| rule.phase == end)
            .filter(|rule| rule.error_type.as_deref().is_none_or(|wanted| Some(wanted) == error_type))
            .peekable();
        // Most Apis have no rules: the bindings are built for those that do.
        if candidates.peek().is_some() {
            let platform = platform_of(self.program, self.run, self.env);
            let payload = result_binding(self.output, self.problem);
            let extra = [("output", self.output)];
            let bindings =
                Bindings::new(self.context, &platform).with_payload(&payload).with_error(self.problem);
            let bindings = bindings.with_extra(&extra);
            for rule in candidates {
                if self.matches(rule, &bindings, facts)? {
                    return self.rule_status(rule, &bindings, facts);
                }
            }
        }
        Some(match (end, rules.default.failed) {
            (EndPhase::Succeeded, _) => rules.default.succeeded,
            (EndPhase::Failed, FailedStatus::Fixed(status)) => status,
            (EndPhase::Failed, FailedStatus::FromProblemStatus) => from_problem(self.problem),
        })
    }

    fn matches(&self, rule: &Rule, bindings: &Bindings<'_>, facts: &mut Vec<Fact>) -> Option<bool> {
        let Some(predicate) = &rule.predicate else { return Some(true) };
        let tested = predicate.bound.test(bindings, self.env.now, self.env.seed);
        tested.map_err(|error| facts.push(failed("apiResponses predicate", predicate, &error))).ok()
    }

    fn rule_status(&self, rule: &Rule, bindings: &Bindings<'_>, facts: &mut Vec<Fact>) -> Option<u16> {
        let expression = match &rule.status {
            Status::Fixed(status) => return Some(*status),
            Status::Computed(expression) => expression,
        };
        let computed = expression.bound.evaluate(bindings, self.env.now, self.env.seed);
        let status =
            computed.and_then(|value| integer(&value).ok_or_else(|| expression.bound.type_mismatch()));
        status.map_err(|error| facts.push(failed("apiResponses statusExpr", expression, &error))).ok()
    }
}

fn failed(site: &'static str, expression: &Expr, error: &EvalError) -> Fact {
    let lang = expression.lang.clone();
    Fact::Diagnostic(Diagnostic::ExpressionFailed { state: None, site, lang, code: error.code() })
}

/// `fromProblemStatus`: a failure never surfaces as a success by accident (HTTP-068).
fn from_problem(problem: &Value) -> u16 {
    problem.get("status").and_then(integer).filter(|status| (400..=599).contains(status)).unwrap_or(500)
}

/// An integer that can be a status; a number with zero fraction counts, a text does not (EXP-021).
fn integer(value: &Value) -> Option<u16> {
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && (100.0..=599.0).contains(number))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and between 100 and 599"
    )]
    Some(number as u16)
}
