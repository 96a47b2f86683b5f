//! What this build has installed.

use std::sync::Arc;

use jf_core::spi::{ExpressionEngine, Registries, RegistryError};
use jf_dsl::MetadataLimits;
use jf_expr_jq::JaqEngine;
use jf_machine::Program;
use jf_task_http::HttpCallTask;

use crate::config::{Config, Use};

/// The bindings that this build serves (DEF-180).
const BINDINGS: [&str; 3] = ["http", "websocket", "cli"];

/// Expression engines, task plugins, bindings and features, with the configured values and limits.
pub(crate) fn of(config: &Config, metadata: MetadataLimits) -> Result<Registries, RegistryError> {
    let jq = Arc::new(JaqEngine);
    let limits = config.expression_limits(jq.lang());
    // Time-outs and sizes of calls do not depend on where the connector leads.
    let calls = config.connector(Use::Command);
    let builder = Registries::builder()
        .expression_with_limits(jq, limits)
        .task(Arc::new(HttpCallTask::new(&calls)))
        .features(Program::FEATURES.iter().copied());
    let builder = BINDINGS.iter().fold(builder, |builder, id| builder.binding(id));
    config.registries(builder, metadata).build()
}

#[cfg(test)]
mod tests {
    use jf_dsl::{Capabilities, SiteClass};

    use super::*;

    /// Also EXP-031: what is published judges predicates, as one language at least must.
    #[test]
    fn exp_003_the_build_publishes_its_languages() {
        let registries = of(&Config::default(), MetadataLimits::default()).expect("this build fits together");
        assert_eq!(Capabilities::languages(&registries), ["jq"]);
        assert!(JaqEngine.supports(SiteClass::Predicate));
    }
}
