//! What an engine counts (ENG-135), always; whoever wants it reads it as Prometheus text or takes it into a registry.

mod counted;
mod striped;
mod table;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jf_dsl::TaskKind;
use jf_machine::Run;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, TextEncoder,
};

pub(crate) use self::counted::Counted;
use self::counted::Ended;
use self::striped::Striped;
use self::table as t;
pub use self::table::{Metric, MetricKind};
use crate::deployment::Deployed;
use crate::shared::Shared;

/// What an [`EmbeddedEngine`](crate::EmbeddedEngine) counts and measures. Clones are one and the same.
///
/// A [`Collector`], so that the registry of a whole process can take it in, and readable by itself:
///
/// ```
/// # use jf_core::spi::Registries;
/// # use jf_dsl::Catalog;
/// # use jf_engine::EmbeddedEngine;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let catalog = Catalog::new(Vec::new()).map_err(|problems| problems.to_string())?;
/// # let engine = EmbeddedEngine::builder(catalog).registries(Registries::builder().build()?).build().await?;
/// let text = engine.metrics().to_text(); // `text/plain; version=0.0.4`
/// assert!(text.contains("\njourneyforge_active_runs 0\n"));
///
/// // Or beside what else the process measures:
/// let registry = prometheus::Registry::new();
/// registry.register(Box::new(engine.metrics()))?;
/// # Ok(())
/// # }
/// ```
///
/// The number of time series is bounded by what is deployed: labels are names and versions of definitions, kinds of tasks, phases and
/// terminations, never anything of a request.
#[derive(Clone)]
pub struct EngineMetrics {
    metrics: Arc<Metrics>,
    engine: Weak<Shared>,
}

/// The instruments.
pub(crate) struct Metrics {
    runs_started: IntCounterVec,
    runs_completed: IntCounterVec,
    run_duration: HistogramVec,
    tasks: IntCounterVec,
    task_duration: HistogramVec,
    commits: Striped<IntCounter>,
    commit_failures: IntCounter,
    commit_duration: Striped<Histogram>,
    refused: IntCounterVec,
    timer_lag: Histogram,
    notifications_dropped: IntCounter,
    plugin_failures: IntCounterVec,
    gauges: Gauges,
}

/// Set when they are read.
struct Gauges {
    active_runs: IntGauge,
    runs_in_motion: IntGauge,
    admitted: IntGauge,
    admission_limit: IntGauge,
    tasks_running: IntGauge,
    tasks_limit: IntGauge,
    background_jobs: IntGauge,
    watched_runs: IntGauge,
}

/// Why a command was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Too much is going on.
    Admission,
    /// The node stops.
    Draining,
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            runs_started: counters(&t::RUNS_STARTED),
            runs_completed: counters(&t::RUNS_COMPLETED),
            run_duration: histograms(&t::RUN_DURATION),
            tasks: counters(&t::TASKS),
            task_duration: histograms(&t::TASK_DURATION),
            commits: Striped::new(|| counter(&t::COMMITS)),
            commit_failures: counter(&t::COMMIT_FAILURES),
            commit_duration: Striped::new(|| histogram(&t::COMMIT_DURATION)),
            refused: counters(&t::REFUSED),
            timer_lag: histogram(&t::TIMER_LAG),
            notifications_dropped: counter(&t::NOTIFICATIONS_DROPPED),
            plugin_failures: counters(&t::PLUGIN_FAILURES),
            gauges: Gauges {
                active_runs: gauge(&t::ACTIVE_RUNS),
                runs_in_motion: gauge(&t::RUNS_IN_MOTION),
                admitted: gauge(&t::ADMITTED),
                admission_limit: gauge(&t::ADMISSION_LIMIT),
                tasks_running: gauge(&t::TASKS_RUNNING),
                tasks_limit: gauge(&t::TASKS_LIMIT),
                background_jobs: gauge(&t::BACKGROUND_JOBS),
                watched_runs: gauge(&t::WATCHED_RUNS),
            },
        })
    }

    pub(crate) fn run_started(&self, deployed: &Deployed, run: &Run) {
        let started = deployed.counted.started(run.compensates().is_some(), || {
            let definition = deployed.program.identity();
            let (kind, version) = (definition.kind.as_str(), definition.version.to_string());
            let labels = [kind, definition.name.as_str(), &version, purpose(run)];
            self.runs_started.with_label_values(&labels)
        });
        started.inc();
    }

    pub(crate) fn run_ended(&self, deployed: &Deployed, run: &Run, age: Duration) {
        // A run whose end is told has a termination, and that has one phase (ENG-025).
        let Some(termination) = run.termination() else { return };
        let ended = deployed.counted.ended(run.compensates().is_some(), termination, || {
            let definition = deployed.program.identity();
            let (kind, version) = (definition.kind.as_str(), definition.version.to_string());
            let (name, phase) = (definition.name.as_str(), run.phase().as_str());
            let labels = [kind, name, &version, purpose(run), phase, termination.as_str()];
            Ended {
                completed: self.runs_completed.with_label_values(&labels),
                duration: self.run_duration.with_label_values(&labels[..5]),
            }
        });
        ended.completed.inc();
        ended.duration.observe(age.as_secs_f64());
    }

    pub(crate) fn task_ended(&self, kind: &TaskKind, result: &'static str, took: Duration) {
        self.tasks.with_label_values(&[kind.as_str(), result]).inc();
        self.task_duration.with_label_values(&[kind.as_str()]).observe(took.as_secs_f64());
    }

    pub(crate) fn committed(&self, took: Duration) {
        self.commits.here().inc();
        self.commit_duration.here().observe(took.as_secs_f64());
    }

    pub(crate) fn commit_failed(&self) {
        self.commit_failures.inc();
    }

    pub(crate) fn refused(&self, why: Refusal) {
        let reason = match why {
            Refusal::Admission => "admission",
            Refusal::Draining => "draining",
        };
        self.refused.with_label_values(&[reason]).inc();
    }

    /// Something was applied this long after it was due (ENG-072).
    pub(crate) fn lagged(&self, lag: Duration) {
        self.timer_lag.observe(lag.as_secs_f64());
    }

    pub(crate) fn notification_dropped(&self) {
        self.notifications_dropped.inc();
    }

    pub(crate) fn plugin_failed(&self, kind: &TaskKind) {
        self.plugin_failures.with_label_values(&[kind.as_str()]).inc();
    }

    fn collectors(&self) -> [&dyn Collector; 20] {
        let gauges = &self.gauges;
        [
            &self.runs_started,
            &self.runs_completed,
            &self.run_duration,
            &self.tasks,
            &self.task_duration,
            &self.commits,
            &self.commit_failures,
            &self.commit_duration,
            &self.refused,
            &self.timer_lag,
            &self.notifications_dropped,
            &self.plugin_failures,
            &gauges.active_runs,
            &gauges.runs_in_motion,
            &gauges.admitted,
            &gauges.admission_limit,
            &gauges.tasks_running,
            &gauges.tasks_limit,
            &gauges.background_jobs,
            &gauges.watched_runs,
        ]
    }

    fn look(&self, engine: &Shared) {
        let (gauges, config) = (&self.gauges, &engine.config);
        let set = |gauge: &IntGauge, value: usize| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        let used =
            |limit: usize, slots: &tokio::sync::Semaphore| limit.saturating_sub(slots.available_permits());
        set(&gauges.active_runs, engine.runs.len());
        set(&gauges.runs_in_motion, engine.load.in_motion());
        set(&gauges.admitted, engine.load.total());
        set(&gauges.admission_limit, config.admission);
        set(&gauges.tasks_running, used(config.concurrent_tasks, &engine.tasks));
        set(&gauges.tasks_limit, config.concurrent_tasks);
        set(&gauges.background_jobs, used(config.background_jobs, &engine.background));
        set(&gauges.watched_runs, engine.watches.len());
    }
}

impl EngineMetrics {
    /// Every metric of an engine, in the order of its text.
    pub const TABLE: &'static [Metric] = t::TABLE;

    pub(crate) fn new(engine: &Arc<Shared>) -> Self {
        Self { metrics: Arc::clone(&engine.metrics), engine: Arc::downgrade(engine) }
    }

    /// Everything as Prometheus text, format 0.0.4. Metrics with labels that nothing was counted for yet are left out.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = Vec::new();
        let families: Vec<_> =
            self.collect().into_iter().filter(|family| !family.get_metric().is_empty()).collect();
        // Writing to memory does not fail, and only families that hold something were kept.
        let written = TextEncoder::new().encode(&families, &mut text);
        debug_assert!(written.is_ok(), "{written:?}");
        String::from_utf8(text).unwrap_or_default()
    }
}

impl Collector for EngineMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.metrics.collectors().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        if let Some(engine) = self.engine.upgrade() {
            self.metrics.look(&engine);
        }
        self.metrics.collectors().into_iter().flat_map(Collector::collect).collect()
    }
}

impl fmt::Debug for EngineMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineMetrics").finish_non_exhaustive()
    }
}

/// A run of its own, or one that compensates another (ENG-094).
fn purpose(run: &Run) -> &'static str {
    if run.compensates().is_some() { "compensation" } else { "run" }
}

fn opts(metric: &Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}

fn histogram_opts(metric: &Metric) -> HistogramOpts {
    HistogramOpts::new(metric.name, metric.help).buckets(metric.buckets.to_vec())
}

const SOUND: &str = "the names in the table are valid";

fn counters(metric: &Metric) -> IntCounterVec {
    IntCounterVec::new(opts(metric), metric.labels).expect(SOUND)
}

fn histograms(metric: &Metric) -> HistogramVec {
    HistogramVec::new(histogram_opts(metric), metric.labels).expect(SOUND)
}

fn counter(metric: &Metric) -> IntCounter {
    IntCounter::with_opts(opts(metric)).expect(SOUND)
}

fn gauge(metric: &Metric) -> IntGauge {
    IntGauge::with_opts(opts(metric)).expect(SOUND)
}

fn histogram(metric: &Metric) -> Histogram {
    Histogram::with_opts(histogram_opts(metric)).expect(SOUND)
}

#[cfg(test)]
mod tests {
    use super::{EngineMetrics, MetricKind, Metrics};

    #[test]
    fn eng_135_the_table_and_the_instruments_agree() {
        let metrics = Metrics::new();
        let described: Vec<_> = metrics.collectors().into_iter().flat_map(|one| one.desc()).collect();
        assert_eq!(described.len(), EngineMetrics::TABLE.len());
        for (desc, metric) in described.iter().zip(EngineMetrics::TABLE) {
            assert_eq!((&*desc.fq_name, &*desc.help), (metric.name, metric.help));
            assert_eq!(desc.variable_labels, metric.labels, "{}", metric.name);
            let counts = metric.name.ends_with("_total");
            assert_eq!(counts, metric.kind == MetricKind::Counter, "{}", metric.name);
            let measures = metric.name.ends_with("_seconds");
            assert_eq!(measures, metric.kind == MetricKind::Histogram, "{}", metric.name);
            assert!(metric.buckets.is_sorted() && measures != metric.buckets.is_empty(), "{}", metric.name);
        }
    }
}
