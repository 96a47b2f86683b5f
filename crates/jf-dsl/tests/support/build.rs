//! The build of the engine that a case is judged by: it has everything, save what the case takes away.

use std::collections::BTreeMap;
use std::path::Path;

use jf_dsl::{
    ApiName, Capabilities, Channel, DefinitionName, Document, ExpressionCheck, ExpressionFault,
    ExpressionFaultKind, ExpressionSite, Feature, FileFault, FileRef, IsoDuration, JsonPath, MetadataLimits,
    PolicyKind, SiteClass, SizeLimits, SourceFile, StaticCapabilities, TaskFinding, TaskKind, TaskSite,
    Version, load_document,
};
use serde_json::Value;

/// What the `capabilities:` lines of a case say. README.md beside the cases lists them.
#[derive(Debug)]
pub(crate) struct Build {
    listed: StaticCapabilities,
    sizes: SizeLimits,
    pins: BTreeMap<DefinitionName, Version>,
}

impl Default for Build {
    fn default() -> Self {
        // EXP-030.
        let full = StaticCapabilities::full()
            .with_language("dataweave")
            .with_language("jsonata")
            .with_language_except("jolt", &[SiteClass::Predicate, SiteClass::StatusExpr])
            .with_task("mail:v1");
        Self { listed: full, sizes: SizeLimits::default(), pins: BTreeMap::new() }
    }
}

impl Build {
    /// One line, `key=value`.
    pub(crate) fn set(&mut self, setting: &str) -> Result<(), String> {
        let (key, value) = setting.split_once('=').ok_or("a setting is `key=value`")?;
        let keys: Vec<&str> = key.split('.').collect();
        let listed = std::mem::take(&mut self.listed);
        self.listed = match keys[..] {
            ["without-feature"] => listed.without(feature(value)?),
            ["without-binding"] => listed.without_binding(value),
            ["without-task"] => listed.without_task(value),
            ["without-language"] => listed.without_language(value),
            ["sites-without", lang] => {
                let sites = value.split_whitespace().map(site).collect::<Result<Vec<_>, _>>()?;
                listed.with_language_except(lang, &sites)
            }
            ["development"] if value == "true" => listed.with_development_mode(),
            ["config", definition, name] => {
                let value = serde_json::from_str(value).map_err(|error| error.to_string())?;
                listed.with_config(definition, name, value)
            }
            ["policy", "httpResilience"] => listed.with_policy(PolicyKind::HttpResilience, value),
            ["policy", "httpClientAuth"] => listed.with_policy(PolicyKind::HttpClientAuth, value),
            ["api-server", definition, api] => listed.with_api_server(definition, api, value),
            ["schedule-minimum"] => {
                let minimum = IsoDuration::parse(value).map_err(|error| error.to_string())?;
                listed.with_schedule_minimum(minimum)
            }
            ["profiles", kind] => listed.with_profiles(kind, &value.split(',').collect::<Vec<_>>()),
            ["kafka-connection"] => listed.with_kafka_connection(value.parse().map_err(|_| "not a boolean")?),
            ["channels"] => listed.with_channels(&value.split_whitespace().collect::<Vec<_>>()),
            ["limits"] => listed.with_limits(limits(value)?),
            ["size", ceiling] => {
                self.set_size(ceiling, value)?;
                listed
            }
            ["pin", name] => {
                let name = DefinitionName::parse(name).map_err(|error| error.to_string())?;
                self.pins.insert(name, value.parse().map_err(|_| "not a version")?);
                listed
            }
            _ => return Err("no such capability".to_owned()),
        };
        Ok(())
    }

    fn set_size(&mut self, ceiling: &str, value: &str) -> Result<(), String> {
        let ceiling = match ceiling {
            "fileBytes" => &mut self.sizes.file_bytes,
            "nesting" => &mut self.sizes.nesting,
            "states" => &mut self.sizes.states,
            "branches" => &mut self.sizes.branches,
            "stateNesting" => &mut self.sizes.state_nesting,
            _ => return Err("no such ceiling".to_owned()),
        };
        *ceiling = value.parse().map_err(|_| "not a number")?;
        Ok(())
    }

    /// The capabilities to load with.
    pub(crate) fn capabilities(&self) -> impl Capabilities + use<> {
        Judging(self.listed.clone().with_sizes(self.sizes))
    }

    /// The versions that the platform pins (DEF-028).
    pub(crate) fn pins(&self) -> &BTreeMap<DefinitionName, Version> {
        &self.pins
    }
}

fn feature(label: &str) -> Result<Feature, String> {
    let named = |feature: &Feature| format!("{feature:?}").eq_ignore_ascii_case(&label.replace('-', ""));
    Feature::ALL.into_iter().find(named).ok_or_else(|| "no such feature".to_owned())
}

fn site(label: &str) -> Result<SiteClass, String> {
    let named = |class: &SiteClass| format!("{class:?}").eq_ignore_ascii_case(&label.replace('-', ""));
    SiteClass::ALL.into_iter().find(named).ok_or_else(|| "no such class of sites".to_owned())
}

/// The limits of a document with this `spec`, written in one line.
fn limits(spec: &str) -> Result<MetadataLimits, String> {
    let text = format!("apiVersion: v1\nkind: MetadataLimits\nmetadata: {{ name: limits }}\nspec: {spec}\n");
    let source = SourceFile::new("limits.journey.yaml", text);
    match load_document(&source, &StaticCapabilities::full()) {
        Ok(Document::MetadataLimits { limits, .. }) => Ok(limits),
        other => Err(format!("{other:?}")),
    }
}

/// Engines and plugins that judge a little, so that every rule can be broken:
///
/// - an expression with `((` does not compile, a predicate that is a JSON value other than a boolean is none, and no
///   declared context has a member `ordr`;
/// - a task of kind `mail:v1` needs `to` and warns about `http:` in its `link`.
///
/// What is asked beyond that is answered by the list: a new question must be handed on here, too.
struct Judging(StaticCapabilities);

impl Capabilities for Judging {
    fn supports(&self, feature: Feature) -> bool {
        self.0.supports(feature)
    }

    fn binding(&self, id: &str) -> bool {
        self.0.binding(id)
    }

    fn languages(&self) -> Vec<String> {
        self.0.languages()
    }

    fn check_expression(&self, site: &ExpressionSite<'_>) -> ExpressionCheck {
        let listed = self.0.check_expression(site);
        if listed != ExpressionCheck::Accepted {
            return listed;
        }
        let fault = |kind, message: &str| ExpressionFault::new(kind, message);
        let constant = serde_json::from_str::<Value>(site.expr).ok();
        let fault = if let Some(at) = site.expr.find("((") {
            fault(ExpressionFaultKind::Syntax, "unexpected `(`").at(at + 1..at + 2)
        } else if site.class == SiteClass::Predicate && constant.is_some_and(|value| !value.is_boolean()) {
            fault(ExpressionFaultKind::NotBoolean, "the predicate never yields a boolean")
        } else if let Some(at) = site.expr.find(".ordr").filter(|_| site.context.is_some()) {
            fault(ExpressionFaultKind::ImpossiblePath, "the context has no member `ordr`")
                .help("did you mean `order`?")
                .at(at + 1..at + 5)
        } else {
            return listed;
        };
        ExpressionCheck::Rejected(vec![fault])
    }

    fn task_kinds(&self) -> Vec<String> {
        self.0.task_kinds()
    }

    fn check_task(&self, kind: &TaskKind, config: &Value, site: &TaskSite<'_>) -> Vec<TaskFinding> {
        if kind.as_str() != "mail:v1" {
            return self.0.check_task(kind, config, site);
        }
        let mut findings = Vec::new();
        if config["to"].as_str().is_none() {
            let to = JsonPath::root().member("to");
            findings
                .push(TaskFinding::error("TSK-004", to, "`to` is missing").help("name who gets the mail"));
        }
        if config["link"].as_str().is_some_and(|link| link.starts_with("http:")) {
            let link = JsonPath::root().member("link");
            let warning = TaskFinding::warning("TSK-004", link, "the link is not encrypted");
            findings.push(warning.suggestion("https"));
        }
        findings
    }

    fn metadata_limits(&self) -> MetadataLimits {
        self.0.metadata_limits()
    }

    fn platform_config(&self, definition: &DefinitionName, key: &str) -> Option<Value> {
        self.0.platform_config(definition, key)
    }

    fn has_policy(&self, kind: PolicyKind, id: &str) -> bool {
        self.0.has_policy(kind, id)
    }

    fn api_server(&self, definition: &DefinitionName, api: &ApiName) -> Option<String> {
        self.0.api_server(definition, api)
    }

    fn schedule_minimum(&self) -> IsoDuration {
        self.0.schedule_minimum()
    }

    fn task_profiles(&self, kind: &TaskKind) -> Option<Vec<String>> {
        self.0.task_profiles(kind)
    }

    fn has_kafka_connection(&self) -> Option<bool> {
        self.0.has_kafka_connection()
    }

    fn has_channel(&self, channel: &Channel) -> Option<bool> {
        self.0.has_channel(channel)
    }

    fn file(&self, base: Option<&Path>, file: &FileRef) -> Result<SourceFile, FileFault> {
        self.0.file(base, file)
    }

    fn development(&self) -> bool {
        self.0.development()
    }

    fn size_limits(&self) -> SizeLimits {
        self.0.size_limits()
    }
}
