//! `spec.bindings.grpc` (BND-001).

use super::{Decoder, Place};
use crate::ids::{GrpcMethod, GrpcService};
use crate::model::binding_grpc::GrpcBinding;

impl Decoder<'_> {
    pub(super) fn grpc_binding(&mut self, place: &Place<'_>) -> Option<GrpcBinding> {
        self.object(place, "BND-001")?;
        self.known(place, &["service", "method"]);
        let service = place.get("service").and_then(|place| self.name(&place, "BND-001", GrpcService::parse));
        let method = place.get("method").and_then(|place| self.name(&place, "BND-001", GrpcMethod::parse));
        Some(GrpcBinding { service, method })
    }
}
