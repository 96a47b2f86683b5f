//! What `apply` may know of the world.

use std::sync::Arc;
use std::time::Duration;

use jf_core::Epoch;
use jf_core::spi::JarLimits;
use jf_dsl::{IsoDuration, MetadataLimits};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::snapshot::DEEPEST_SNAPSHOT;

/// The world at the moment of one [`apply`](crate::apply). Everything that may change from one input to the next is in here,
/// so that the same run, input and environment give the same result.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Env<'a> {
    /// The time, constant for the whole input. Overdue inputs are looked for at this very time (ENG-073).
    pub now: Timestamp,
    /// Seed of the random values an expression language may offer (EXP-006). Fresh for every input.
    pub seed: u64,
    /// Identity of the log, for preconditions (ENG-054).
    pub epoch: &'a Epoch,
    /// What expressions see of the platform.
    pub platform: &'a PlatformValues,
    /// Bounds.
    pub limits: &'a Limits,
}

impl<'a> Env<'a> {
    /// The world at `now`.
    #[must_use]
    pub const fn new(
        now: Timestamp,
        seed: u64,
        epoch: &'a Epoch,
        platform: &'a PlatformValues,
        limits: &'a Limits,
    ) -> Self {
        Self { now, seed, epoch, platform, limits }
    }
}

/// Configured values for one definition (EXP-015). Its `Debug` form is that of the configuration, which holds no secrets
/// (DEF-084).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct PlatformValues {
    /// `platform.environment`.
    pub environment: Arc<str>,
    /// Values for keys of `spec.platform.config`; undeclared ones are not shown to the run (DEF-081).
    pub config: Map<String, Value>,
}

impl PlatformValues {
    /// The given values.
    #[must_use]
    pub fn new(environment: impl Into<Arc<str>>, config: Map<String, Value>) -> Self {
        Self { environment: environment.into(), config }
    }
}

/// Bounds that the platform sets and no definition can change (ENG-145).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Transitions of one flow in one segment (ENG-066).
    pub transitions_per_segment: u32,
    /// Transitions of all flows that one input moves, branches of branches included: what is told of them is kept until the commit.
    pub transitions_per_trigger: u32,
    /// Size of a live context as compact JSON, in bytes (DEF-203).
    pub context_bytes: usize,
    /// Nesting of a live context. Guards the stack of whoever walks it; far beyond what bodies may have. More than 448 counts as
    /// that: deeper runs could not be read back.
    pub context_depth: usize,
    /// Flows that are live in one run at the same time, so that branches of branches cannot take all memory.
    pub flows_per_run: usize,
    /// Evaluations of one `apply` before it asks to be continued.
    pub evaluations_per_apply: u32,
    /// Limits on tags and attributes, and on the duration of runs (DEF-091, DEF-115).
    pub metadata: MetadataLimits,
    /// How long a read guard may take to decide (ENG-112).
    pub guard_evaluation: Duration,
    /// Longest duration of a run whatever its definition says (DEF-091).
    pub max_duration: Option<Duration>,
    /// What a violation of `spec.output.schema` does (DEF-056).
    pub output_validation: OutputValidation,
    /// Bounds of cookie jars (TSK-076).
    pub jar: JarLimits,
    /// Shortest interval of schedules (TSK-102).
    pub schedule_minimum: IsoDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transitions_per_segment: 10_000,
            transitions_per_trigger: 1_000_000,
            context_bytes: 4 * 1024 * 1024,
            context_depth: 256,
            flows_per_run: 10_000,
            evaluations_per_apply: 64,
            metadata: MetadataLimits::default(),
            guard_evaluation: Duration::from_secs(5),
            max_duration: None,
            output_validation: OutputValidation::Warn,
            jar: JarLimits::default(),
            schedule_minimum: IsoDuration::schedule_minimum(),
        }
    }
}

/// The deepest contexts whose snapshots can be read back, with some room for what lies around a context.
const DEEPEST_CONTEXT: usize = DEEPEST_SNAPSHOT - 64;

impl Limits {
    /// How deep a context may be nested.
    pub(crate) fn depth(&self) -> usize {
        self.context_depth.min(DEEPEST_CONTEXT)
    }
}

/// What a violation of `spec.output.schema` does (DEF-056).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputValidation {
    /// The schema is for contracts only.
    Off,
    /// A diagnostic; the outcome stays.
    #[default]
    Warn,
    /// The run ends as a RuntimeError.
    Enforce,
}
