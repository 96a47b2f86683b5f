//! Transitions of the interpreter per second on one core: a loop of pure states with compiled jq expressions.

use std::time::Instant;

use jf_core::{Caller, JourneyId};
use jf_machine::{Input, Run};
use serde_json::json;

use crate::report::Report;
use crate::system::World;
use crate::{Effort, system};

/// Rounds of the loop in one run; each is one transform and one choice.
const ROUNDS: u64 = 2_000;

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    for (name, definition) in [
        ("transitions, choice ↔ transform (jq), one core", system::COUNT_LOOP),
        ("transitions, choices only (jq), one core", system::CHOICE_CHAIN),
    ] {
        let mut rates = Vec::new();
        for _ in 0..effort.rounds {
            rates.push(round(definition, effort));
        }
        rates.sort_by(f64::total_cmp);
        report.at_least(name, rates[rates.len() / 2], "/s", 500_000.0);
    }
}

fn round(definition: &str, effort: Effort) -> f64 {
    let program = system::program(definition);
    let limits = system::machine_limits();
    let world = World::new();
    let env = world.env(&limits);
    let (begin, mut transitions) = (Instant::now(), 0_u64);
    while begin.elapsed() < effort.time {
        let caller = Caller::internal("bench");
        let initial = jf_machine::prepare_start(&program, json!({ "limit": ROUNDS }), &caller, &limits)
            .expect("the input is valid");
        let mut run = Run::new(&program, JourneyId::random(), initial, &env, JourneyId::random);
        let mut input = Input::Begin;
        loop {
            let effects = jf_machine::apply(&program, &mut run, input, &env).expect("nothing is refused");
            if !effects.is_unfinished() {
                break;
            }
            input = Input::Resume;
        }
        let outcome = run.outcome().expect("the run has ended");
        assert!(outcome.error.is_none(), "the run failed: {:?}", outcome.error);
        transitions += system::transitions(definition, ROUNDS);
    }
    transitions as f64 / begin.elapsed().as_secs_f64()
}
