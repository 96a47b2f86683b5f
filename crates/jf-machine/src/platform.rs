//! The `platform` binding (EXP-015, DEF-081, DEF-082).

use std::sync::Arc;

use jf_core::spi::{DefinitionIdentity, Platform};
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
    Parts::of(program, run, env).document()
}

/// The same for whoever may not look at it at all.
pub(crate) fn lazy_platform_of(program: &Program, run: &Run, env: &Env<'_>) -> Platform {
    let parts = Parts::of(program, run, env);
    Platform::new(move || parts.document())
}

/// `platform` of an id that is no run.
pub(crate) fn platform_value(
    program: &Program,
    (id, started_at, traceparent): (&JourneyId, Timestamp, Option<&str>),
    env: &Env<'_>,
) -> Value {
    Parts::new(program, (id, started_at, traceparent.map(Arc::from)), env).document()
}

/// What the document is made of; cheap to put together, unlike the document.
struct Parts {
    environment: Arc<str>,
    identity: DefinitionIdentity,
    id: JourneyId,
    started_at: Timestamp,
    traceparent: Option<Arc<str>>,
    config: Map<String, Value>,
}

impl Parts {
    fn of(program: &Program, run: &Run, env: &Env<'_>) -> Self {
        Self::new(program, (&run.journey_id, run.created_at, run.traceparent.clone()), env)
    }

    fn new(
        program: &Program,
        (id, started_at, traceparent): (&JourneyId, Timestamp, Option<Arc<str>>),
        env: &Env<'_>,
    ) -> Self {
        let declared = program.definition().spec.platform.config.keys();
        let config = declared.filter_map(|key| {
            let value = env.platform.config.get(key.as_str()).filter(|value| !value.is_null())?;
            Some((key.to_string(), value.clone()))
        });
        Self {
            environment: Arc::clone(&env.platform.environment),
            identity: program.identity().clone(),
            id: id.clone(),
            started_at,
            traceparent,
            config: config.collect(),
        }
    }

    /// `{environment, journey: {name, kind, version}, run: {id, startedAt, traceparent}, config}`.
    fn document(self) -> Value {
        let identity = self.identity;
        object([
            ("environment", Value::from(&*self.environment)),
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
                    ("id", Value::from(self.id.as_str())),
                    ("startedAt", Value::from(format_timestamp(self.started_at))),
                    ("traceparent", self.traceparent.as_deref().map_or(Value::Null, Value::from)),
                ]),
            ),
            ("config", Value::Object(self.config)),
        ])
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}
