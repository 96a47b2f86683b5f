//! The definition: what a loaded document says, without positions.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::binding::Bindings;
use super::catalogue::Api;
use super::cookies::Cookies;
use super::errors::Errors;
use super::expression::{Expression, Mapper};
use super::metadata::SpecMetadata;
use super::ordered::OrderedMap;
use super::policy::Policies;
use super::schema::Schema;
use super::scope::{Access, Compensation, SubjourneyDefinition};
use super::skip::{is_default, is_true};
use super::state::{State, States};
use crate::ids::{
    ApiName, ConfigKey, DefinitionName, MapperId, OutcomeId, PolicyId, StateId, SubjourneyId, VarName,
};
use crate::value::template::{Placeholder, Template};
use crate::version::Version;

/// What a definition is (DEF-021, DEF-022).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
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

/// The version of the language. [DEF-020]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ApiVersion {
    /// `v1`, the only one.
    #[default]
    V1,
}

/// A Journey or an Api, valid under every rule that can be checked without running it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Definition {
    /// The version of the language, `v1`. [DEF-020]
    pub api_version: ApiVersion,
    /// What the document defines. [DEF-021, DEF-022]
    pub kind: Kind,
    /// Name, version and labels. [DEF-023]
    pub metadata: Metadata,
    /// What it does. [DEF-030]
    pub spec: Spec,
}

/// Name, version and labels of a definition. [DEF-023]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Metadata {
    /// The name, unique per kind: lower-case letters, digits and inner hyphens, at most 63 characters. [DEF-023, DEF-027]
    pub name: DefinitionName,
    /// The version, by Semantic Versioning 2.0.0. [DEF-024]
    pub version: Version,
    /// For readers only; up to 200 characters. [DEF-025]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub description: Option<String>,
    /// Tags that every run carries, in kebab-case. [DEF-026, ENG-120]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(min = 1)))]
    pub tags: Vec<String>,
}

/// What a definition does. Blocks that are absent have their defaults. [DEF-030]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Spec {
    /// The state a run begins with, a key of `states`. [DEF-031]
    pub start: StateId,
    /// The states by their ids. [DEF-032]
    #[schemars(extend("minProperties" = 1))]
    pub states: States,
    /// Parts of the flow that `subjourney` states run in place. [DEF-040]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub subjourneys: OrderedMap<SubjourneyId, SubjourneyDefinition>,
    /// What a run takes. [DEF-049]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<SchemaBlock>,
    /// What a run gives back. [DEF-049]
    #[serde(skip_serializing_if = "is_default")]
    pub output: Output,
    /// What the context may hold over the time of a run; for static checks and tooling only. [DEF-049, DEF-057]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<SchemaBlock>,
    /// The APIs that tasks call by `operationRef`. [DEF-065]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub apis: OrderedMap<ApiName, Api>,
    /// Defaults of tasks. [DEF-070]
    #[serde(skip_serializing_if = "is_default")]
    pub defaults: Defaults,
    /// What the platform provides. [DEF-080]
    #[serde(skip_serializing_if = "is_default")]
    pub platform: Platform,
    /// How long a run may take. [DEF-090]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
    /// What undoes the effects of a run that did not succeed. [DEF-095]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Compensation>,
    /// How runs start and whether they can be cancelled; Journey only. [DEF-100, DEF-101]
    #[serde(skip_serializing_if = "is_default")]
    pub lifecycle: Lifecycle,
    /// Who may read a run; Journey only. [DEF-030, DEF-165]
    #[serde(skip_serializing_if = "is_default")]
    pub access: Access,
    /// What the HTTP documents of a Journey show; without effect on an Api. [DEF-102]
    #[serde(skip_serializing_if = "is_default")]
    pub http_surface: HttpSurface,
    /// Where tags and attributes of a run come from; Journey only. [DEF-105]
    #[serde(skip_serializing_if = "is_default")]
    pub metadata: SpecMetadata,
    /// Named mappers, for `mapperRef`. [DEF-125]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub mappers: OrderedMap<MapperId, Expression>,
    /// How outbound HTTP calls are retried, bounded and authenticated. [DEF-130]
    #[serde(skip_serializing_if = "is_default")]
    pub policies: Policies,
    /// Named outcomes; the first that matches classifies a run that has ended. [DEF-150, DEF-151]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub outcomes: OrderedMap<OutcomeId, OutcomeRule>,
    /// The cookie jar of a run, and what of it the caller gets. [DEF-155]
    #[serde(skip_serializing_if = "is_default")]
    pub cookies: Cookies,
    /// How errors of calls are read and how errors are shown. [DEF-170]
    #[serde(skip_serializing_if = "is_default")]
    pub errors: Errors,
    /// How transports reach it. [DEF-180]
    #[serde(skip_serializing_if = "is_default")]
    pub bindings: Bindings,
}

/// A block that holds a schema and nothing else. [DEF-049]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchemaBlock {
    /// A JSON Schema of draft 2020-12. [DEF-050]
    pub schema: Schema,
}

/// What a run gives back. [DEF-049]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Output {
    /// Describes what a `succeed` state of the top level returns. [DEF-056]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Schema>,
    /// What is added to the outcome document; Journey only. [DEF-058]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<OutputResponse>,
}

/// What is added to the outcome document. [DEF-058]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutputResponse {
    /// The variable whose members are added. [DEF-058]
    pub output_var: VarName,
    /// An object schema of the added members, for contracts. [DEF-058, DEF-059]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Schema>,
}

/// Defaults of tasks. [DEF-070]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Defaults {
    /// Defaults of HTTP calls. [DEF-070]
    #[serde(skip_serializing_if = "is_default")]
    pub http: HttpDefaults,
    /// Defaults of tasks of all kinds. [DEF-072]
    #[serde(skip_serializing_if = "is_default")]
    pub tasks: TaskDefaults,
}

/// Defaults of tasks of all kinds. [DEF-072]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TaskDefaults {
    /// The resilience policy of tasks that name none. An unknown one is passed over. [DEF-072, DEF-073]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resilience_policy_ref: Option<PolicyId>,
}

/// Defaults of HTTP calls. [DEF-070, DEF-071]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpDefaults {
    /// Milliseconds one attempt may take; 10 000 unless given. [DEF-070]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 10_000))]
    pub timeout_ms: Option<NonZeroU64>,
    /// Headers of every call, interpolated; a header of the task takes their place. [DEF-071]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    #[schemars(extend("propertyNames" = { "pattern": crate::header::TOKEN }))]
    pub headers: OrderedMap<String, Template>,
}

/// What the platform provides. [DEF-080]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Platform {
    /// The configuration keys that the definition reads, bound at `platform.config`. [DEF-080, DEF-081]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub config: OrderedMap<ConfigKey, ConfigDeclaration>,
}

/// One configuration key. [DEF-080]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConfigDeclaration {
    /// The type that a value must have. [DEF-080]
    #[serde(rename = "type")]
    pub config_type: ConfigType,
    /// Whether a value must be configured; `false` unless given. [DEF-080, DEF-082]
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = false))]
    pub required: bool,
    /// For readers only. [DEF-080]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The type of a configuration value. [DEF-080]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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

/// How long a run may take. [DEF-090]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Execution {
    /// Seconds a run may take; limits of the platform can make it less. [DEF-090, DEF-091]
    pub max_duration_sec: NonZeroU64,
    /// How a run ends that took longer. [DEF-090]
    pub on_timeout: ExecutionTimeout,
}

/// How a run ends that took longer than it may. [DEF-090]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExecutionTimeout {
    /// The Problem type. [DEF-090]
    #[schemars(length(min = 1))]
    pub error_code: Arc<str>,
    /// The Problem title. [DEF-090]
    #[schemars(length(min = 1))]
    pub reason: Arc<str>,
}

/// How runs start and whether they can be cancelled. [DEF-101]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Lifecycle {
    /// Whether users may cancel a run; `true` unless given. [DEF-101]
    #[serde(skip_serializing_if = "is_true")]
    #[schemars(extend("default" = true))]
    pub cancellable: bool,
    /// How a start is answered; `sync` unless given. [DEF-101]
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "sync"))]
    pub start_mode: StartMode,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { cancellable: true, start_mode: StartMode::Sync }
    }
}

/// How a start is answered. [DEF-101]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StartMode {
    /// When the run is settled or has ended.
    #[default]
    Sync,
    /// At once.
    Async,
}

/// What the HTTP documents of a Journey show. [DEF-102]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpSurface {
    /// The links of the documents. [DEF-102]
    #[serde(skip_serializing_if = "is_default")]
    pub links: SurfaceLinks,
}

/// The links of the HTTP documents. [DEF-102]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SurfaceLinks {
    /// Whether documents carry `_links`; `true` unless given. [DEF-102]
    #[serde(skip_serializing_if = "is_true")]
    #[schemars(extend("default" = true))]
    pub enabled: bool,
}

impl Default for SurfaceLinks {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// How a run ended, where the language speaks of it. [DEF-150, DEF-192]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndPhase {
    /// The run reached a `succeed` state.
    Succeeded,
    /// The run failed, whatever the reason.
    Failed,
}

/// A named outcome. [DEF-150]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutcomeRule {
    /// Which runs it is for. [DEF-150]
    pub when: OutcomeMatch,
}

/// Which runs an outcome is for. [DEF-150]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutcomeMatch {
    /// How the run ended. [DEF-150]
    pub phase: EndPhase,
    /// A further condition. [DEF-150]
    #[serde(skip_serializing_if = "Option::is_none")]
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

    /// The definition as a document, which loads to an equal definition. Comments, layout, `x-` members and older
    /// spellings are those of the file and not of the definition.
    ///
    /// YAML is best written from this document: writers that follow the types mark enums with YAML tags, which
    /// definitions must not have (DEF-002).
    ///
    /// ```
    /// use jf_dsl::{SourceFile, StaticCapabilities, load};
    ///
    /// let text = "
    /// apiVersion: v1
    /// kind: Journey
    /// metadata: { name: hello, version: 1.0.0 }
    /// spec: { start: done, lifecycle: { cancellable: true }, states: { done: { type: succeed } } }
    /// ";
    /// let loaded = load(&SourceFile::new("hello.journey.yaml", text), &StaticCapabilities::full()).unwrap();
    /// let document = loaded.definition.to_document();
    /// assert_eq!(document["spec"]["states"]["done"]["type"], "succeed");
    /// assert!(document["spec"].get("lifecycle").is_none(), "what is said without it is left out");
    ///
    /// let written = SourceFile::new("hello.journey.json", document.to_string());
    /// let again = load(&written, &StaticCapabilities::full()).unwrap();
    /// assert_eq!(again.definition, loaded.definition);
    /// ```
    #[must_use]
    pub fn to_document(&self) -> Value {
        serde_json::to_value(self).expect("the model has string keys and finite numbers only")
    }

    /// The definition as a YAML document that loads again to an equal one, whatever texts it holds.
    ///
    /// Notes (`x-…`), comments and layout are not part of a definition and are not there; text that could be taken for something
    /// else is quoted.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        super::yaml::write(&self.to_document())
    }

    /// The schema that the initial context must follow, `spec.input.schema` (DEF-054).
    #[must_use]
    pub fn input_schema(&self) -> Option<&Schema> {
        self.spec.input.as_ref().map(|block| &block.schema)
    }

    /// The schema of the context over time, `spec.context.schema` (DEF-057).
    #[must_use]
    pub fn context_schema(&self) -> Option<&Schema> {
        self.spec.context.as_ref().map(|block| &block.schema)
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

    /// The state that an address leads to from `spec.states`, branches included and subjourneys not: what entries of a WebSocket or
    /// queue binding cover (WS-032). It has the ids of parallel states and the names of their branches in turns and ends with
    /// the id of the state, all joined by `~` (ENG-040); an id alone is one of the top level.
    ///
    /// ```
    /// use jf_dsl::{SourceFile, StaticCapabilities, load};
    ///
    /// let text = "
    /// apiVersion: v1
    /// kind: Journey
    /// metadata: { name: race, version: 1.0.0 }
    /// spec:
    ///   start: both
    ///   states:
    ///     both:
    ///       type: parallel
    ///       parallel:
    ///         branches: [{ name: a, start: end, states: { end: { type: succeed } } }]
    ///         join: { strategy: allOf }
    ///       next: last
    ///     last: { type: subjourney, subjourney: { ref: sub }, next: done }
    ///     done: { type: succeed }
    ///   subjourneys: { sub: { start: end, states: { end: { type: succeed } } } }
    /// ";
    /// let loaded = load(&SourceFile::new("race.journey.yaml", text), &StaticCapabilities::full()).unwrap();
    /// for (address, leads) in [
    ///     ("done", true),
    ///     ("both~a~end", true),
    ///     ("end", false),
    ///     ("both~a", false),
    ///     ("both~b~end", false),
    ///     ("both~a~end~end", false),
    ///     ("last~end", false),
    /// ] {
    ///     assert_eq!(loaded.definition.state_at(address).is_some(), leads, "{address}");
    /// }
    /// ```
    #[must_use]
    pub fn state_at(&self, address: &str) -> Option<&State> {
        let mut states = &self.spec.states;
        let mut parts = address.split('~');
        loop {
            let state = states.get(parts.next()?)?;
            let Some(branch) = parts.next() else { return Some(state) };
            let State::Parallel(parallel) = state else { return None };
            let mut branches = parallel.parallel.branches.iter();
            states = &branches.find(|candidate| candidate.name.as_str() == branch)?.states;
        }
    }

    /// The first placeholder that reads an undeclared key of `platform.config` (EXP-051).
    #[must_use]
    pub fn undeclared_placeholder<'a>(&self, template: &'a Template) -> Option<&'a Placeholder> {
        template.placeholders().find(|placeholder| {
            placeholder.config_key().is_some_and(|key| !self.spec.platform.config.contains_key(key))
        })
    }
}
