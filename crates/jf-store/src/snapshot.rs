//! What a run is, opaque to stores.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A snapshot that cannot be encoded.
pub type EncodeError = Box<dyn std::error::Error + Send + Sync>;

/// Everything a run is at one revision. Immutable: a commit brings a new one.
///
/// A store that survives its process keeps [`Snapshot::encode`]; one that does not may keep the value itself and save the work
/// (decision record 0007). Either way no store looks inside.
pub trait Snapshot: Any + fmt::Debug + Send + Sync {
    /// The snapshot as bytes that the engine can read back in a later process.
    ///
    /// # Errors
    /// When the value has no encoded form; the commit then fails as invalid and changes nothing.
    fn encode(&self) -> Result<Vec<u8>, EncodeError>;
}

/// A snapshot as a store gives it back.
#[derive(Debug, Clone)]
pub enum StoredSnapshot {
    /// The very value that was committed.
    Live(Arc<dyn Snapshot>),
    /// Its encoded form.
    Encoded(Arc<[u8]>),
}

impl StoredSnapshot {
    /// The committed value, if the store kept it and it is a `T`.
    #[must_use]
    pub fn downcast<T: Snapshot>(&self) -> Option<Arc<T>> {
        let Self::Live(snapshot) = self else { return None };
        let any: Arc<dyn Any + Send + Sync> = Arc::<dyn Snapshot>::clone(snapshot);
        any.downcast().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{EncodeError, Snapshot, StoredSnapshot};
    use std::sync::Arc;

    #[derive(Debug)]
    struct Number(u8);

    impl Snapshot for Number {
        fn encode(&self) -> Result<Vec<u8>, EncodeError> {
            Ok(vec![self.0])
        }
    }

    #[derive(Debug)]
    struct Other;

    impl Snapshot for Other {
        fn encode(&self) -> Result<Vec<u8>, EncodeError> {
            Err("has none".into())
        }
    }

    #[test]
    fn a_live_snapshot_comes_back_as_what_it_was() {
        let stored = StoredSnapshot::Live(Arc::new(Number(7)));
        assert_eq!(stored.downcast::<Number>().map(|number| number.0), Some(7));
        assert!(stored.downcast::<Other>().is_none());
        assert!(StoredSnapshot::Encoded([7].into()).downcast::<Number>().is_none());
    }
}
