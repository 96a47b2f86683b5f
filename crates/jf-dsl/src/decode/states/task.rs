//! `task` (02 §3). The block itself is read by kind.

use crate::decode::{Decoder, Place};
use crate::model::state::Task;

impl Decoder<'_> {
    pub(in crate::decode) fn task_state(&mut self, place: &Place<'_>) -> Option<Task> {
        self.state_members(place, &["task", "next"]);
        let next = self.next(place);
        let block = self.required(place, "task", "STA-002")?;
        self.object(&block, "STA-020")?;
        let task = self.task(&block)?;
        Some(Task { task, next: next? })
    }
}
