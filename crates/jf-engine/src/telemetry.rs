//! What operators learn of runs (ENG-130, ENG-131): names, codes and numbers, never contents.

use jf_core::spi::DefinitionIdentity;
use jf_machine::{Fact, Run};

/// Reports a fact of a run as a `tracing` event of the target `journeyforge::run`.
pub(crate) fn report(definition: &DefinitionIdentity, run: &Run, fact: &Fact) {
    // Checked first, so that nothing is formatted for nobody.
    if matches!(fact, Fact::Diagnostic(_)) {
        if tracing::enabled!(target: "journeyforge::run", tracing::Level::WARN) {
            tracing::warn!(
                target: "journeyforge::run",
                run = %run.journey_id(),
                kind = %definition.kind,
                definition = %definition.name,
                version = %definition.version,
                seq = run.seq(),
                phase = %run.phase(),
                fact = ?fact,
            );
        }
    } else if tracing::enabled!(target: "journeyforge::run", tracing::Level::DEBUG) {
        tracing::debug!(
            target: "journeyforge::run",
            run = %run.journey_id(),
            kind = %definition.kind,
            definition = %definition.name,
            version = %definition.version,
            seq = run.seq(),
            phase = %run.phase(),
            fact = ?fact,
        );
    }
}
