//! One start at a time per key.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jf_core::IdempotencyKey;
use jf_store::KeyScope;
use tokio::sync::OwnedMutexGuard;

type Name = (KeyScope, IdempotencyKey);
type Slots = HashMap<Name, Arc<tokio::sync::Mutex<()>>>;

/// Starts with keys that are being decided. A second start of one key waits until the first is durable or refused.
#[derive(Clone, Default)]
pub(crate) struct StartKeys(Arc<Mutex<Slots>>);

/// The right to decide a start with one key.
pub(crate) struct StartTurn {
    held: Option<OwnedMutexGuard<()>>,
    name: Name,
    keys: StartKeys,
}

impl StartKeys {
    pub(crate) async fn enter(&self, scope: KeyScope, key: IdempotencyKey) -> StartTurn {
        let name = (scope, key);
        let slot = Arc::clone(self.lock().entry(name.clone()).or_default());
        // Made before the wait, so that giving up waiting leaves nothing behind.
        let mut turn = StartTurn { held: None, name, keys: self.clone() };
        turn.held = Some(slot.lock_owned().await);
        turn
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StartTurn {
    fn drop(&mut self) {
        self.held = None;
        let mut slots = self.keys.lock();
        // Whoever waits holds the slot too, and takes it while this lock is held.
        if slots.get(&self.name).is_some_and(|slot| Arc::strong_count(slot) == 1) {
            slots.remove(&self.name);
        }
    }
}

impl fmt::Debug for StartKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartKeys").field("len", &self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::StartKeys;
    use futures::FutureExt;
    use jf_core::IdempotencyKey;
    use jf_store::KeyScope;

    #[test]
    fn eng_053_one_start_of_a_key_is_decided_at_a_time() {
        let keys = StartKeys::default();
        let scope = KeyScope::Start { principal: None, journey: "order".into() };
        let key = IdempotencyKey::parse("0123456789abcdef").unwrap();
        let other = IdempotencyKey::parse("fedcba9876543210").unwrap();
        let first = keys.enter(scope.clone(), key.clone()).now_or_never().expect("nobody is there");
        let mut second = Box::pin(keys.enter(scope.clone(), key.clone()));
        assert!((&mut second).now_or_never().is_none());
        assert!(keys.enter(scope.clone(), other).now_or_never().is_some());
        let third = Box::pin(keys.enter(scope, key));
        drop(third);
        drop(first);
        let second = second.now_or_never().expect("the first is gone");
        assert_eq!(keys.lock().len(), 1);
        drop(second);
        assert_eq!(keys.lock().len(), 0);
    }
}
