//! What the payloads of all requests together may hold of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{EngineError, EngineErrorKind};

/// The bytes there are for what arrives in requests, bodies and payloads alike, until they are answered. Clones are one and the same, so that
/// all bindings of a process can share one.
///
/// Whatever one request may have, many clients together could fill the memory without it.
///
/// ```
/// use jf_core::ByteBudget;
///
/// let budget = ByteBudget::new(1_000);
/// let mut share = budget.share();
/// share.grow(800)?;
/// assert!(budget.share().grow(800).is_err());
/// drop(share);
/// budget.share().grow(800)?;
/// # Ok::<(), jf_core::EngineError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ByteBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bound: usize,
    taken: AtomicUsize,
}

/// The bytes that one request has taken; given back when it is dropped.
#[derive(Debug)]
pub struct ByteShare {
    budget: ByteBudget,
    bytes: usize,
}

impl ByteBudget {
    /// The bytes that bindings take unless they are told otherwise: 256 MiB.
    pub const DEFAULT: usize = 256 * 1024 * 1024;

    /// So many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Inner { bound: bytes, taken: AtomicUsize::new(0) }))
    }

    /// The share of a request, still empty.
    #[must_use]
    pub fn share(&self) -> ByteShare {
        ByteShare { budget: self.clone(), bytes: 0 }
    }
}

impl Default for ByteBudget {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

impl ByteShare {
    /// Takes bytes that have arrived. What is only announced takes none: clients may be slow to send it.
    ///
    /// # Errors
    /// Unavailable, when others have taken too much (HTTP-026).
    pub fn grow(&mut self, bytes: usize) -> Result<(), EngineError> {
        let Inner { bound, taken } = &*self.budget.0;
        let within = |taken: usize| taken.checked_add(bytes).filter(|sum| sum <= bound);
        match taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(_) => Err(EngineError::new(EngineErrorKind::Unavailable)
                .with_detail("too many requests are being received; try again")),
        }
    }
}

impl Drop for ByteShare {
    fn drop(&mut self) {
        self.budget.0.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::ByteBudget;

    #[test]
    fn http_026_what_a_request_has_taken_is_there_for_others_when_it_is_over() {
        let budget = ByteBudget::new(10);
        let (mut one, mut other) = (budget.share(), budget.clone().share());
        assert!(one.grow(6).is_ok() && other.grow(4).is_ok());
        assert!(one.grow(1).is_err() && other.grow(usize::MAX).is_err());
        drop(one);
        assert!(other.grow(6).is_ok() && other.grow(1).is_err());
    }
}
