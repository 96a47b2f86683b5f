//! The system under a scenario, and what outlives it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use jf_core::Engine;
use jf_store::Store;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::super::counted::{CountedEngine, CountedStore};
use super::super::rest::{Rest, Until};
use super::super::secrets::ScriptedSecrets;
use super::super::{Deployment, DriverKind, Parts, Scenario, Variant};
use crate::{Driver, EngineDriver, HttpDriver, ManualClock, ScriptedHttp, WebSocketDriver};

/// Due times that an answer may need; beyond, it never comes.
const MOST_MOVES: usize = 20_000;

/// Things that are forgotten at once.
const SWEPT: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");

/// How long the machine may take for one step. Long: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// What outlives a restart: time, other services, and the store.
pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) http: ScriptedHttp,
    secrets: Arc<ScriptedSecrets>,
    store: Arc<str>,
    /// A store that lives in no file survives as it is.
    kept: Option<Arc<dyn Store>>,
    folder: TempDir,
}

impl World {
    pub(super) fn new(scenario: &Scenario, variant: &Variant) -> Result<Self, String> {
        let clock = ManualClock::new(scenario.clock);
        let http = ScriptedHttp::new(Arc::new(clock.clone()));
        scenario.stubs.iter().for_each(|rule| http.add(rule.clone()));
        let secrets = Arc::new(ScriptedSecrets(scenario.secrets.clone()));
        let folder =
            TempDir::with_prefix("jf-test-").map_err(|error| format!("no temporary folder: {error}"))?;
        Ok(Self { clock, http, secrets, store: Arc::clone(&variant.store), kept: None, folder })
    }

    fn store(&mut self, deployment: &dyn Deployment) -> Result<Arc<dyn Store>, String> {
        if let Some(kept) = &self.kept {
            return Ok(Arc::clone(kept));
        }
        let store = deployment.store(&self.store, self.folder.path())?;
        if !store.is_durable() {
            self.kept = Some(Arc::clone(&store));
        }
        Ok(store)
    }
}

/// One incarnation of the system. Dropping it is what a kill is to a process: everything in it ends where it stands.
pub(super) struct System {
    /// The driver of the variant first, then those that carry what it does not.
    pub(super) drivers: Vec<Box<dyn Driver>>,
    pub(super) engine: Arc<dyn Engine>,
    store: Arc<dyn Store>,
    rest: Rest,
    clock: ManualClock,
    runtime: Runtime,
}

/// Why something did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stuck {
    /// The engine owes an answer and waits for nothing.
    Nothing,
    /// The answer has not come however far time was moved.
    Endless,
    /// The machine was at it for too long.
    Busy,
}

impl System {
    pub(super) fn begin(
        deployment: &dyn Deployment,
        world: &mut World,
        driver: DriverKind,
    ) -> Result<Self, String> {
        let rest = Rest::default();
        let hook = rest.clone();
        let runtime =
            Builder::new_current_thread().enable_all().on_thread_park(move || hook.parked()).build();
        let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
        let store = CountedStore { store: world.store(deployment)?, outside: rest.outside.clone() };
        let store: Arc<dyn Store> = Arc::new(store);
        let parts = Parts {
            store: Arc::clone(&store),
            clock: Arc::new(world.clock.clone()),
            http: Arc::new(world.http.clone()),
            secrets: Arc::clone(&world.secrets) as Arc<_>,
            activity: rest.outside.clone(),
        };
        let engine = runtime.block_on(deployment.engine(parts))?;
        let engine: Arc<dyn Engine> = Arc::new(CountedEngine { engine, owed: rest.owed.clone() });
        let mut drivers: Vec<Box<dyn Driver>> = Vec::new();
        if driver != DriverKind::Engine {
            let address = runtime.block_on(deployment.serve(Arc::clone(&engine)))?;
            let catalog = deployment.catalog();
            if driver == DriverKind::WebSocket {
                drivers.push(Box::new(WebSocketDriver::new(address, catalog.clone())));
            }
            drivers.push(Box::new(HttpDriver::new(address, catalog.clone())));
        }
        drivers.push(Box::new(EngineDriver::new(Arc::clone(&engine))));
        let system = Self { drivers, engine, store, rest, clock: world.clock.clone(), runtime };
        system.settle().map_err(|_| "the system does not come to rest after its start".to_owned())?;
        Ok(system)
    }

    /// Waits until everything is at rest.
    pub(super) fn settle(&self) -> Result<(), Stuck> {
        self.patiently(async {
            self.rest.reached(Until::Rest).await;
            Ok(())
        })
    }

    /// Does something that ends with an answer. While the engine owes it and everything is at rest, virtual time moves on.
    pub(super) fn ask<T>(&self, work: impl Future<Output = T>) -> Result<T, Stuck> {
        self.patiently(async {
            let mut work = std::pin::pin!(work);
            for _ in 0..MOST_MOVES {
                tokio::select! {
                    biased;
                    answer = &mut work => return Ok(answer),
                    () = self.rest.reached(Until::Owed) => {}
                }
                let due = self.clock.next_due().ok_or(Stuck::Nothing)?;
                self.clock.advance_to(due);
            }
            Err(Stuck::Endless)
        })
    }

    /// Moves time from one due time to the next, with rest in between. What is too old to be kept then is forgotten (ENG-104), however
    /// seldom the engine itself looks for it.
    pub(super) fn advance_to(&self, target: Timestamp) -> Result<(), Stuck> {
        self.patiently(async {
            loop {
                self.rest.reached(Until::Rest).await;
                match self.clock.next_due().filter(|due| *due <= target) {
                    Some(due) => self.clock.advance_to(due),
                    None => break,
                }
            }
            self.clock.advance_to(target);
            self.rest.reached(Until::Rest).await;
            while self.store.sweep(target, SWEPT).await.is_ok_and(|swept| !swept.is_empty()) {}
            Ok(())
        })
    }

    fn patiently<T>(&self, work: impl Future<Output = Result<T, Stuck>>) -> Result<T, Stuck> {
        let timed = async { tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(Stuck::Busy)) };
        self.runtime.block_on(timed)
    }
}
