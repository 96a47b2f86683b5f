//! What the caller has installed and configured: the seam between the language and a build of the engine.

mod expression;
mod file;
mod static_capabilities;
mod task;

use std::path::Path;

use serde_json::Value;

use crate::ids::{ApiName, Channel, DefinitionName};
use crate::model::metadata::MetadataLimits;
use crate::source::SourceFile;
use crate::value::duration::IsoDuration;
use crate::value::file_ref::FileRef;
use crate::version::TaskKind;

pub use expression::{ExpressionCheck, ExpressionFault, ExpressionFaultKind, ExpressionSite, SiteClass};
pub use file::FileFault;
pub(crate) use file::MOST_BYTES;
pub use static_capabilities::StaticCapabilities;
pub use task::{TaskFinding, TaskSite};

/// A part of the language that a build of the engine may lack. A definition that uses one that is not supported is
/// refused, never half understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// `parallel` states.
    Parallel,
    /// `subjourney` states and `spec.subjourneys`.
    Subjourney,
    /// `spec.compensation`.
    Compensation,
    /// `spec.access`.
    Access,
    /// `spec.cookies`.
    Cookies,
    /// `spec.policies` and `spec.defaults.tasks`.
    Policies,
    /// `spec.apis`.
    Apis,
    /// `spec.errors`.
    Errors,
    /// Transforms with `target.kind: attributes`.
    AttributeTransform,
    /// `schedule:v1` tasks.
    Schedule,
}

impl Feature {
    /// All features.
    pub const ALL: [Self; 10] = [
        Self::Parallel,
        Self::Subjourney,
        Self::Compensation,
        Self::Access,
        Self::Cookies,
        Self::Policies,
        Self::Apis,
        Self::Errors,
        Self::AttributeTransform,
        Self::Schedule,
    ];

    /// The feature as diagnostics call it, in the plural: `parallel states`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Parallel => "parallel states",
            Self::Subjourney => "subjourneys",
            Self::Compensation => "compensation blocks",
            Self::Access => "access rules",
            Self::Cookies => "cookie jars",
            Self::Policies => "policies",
            Self::Apis => "API catalogues",
            Self::Errors => "error normalisers and envelopes",
            Self::AttributeTransform => "attribute-writing transforms",
            Self::Schedule => "schedule tasks",
        }
    }
}

/// The kinds of policy that a platform can configure (DEF-131, TSK-029).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PolicyKind {
    /// Resilience of HTTP calls, as in `spec.policies.httpResilience`.
    HttpResilience,
    /// Authentication of HTTP calls, as in `spec.policies.httpClientAuth`.
    HttpClientAuth,
}

/// Ceilings on the size of a definition (DEF-014).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeLimits {
    /// Bytes of a file.
    pub file_bytes: usize,
    /// Nesting of mappings and sequences; at most 128.
    pub nesting: usize,
    /// States over the whole definition.
    pub states: usize,
    /// Branches of one `parallel` state.
    pub branches: usize,
    /// Nested `parallel` and `subjourney` states.
    pub state_nesting: usize,
}

impl Default for SizeLimits {
    fn default() -> Self {
        Self { file_bytes: 1024 * 1024, nesting: 128, states: 2_000, branches: 64, state_nesting: 16 }
    }
}

/// What is installed and configured where a definition is to run (DEF-013).
///
/// Loading asks it and nothing else; implementations answer from registries and configuration in memory, without
/// network access. [`StaticCapabilities`] is a simple implementation for tests and tools.
pub trait Capabilities {
    /// Whether the build supports the feature.
    fn supports(&self, feature: Feature) -> bool;

    /// Whether the build has the binding, for the ids of DEF-180 (`http`, `websocket`, `queue`, `grpc`, `cli`,
    /// `function`).
    fn binding(&self, id: &str) -> bool;

    /// The ids of the registered expression engines (EXP-003).
    fn languages(&self) -> Vec<String>;

    /// Judges an expression where it stands: unknown language (EXP-002), site (EXP-030), syntax (EXP-004), result type
    /// where it can be told (STA-027, EXP-009).
    fn check_expression(&self, site: &ExpressionSite<'_>) -> ExpressionCheck;

    /// The registered task kinds, as written at `task.kind` (TSK-002).
    fn task_kinds(&self) -> Vec<String>;

    /// Judges the configuration of a task of a registered kind (TSK-004). It is not asked about the core kinds (TSK-003),
    /// whose rules are part of the language.
    ///
    /// `config` is the `task` object without `kind`.
    fn check_task(&self, kind: &TaskKind, config: &Value, site: &TaskSite<'_>) -> Vec<TaskFinding>;

    /// The limits on metadata (DEF-115).
    fn metadata_limits(&self) -> MetadataLimits {
        MetadataLimits::default()
    }

    /// The configured value of a key of `spec.platform.config`, when there is one (DEF-081, DEF-082).
    fn platform_config(&self, definition: &DefinitionName, key: &str) -> Option<Value> {
        let _ = (definition, key);
        None
    }

    /// Whether the platform has a policy of the kind and id (DEF-131, TSK-029).
    fn has_policy(&self, kind: PolicyKind, id: &str) -> bool {
        let _ = (kind, id);
        false
    }

    /// The base URL that the platform configures for an entry of `spec.apis`, when there is one; it takes the place of
    /// the servers of the OpenAPI document (DEF-067).
    fn api_server(&self, definition: &DefinitionName, api: &ApiName) -> Option<String> {
        let _ = (definition, api);
        None
    }

    /// The shortest interval of `schedule:v1` tasks (TSK-102).
    fn schedule_minimum(&self) -> IsoDuration {
        IsoDuration::schedule_minimum()
    }

    /// The profiles that are configured for an auth task (TSK-123); `None` while they are not known.
    fn task_profiles(&self, kind: &TaskKind) -> Option<Vec<String>> {
        let _ = kind;
        None
    }

    /// Whether the platform configures a connection for `kafkaPublish:v1` tasks that name none (TSK-083); `None` while
    /// that is not known.
    fn has_kafka_connection(&self) -> Option<bool> {
        None
    }

    /// Whether the platform configures a logical channel of the queue binding (BND-013); `None` while that is not known.
    fn has_channel(&self, channel: &Channel) -> Option<bool> {
        let _ = channel;
        None
    }

    /// A file that a definition refers to (DEF-013, DEF-065, TSK-081). `base` is the folder that references of the
    /// definition start from.
    ///
    /// Unless overridden, the file is read from disk, without following links out of the folder, and never from
    /// anywhere else.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    fn file(&self, base: Option<&Path>, file: &FileRef) -> Result<SourceFile, FileFault> {
        file::read(base, file)
    }

    /// Whether the engine runs in development mode (DEF-029).
    fn development(&self) -> bool {
        false
    }

    /// The ceilings on the size of a definition (DEF-014).
    fn size_limits(&self) -> SizeLimits {
        SizeLimits::default()
    }
}
