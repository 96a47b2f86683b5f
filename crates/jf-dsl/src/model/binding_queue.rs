//! `spec.bindings.queue` (08 §2).

use schemars::JsonSchema;
use serde::Serialize;

use super::ordered::OrderedMap;
use crate::ids::{Channel, StateId};

/// Messages that start runs of a Journey and submit to them. [BND-010]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct QueueBinding {
    /// The channels whose messages start a run. [BND-010, BND-014]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<QueueChannel>,
    /// The channels whose messages submit, by the id of a `wait` or `webhook` state under `spec.states`, branches included.
    /// [BND-011, BND-016]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub steps: OrderedMap<StateId, QueueChannel>,
}

/// A logical channel; the platform says which queue or topic it is. [BND-013]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct QueueChannel {
    /// The name of the channel. [BND-010]
    pub channel: Channel,
}
