//! What a store may know of a run.

use std::ops::Deref;
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
    pub tags: Tags,
    /// Its attributes (ENG-121), in the order they were set; further ones come after them (ENG-124).
    pub attributes: Attributes,
    /// The earliest moment at which something in the run falls due: deadline, time-out or timer. Which one it is the run knows, so
    /// one time per run is enough and nothing stale can be left behind (ENG-071).
    pub due: Option<Timestamp>,
    /// Work is pending that no time and no input brings about: an engine that starts looks at these runs first (ENG-101).
    pub in_motion: bool,
    /// The run compensates another one, and is left out of lists unless asked for (ENG-094).
    pub compensation: bool,
}

impl RunIndex {
    /// The index of a run without events, metadata and pending work; set the public members as needed.
    #[must_use]
    pub fn new(definition: DefinitionIdentity, created: Timestamp, phase: Phase) -> Self {
        Self {
            definition,
            created,
            head: 0,
            phase,
            tags: Tags::default(),
            attributes: Attributes::default(),
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
            && before.tags == self.tags
            && (same(&before.attributes.0, &self.attributes.0)
                || before.attributes.len() <= self.attributes.len()
                    && before.attributes.iter().eq(self.attributes.iter().take(before.attributes.len())))
    }
}

/// The tags of a run, shared by those who know of it. Most runs have none, and share nothing then.
#[derive(Debug, Clone, Default)]
pub struct Tags(Option<Arc<[String]>>);

/// The attributes of a run, in the order they were set; shared as its tags are.
#[derive(Debug, Clone, Default)]
pub struct Attributes(Option<Arc<IndexMap<String, String>>>);

impl From<&[String]> for Tags {
    fn from(tags: &[String]) -> Self {
        Self((!tags.is_empty()).then(|| tags.into()))
    }
}

impl From<Vec<String>> for Tags {
    fn from(tags: Vec<String>) -> Self {
        Self((!tags.is_empty()).then(|| tags.into()))
    }
}

impl<const N: usize> From<[String; N]> for Tags {
    fn from(tags: [String; N]) -> Self {
        Vec::from(tags).into()
    }
}

impl From<IndexMap<String, String>> for Attributes {
    fn from(attributes: IndexMap<String, String>) -> Self {
        Self((!attributes.is_empty()).then(|| Arc::new(attributes)))
    }
}

impl FromIterator<String> for Tags {
    fn from_iter<T: IntoIterator<Item = String>>(tags: T) -> Self {
        Vec::from_iter(tags).into()
    }
}

impl FromIterator<(String, String)> for Attributes {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(attributes: T) -> Self {
        attributes.into_iter().collect::<IndexMap<_, _>>().into()
    }
}

impl Deref for Tags {
    type Target = [String];

    fn deref(&self) -> &[String] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Deref for Attributes {
    type Target = IndexMap<String, String>;

    fn deref(&self) -> &IndexMap<String, String> {
        static NONE: LazyLock<IndexMap<String, String>> = LazyLock::new(IndexMap::new);
        self.0.as_deref().unwrap_or_else(|| &NONE)
    }
}

impl PartialEq for Tags {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0) || **self == **other
    }
}

impl Eq for Tags {}

/// Equal are those in the same order.
impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0) || self.iter().eq(other.iter())
    }
}

impl Eq for Attributes {}

fn same<T: ?Sized>(one: &Option<Arc<T>>, other: &Option<Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
