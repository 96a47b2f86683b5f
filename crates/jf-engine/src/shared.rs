//! What all parts of one engine share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jf_core::spi::{Clock, Connectors, DefinitionIdentity};
use jf_core::{EngineError, EngineErrorKind, Epoch, Head, JourneyId, TraceContext};
use jf_machine::{Env, Run};
use jf_store::{Claim, Store, StoreError, StoreErrorKind};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::EngineConfig;
use crate::deployment::{Deployed, Deployment};
use crate::guard::{Decisions, ReadRun, Silence};
use crate::keys::StartKeys;
use crate::links::LinkBase;
use crate::load::{Load, Permit, RETRY_AFTER, crowded};
use crate::metrics::{Metrics, Refusal};
use crate::runs::ActiveRuns;
use crate::scheduler::Alarm;
use crate::snapshot::{RunSnapshot, UnreadableRun};
use crate::spans::Spans;
use crate::watches::Watches;

/// The inside of an engine. Behind an [`Arc`] that the engine, its background loops and all work in flight hold.
pub(crate) struct Shared {
    pub(crate) config: EngineConfig,
    pub(crate) deployment: Deployment,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) connectors: Connectors,
    pub(crate) runtime: Handle,
    pub(crate) epoch: Epoch,
    pub(crate) claim: Claim,
    pub(crate) links: LinkBase,
    pub(crate) runs: ActiveRuns,
    pub(crate) load: Arc<Load>,
    pub(crate) watches: Arc<Watches>,
    /// For due times of runs.
    pub(crate) alarm: Arc<Alarm>,
    /// For due times of schedules.
    pub(crate) schedule_alarm: Arc<Alarm>,
    pub(crate) start_keys: StartKeys,
    /// Slots of running tasks.
    pub(crate) tasks: Arc<Semaphore>,
    /// Slots of read guards, whose tasks need none: reads and runs do not wait for each other.
    pub(crate) guards: Semaphore,
    /// Reads that were allowed.
    pub(crate) decisions: Decisions,
    /// When reads that must not tell anything are refused.
    pub(crate) silence: Silence,
    /// Slots of background jobs.
    pub(crate) background: Arc<Semaphore>,
    /// Cancelled when the engine takes no more commands.
    pub(crate) draining: AtomicBool,
    /// Cancelled when the time to come to rest is over, or nothing is in motion any more.
    pub(crate) drained: CancellationToken,
    pub(crate) numbers: Numbers,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) spans: Spans,
}

/// Where random numbers come from.
#[derive(Debug)]
pub(crate) struct Numbers {
    seeds: AtomicU64,
}

impl Numbers {
    /// Seeds follow from `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seeds: AtomicU64::new(seed) }
    }

    /// A number that is given once.
    pub(crate) fn unique(&self) -> u64 {
        self.seed()
    }

    /// A number that looks like chance (EXP-006): the finaliser of SplitMix64 over a counter, which maps no two to one.
    pub(crate) fn seed(&self) -> u64 {
        let counter = self.seeds.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (counter ^ (counter >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Shared {
    /// Tells the log the limits in force (ENG-145).
    pub(crate) fn announce(&self) {
        let (config, limits) = (&self.config, &self.config.limits);
        tracing::info!(
            durable = self.store.is_durable(),
            environment = &*config.environment,
            sync_wait = ?config.sync_wait,
            early_submission = ?config.early_submission,
            start_keys_kept = ?config.start_keys_kept,
            concurrent_tasks = config.concurrent_tasks,
            admission = config.admission,
            background_jobs = config.background_jobs,
            commands_per_run = config.commands_per_run,
            concurrent_guards = config.concurrent_guards,
            guard_evaluation = ?limits.guard_evaluation,
            guard_reuse = ?config.guard_reuse,
            schedule_minimum = %limits.schedule_minimum,
            transitions_per_segment = limits.transitions_per_segment,
            transitions_per_trigger = limits.transitions_per_trigger,
            flows_per_run = limits.flows_per_run,
            context_bytes = limits.context_bytes,
            cookies_per_jar = limits.jar.cookies,
            cookie_bytes = limits.jar.cookie_bytes,
            "the engine is ready"
        );
    }

    /// Lets a command in (ENG-143): not while draining, nor beyond the admission bound.
    pub(crate) fn admit(&self) -> Result<Permit, EngineError> {
        if self.draining.load(Ordering::Acquire) {
            self.metrics.refused(Refusal::Draining);
            let error = EngineError::new(EngineErrorKind::Draining);
            return Err(error.with_detail("this node is stopping").with_retry_after(RETRY_AFTER));
        }
        self.load.admit().inspect_err(|_| self.metrics.refused(Refusal::Admission))
    }

    /// A refusal because too many commands wait for one run.
    pub(crate) fn refuse_crowd(&self) -> EngineError {
        self.metrics.refused(Refusal::Admission);
        crowded("too many commands wait for this run; try again")
    }

    /// The trace that what a request or a run causes belongs to: that of the inbound request, else that of the last one, else the run's
    /// own.
    pub(crate) fn origin(&self, inbound: Option<&TraceContext>, run: &Run) -> TraceContext {
        let last = || TraceContext::parse(run.traceparent()?, None);
        inbound.cloned().or_else(last).unwrap_or_else(|| self.spans.own_trace(run.journey_id()))
    }

    /// The world for one input.
    pub(crate) fn env<'a>(&'a self, deployed: &'a Deployed, now: Timestamp) -> Env<'a> {
        Env::new(now, self.numbers.seed(), &self.epoch, &deployed.platform, &self.config.limits)
    }

    pub(crate) fn head(&self, seq: u64) -> Head {
        Head::new(self.epoch.clone(), seq)
    }

    /// The run as last committed, with its version, whoever asks.
    pub(crate) async fn read(&self, id: &JourneyId) -> Result<ReadRun, EngineError> {
        let stored = self.store.load(id).await.map_err(|error| store_error(&error))?;
        let stored = stored.ok_or_else(EngineError::not_found)?;
        let snapshot = RunSnapshot::from_stored(&stored.snapshot).map_err(|error| unreadable(id, error))?;
        let deployed = self.version_of(id, &stored.index.definition).await?;
        Ok(ReadRun { snapshot, revision: stored.revision, deployed })
    }

    /// The version of a run, without loading the run.
    pub(crate) async fn locate(&self, id: &JourneyId) -> Result<Arc<Deployed>, EngineError> {
        let index = self.store.locate(id).await.map_err(|error| store_error(&error))?;
        let identity = index.ok_or_else(EngineError::not_found)?.definition;
        self.version_of(id, &identity).await
    }

    /// The version that a run began with, deployed or not (ENG-117).
    pub(crate) async fn version_of(
        &self,
        id: &JourneyId,
        identity: &DefinitionIdentity,
    ) -> Result<Arc<Deployed>, EngineError> {
        if let Some(deployed) = self.deployment.version(&identity.name, &identity.version) {
            return Ok(Arc::clone(deployed));
        }
        let kept = self.deployment.withdrawn().version(&*self.store, identity).await;
        let kept = kept.map_err(|error| store_error(&error))?;
        kept.ok_or_else(|| unreadable(id, UnreadableRun::NotDeployed))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedEngine")
            .field("store", &self.store)
            .field("epoch", &self.epoch)
            .field("load", &self.load)
            .field("watched", &self.watches.len())
            .field("draining", &self.draining.load(Ordering::Acquire))
            .finish_non_exhaustive()
    }
}

/// A run that is there and cannot be gone on with: trouble of the installation, not of the caller.
pub(crate) fn unreadable(id: &JourneyId, error: UnreadableRun) -> EngineError {
    tracing::error!(run = %id, %error, "a stored run cannot be read");
    EngineError::internal(error)
}

/// What a caller is told when the store has failed (ENG-143).
pub(crate) fn store_error(error: &StoreError) -> EngineError {
    if error.kind() == StoreErrorKind::Full {
        // No trouble of the store, and as frequent as starts are.
        return crowded("too many runs go on; try again");
    }
    tracing::warn!(%error, "the store has failed");
    let kind = match error.kind() {
        StoreErrorKind::Unavailable | StoreErrorKind::LostClaim | StoreErrorKind::KeyTaken => {
            EngineErrorKind::Unavailable
        }
        _ => EngineErrorKind::Internal,
    };
    if kind == EngineErrorKind::Unavailable { unavailable() } else { EngineError::new(kind) }
}

/// The store cannot be had for the moment.
pub(crate) fn unavailable() -> EngineError {
    let error = EngineError::new(EngineErrorKind::Unavailable);
    error.with_detail("the store is not available; try again").with_retry_after(RETRY_AFTER)
}
