//! What a store may know of a run.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use jf_core::Phase;
use jf_core::spi::DefinitionIdentity;
use jiff::Timestamp;

/// The part of a run that stores look at: to find it, to list it (ENG-138), and to know when it needs attention.
///
/// Every commit brings the whole index; cloning one is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunIndex {
    /// The definition version the run belongs to; never changes.
    pub definition: DefinitionIdentity,
    /// When the run was created; never changes.
    pub created: Timestamp,
    /// Number of the last event of its log (ENG-106); 0 before the first.
    pub head: u64,
    /// Its phase.
    pub phase: Phase,
    /// Its tags (ENG-120); never change.
    pub tags: Arc<[String]>,
    /// Its attributes (ENG-121), in the order they were set; further ones come after them (ENG-124).
    pub attributes: Arc<IndexMap<String, String>>,
    /// The earliest moment at which something in the run falls due: deadline, time-out or timer. Which one it is the run knows, so
    /// one time per run is enough and nothing stale can be left behind (ENG-071).
    pub due: Option<Timestamp>,
    /// Work is pending that no time and no input brings about: an engine that starts looks at these runs first (ENG-101).
    pub in_motion: bool,
    /// The run compensates another one, and is left out of lists unless asked for (ENG-094).
    pub compensation: bool,
}

/// Most runs have none, and stores keep many runs.
static NO_ATTRIBUTES: LazyLock<Arc<IndexMap<String, String>>> = LazyLock::new(Arc::default);

impl RunIndex {
    /// The index of a run without events, metadata and pending work; set the public members as needed.
    #[must_use]
    pub fn new(definition: DefinitionIdentity, created: Timestamp, phase: Phase) -> Self {
        Self {
            definition,
            created,
            head: 0,
            phase,
            tags: Arc::default(),
            attributes: Arc::clone(&NO_ATTRIBUTES),
            due: None,
            in_motion: false,
            compensation: false,
        }
    }

    /// Whether this can be the index of a run that had the index `before`: what is constant has not changed.
    pub(crate) fn follows(&self, before: &Self) -> bool {
        (!before.phase.is_final() || before.phase == self.phase)
            && before.created == self.created
            && before.definition == self.definition
            && (Arc::ptr_eq(&before.tags, &self.tags) || before.tags == self.tags)
            && (Arc::ptr_eq(&before.attributes, &self.attributes)
                || before.attributes.len() <= self.attributes.len()
                    && before.attributes.iter().eq(self.attributes.iter().take(before.attributes.len())))
    }
}
