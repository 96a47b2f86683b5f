//! The definition: what a loaded document says, without positions.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::Value;

use super::binding::Bindings;
use super::expression::{Expression, Mapper};
use super::metadata::MetadataBindings;
use super::ordered::OrderedMap;
use super::schema::Schema;
use super::state::{State, States};
use crate::ids::{ConfigKey, DefinitionName, MapperId, OutcomeId, StateId, VarName};
use crate::value::template::{Placeholder, Template};
use crate::version::Version;

/// What a definition is (DEF-021, DEF-022).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A durable run addressed by its id.
    Journey,
    /// One request answered by one response.
    Api,
}

impl Kind {
    /// The kind as written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Journey => "Journey",
            Self::Api => "Api",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A Journey or an Api, valid under every rule that can be checked without running it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Definition {
    /// What it is.
    pub kind: Kind,
    /// Its name, version and labels.
    pub metadata: Metadata,
    /// What it does.
    pub spec: Spec,
}

/// `metadata` (01 §2).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Metadata {
    /// The name, unique per kind (DEF-023, DEF-027).
    pub name: DefinitionName,
    /// The version (DEF-024).
    pub version: Version,
    /// For readers only.
    pub description: Option<String>,
    /// Tags that every run carries (ENG-120).
    pub tags: Vec<String>,
}

/// `spec` (DEF-030). Blocks that are absent have their defaults.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Spec {
    /// Where a run begins, a key of `states`.
    pub start: StateId,
    /// The states of the top level.
    pub states: States,
    /// `input.schema`: validates the initial context after projection (DEF-054).
    pub input: Option<Schema>,
    /// What a run gives back.
    pub output: Output,
    /// `context.schema`: for static checks and tooling only (DEF-057).
    pub context: Option<Schema>,
    /// Defaults of tasks.
    pub defaults: Defaults,
    /// `platform.config`: the declared configuration keys (DEF-080).
    pub platform_config: OrderedMap<ConfigKey, ConfigDeclaration>,
    /// The run deadline (DEF-090).
    pub execution: Option<Execution>,
    /// How Journeys start and whether they can be cancelled.
    pub lifecycle: Lifecycle,
    /// What the HTTP documents of a Journey show.
    pub http_surface: HttpSurface,
    /// Where tags and attributes of a run come from.
    pub metadata: MetadataBindings,
    /// Named mappers (DEF-125).
    pub mappers: OrderedMap<MapperId, Expression>,
    /// Named outcomes in document order (DEF-150).
    pub outcomes: OrderedMap<OutcomeId, OutcomeRule>,
    /// How transports reach it.
    pub bindings: Bindings,
}

/// `spec.output` (DEF-049, DEF-056, DEF-058).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Output {
    /// Describes what a top-level `succeed` returns.
    pub schema: Option<Schema>,
    /// What is added to the outcome document (Journey only).
    pub response: Option<OutputResponse>,
}

/// `spec.output.response` (DEF-058).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OutputResponse {
    /// The variable whose members are added.
    pub output_var: VarName,
    /// Its schema, for contracts.
    pub schema: Option<Schema>,
}

/// `spec.defaults` (01 §6).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Defaults {
    /// Defaults of HTTP calls.
    pub http: HttpDefaults,
}

/// `spec.defaults.http` (DEF-070, DEF-071).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct HttpDefaults {
    /// Milliseconds that replace the built-in time-out of one attempt.
    pub timeout_ms: Option<NonZeroU64>,
    /// Headers of every call, interpolated, in document order; names as written.
    pub headers: OrderedMap<String, Template>,
}

/// One key of `spec.platform.config` (DEF-080).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigDeclaration {
    /// The type that a value must have.
    pub config_type: ConfigType,
    /// Whether a value must be configured (DEF-082).
    pub required: bool,
    /// For readers only.
    pub description: Option<String>,
}

/// The type of a configuration value (DEF-080).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the JSON types of their names")]
pub enum ConfigType {
    String,
    Integer,
    Number,
    Boolean,
    Object,
}

impl ConfigType {
    /// The type as written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
        }
    }

    /// Whether the value has this type. A number with zero fraction is an integer.
    #[must_use]
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => {
                value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Object => value.is_object(),
        }
    }
}

/// `spec.execution` (DEF-090).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// Seconds a run may take, before clamping (DEF-091).
    pub max_duration_sec: NonZeroU64,
    /// `onTimeout.errorCode`, not empty.
    pub error_code: Arc<str>,
    /// `onTimeout.reason`, not empty.
    pub reason: Arc<str>,
}

/// `spec.lifecycle` (DEF-101).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifecycle {
    /// Whether users may cancel a run.
    pub cancellable: bool,
    /// How a start is answered.
    pub start_mode: StartMode,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { cancellable: true, start_mode: StartMode::Sync }
    }
}

/// How a start is answered (DEF-101).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartMode {
    /// When the run is settled or has ended.
    #[default]
    Sync,
    /// At once.
    Async,
}

/// `spec.httpSurface` (DEF-102).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpSurface {
    /// Whether documents carry `_links`.
    pub links_enabled: bool,
}

impl Default for HttpSurface {
    fn default() -> Self {
        Self { links_enabled: true }
    }
}

/// How a run ended, where the language speaks of it (DEF-150, DEF-192).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndPhase {
    /// `SUCCEEDED`.
    Succeeded,
    /// `FAILED`.
    Failed,
}

/// One entry of `spec.outcomes` (DEF-150).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OutcomeRule {
    /// The phase it matches.
    pub phase: EndPhase,
    /// A further condition.
    pub predicate: Option<Expression>,
}

impl Definition {
    /// `metadata.name`.
    #[must_use]
    pub const fn name(&self) -> &DefinitionName {
        &self.metadata.name
    }

    /// `metadata.version`.
    #[must_use]
    pub const fn version(&self) -> &Version {
        &self.metadata.version
    }

    /// The expression of a mapper of this definition.
    ///
    /// # Panics
    ///
    /// When the mapper is a reference taken from another definition; the references of a loaded one are all known
    /// (DEF-126).
    #[must_use]
    pub fn expression_of<'a>(&'a self, mapper: &'a Mapper) -> &'a Expression {
        match mapper {
            Mapper::Inline(expression) => expression,
            Mapper::Ref(id) => {
                self.spec.mappers.get(id.as_str()).expect("the references of a loaded definition are known")
            }
        }
    }

    /// A state of the top level.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<&State> {
        self.spec.states.get(id)
    }

    /// The first placeholder that reads an undeclared key of `platform.config` (EXP-051).
    #[must_use]
    pub fn undeclared_placeholder<'a>(&self, template: &'a Template) -> Option<&'a Placeholder> {
        template.placeholders().find(|placeholder| {
            placeholder.config_key().is_some_and(|key| !self.spec.platform_config.contains_key(key))
        })
    }
}
