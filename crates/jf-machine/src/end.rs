//! The end of a run: classification and the outcome document (ENG-024 to ENG-036).

use std::sync::Arc;

use jf_core::spi::{Bindings, Platform};
use jf_core::{JourneyOutcome, OutcomeError, Phase, TerminationKind, run_fault};
use jf_dsl::{CompensationMode, EndPhase, JsonPath, OutcomeId, Spec, value_to_text};
use serde_json::{Map, Value};

use crate::envelope::Enveloped;
use crate::failure::Failure;
use crate::link::{Expr, Linker};
use crate::machine::Machine;
use crate::platform::platform_of;
use crate::projection::pick_members;
use crate::run::End;
use crate::schedule::without_payload;
use crate::{Diagnostic, Effect, Fact, OutputValidation, TimerId};

/// The linked rules of `spec.outcomes`, in document order.
#[derive(Debug)]
pub(crate) struct Outcomes(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    id: OutcomeId,
    phase: EndPhase,
    predicate: Option<Expr>,
}

impl Outcomes {
    pub(crate) fn link(spec: &Spec, linker: &mut Linker<'_>) -> Self {
        let path = JsonPath::root().member("spec").member("outcomes");
        let rules = spec.outcomes.iter().filter_map(|(id, rule)| {
            let path = path.clone().member(id.as_str()).member("when").member("predicate").member("expr");
            let predicate = match &rule.when.predicate {
                Some(predicate) => Some(linker.predicate(predicate, &["output"], &path)?),
                None => None,
            };
            Some(Rule { id: id.clone(), phase: rule.when.phase, predicate })
        });
        Self(rules.collect())
    }
}

impl Machine<'_> {
    /// Ends the run: nothing is waited for any more, the outcome is made and published.
    pub(crate) fn end_run(&mut self, result: Result<Value, Failure>) {
        let Some(top) = self.take_top() else { return };
        if self.run.deadline.is_some() {
            self.push(Effect::DisarmTimer { timer: TimerId::Deadline });
        }
        self.run.trigger = None;
        let result = self.checked_output(result);
        let termination = match &result {
            Ok(_) => TerminationKind::Success,
            Err(failure) => failure.termination(),
        };
        self.close_jar(termination);
        let outcome = Arc::new(self.outcome(result, &top.context));
        let owed = self.owed(termination, &outcome, top.state.id.as_str(), &top.context);
        let is_kept = self.program.reads_context_of_ended() || self.run.scheduled.is_some();
        let context = is_kept.then_some(top.context);
        let (state, end) = (top.state.id, End { termination, outcome, context });
        let is_sync =
            self.program.compensation.as_ref().is_some_and(|block| block.mode == CompensationMode::Sync);
        match owed {
            // Nothing is published before the compensation has ended (ENG-092).
            Some(owed) if is_sync => {
                self.emit_waiting(state);
                self.run.ending = Some(Box::new(end));
                self.follow_up(owed);
            }
            owed => {
                self.emit_outcome(&end.outcome, state);
                if let Some(owed) = owed {
                    self.follow_up(owed);
                }
                self.ended(end);
            }
        }
    }

    /// Publishes an end that was held back.
    pub(crate) fn publish(&mut self, end: End) {
        self.run.trigger = None;
        let state = self.run.shown.state.clone();
        self.emit_outcome(&end.outcome, state);
        self.ended(end);
    }

    fn ended(&mut self, mut end: End) {
        let status = end.outcome.status.clone();
        self.report(match &end.outcome.error {
            None => Fact::JourneyCompleted { status },
            Some(error) => Fact::JourneyFailed { status, code: error.code.clone() },
        });
        if let Some(of) = self.run.compensates().cloned() {
            self.report(Fact::CompensationEnded(of));
        }
        let is_read = self.program.reads_context_of_ended();
        let context = if is_read { end.context.clone() } else { end.context.take() };
        if let Some((schedule, context)) = self.run.scheduled.clone().zip(context) {
            let context = without_payload(context);
            self.push(Effect::ScheduledRunEnded { schedule, context });
        }
        self.run.end = Some(end);
        self.push(Effect::Finish);
    }

    /// Checks the output of a success against `spec.output.schema` as far as the platform wants it (DEF-056).
    fn checked_output(&mut self, result: Result<Value, Failure>) -> Result<Value, Failure> {
        let mode = self.limits().output_validation;
        let (Ok(output), Some(schema)) = (&result, &self.program.definition().spec.output.schema) else {
            return result;
        };
        // The schema speaks of the states of the top level alone.
        if mode == OutputValidation::Off || !self.run.root.is_states() {
            return result;
        }
        let Err(violations) = self.program.schemas.get(schema).check(output) else { return result };
        self.report(Fact::Diagnostic(Diagnostic::OutputSchema { violations: violations.len() }));
        match mode {
            OutputValidation::Enforce => {
                Err(Failure::runtime_because(run_fault::INTERNAL, "the output does not match its schema"))
            }
            _ => result,
        }
    }

    fn outcome(&mut self, result: Result<Value, Failure>, context: &Value) -> JourneyOutcome {
        let outcome_id = self.classify(&result, context);
        let phase = if result.is_ok() { Phase::Succeeded } else { Phase::Failed };
        let status = status(result.as_ref().ok(), outcome_id.as_deref(), phase);
        let (output, error) = match result {
            Ok(output) => (output, None),
            Err(failure) => {
                let (code, reason) = (failure.code().to_owned(), failure.reason().to_owned());
                let problem = failure.into_problem();
                (Value::Null, Some(self.outcome_error(code, reason, problem, context)))
            }
        };
        let run = &*self.run;
        let mut outcome =
            JourneyOutcome::new(run.journey_id.clone(), run.name.clone(), phase, status, output);
        outcome.error = error;
        outcome.outcome_id = outcome_id;
        outcome.tags.clone_from(&run.tags);
        outcome.attributes.clone_from(&run.attributes);
        let response = &self.program.definition().spec.output.response;
        if let Some(response) = response.as_ref().filter(|_| self.run.root.is_states()) {
            let (members, skipped) = pick_members(context, &response.output_var, &JourneyOutcome::RESERVED);
            outcome.projection = members;
            skipped.into_iter().for_each(|fact| self.report(fact));
        }
        outcome
    }

    /// The error in the envelope of the definition (ENG-026). That of an Api is put around the answer (HTTP-073), whose rules judge
    /// the Problem itself.
    fn outcome_error(
        &mut self,
        code: String,
        reason: String,
        problem: Value,
        context: &Value,
    ) -> OutcomeError {
        let program = self.program;
        if !self.has_log() || !program.envelope.is_custom() {
            return OutcomeError::new(code, reason, Some(problem));
        }
        let (run, env, mut facts) = (&*self.run, self.env, Vec::new());
        let compensated = run.root.compensated().map(|seen| &**seen);
        let of = Enveloped { problem: &problem, context, compensated };
        let shape = program.envelope.shape(&of, || platform_of(program, run, env), env, &mut facts);
        facts.into_iter().for_each(|fact| self.report(fact));
        let mut error = OutcomeError::new(code, reason, None);
        // HTTP-075: without a shape, code and reason are all there is.
        error.envelope = shape.unwrap_or_default();
        error.envelope.retain(|name, _| name != "code" && name != "reason");
        error
    }

    /// The first rule of `spec.outcomes` that matches (DEF-151). One whose predicate fails does not match (EXP-042).
    fn classify(&mut self, result: &Result<Value, Failure>, context: &Value) -> Option<String> {
        let program = self.program;
        let phase = if result.is_ok() { EndPhase::Succeeded } else { EndPhase::Failed };
        // They name the ends of the journey, not of what runs beside it.
        let rules = if self.run.root.is_states() { &program.outcomes.0[..] } else { &[][..] };
        let mut rules = rules.iter().filter(|rule| rule.phase == phase).peekable();
        rules.peek()?;
        let error = result.as_ref().err().map_or(Value::Null, Failure::error);
        let output = result.as_ref().unwrap_or(&Value::Null);
        // EXP-014: predicates see the error in the context as well, unless the context has one of its own.
        let with_error = match context.as_object() {
            Some(members) if result.is_err() && !members.contains_key("error") => {
                let mut members = members.clone();
                members.insert("error".to_owned(), error.clone());
                Some(Value::Object(members))
            }
            _ => None,
        };
        let context = with_error.as_ref().unwrap_or(context);
        for rule in rules {
            let Some(predicate) = &rule.predicate else { return Some(rule.id.to_string()) };
            let (platform, seed) = (self.platform_for(predicate), self.next_seed());
            let extra = [("output", output)];
            let platform = platform.as_deref().map_or(&Value::Null, Platform::document);
            let bindings = Bindings::new(context, platform).with_payload(&Value::Null).with_error(&error);
            match predicate.bound.test(&bindings.with_extra(&extra), self.env.now, seed) {
                Ok(true) => return Some(rule.id.to_string()),
                Ok(false) => {}
                Err(error) => self.expression_failed(None, "outcome predicate", predicate, &error),
            }
        }
        None
    }
}

/// The stable code of ENG-027.
fn status(output: Option<&Value>, outcome_id: Option<&str>, phase: Phase) -> String {
    match output.and_then(|output| output.get("status")) {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value_to_text(value).into_owned(),
        _ => outcome_id.unwrap_or(phase.as_str()).to_owned(),
    }
}

/// `{output, error}` as `apiResponses` sites see it (EXP-013).
pub(crate) fn result_binding(output: &Value, error: &Value) -> Value {
    let mut members = Map::new();
    members.insert("output".to_owned(), output.clone());
    members.insert("error".to_owned(), error.clone());
    Value::Object(members)
}
