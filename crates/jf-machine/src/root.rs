//! What a run is a run of: the states of its journey, or something beside them.

use std::sync::Arc;

use jf_core::JourneyId;
use jf_core::spi::Compensated;
use serde::{Deserialize, Serialize};

use crate::ActivationId;

/// The scope a run begins in, with what belongs to it.
#[derive(Clone, Default, PartialEq)]
pub(crate) enum Root {
    /// `spec.states`.
    #[default]
    States,
    /// `spec.compensation`.
    Compensation(Box<Compensates>),
    /// The subjourney that guards reads. Such a run decides one read and is never stored.
    Guard {
        /// Tells its tasks from those of other reads.
        nonce: u64,
    },
}

/// What a compensation run compensates.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Compensates {
    pub(crate) run: JourneyId,
    pub(crate) seen: Arc<Compensated>,
}

impl Root {
    pub(crate) const fn is_states(&self) -> bool {
        matches!(self, Self::States)
    }

    pub(crate) const fn is_guard(&self) -> bool {
        matches!(self, Self::Guard { .. })
    }

    /// What expressions of a compensation see of the run it follows.
    pub(crate) const fn compensated(&self) -> Option<&Arc<Compensated>> {
        match self {
            Self::Compensation(of) => Some(&of.seen),
            Self::States | Self::Guard { .. } => None,
        }
    }

    /// The name of an activation outside of its run. A guard has the id of the run it guards, whose names it must not use: a service
    /// that knows an attempt by its name would take the one for a repetition of the other.
    pub(crate) fn attempt(&self, id: &JourneyId, activation: ActivationId) -> String {
        match self {
            Self::Guard { nonce } => format!("{id}.read-{nonce:016x}.{activation}"),
            Self::States | Self::Compensation(_) => format!("{id}.{activation}"),
        }
    }
}

/// In snapshots: what is compensated, or nothing.
pub(crate) mod stored {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Compensates, Root};

    pub(crate) fn serialize<S: Serializer>(root: &Root, serializer: S) -> Result<S::Ok, S::Error> {
        let of = match root {
            Root::Compensation(of) => Some(of),
            Root::States | Root::Guard { .. } => None,
        };
        of.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Root, D::Error> {
        let of = Option::<Box<Compensates>>::deserialize(deserializer)?;
        Ok(of.map_or(Root::States, Root::Compensation))
    }
}
