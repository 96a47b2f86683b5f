//! `spec.bindings.grpc` (08 §1).

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::definition::Definition;
use crate::ids::{GrpcMethod, GrpcService};

/// Serves an Api as a unary gRPC method. [BND-001]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct GrpcBinding {
    /// The service, `journeys.api.<Name>Api` unless given. [BND-001, BND-002]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<GrpcService>,
    /// The method, the name of the definition in PascalCase unless given. [BND-001, BND-002]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<GrpcMethod>,
}

impl Definition {
    /// The gRPC service and method that an Api is served as (BND-002). `None` without the binding.
    ///
    /// ```
    /// use jf_dsl::{SourceFile, StaticCapabilities, load};
    ///
    /// let source = SourceFile::new("price.journey.yaml", "
    /// apiVersion: v1
    /// kind: Api
    /// metadata: { name: unit-price, version: 1.0.0 }
    /// spec:
    ///   start: done
    ///   states: { done: { type: succeed } }
    ///   bindings: { grpc: {} }
    /// ");
    /// let loaded = load(&source, &StaticCapabilities::full()).unwrap();
    /// let (service, method) = loaded.definition.grpc_method().unwrap();
    /// assert_eq!((&*service, &*method), ("journeys.api.UnitPriceApi", "UnitPrice"));
    /// ```
    #[must_use]
    pub fn grpc_method(&self) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
        let binding = self.spec.bindings.grpc.as_ref()?;
        let name = pascal_case(self.metadata.name.as_str());
        let service = match &binding.service {
            Some(service) => Cow::Borrowed(service.as_str()),
            None => Cow::Owned(format!("journeys.api.{name}Api")),
        };
        let method = match &binding.method {
            Some(method) => Cow::Borrowed(method.as_str()),
            None => Cow::Owned(name),
        };
        Some((service, method))
    }
}

/// `unit-price` as `UnitPrice`.
fn pascal_case(name: &str) -> String {
    let words = name.split('-').filter_map(|word| Some((word.get(..1)?, word.get(1..)?)));
    words.map(|(first, rest)| first.to_ascii_uppercase() + rest).collect()
}
