//! The `platform` binding (EXP-015, DEF-081, DEF-082).

use jf_core::{JourneyId, format_timestamp};
use jf_dsl::ConfigType;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{Env, PlatformValues, Program, Run};

/// A value of `spec.platform.config` that is missing or of the wrong type (DEF-082).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// A required key has no value.
    #[error("platform configuration key `{key}` has no value")]
    Missing {
        /// The key.
        key: String,
    },
    /// The value has another type than declared.
    #[error("platform configuration key `{key}` must be of type {}", expected.as_str())]
    WrongType {
        /// The key.
        key: String,
        /// The declared type.
        expected: ConfigType,
    },
}

impl Program {
    /// Compares the configured values with what the definition declares: a fault makes its deployment fail, and runs started
    /// later end with `platform-config` before their first state (DEF-082).
    #[must_use]
    pub fn check_config(&self, values: &PlatformValues) -> Vec<ConfigFault> {
        let declared = self.definition().spec.platform.config.iter();
        let faults = declared.filter_map(|(key, declaration)| match values.config.get(key.as_str()) {
            None | Some(Value::Null) if declaration.required => {
                Some(ConfigFault::Missing { key: key.to_string() })
            }
            None | Some(Value::Null) => None,
            Some(value) if declaration.config_type.accepts(value) => None,
            Some(_) => {
                Some(ConfigFault::WrongType { key: key.to_string(), expected: declaration.config_type })
            }
        });
        faults.collect()
    }
}

/// `platform` as a run sees it.
pub(crate) fn platform_of(program: &Program, run: &Run, env: &Env<'_>) -> Value {
    platform_value(program, (&run.journey_id, run.created_at, run.traceparent.as_deref()), env)
}

/// `{environment, journey: {name, kind, version}, run: {id, startedAt, traceparent}, config}`.
pub(crate) fn platform_value(
    program: &Program,
    (id, started_at, traceparent): (&JourneyId, Timestamp, Option<&str>),
    env: &Env<'_>,
) -> Value {
    let identity = program.identity();
    let traceparent = traceparent.map_or(Value::Null, Value::from);
    let declared = program.definition().spec.platform.config.keys();
    let config = declared.filter_map(|key| {
        let value = env.platform.config.get(key.as_str()).filter(|value| !value.is_null())?;
        Some((key.to_string(), value.clone()))
    });
    object([
        ("environment", Value::from(&*env.platform.environment)),
        (
            "journey",
            object([
                ("name", Value::from(identity.name.as_str())),
                ("kind", Value::from(identity.kind.as_str())),
                ("version", Value::from(identity.version.to_string())),
            ]),
        ),
        (
            "run",
            object([
                ("id", Value::from(id.as_str())),
                ("startedAt", Value::from(format_timestamp(started_at))),
                ("traceparent", traceparent),
            ]),
        ),
        ("config", Value::Object(config.collect())),
    ])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}
