//! The metrics by name: instruments, reference page and tests go by this table.

/// One metric of an engine.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Whether it counts, shows a state, or measures.
    pub kind: MetricKind,
    /// The names of its labels, in order.
    pub labels: &'static [&'static str],
    /// What it says, in one sentence without a full stop.
    pub help: &'static str,
    /// Upper bounds of the buckets of a histogram, in seconds.
    pub buckets: &'static [f64],
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// A number that grows.
    Counter,
    /// A number as it is when it is read.
    Gauge,
    /// How often values of some size came.
    Histogram,
}

impl MetricKind {
    /// As Prometheus names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, labels, help, buckets: &[] }
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, labels: &[], help, buckets: &[] }
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    buckets: &'static [f64],
) -> Metric {
    Metric { name, kind: MetricKind::Histogram, labels, help, buckets }
}

/// From a run of pure states to the month that a contract takes.
const LIFETIMES: &[f64] =
    &[0.005, 0.025, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0, 2_592_000.0];
const CALLS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const COMMIT_TIMES: &[f64] = &[0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];
const LAGS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0];

pub(super) const RUNS_STARTED: Metric = counter(
    "journey_runs_started_total",
    &["kind", "name", "version", "purpose"],
    "Runs that were created, of Journeys and of Apis",
);
pub(super) const RUNS_COMPLETED: Metric = counter(
    "journey_runs_completed_total",
    &["kind", "name", "version", "purpose", "phase", "termination"],
    "Runs that have ended",
);
pub(super) const RUN_DURATION: Metric = histogram(
    "journey_run_duration_seconds",
    &["kind", "name", "version", "purpose", "phase"],
    "Time from the creation of a run to its end",
    LIFETIMES,
);
pub(super) const TASKS: Metric =
    counter("journeyforge_tasks_total", &["task", "result"], "Executions of tasks that came to their end");
pub(super) const TASK_DURATION: Metric = histogram(
    "journeyforge_task_duration_seconds",
    &["task"],
    "Time a task took, without waiting for a slot",
    CALLS,
);
pub(super) const COMMITS: Metric =
    counter("journeyforge_commits_total", &[], "Commits of runs that the store has taken");
pub(super) const COMMIT_FAILURES: Metric =
    counter("journeyforge_commit_failures_total", &[], "Commits that have failed, lost claims included");
pub(super) const COMMIT_DURATION: Metric = histogram(
    "journeyforge_commit_duration_seconds",
    &[],
    "Time until a commit was durable, waiting for its group included",
    COMMIT_TIMES,
);
pub(super) const REFUSED: Metric = counter(
    "journeyforge_commands_refused_total",
    &["reason"],
    "Commands that were not let in, because too much was going on or because the node stops",
);
pub(super) const TIMER_LAG: Metric = histogram(
    "journeyforge_timer_lag_seconds",
    &[],
    "Time between the due time of a timer, time-out or deadline and its firing",
    LAGS,
);
pub(super) const NOTIFICATIONS_DROPPED: Metric = counter(
    "journeyforge_notifications_dropped_total",
    &[],
    "Notifications that were not sent, because too many were on their way",
);
pub(super) const PLUGIN_FAILURES: Metric = counter(
    "journeyforge_plugin_failures_total",
    &["task"],
    "Failures of plugins that no run learns of, such as notifications that were not delivered",
);
pub(super) const ACTIVE_RUNS: Metric =
    gauge("journeyforge_active_runs", "Runs in memory: something is happening to them");
pub(super) const RUNS_IN_MOTION: Metric =
    gauge("journeyforge_runs_in_motion", "Runs with a flow that is neither parked nor ended");
pub(super) const ADMITTED: Metric =
    gauge("journeyforge_admitted", "Commands being decided, runs in motion and background jobs, together");
pub(super) const ADMISSION_LIMIT: Metric =
    gauge("journeyforge_admission_limit", "The number from which commands are refused");
pub(super) const TASKS_RUNNING: Metric = gauge("journeyforge_tasks_running", "Tasks that run");
pub(super) const TASKS_LIMIT: Metric =
    gauge("journeyforge_tasks_limit", "Tasks that may run at the same time; further ones wait");
pub(super) const BACKGROUND_JOBS: Metric =
    gauge("journeyforge_background_jobs", "Notifications that are being sent");
pub(super) const WATCHED_RUNS: Metric = gauge("journeyforge_watched_runs", "Runs that somebody follows");

pub(super) const TABLE: &[Metric] = &[
    RUNS_STARTED,
    RUNS_COMPLETED,
    RUN_DURATION,
    TASKS,
    TASK_DURATION,
    COMMITS,
    COMMIT_FAILURES,
    COMMIT_DURATION,
    REFUSED,
    TIMER_LAG,
    NOTIFICATIONS_DROPPED,
    PLUGIN_FAILURES,
    ACTIVE_RUNS,
    RUNS_IN_MOTION,
    ADMITTED,
    ADMISSION_LIMIT,
    TASKS_RUNNING,
    TASKS_LIMIT,
    BACKGROUND_JOBS,
    WATCHED_RUNS,
];
