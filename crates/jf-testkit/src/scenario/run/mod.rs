//! Running scenarios: many at once, each on a thread with a system of its own.

mod check;
mod play;
mod system;
mod trail;

use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jf_core::dsl::SourceFile;

use super::report::{Report, Verdict};
use super::{Deployment, DriverKind, Host, NotReady, Scenario, Variant};
use play::Play;

/// Runs scenario files through the systems of a host.
///
/// Every scenario is run in all wanted variants that apply to it: over WebSocket only if one of its definitions has that binding.
#[derive(Clone)]
pub struct Runner {
    host: Arc<dyn Host>,
    drivers: Vec<DriverKind>,
    stores: Vec<Arc<str>>,
    restarts: Vec<bool>,
    threads: NonZeroUsize,
}

impl Runner {
    /// Over every driver, on the first store of the host, without restarts; one scenario per core at a time.
    #[must_use]
    pub fn new(host: Arc<dyn Host>) -> Self {
        let stores = host.stores().into_iter().take(1).collect();
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { host, drivers: DriverKind::ALL.to_vec(), stores, restarts: vec![false], threads }
    }

    /// Over these drivers only.
    #[must_use]
    pub fn with_drivers(mut self, drivers: impl IntoIterator<Item = DriverKind>) -> Self {
        self.drivers = drivers.into_iter().collect();
        self
    }

    /// On these stores, by the names the host has for them.
    #[must_use]
    pub fn with_stores(mut self, stores: impl IntoIterator<Item = Arc<str>>) -> Self {
        self.stores = stores.into_iter().collect();
        self
    }

    /// Without a restart after every step (`false`), with one (`true`), or both ways.
    #[must_use]
    pub fn with_restarts(mut self, restarts: impl IntoIterator<Item = bool>) -> Self {
        self.restarts = restarts.into_iter().collect();
        self
    }

    /// That many scenarios at a time.
    #[must_use]
    pub const fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Runs all files; the reports come in their order.
    #[must_use]
    pub fn run(&self, sources: &[SourceFile]) -> Vec<Report> {
        let next = AtomicUsize::new(0);
        let all: Mutex<Vec<Vec<Report>>> = Mutex::new(vec![Vec::new(); sources.len()]);
        std::thread::scope(|scope| {
            for _ in 0..self.threads.get().min(sources.len()) {
                scope.spawn(|| {
                    while let at = next.fetch_add(1, Ordering::Relaxed)
                        && let Some(source) = sources.get(at)
                    {
                        let reports = self.run_one(source);
                        all.lock().unwrap_or_else(PoisonError::into_inner)[at] = reports;
                    }
                });
            }
        });
        all.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
    }

    /// Runs one file in all its variants.
    fn run_one(&self, source: &SourceFile) -> Vec<Report> {
        let begun = Instant::now();
        let scenario = match Scenario::read(source) {
            Ok(scenario) => scenario,
            Err(faults) => return vec![Report::unread(source, faults)],
        };
        let report = |variant: Option<Variant>, verdict, begun: Instant| {
            Report::new(&scenario, variant, verdict, begun.elapsed())
        };
        let deployment = match self.host.prepare(&scenario) {
            Ok(deployment) => deployment,
            Err(NotReady::Skipped(reason)) => return vec![report(None, Verdict::Skipped(reason), begun)],
            Err(NotReady::Invalid(faults)) => return vec![report(None, Verdict::Invalid(faults), begun)],
            Err(NotReady::Broken(message)) => return vec![report(None, Verdict::Broken(message), begun)],
        };
        let mut reports = Vec::new();
        for variant in self.variants(&scenario, &*deployment) {
            let begun = Instant::now();
            let play = AssertUnwindSafe(|| Play::all(&scenario, &*deployment, &variant));
            // The host and its plugins are not ours.
            let verdict = std::panic::catch_unwind(play)
                .unwrap_or_else(|_| Verdict::Broken("the system panicked".to_owned()));
            reports.push(report(Some(variant), verdict, begun));
        }
        if reports.is_empty() {
            let reason = "none of the wanted drivers applies".to_owned();
            reports.push(report(None, Verdict::Skipped(reason), begun));
        }
        reports
    }

    fn variants(&self, scenario: &Scenario, deployment: &dyn Deployment) -> Vec<Variant> {
        let has_sockets =
            || deployment.catalog().iter().any(|loaded| loaded.definition.websocket_path().is_some());
        let applies = |driver: &DriverKind| match scenario.drivers() {
            Some(named) => named.contains(driver),
            None => *driver != DriverKind::WebSocket || has_sockets(),
        };
        let drivers: Vec<DriverKind> = self.drivers.iter().copied().filter(applies).collect();
        let mut variants = Vec::new();
        for store in &self.stores {
            for driver in &drivers {
                for restart in &self.restarts {
                    variants.push(Variant::new(*driver, Arc::clone(store)).with_restart(*restart));
                }
            }
        }
        variants
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("drivers", &self.drivers)
            .field("stores", &self.stores)
            .field("restarts", &self.restarts)
            .finish_non_exhaustive()
    }
}
