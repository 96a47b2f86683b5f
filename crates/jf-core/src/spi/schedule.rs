//! What schedules are told apart by.

use std::fmt;
use std::sync::Arc;

use jf_dsl::StateId;

use super::DefinitionIdentity;

/// What a schedule is about (TSK-104). Its `Debug` form hides the subject, which comes from the context of a run.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ScheduleIdentity {
    /// The version whose runs it starts.
    pub definition: DefinitionIdentity,
    /// The subject, if it has one.
    pub subject: Option<Arc<str>>,
    /// Where its runs begin.
    pub start: StateId,
}

impl fmt::Debug for ScheduleIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScheduleIdentity")
            .field("definition", &self.definition)
            .field("has_subject", &self.subject.is_some())
            .field("start", &self.start)
            .finish()
    }
}
