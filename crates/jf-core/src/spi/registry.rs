//! What one build of the engine has installed and configured: the answer to every question a loader asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jf_dsl::{
    ApiName, Capabilities, DefinitionName, Expression, ExpressionCheck, ExpressionFault, ExpressionSite,
    Feature, IsoDuration, MetadataLimits, Severity, SizeLimits, TaskConfig, TaskFinding, TaskKind, TaskSite,
};
use serde_json::Value;

use super::{
    BoundExpression, CompileError, EvalLimits, ExpressionEngine, LoadContext, PreparedTask, Site, TaskPlugin,
};

/// Expression engines, task plugins, bindings and features of a build, with the configured values of DEF-013.
///
/// One value serves both sides: it is the [`Capabilities`] that definitions are loaded with, and it compiles what they contain when
/// they are linked, so that the two can never disagree.
///
/// ```
/// use jf_core::spi::Registries;
/// use jf_dsl::{Capabilities, Feature};
///
/// let registries = Registries::builder().binding("http").feature(Feature::AttributeTransform).build()?;
/// assert!(registries.supports(Feature::AttributeTransform));
/// assert!(!registries.supports(Feature::Parallel));
/// # Ok::<(), jf_core::spi::RegistryError>(())
/// ```
#[derive(Clone, Default)]
pub struct Registries(Arc<Content>);

#[derive(Clone, Default)]
struct Content {
    expressions: BTreeMap<&'static str, (Arc<dyn ExpressionEngine>, EvalLimits)>,
    tasks: BTreeMap<&'static str, Arc<dyn TaskPlugin>>,
    bindings: BTreeSet<String>,
    features: Vec<Feature>,
    platform_config: BTreeMap<String, BTreeMap<String, Value>>,
    api_servers: BTreeMap<String, BTreeMap<String, String>>,
    metadata_limits: MetadataLimits,
    size_limits: SizeLimits,
    schedule_minimum: Option<IsoDuration>,
    development: bool,
}

/// Two things want one name, or a limit makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Two expression engines of one `lang`.
    #[error("two expression engines are registered for `{0}`")]
    LanguageTwice(&'static str),
    /// Two plugins of one task kind.
    #[error("two task plugins are registered for `{0}`")]
    TaskTwice(&'static str),
    /// A limit of an expression engine is not positive (EXP-046).
    #[error("the limits of expression engine `{0}` must be positive")]
    Limits(&'static str),
}

impl Registries {
    /// Begins with nothing installed.
    pub fn builder() -> RegistriesBuilder {
        RegistriesBuilder::default()
    }

    /// The registered languages, in byte order.
    pub fn languages(&self) -> impl Iterator<Item = &'static str> {
        self.0.expressions.keys().copied()
    }

    /// The registered task plugins, in byte order of their kinds.
    pub fn tasks(&self) -> impl Iterator<Item = &Arc<dyn TaskPlugin>> {
        self.0.tasks.values()
    }

    /// Compiles an expression for one site (EXP-002, EXP-004, EXP-030).
    ///
    /// # Errors
    /// What [`Capabilities::check_expression`] would say of it.
    pub fn compile(
        &self,
        expression: &Expression,
        site: Site<'_>,
    ) -> Result<BoundExpression, ExpressionCheck> {
        let (engine, limits) =
            self.0.expressions.get(expression.lang.as_str()).ok_or(ExpressionCheck::UnknownLanguage)?;
        if !engine.supports(site.class) {
            return Err(ExpressionCheck::UnsupportedSite);
        }
        match engine.compile(&expression.expr, site) {
            Ok(compiled) => Ok(BoundExpression::new(compiled, *limits)),
            Err(error) => Err(ExpressionCheck::Rejected(vec![fault(error)])),
        }
    }

    /// Prepares a task, or says what is wrong with it (TSK-002, TSK-004). Warnings are for [`Capabilities::check_task`], which
    /// tells them when the definition is loaded; here they are dropped.
    ///
    /// # Errors
    /// All errors found, without the warnings beside them; the task kind may be unknown.
    pub fn prepare(
        &self,
        config: &TaskConfig,
        site: TaskSite<'_>,
    ) -> Result<Arc<dyn PreparedTask>, Vec<TaskFinding>> {
        let Some(plugin) = self.0.tasks.get(config.kind()) else {
            let path = jf_dsl::JsonPath::root().member("kind");
            let message = format!("no task plugin is registered for `{}`", config.kind());
            return Err(vec![TaskFinding::error("TSK-002", path, message)]);
        };
        let mut load = LoadContext::new(self, site);
        match plugin.prepare(config, &mut load) {
            Some(task) if !load.has_errors() => Ok(task),
            _ => {
                let mut findings = load.into_findings();
                findings.retain(|finding| finding.severity == Severity::Error);
                Err(findings)
            }
        }
    }
}

fn fault(error: CompileError) -> ExpressionFault {
    let fault = ExpressionFault::new(error.kind, error.message);
    match error.range {
        Some(range) => fault.at(range),
        None => fault,
    }
}

impl Capabilities for Registries {
    fn supports(&self, feature: Feature) -> bool {
        self.0.features.contains(&feature)
    }

    fn binding(&self, id: &str) -> bool {
        self.0.bindings.contains(id)
    }

    fn languages(&self) -> Vec<String> {
        self.0.expressions.keys().map(|&lang| lang.to_owned()).collect()
    }

    fn check_expression(&self, site: &ExpressionSite<'_>) -> ExpressionCheck {
        let Some((engine, _)) = self.0.expressions.get(site.lang) else {
            return ExpressionCheck::UnknownLanguage;
        };
        if !engine.supports(site.class) {
            return ExpressionCheck::UnsupportedSite;
        }
        let at = Site::new(site.class)
            .with_extra(site.extra)
            .with_context_schema(site.context.map(|schema| schema.json()));
        match engine.compile(site.expr, at) {
            Ok(_) => ExpressionCheck::Accepted,
            Err(error) => ExpressionCheck::Rejected(vec![fault(error)]),
        }
    }

    fn task_kinds(&self) -> Vec<String> {
        self.0.tasks.keys().map(|&kind| kind.to_owned()).collect()
    }

    fn check_task(&self, kind: &TaskKind, config: &Value, site: &TaskSite<'_>) -> Vec<TaskFinding> {
        let Some(plugin) = self.0.tasks.get(kind.as_str()) else { return Vec::new() };
        let mut load = LoadContext::new(self, *site);
        // The prepared task is dropped: a definition is linked only after all its checks have passed.
        let _ = plugin.prepare(&TaskConfig::plugin(kind.clone(), config.clone()), &mut load);
        load.into_findings()
    }

    fn metadata_limits(&self) -> MetadataLimits {
        self.0.metadata_limits
    }

    fn platform_config(&self, definition: &DefinitionName, key: &str) -> Option<Value> {
        self.0.platform_config.get(definition.as_str())?.get(key).cloned()
    }

    fn api_server(&self, definition: &DefinitionName, api: &ApiName) -> Option<String> {
        self.0.api_servers.get(definition.as_str())?.get(api.as_str()).cloned()
    }

    fn schedule_minimum(&self) -> IsoDuration {
        self.0.schedule_minimum.clone().unwrap_or_else(IsoDuration::schedule_minimum)
    }

    fn development(&self) -> bool {
        self.0.development
    }

    fn size_limits(&self) -> SizeLimits {
        self.0.size_limits
    }
}

impl fmt::Debug for Registries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registries")
            .field("languages", &self.0.expressions.keys())
            .field("tasks", &self.0.tasks.keys())
            .field("bindings", &self.0.bindings)
            .field("features", &self.0.features)
            .finish_non_exhaustive()
    }
}

/// Collects what a build has; see [`Registries::builder`].
#[derive(Debug, Default)]
#[must_use]
pub struct RegistriesBuilder {
    content: Registries,
    error: Option<RegistryError>,
}

impl RegistriesBuilder {
    fn content(&mut self) -> &mut Content {
        Arc::make_mut(&mut self.content.0)
    }

    fn fail(&mut self, error: RegistryError) {
        self.error.get_or_insert(error);
    }

    /// Installs an expression engine with the built-in limits of EXP-045.
    pub fn expression(self, engine: Arc<dyn ExpressionEngine>) -> Self {
        self.expression_with_limits(engine, EvalLimits::default())
    }

    /// Installs an expression engine with limits of its own.
    pub fn expression_with_limits(mut self, engine: Arc<dyn ExpressionEngine>, limits: EvalLimits) -> Self {
        let lang = engine.lang();
        if limits.time.is_zero() || limits.output_bytes == 0 {
            self.fail(RegistryError::Limits(lang));
        }
        if self.content().expressions.insert(lang, (engine, limits)).is_some() {
            self.fail(RegistryError::LanguageTwice(lang));
        }
        self
    }

    /// Installs a task plugin, with the parts of the language that it brings along ([`TaskDescriptor::features`]).
    ///
    /// [`TaskDescriptor::features`]: super::TaskDescriptor::features
    pub fn task(mut self, plugin: Arc<dyn TaskPlugin>) -> Self {
        let kind = plugin.descriptor().kind;
        self = self.features(plugin.descriptor().features.iter().copied());
        if self.content().tasks.insert(kind, plugin).is_some() {
            self.fail(RegistryError::TaskTwice(kind));
        }
        self
    }

    /// Names a binding the build has (DEF-180).
    pub fn binding(mut self, id: &str) -> Self {
        self.content().bindings.insert(id.to_owned());
        self
    }

    /// Names a part of the language the engine runs.
    pub fn feature(self, feature: Feature) -> Self {
        self.features([feature])
    }

    /// Names parts of the language the engine runs; an engine crate publishes its list.
    pub fn features(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.content().features.extend(features);
        self
    }

    /// Sets a value of `spec.platform.config` for a definition (DEF-081).
    pub fn platform_config(mut self, definition: &str, key: &str, value: Value) -> Self {
        self.content()
            .platform_config
            .entry(definition.to_owned())
            .or_default()
            .insert(key.to_owned(), value);
        self
    }

    /// Sets the base URL of an entry of `spec.apis` of a definition; it takes the place of the servers of the OpenAPI document
    /// (DEF-067).
    pub fn api_server(mut self, definition: &str, api: &str, url: &str) -> Self {
        let servers = self.content().api_servers.entry(definition.to_owned()).or_default();
        servers.insert(api.to_owned(), url.to_owned());
        self
    }

    /// Sets the limits of DEF-115.
    pub fn metadata_limits(mut self, limits: MetadataLimits) -> Self {
        self.content().metadata_limits = limits;
        self
    }

    /// Sets the limits of DEF-014.
    pub fn size_limits(mut self, limits: SizeLimits) -> Self {
        self.content().size_limits = limits;
        self
    }

    /// Sets the shortest interval of schedules (TSK-102).
    pub fn schedule_minimum(mut self, minimum: IsoDuration) -> Self {
        self.content().schedule_minimum = Some(minimum);
        self
    }

    /// Turns development mode on (DEF-029).
    pub fn development(mut self, development: bool) -> Self {
        self.content().development = development;
        self
    }

    /// The finished registries.
    ///
    /// # Errors
    /// When two things want one name, or a limit is not positive.
    pub fn build(self) -> Result<Registries, RegistryError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.content),
        }
    }
}
