//! Caller keys of starts, which count across runs.

use std::collections::{HashMap, VecDeque};

use jf_core::{IdempotencyKey, JourneyId};
use jiff::Timestamp;

use crate::{KeyRecord, KeyScope, NewKey, StoreError, StoreErrorKind};

type Name = (KeyScope, IdempotencyKey);

#[derive(Debug, Default)]
pub(super) struct StartKeys {
    records: HashMap<Name, KeyRecord>,
    /// Keys in the order of their commits, which is that of their end as all are kept equally long.
    expiry: VecDeque<(Timestamp, Name)>,
}

impl StartKeys {
    pub(super) fn get(&self, scope: &KeyScope, key: &IdempotencyKey) -> Option<KeyRecord> {
        self.records.get(&(scope.clone(), key.clone())).cloned()
    }

    pub(super) fn check(&self, keys: &[NewKey], at: Timestamp) -> Result<(), StoreError> {
        let taken = keys.iter().any(|new| {
            matches!(new.scope, KeyScope::Start { .. })
                && self.get(&new.scope, &new.key).is_some_and(|record| record.is_kept(at))
        });
        if taken { Err(StoreError::new(StoreErrorKind::KeyTaken)) } else { Ok(()) }
    }

    pub(super) fn insert(&mut self, keys: Vec<NewKey>) {
        for new in keys.into_iter().filter(|new| matches!(new.scope, KeyScope::Start { .. })) {
            let name = (new.scope, new.key);
            if let Some(until) = new.record.kept_until {
                self.expiry.push_back((until, name.clone()));
            }
            self.records.insert(name, new.record);
        }
    }

    /// Removes those of `names` that still belong to `run`.
    pub(super) fn remove(&mut self, names: &[Name], run: &JourneyId) {
        for name in names {
            if self.records.get(name).is_some_and(|record| record.run == *run) {
                self.records.remove(name);
            }
        }
    }

    pub(super) fn pop_expired(&mut self, now: Timestamp, limit: usize) -> usize {
        let mut removed = 0;
        while removed < limit
            && let Some((until, _)) = self.expiry.front()
            && *until <= now
            && let Some((until, name)) = self.expiry.pop_front()
        {
            // The key may be in use anew, or be gone with its run.
            if self.records.get(&name).is_some_and(|record| record.kept_until == Some(until)) {
                self.records.remove(&name);
                removed += 1;
            }
        }
        removed
    }
}
