//! What requests take of memory until they are answered (HTTP-026).

use std::sync::Arc;

use jf_core::{ByteShare, EngineError};

use super::Core;
use crate::frames::Request;

impl Core {
    /// What a request takes of memory until it is answered: its payload, or a list to resume in a frame of so many bytes.
    pub(super) fn share(
        &self,
        request: &Request,
        of_payload: Option<ByteShare>,
        bytes: usize,
    ) -> Result<Option<Arc<ByteShare>>, EngineError> {
        let share = match request {
            Request::Start(_) | Request::Step(_) => of_payload,
            Request::Hello(hello) if hello.list_bytes() > 0 => {
                let mut of_list = None;
                self.take(&mut of_list, bytes + hello.list_bytes())?;
                of_list
            }
            _ => None,
        };
        Ok(share.map(Arc::new))
    }

    /// Adds bytes to a share, or begins one.
    ///
    /// Little at a time is a connection's own; what all share is counted at one place in memory, which all threads write to. What comes in
    /// several parts is much from the first one on.
    pub(super) fn take(&self, share: &mut Option<ByteShare>, bytes: usize) -> Result<(), EngineError> {
        if let Some(share) = share {
            return share.grow(bytes);
        }
        let mut own = self.own_budget.share();
        let taken = match own.grow(bytes) {
            Ok(()) => own,
            Err(_) => {
                let mut of_all = self.shared.config.payload_budget.share();
                of_all.grow(bytes)?;
                of_all
            }
        };
        *share = Some(taken);
        Ok(())
    }
}
