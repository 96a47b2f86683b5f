//! What a `task` state runs: a core kind with its typed configuration, or a plugin with whatever it takes (TSK-003).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

use super::{ApiKeyValidate, Cache, HttpCall, JwtValidate, KafkaPublish, MtlsValidate, Schedule, XmlDecode};
use crate::version::TaskKind;

/// The `task` object: typed for the core kinds, as written for those of plugins. [TSK-001, TSK-003]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind")]
#[non_exhaustive]
pub enum TaskConfig {
    /// Makes one HTTP request, whose outcome is data that the flow can branch on. [TSK-020]
    #[serde(rename = "httpCall:v1")]
    HttpCall(Box<HttpCall>),
    /// Publishes one record and waits for the broker's acknowledgement. [TSK-080, TSK-084]
    #[serde(rename = "kafkaPublish:v1")]
    KafkaPublish(Box<KafkaPublish>),
    /// Turns XML text of the context into JSON. [TSK-090]
    #[serde(rename = "xmlDecode:v1")]
    XmlDecode(Box<XmlDecode>),
    /// Has runs of the journey start by time. [TSK-100]
    #[serde(rename = "schedule:v1")]
    Schedule(Box<Schedule>),
    /// Reads or writes the cache that all definitions share. [TSK-110]
    #[serde(rename = "cache:v1")]
    Cache(Box<Cache>),
    /// Checks a JSON Web Token of the inbound request; the outcome goes to `context.<authVar>.jwt`. [TSK-120, TSK-130]
    #[serde(rename = "jwtValidate:v1")]
    JwtValidate(Box<JwtValidate>),
    /// Checks the client certificate of the inbound request; the outcome goes to `context.<authVar>.mtls`.
    /// [TSK-120, TSK-140]
    #[serde(rename = "mtlsValidate:v1")]
    MtlsValidate(Box<MtlsValidate>),
    /// Checks an API key of the inbound request; the outcome goes to `context.<authVar>.apiKey`. [TSK-120, TSK-145]
    #[serde(rename = "apiKeyValidate:v1")]
    ApiKeyValidate(Box<ApiKeyValidate>),
    /// Runs a plugin.
    #[serde(untagged)]
    Plugin(Box<PluginTask>),
}

/// The task of a kind that is not one of the core kinds; its shape is the plugin's. [TSK-004]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PluginTask {
    /// The plugin and the major version of its contract, `<pluginType>:v<major>`. [TSK-001]
    #[schemars(schema_with = "plugin_kind")]
    pub kind: TaskKind,
    /// An object: the other members. Those that are `null` were dropped, outside values of `x-…` members. [DEF-009]
    #[serde(flatten)]
    pub config: Value,
}

impl TaskConfig {
    /// The core kinds (TSK-003), in the order of the specification.
    pub const CORE_KINDS: [&'static str; 8] = [
        "httpCall:v1",
        "kafkaPublish:v1",
        "xmlDecode:v1",
        "schedule:v1",
        "cache:v1",
        "jwtValidate:v1",
        "mtlsValidate:v1",
        "apiKeyValidate:v1",
    ];

    /// `task.kind` as written.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::HttpCall(_) => "httpCall:v1",
            Self::KafkaPublish(_) => "kafkaPublish:v1",
            Self::XmlDecode(_) => "xmlDecode:v1",
            Self::Schedule(_) => "schedule:v1",
            Self::Cache(_) => "cache:v1",
            Self::JwtValidate(_) => "jwtValidate:v1",
            Self::MtlsValidate(_) => "mtlsValidate:v1",
            Self::ApiKeyValidate(_) => "apiKeyValidate:v1",
            Self::Plugin(plugin) => plugin.kind.as_str(),
        }
    }

    /// [`kind`](Self::kind) as a value of its own.
    #[must_use]
    pub fn to_kind(&self) -> TaskKind {
        match self {
            Self::Plugin(plugin) => plugin.kind.clone(),
            _ => TaskKind::parse(self.kind()).expect("the core kinds have the form of TSK-001"),
        }
    }

    /// The task of a plugin. The kind should not be one of the core kinds, whose configurations are typed.
    #[must_use]
    pub fn plugin(kind: TaskKind, config: Value) -> Self {
        Self::Plugin(Box::new(PluginTask { kind, config }))
    }
}

/// Any kind but the core ones, whose configurations are described.
fn plugin_kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": r"^[A-Za-z][A-Za-z0-9_.-]*:v[1-9][0-9]*$",
        "not": { "enum": TaskConfig::CORE_KINDS },
    })
}
