//! Definition versions that are no longer deployed and still have runs (ENG-117).

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use jf_core::spi::{Clock, DefinitionIdentity, Registries};
use jf_dsl::{Capabilities, Catalog, Kind};
use jf_machine::Program;
use jf_store::{Claim, DefinitionSource, Store, StoreError};

use crate::builder::BuildFault;
use crate::deployment::{Deployed, platform_values};

/// Such versions, linked from what the store keeps when a run of them is first looked at.
#[derive(Debug)]
pub(crate) struct Withdrawn {
    registries: Registries,
    environment: Arc<str>,
    linked: Mutex<HashMap<(String, String), Linked>>,
}

/// A version, or `None` for one that does not fit what is installed: that stays so as long as this process lives.
type Linked = Option<Arc<Deployed>>;

impl Withdrawn {
    pub(crate) fn new(registries: &Registries, environment: &Arc<str>) -> Self {
        let (registries, environment) = (registries.clone(), Arc::clone(environment));
        Self { registries, environment, linked: Mutex::default() }
    }

    /// The version, if the store keeps it and it can still be linked. That is tried once: its runs may be many, and each of them is looked
    /// at again and again.
    pub(crate) async fn version(
        &self,
        store: &dyn Store,
        identity: &DefinitionIdentity,
    ) -> Result<Option<Arc<Deployed>>, StoreError> {
        let key = (identity.name.to_string(), identity.version.to_string());
        if let Some(linked) = self.linked.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(linked.clone());
        }
        let Some(source) = store.definition(identity).await? else { return Ok(None) };
        let deployed = self.link(identity, &source);
        if deployed.is_some() {
            tracing::info!(name = %identity.name, version = %identity.version, "a version that is no longer deployed has runs");
        }
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(linked.entry(key).or_insert(deployed).clone())
    }

    fn link(&self, identity: &DefinitionIdentity, source: &DefinitionSource) -> Option<Arc<Deployed>> {
        let (name, version) = (&identity.name, &identity.version);
        let loaded = source.load(&self.registries).map_err(|problems| {
            tracing::error!(%name, %version, %problems, "a kept definition does not fit what is installed");
        });
        let loaded = loaded.ok()?;
        let platform = platform_values(&self.registries, &loaded, &self.environment);
        let program = Program::link(&loaded, &self.registries).map_err(|error| {
            tracing::error!(%name, %version, %error, "a kept definition cannot be linked");
        });
        let program = program.ok()?;
        for fault in program.check_config(&platform) {
            // Its runs can still be read; a task that needs the value will say so.
            tracing::warn!(%name, %version, %fault, "the configuration of a kept definition");
        }
        Some(Arc::new(Deployed::new(program, platform)))
    }
}

/// Keeps what is deployed, so that runs outlive its deployment. A body that differs from the one that runs of the same version began
/// with is a fault, unless the engine runs in development mode (DEF-029).
pub(crate) async fn keep(
    catalog: &Catalog,
    registries: &Registries,
    store: &dyn Store,
    claim: Claim,
    clock: &dyn Clock,
) -> Result<(), Vec<BuildFault>> {
    let failed = |error| vec![BuildFault::Store(error)];
    // Bodies without runs are forgotten first: what nobody has begun may be changed.
    store.sweep(clock.now(), NonZeroUsize::MIN).await.map_err(failed)?;
    let mut faults = Vec::new();
    for loaded in catalog.iter().filter(|loaded| loaded.definition.kind == Kind::Journey) {
        let definition = &loaded.definition;
        let (kind, name, version) =
            (definition.kind, definition.name().clone(), definition.version().clone());
        let identity = DefinitionIdentity { kind, name: name.clone(), version: version.clone() };
        let source = DefinitionSource::of(loaded);
        let kept = store.definition(&identity).await.map_err(failed)?;
        if kept.is_some_and(|kept| kept.digest != source.digest) && !registries.development() {
            let message = format!(
                "runs of this version began with another body than `{}` has; give it another `metadata.version`, or turn on development mode (`development: true`)",
                loaded.positions.source().name()
            );
            faults.push(BuildFault::Definition { kind, name, version, message });
            continue;
        }
        store.keep_definition(claim, &identity, source).await.map_err(failed)?;
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
