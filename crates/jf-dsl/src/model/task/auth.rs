//! `jwtValidate:v1`, `mtlsValidate:v1`, `apiKeyValidate:v1` (04 §14 to §16).

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::VarName;

/// Checks a JSON Web Token of the inbound request; the outcome goes to `context.<authVar>.jwt`. [TSK-120, TSK-130]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JwtValidate {
    /// The configured profile; `default` unless given. [TSK-011, TSK-120]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub profile: Option<Arc<str>>,
    /// Where the token stands; where the profile says unless given. [TSK-130]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<TokenSource>,
    /// The variable that takes the outcome; `auth` unless given. [TSK-120]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_var: Option<VarName>,
}

/// Checks the client certificate of the inbound request; the outcome goes to `context.<authVar>.mtls`. Members that are
/// there replace those of the profile. [TSK-011, TSK-120, TSK-140]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MtlsValidate {
    /// The configured profile; `default` unless given. [TSK-011, TSK-120]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub profile: Option<Arc<str>>,
    /// Certificates that the chain must lead to. [TSK-140, TSK-141]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_anchors: Option<Vec<PemAnchor>>,
    /// Whether every trusted certificate passes where there is no filter. [TSK-140, TSK-142]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_any_from_trusted: Option<bool>,
    /// Subjects that pass, as distinguished names. [TSK-140, TSK-143]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_subjects: Option<Vec<Arc<str>>>,
    /// Subject alternative names that pass. [TSK-140, TSK-143]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_sans: Option<Vec<SubjectAltName>>,
    /// Serial numbers that pass, in hexadecimal. [TSK-140, TSK-143]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_serials: Option<Vec<Arc<str>>>,
    /// The variable that takes the outcome; `auth` unless given. [TSK-120]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_var: Option<VarName>,
}

/// Checks an API key of the inbound request; the outcome goes to `context.<authVar>.apiKey`. [TSK-120, TSK-145]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiKeyValidate {
    /// The configured profile; `default` unless given. [TSK-011, TSK-120]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub profile: Option<Arc<str>>,
    /// Where the key stands; where the profile says unless given. [TSK-145]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<ApiKeySource>,
    /// The variable that takes the outcome; `auth` unless given. [TSK-120]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_var: Option<VarName>,
}

/// Where a token stands in the inbound request. [TSK-130]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TokenSource {
    /// The part of the request. [TSK-130]
    pub location: TokenLocation,
    /// The name of the header, query parameter or cookie. [TSK-130]
    #[schemars(length(min = 1))]
    pub name: Arc<str>,
    /// The scheme that stands before the token, such as `Bearer`. [TSK-130, TSK-131]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub scheme: Option<Arc<str>>,
}

/// A part of the inbound request that may carry a token. [TSK-130]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the variants are the parts of their names")]
pub enum TokenLocation {
    Header,
    Query,
    Cookie,
}

/// Where an API key stands in the inbound request. [TSK-145]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiKeySource {
    /// The part of the request. [TSK-145]
    pub location: ApiKeyLocation,
    /// The name of the header or query parameter. [TSK-145]
    #[schemars(length(min = 1))]
    pub name: Arc<str>,
}

/// A part of the inbound request that may carry an API key. [TSK-145]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the variants are the parts of their names")]
pub enum ApiKeyLocation {
    Header,
    Query,
}

/// Certificates that chains may lead to. [TSK-140]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PemAnchor {
    /// One certificate or several, in PEM. [TSK-140]
    pub pem: Arc<str>,
}

/// One subject alternative name. [TSK-140, TSK-143]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SubjectAltName {
    /// A DNS name, compared without regard to case; no wildcards. [TSK-143]
    Dns(Arc<str>),
    /// An IP address. [TSK-140]
    Ip(Arc<str>),
    /// A URI. [TSK-140]
    Uri(Arc<str>),
}
