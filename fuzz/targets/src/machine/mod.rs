//! Runs under arbitrary inputs, and arbitrary bytes as runs.

mod driven;
mod programs;

use jf_machine::{Env, Input, Run, apply, pending_effects};

use driven::{Driven, World};
use programs::PROGRAMS;

/// A story: the first byte chooses a program, and each further one something that happens to its run.
pub(crate) fn story(data: &[u8]) {
    let Some((program, story)) = data.split_first() else { return };
    drive(*program, story);
}

fn drive(program: u8, story: &[u8]) -> Driven {
    let program = &PROGRAMS[usize::from(program) % PROGRAMS.len()];
    let mut driven = Driven::begin(program);
    for byte in story.iter().take(128) {
        driven.happens(*byte);
    }
    driven
}

/// Snapshots of runs that stories have led to.
pub(crate) fn snapshots() -> Vec<Vec<u8>> {
    let stories = crate::seeds::lines("machine");
    stories.iter().map(|story| drive(story[0], &story[1..]).snapshot()).collect()
}

/// Bytes that may be the snapshot of a run: what can be read loses nothing when it is written, and whatever happens to it then, nothing
/// panics.
pub(crate) fn snapshot(data: &[u8]) {
    let Ok(run) = Run::from_snapshot(data) else { return };
    let back = Run::from_snapshot(&run.to_snapshot()).expect("what was written can be read");
    assert!(run == back, "a snapshot that was read and written is another run");
    let world = World::default();
    let env = world.env();
    let _ = (run.status(), run.outcome(), run.next_due(), run.is_pending(), run.compensated_by(1));
    for program in PROGRAMS.iter() {
        let _ = run.start_response(program);
        let pending = pending_effects(program, &run, &env);
        let mut inputs = vec![Input::Begin, Input::Resume, Input::DeadlineReached, Input::CompensationEnded];
        inputs.extend(driven::inputs_of(&pending));
        inputs.extend(driven::submissions(&run));
        inputs.extend(run.overdue(env.now));
        inputs.push(Input::CancelRequested { if_head: None, traceparent: None });
        for input in inputs {
            let mut run = run.clone();
            through(program, &mut run, input, &env);
            // Whatever came of it can be stored.
            assert!(Run::from_snapshot(&run.to_snapshot()).is_ok_and(|back| back == run));
        }
    }
}

/// Applies an input with all its pauses.
fn through(program: &jf_machine::Program, run: &mut Run, input: Input, env: &Env<'_>) {
    let mut unfinished = apply(program, run, input, env).is_ok_and(|effects| effects.is_unfinished());
    while unfinished {
        unfinished = apply(program, run, Input::Resume, env).is_ok_and(|effects| effects.is_unfinished());
    }
}
