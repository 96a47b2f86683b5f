//! What the bodies of all requests together may hold of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jf_core::{EngineError, EngineErrorKind};

/// The bytes there are for all bodies.
#[derive(Debug)]
pub(crate) struct Budget {
    bound: usize,
    taken: AtomicUsize,
}

/// The bytes that one request has taken; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self { bound, taken: AtomicUsize::new(0) })
    }

    /// The share of a request, still empty.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), bytes: 0 }
    }
}

impl Share {
    /// Takes bytes that have arrived. What is only announced takes none: clients may be slow to send it.
    ///
    /// # Errors
    /// Unavailable, when others have taken too much (HTTP-026).
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), EngineError> {
        let within = |taken: usize| taken.checked_add(bytes).filter(|sum| *sum <= self.budget.bound);
        match self.budget.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(_) => Err(EngineError::new(EngineErrorKind::Unavailable)
                .with_detail("too many requests are being received; try again")),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn http_026_what_a_request_has_taken_is_there_for_others_when_it_is_over() {
        let budget = Budget::new(10);
        let (mut one, mut other) = (budget.share(), budget.share());
        assert!(one.grow(6).is_ok() && other.grow(4).is_ok());
        assert!(one.grow(1).is_err() && other.grow(usize::MAX).is_err());
        drop(one);
        assert!(other.grow(6).is_ok() && other.grow(1).is_err());
    }
}
