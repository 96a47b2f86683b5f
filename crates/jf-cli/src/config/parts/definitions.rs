//! What definitions are judged by, and which of them serve.

use std::collections::{BTreeMap, BTreeSet};

use jf_core::spi::RegistriesBuilder;
use jf_dsl::{Diagnostic, IsoDuration, MetadataLimits, SizeLimits, Version, closest};

use super::super::{Config, faults};

impl Config {
    /// What registries take from the configuration; engines and plugins are registered by the caller.
    pub(crate) fn registries(
        &self,
        mut builder: RegistriesBuilder,
        metadata: MetadataLimits,
    ) -> RegistriesBuilder {
        for (path, given) in self.below("platform.config") {
            let (definition, key) = path.split_once('.').expect("the key has two names");
            builder = builder.platform_config(definition, key, given.value.clone());
        }
        for (path, given) in self.below("platform.apis") {
            let (definition, api) = path.split_once('.').expect("the key has two names");
            let url = given.value.as_str().expect("the kind of the key was checked");
            builder = builder.api_server(definition, api, url);
        }
        let mut sizes = SizeLimits::default();
        sizes.file_bytes = self.size("limits.definition.fileBytes");
        sizes.nesting = self.size("limits.definition.nesting");
        sizes.states = self.size("limits.definition.states");
        sizes.branches = self.size("limits.definition.branches");
        sizes.state_nesting = self.size("limits.definition.scopeDepth");
        let builder = builder.schedule_minimum(self.schedule_minimum());
        builder.metadata_limits(metadata).size_limits(sizes).development(self.flag("development"))
    }

    /// The shortest interval of schedules.
    pub(super) fn schedule_minimum(&self) -> IsoDuration {
        IsoDuration::parse(self.text("limits.scheduleMinInterval")).expect("the kind of the key was checked")
    }

    /// The limits on metadata: the given values over those of a `MetadataLimits` document (DEF-116).
    #[must_use]
    pub fn metadata_limits(&self, document: MetadataLimits) -> MetadataLimits {
        let mut limits = document;
        let given = |path: &str| self.values.get(path).and_then(|given| given.value.as_u64());
        for (path, limit) in [
            ("metadataLimits.definitionTags.maxCount", &mut limits.definition_tags.max_count),
            ("metadataLimits.instanceTags.maxCount", &mut limits.instance_tags.max_count),
            ("metadataLimits.instanceTags.maxLength", &mut limits.instance_tags.max_length),
            ("metadataLimits.attributes.maxKeys", &mut limits.attributes.max_keys),
            ("metadataLimits.attributes.maxKeyLength", &mut limits.attributes.max_key_length),
            ("metadataLimits.attributes.maxValueLength", &mut limits.attributes.max_value_length),
        ] {
            *limit = given(path).unwrap_or(*limit);
        }
        let execution = given("metadataLimits.execution.defaultMaxDurationSec");
        limits.execution.default_max_duration_sec = execution.or(limits.execution.default_max_duration_sec);
        let bound = given("metadataLimits.execution.maxDurationUpperBoundSec");
        limits.execution.max_duration_upper_bound_sec =
            bound.or(limits.execution.max_duration_upper_bound_sec);
        limits
    }

    /// The versions that are pinned to serve new runs (DEF-028).
    #[must_use]
    pub fn pins(&self) -> Vec<(String, Version)> {
        let pins = self.below("serve");
        pins.map(|(name, given)| {
            let version = given.value.as_str().and_then(|text| text.parse().ok());
            (name.to_owned(), version.expect("the kind of the key was checked"))
        })
        .collect()
    }

    /// The fault of a pin that nothing deployed answers to.
    pub(crate) fn unknown_pin(&self, name: &str, deployed: &[String]) -> Diagnostic {
        let fault = self.fault_at(
            &format!("serve.{name}"),
            &faults::CONTRADICTION,
            format!("`serve.{name}` names a version that is not among the definitions"),
        );
        fault.help(if deployed.is_empty() {
            format!("there is no definition `{name}`")
        } else {
            format!("deployed: {}", deployed.join(", "))
        })
    }

    /// The faults of values for keys that no deployed version of their definition declares, in the order of their paths. Runs
    /// of a version that is not deployed any more may read such a key (ENG-117), so only what is plainly a misspelt one is an error.
    pub(crate) fn undeclared(&self, declared: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<Diagnostic> {
        const PREFIX: &str = "platform.config";
        let given = self.below(PREFIX).filter_map(|(path, _)| path.split_once('.'));
        let unknown = given.filter_map(|(definition, key)| {
            let known = declared.get(definition)?;
            (!known.contains(key)).then_some((definition, key, known))
        });
        unknown
            .map(|(definition, key, known)| {
                let path = format!("{PREFIX}.{definition}.{key}");
                let without_value = known
                    .iter()
                    .filter(|key| !self.values.contains_key(&format!("{PREFIX}.{definition}.{key}")));
                if let Some(near) = closest(key, without_value.copied()) {
                    let near = format!("{PREFIX}.{definition}.{near}");
                    let message = format!("unknown configuration key `{path}`");
                    let fault = self.fault_at_key(&path, &faults::UNKNOWN_KEY, message);
                    return fault.help(format!("did you mean `{near}`?")).suggestion(near);
                }
                let message = format!("no deployed version of `{definition}` declares `{key}`");
                self.fault_at_key(&path, &faults::UNREAD_VALUE, message).help(if known.is_empty() {
                    "it declares no keys under `spec.platform.config`".to_owned()
                } else {
                    format!("declared: {}", known.iter().copied().collect::<Vec<_>>().join(", "))
                })
            })
            .collect()
    }

    /// The fault of a configured value for a definition that is not there.
    pub(crate) fn unknown_definitions<'a>(&'a self, known: &'a [&str]) -> Vec<&'a str> {
        let mut names: Vec<&str> = [
            "platform.apis",
            "platform.config",
            "observability.plugins.byJourney",
            "observability.plugins.byState",
        ]
        .into_iter()
        .flat_map(|prefix| self.below(prefix))
        .filter_map(|(path, _)| path.split('.').next())
        .filter(|name| !known.contains(name))
        .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
