//! The deployed definitions, ready to run.

use std::collections::HashMap;
use std::sync::Arc;

use jf_core::spi::Registries;
use jf_dsl::{Catalog, DefinitionName, Kind, Version};
use jf_machine::{PlatformValues, Program};
use serde_json::Map;

use crate::builder::BuildFault;
use crate::metrics::Counted;
use crate::withdrawn::Withdrawn;

/// A version with its configured values.
#[derive(Debug)]
pub(crate) struct Deployed {
    pub(crate) program: Program,
    pub(crate) platform: PlatformValues,
    pub(crate) counted: Counted,
}

impl Deployed {
    pub(crate) fn new(program: Program, platform: PlatformValues) -> Self {
        Self { program, platform, counted: Counted::default() }
    }
}

/// Every deployed version, with the catalog it comes from.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) catalog: Arc<Catalog>,
    journeys: HashMap<DefinitionName, Versions>,
    apis: HashMap<DefinitionName, Versions>,
    withdrawn: Withdrawn,
}

#[derive(Debug)]
struct Versions {
    all: Vec<(Version, Arc<Deployed>)>,
    /// Position of the version that serves new runs (DEF-028).
    serving: usize,
}

impl Deployment {
    /// Links every version and compares its configuration (DEF-082); what is wrong is added to `faults`.
    pub(crate) fn link(
        catalog: Catalog,
        registries: &Registries,
        environment: &Arc<str>,
        faults: &mut Vec<BuildFault>,
    ) -> Self {
        let mut deployment = Self {
            catalog: Arc::new(catalog),
            journeys: HashMap::new(),
            apis: HashMap::new(),
            withdrawn: Withdrawn::new(registries, environment),
        };
        let catalog = Arc::clone(&deployment.catalog);
        for loaded in catalog.iter() {
            let definition = &loaded.definition;
            let (kind, name, version) = (definition.kind, definition.name(), definition.version());
            let platform = platform_values(registries, loaded, environment);
            let program = match Program::link(loaded, registries) {
                Ok(program) => program,
                Err(error) => {
                    faults.extend(error.faults().iter().map(|fault| {
                        let message = format!("{}: {}", fault.path, fault.message);
                        BuildFault::Definition { kind, name: name.clone(), version: version.clone(), message }
                    }));
                    continue;
                }
            };
            faults.extend(program.check_config(&platform).into_iter().map(|fault| {
                let message = fault.to_string();
                BuildFault::Definition { kind, name: name.clone(), version: version.clone(), message }
            }));
            let serving = match kind {
                Kind::Journey => catalog.journey(name.as_str()),
                Kind::Api => catalog.api(name.as_str()),
            };
            let serves = serving.is_some_and(|serving| serving.definition.version() == version);
            let versions = deployment.of(kind).entry(name.clone());
            let versions = versions.or_insert_with(|| Versions { all: Vec::new(), serving: 0 });
            if serves {
                versions.serving = versions.all.len();
            }
            versions.all.push((version.clone(), Arc::new(Deployed::new(program, platform))));
        }
        deployment
    }

    /// The version that serves new runs of a journey.
    pub(crate) fn journey(&self, name: &DefinitionName) -> Option<&Arc<Deployed>> {
        self.journeys.get(name)?.serving()
    }

    /// The version that serves new calls of an Api.
    pub(crate) fn api(&self, name: &DefinitionName) -> Option<&Arc<Deployed>> {
        self.apis.get(name)?.serving()
    }

    /// Versions that are no longer deployed and still have runs (ENG-117).
    pub(crate) const fn withdrawn(&self) -> &Withdrawn {
        &self.withdrawn
    }

    /// The version a journey's run began with, if it is deployed.
    pub(crate) fn version(&self, name: &DefinitionName, version: &Version) -> Option<&Arc<Deployed>> {
        let versions = self.journeys.get(name)?;
        versions.all.iter().find(|(other, _)| other == version).map(|(_, deployed)| deployed)
    }

    fn of(&mut self, kind: Kind) -> &mut HashMap<DefinitionName, Versions> {
        match kind {
            Kind::Journey => &mut self.journeys,
            Kind::Api => &mut self.apis,
        }
    }
}

impl Versions {
    fn serving(&self) -> Option<&Arc<Deployed>> {
        self.all.get(self.serving).map(|(_, deployed)| deployed)
    }
}

pub(crate) fn platform_values(
    registries: &Registries,
    loaded: &jf_dsl::Loaded,
    environment: &Arc<str>,
) -> PlatformValues {
    use jf_dsl::Capabilities;

    let definition = &loaded.definition;
    let declared = definition.spec.platform.config.keys();
    let config: Map<_, _> = declared
        .filter_map(|key| {
            Some((key.to_string(), registries.platform_config(definition.name(), key.as_str())?))
        })
        .collect();
    PlatformValues::new(Arc::clone(environment), config)
}
