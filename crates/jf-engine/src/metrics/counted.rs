//! The instruments of one definition, found by their labels once: labels are hashed and looked up under a lock that all threads share.

use std::sync::OnceLock;

use jf_core::TerminationKind;
use prometheus::{Histogram, IntCounter};

/// What a definition has counted so far.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    runs: OfPurpose,
    compensations: OfPurpose,
}

#[derive(Debug, Default)]
struct OfPurpose {
    started: OnceLock<IntCounter>,
    /// In the order of [`place`].
    ended: [OnceLock<Ended>; 5],
}

/// The instruments of one way to end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) completed: IntCounter,
    pub(super) duration: Histogram,
}

impl Counted {
    pub(super) fn started(&self, compensates: bool, find: impl FnOnce() -> IntCounter) -> &IntCounter {
        self.of(compensates).started.get_or_init(find)
    }

    pub(super) fn ended(
        &self,
        compensates: bool,
        termination: TerminationKind,
        find: impl FnOnce() -> Ended,
    ) -> &Ended {
        self.of(compensates).ended[place(termination)].get_or_init(find)
    }

    const fn of(&self, compensates: bool) -> &OfPurpose {
        if compensates { &self.compensations } else { &self.runs }
    }
}

const fn place(termination: TerminationKind) -> usize {
    match termination {
        TerminationKind::Success => 0,
        TerminationKind::Fail => 1,
        TerminationKind::Timeout => 2,
        TerminationKind::Cancel => 3,
        TerminationKind::RuntimeError => 4,
    }
}
