//! Capabilities that are simply listed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use serde_json::Value;

use super::{
    Capabilities, ExpressionCheck, ExpressionSite, Feature, FileFault, PolicyKind, SiteClass, SizeLimits,
    TaskFinding, TaskSite, file,
};
use crate::ids::{ApiName, Channel, DefinitionName};
use crate::model::metadata::MetadataLimits;
use crate::model::task::TaskConfig;
use crate::source::SourceFile;
use crate::value::duration::IsoDuration;
use crate::value::file_ref::FileRef;
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
    policies: BTreeSet<(PolicyKind, String)>,
    api_servers: BTreeMap<(String, String), String>,
    schedule_minimum: Option<IsoDuration>,
    profiles: BTreeMap<String, Vec<String>>,
    kafka_connection: Option<bool>,
    channels: Option<BTreeSet<String>>,
    files: BTreeMap<String, SourceFile>,
    development: bool,
}

impl StaticCapabilities {
    /// Every feature, but no binding, language or task kind.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every feature, every binding and every core task kind of the specification, and `jq`.
    #[must_use]
    pub fn full() -> Self {
        let bindings = ["http", "websocket", "queue", "grpc", "cli", "function"];
        let bound = bindings.into_iter().fold(Self::new(), Self::with_binding).with_language("jq");
        TaskConfig::CORE_KINDS.into_iter().fold(bound, Self::with_task)
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

    /// Without the expression language.
    #[must_use]
    pub fn without_language(mut self, lang: &str) -> Self {
        self.languages.remove(lang);
        self
    }

    /// With a task kind that takes any configuration.
    #[must_use]
    pub fn with_task(mut self, kind: &str) -> Self {
        self.tasks.insert(kind.to_owned());
        self
    }

    /// Without the task kind.
    #[must_use]
    pub fn without_task(mut self, kind: &str) -> Self {
        self.tasks.remove(kind);
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

    /// With a policy of the platform.
    #[must_use]
    pub fn with_policy(mut self, kind: PolicyKind, id: &str) -> Self {
        self.policies.insert((kind, id.to_owned()));
        self
    }

    /// With a base URL that the platform configures for an API of a definition.
    #[must_use]
    pub fn with_api_server(mut self, definition: &str, api: &str, url: &str) -> Self {
        self.api_servers.insert((definition.to_owned(), api.to_owned()), url.to_owned());
        self
    }

    /// With another shortest interval of schedules.
    #[must_use]
    pub fn with_schedule_minimum(mut self, minimum: IsoDuration) -> Self {
        self.schedule_minimum = Some(minimum);
        self
    }

    /// With the profiles that are configured for a kind of auth task; there are no others.
    #[must_use]
    pub fn with_profiles(mut self, kind: &str, profiles: &[&str]) -> Self {
        self.profiles.insert(kind.to_owned(), profiles.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// With it known whether the platform configures a connection for Kafka.
    #[must_use]
    pub fn with_kafka_connection(mut self, configured: bool) -> Self {
        self.kafka_connection = Some(configured);
        self
    }

    /// With the channels of the queue binding that are configured; there are no others.
    #[must_use]
    pub fn with_channels(mut self, channels: &[&str]) -> Self {
        self.channels = Some(channels.iter().map(|channel| (*channel).to_owned()).collect());
        self
    }

    /// With a file in memory, by the path that references have in their normal form. Files that are not in memory are
    /// looked for on disk.
    #[must_use]
    pub fn with_file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), SourceFile::new(path, text));
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

    fn has_policy(&self, kind: PolicyKind, id: &str) -> bool {
        self.policies.contains(&(kind, id.to_owned()))
    }

    fn api_server(&self, definition: &DefinitionName, api: &ApiName) -> Option<String> {
        self.api_servers.get(&(definition.to_string(), api.to_string())).cloned()
    }

    fn schedule_minimum(&self) -> IsoDuration {
        self.schedule_minimum.clone().unwrap_or_else(IsoDuration::schedule_minimum)
    }

    fn task_profiles(&self, kind: &TaskKind) -> Option<Vec<String>> {
        self.profiles.get(kind.as_str()).cloned()
    }

    fn has_kafka_connection(&self) -> Option<bool> {
        self.kafka_connection
    }

    fn has_channel(&self, channel: &Channel) -> Option<bool> {
        self.channels.as_ref().map(|channels| channels.contains(channel.as_str()))
    }

    fn file(&self, base: Option<&Path>, file: &FileRef) -> Result<SourceFile, FileFault> {
        match self.files.get(&file.normal_form()) {
            Some(source) => Ok(source.clone()),
            None => file::read(base, file),
        }
    }

    fn development(&self) -> bool {
        self.development
    }

    fn size_limits(&self) -> SizeLimits {
        self.sizes
    }
}
