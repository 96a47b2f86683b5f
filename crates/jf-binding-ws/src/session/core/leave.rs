//! Until when what was asked for may be done (AUTH-4).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jf_core::EngineError;

use super::access::unauthenticated;

/// Leave to do what was asked for; clones are one and the same. It is over when the client is left without a good credential, and another one
/// that comes later does not bring it back: what has waited until then was asked for with the one that has ended. A credential that is
/// renewed in time changes nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leave(Arc<AtomicBool>);

impl Leave {
    pub(super) fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// That of the next credential: this one, unless it is over.
    pub(super) fn renewed(self) -> Self {
        if self.is_over() { Self::default() } else { self }
    }

    /// Asked right before a request becomes one to the engine.
    ///
    /// # Errors
    /// `unauthenticated`, once it is over.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if self.is_over() { Err(unauthenticated()) } else { Ok(()) }
    }

    fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::Leave;

    #[test]
    fn auth_4_leave_that_is_over_is_not_brought_back() {
        let first = Leave::default();
        let renewed = first.clone().renewed();
        renewed.end();
        assert!(first.check().is_err(), "a renewal in time goes on with the same");
        let next = renewed.renewed();
        assert!(next.check().is_ok() && first.check().is_err());
    }
}
