//! The states that the runs of a scenario have taken.

use std::collections::BTreeMap;

use jf_core::Head;
use serde_json::Value;

use super::super::report::Trail;
use super::system::System;
use crate::{Answer, Driver, EngineDriver, Run};

/// Runs whose trail is told.
const MOST: usize = 8;

/// The trails of the runs by name, as their logs tell them.
pub(super) fn of(system: &System, runs: &BTreeMap<String, (Run, Head)>) -> Vec<Trail> {
    let driver = EngineDriver::new(system.engine.clone());
    let mut trails = Vec::new();
    for (name, (run, _)) in runs.iter().take(MOST) {
        // A log that cannot be read, for a guard or because it was pruned, has no trail.
        let Ok(Ok(Answer::Events(events))) = system.ask(driver.events(run, 0)) else { continue };
        let mut states: Vec<String> = Vec::new();
        for event in &events {
            states.push(told(&event.document));
        }
        states.dedup();
        trails.push(Trail::new(name.clone(), run.journey.clone(), states));
    }
    trails
}

/// The state a document speaks of; of an ended run its phase too.
fn told(document: &Value) -> String {
    let phase = document["phase"].as_str().unwrap_or_default();
    match (document["currentState"].as_str(), phase) {
        (Some(state), "RUNNING") => state.to_owned(),
        (Some(state), phase) => format!("{state} ({phase})"),
        (None, phase) => phase.to_owned(),
    }
}
