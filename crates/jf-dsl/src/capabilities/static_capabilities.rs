//! Capabilities that are simply listed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::{
    Capabilities, ExpressionCheck, ExpressionSite, Feature, SiteClass, SizeLimits, TaskFinding, TaskSite,
};
use crate::ids::DefinitionName;
use crate::model::metadata::MetadataLimits;
use crate::version::TaskKind;

/// Capabilities from a list, for tests and tools: languages that take any text, task kinds that take any configuration.
///
/// ```
/// use jf_dsl::{Capabilities, Feature, StaticCapabilities};
///
/// let capabilities = StaticCapabilities::new().with_binding("http").with_language("jq").with_task("httpCall:v1").without(Feature::Parallel);
/// assert!(!capabilities.supports(Feature::Parallel));
/// ```
#[derive(Debug, Clone, Default)]
pub struct StaticCapabilities {
    without: HashSet<Feature>,
    bindings: BTreeSet<String>,
    /// The classes each language does not support.
    languages: BTreeMap<String, Vec<SiteClass>>,
    tasks: BTreeSet<String>,
    limits: MetadataLimits,
    sizes: SizeLimits,
    config: BTreeMap<(String, String), Value>,
    development: bool,
}

impl StaticCapabilities {
    /// Every feature, but no binding, language or task kind.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every feature, every binding of the specification, `jq` and `httpCall:v1`.
    #[must_use]
    pub fn full() -> Self {
        ["http", "websocket", "queue", "grpc", "cli", "function"]
            .into_iter()
            .fold(Self::new(), Self::with_binding)
            .with_language("jq")
            .with_task("httpCall:v1")
    }

    /// Without the feature.
    #[must_use]
    pub fn without(mut self, feature: Feature) -> Self {
        self.without.insert(feature);
        self
    }

    /// With the binding.
    #[must_use]
    pub fn with_binding(mut self, id: &str) -> Self {
        self.bindings.insert(id.to_owned());
        self
    }

    /// Without the binding.
    #[must_use]
    pub fn without_binding(mut self, id: &str) -> Self {
        self.bindings.remove(id);
        self
    }

    /// With an expression language that supports every site and takes any text.
    #[must_use]
    pub fn with_language(self, lang: &str) -> Self {
        self.with_language_except(lang, &[])
    }

    /// With an expression language that does not support the classes and takes any text elsewhere.
    #[must_use]
    pub fn with_language_except(mut self, lang: &str, unsupported: &[SiteClass]) -> Self {
        self.languages.insert(lang.to_owned(), unsupported.to_vec());
        self
    }

    /// With a task kind that takes any configuration.
    #[must_use]
    pub fn with_task(mut self, kind: &str) -> Self {
        self.tasks.insert(kind.to_owned());
        self
    }

    /// With the limits on metadata.
    #[must_use]
    pub fn with_limits(mut self, limits: MetadataLimits) -> Self {
        self.limits = limits;
        self
    }

    /// With the ceilings on the size of a definition.
    #[must_use]
    pub fn with_sizes(mut self, sizes: SizeLimits) -> Self {
        self.sizes = sizes;
        self
    }

    /// With a configured value of `spec.platform.config`.
    #[must_use]
    pub fn with_config(mut self, definition: &str, key: &str, value: Value) -> Self {
        self.config.insert((definition.to_owned(), key.to_owned()), value);
        self
    }

    /// In development mode.
    #[must_use]
    pub fn with_development_mode(mut self) -> Self {
        self.development = true;
        self
    }
}

impl Capabilities for StaticCapabilities {
    fn supports(&self, feature: Feature) -> bool {
        !self.without.contains(&feature)
    }

    fn binding(&self, id: &str) -> bool {
        self.bindings.contains(id)
    }

    fn languages(&self) -> Vec<String> {
        self.languages.keys().cloned().collect()
    }

    fn check_expression(&self, site: &ExpressionSite<'_>) -> ExpressionCheck {
        match self.languages.get(site.lang) {
            None => ExpressionCheck::UnknownLanguage,
            Some(unsupported) if unsupported.contains(&site.class) => ExpressionCheck::UnsupportedSite,
            Some(_) => ExpressionCheck::Accepted,
        }
    }

    fn task_kinds(&self) -> Vec<String> {
        self.tasks.iter().cloned().collect()
    }

    fn check_task(&self, _: &TaskKind, _: &Value, _: &TaskSite<'_>) -> Vec<TaskFinding> {
        Vec::new()
    }

    fn metadata_limits(&self) -> MetadataLimits {
        self.limits
    }

    fn platform_config(&self, definition: &DefinitionName, key: &str) -> Option<Value> {
        self.config.get(&(definition.to_string(), key.to_owned())).cloned()
    }

    fn development(&self) -> bool {
        self.development
    }

    fn size_limits(&self) -> SizeLimits {
        self.sizes
    }
}
