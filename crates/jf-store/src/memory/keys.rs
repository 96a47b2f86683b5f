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
        self.compact();
    }

    /// Forgets the ends of keys that are gone, once they are the greater part: runs can go long before their keys would end.
    fn compact(&mut self) {
        const FEW: usize = 256;
        if self.expiry.len() > FEW.max(2 * self.records.len()) {
            let records = &self.records;
            self.expiry.retain(|(until, name)| {
                records.get(name).is_some_and(|record| record.kept_until == Some(*until))
            });
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

#[cfg(test)]
mod tests {
    use jf_core::{IdempotencyKey, JourneyId};
    use jiff::{SignedDuration, Timestamp};

    use super::StartKeys;
    use crate::{Fingerprint, KeyRecord, KeyScope, NewKey};

    #[test]
    fn eng_104_keys_whose_runs_are_gone_leave_nothing_behind() {
        let scope = KeyScope::Start { principal: None, journey: "order".into() };
        let mut now = Timestamp::UNIX_EPOCH;
        let mut keys = StartKeys::default();
        let mut start = |keys: &mut StartKeys, n: usize| {
            now += SignedDuration::from_millis(1);
            let key = IdempotencyKey::parse(format!("{n:016}")).unwrap();
            let run = JourneyId::parse(format!("run-{n}")).unwrap();
            let record = KeyRecord::new(run.clone(), Fingerprint([0; 32]), 1)
                .with_kept_until(now + SignedDuration::from_hours(24));
            keys.insert(vec![NewKey { scope: scope.clone(), key: key.clone(), record }]);
            ((scope.clone(), key), run)
        };
        // One run stays, so that the oldest end is never a stale one.
        let (first, _) = start(&mut keys, 0);
        for n in 1..10_000 {
            let (name, run) = start(&mut keys, n);
            keys.remove(&[name], &run);
        }
        assert!(keys.expiry.len() < 1_000, "{}", keys.expiry.len());
        assert!(keys.get(&first.0, &first.1).is_some());
        assert_eq!(keys.pop_expired(now + SignedDuration::from_hours(25), usize::MAX), 1);
        assert!(keys.records.is_empty() && keys.expiry.is_empty());
    }
}
