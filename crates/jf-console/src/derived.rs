//! What is computed once per deployment.

use std::sync::{Arc, PoisonError, RwLock};

use jf_dsl::Catalog;

/// Something made from a catalogue and kept until there is another one.
#[derive(Debug)]
pub(crate) struct Derived<T>(RwLock<Option<(Arc<Catalog>, T)>>);

impl<T: Clone> Derived<T> {
    pub(crate) const fn new() -> Self {
        Self(RwLock::new(None))
    }

    /// What belongs to the catalogue. Racing callers may make it twice; all are right.
    pub(crate) fn of(&self, catalog: &Arc<Catalog>, make: impl FnOnce(&Catalog) -> T) -> T {
        // It is replaced whole, so a poisoned lock holds a good one.
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, made)) = &*known
            && Arc::ptr_eq(of, catalog)
        {
            return made.clone();
        }
        drop(known);
        let made = make(catalog);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(catalog), made.clone()));
        made
    }
}
