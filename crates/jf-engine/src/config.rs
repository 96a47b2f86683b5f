//! What an embedder can set.

use std::sync::Arc;
use std::time::Duration;

use jf_machine::Limits;

use crate::plugin_logs::PluginLogs;

/// Settings of an [`EmbeddedEngine`](crate::EmbeddedEngine). Every member has the default of the specification.
///
/// ```
/// use std::time::Duration;
/// use jf_engine::EngineConfig;
///
/// let mut config = EngineConfig::default();
/// config.public_base_url = Some("https://journeys.example.com".to_owned());
/// config.sync_wait = Duration::from_secs(10);
/// assert_eq!(config.early_submission, Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EngineConfig {
    /// `platform.environment` (EXP-015); `default` unless set.
    pub environment: Arc<str>,
    /// What links begin with; root-relative links without it (HTTP-054).
    pub public_base_url: Option<String>,
    /// How long a synchronous start or a submission waits for the run to come to rest (ENG-006): 30 s.
    pub sync_wait: Duration,
    /// How long a submission waits for its step to become active (ENG-059): 5 s; zero turns waiting off.
    pub early_submission: Duration,
    /// How long the key of a start is kept (ENG-052): 24 h.
    pub start_keys_kept: Duration,
    /// Tasks that run at the same time: 1 024. Further ones wait, which counts against the deadline of their run (TSK-012).
    pub concurrent_tasks: usize,
    /// Runs in motion and commands being decided, together: 16 384. Beyond it commands are `unavailable` with a time to try again. What
    /// falls due goes on to twice as much, and waits there.
    pub admission: usize,
    /// Commands that wait for one run: 1 024, and as many submissions that wait for their step (ENG-059). Beyond it further ones are
    /// `unavailable` with a time to try again, so that one run cannot take up all that may be admitted.
    pub commands_per_run: usize,
    /// Read guards that are evaluated at the same time: 1 024. Beyond it reads of guarded runs are `unavailable` with a time to try again,
    /// and those of unknown ids too, unless `denial_hold` is zero.
    pub concurrent_guards: usize,
    /// How long an allowing decision of a read guard is reused for the same request and the same state of the run, at most 5 s
    /// (ENG-116). Zero, the default, judges every read anew.
    pub guard_reuse: Duration,
    /// How long the refusal of a read is held back at most, so that a run that is not there is refused as late as one whose guard denies it
    /// (ENG-113): 250 ms. Zero refuses at once.
    pub denial_hold: Duration,
    /// Jobs that go on after their state (TSK-050), at the same time: 1 024. Beyond it they are dropped.
    pub background_jobs: usize,
    /// How often what need not be kept is removed (ENG-104): every minute.
    pub sweep_interval: Duration,
    /// The share of traces that begin in this engine and are marked as sampled, from 0 to 1: all of them. Those that come with a
    /// request keep their mark.
    pub trace_sample_ratio: f64,
    /// How much plugins tell (ENG-136): errors.
    pub plugin_logs: PluginLogs,
    /// Bounds of the language (ENG-145).
    pub limits: Limits,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            environment: "default".into(),
            public_base_url: None,
            sync_wait: Duration::from_secs(30),
            early_submission: Duration::from_secs(5),
            start_keys_kept: Duration::from_secs(24 * 60 * 60),
            concurrent_tasks: 1_024,
            admission: 16_384,
            commands_per_run: 1_024,
            concurrent_guards: 1_024,
            guard_reuse: Duration::ZERO,
            denial_hold: Duration::from_millis(250),
            background_jobs: 1_024,
            sweep_interval: Duration::from_secs(60),
            trace_sample_ratio: 1.0,
            plugin_logs: PluginLogs::default(),
            limits: Limits::default(),
        }
    }
}
