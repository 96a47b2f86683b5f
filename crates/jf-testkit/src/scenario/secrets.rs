//! The secrets of a scenario.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use jf_core::spi::{Secret, SecretError, SecretResolver};

/// Secret values by reference.
pub(super) struct ScriptedSecrets(pub(super) BTreeMap<String, String>);

impl fmt::Debug for ScriptedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScriptedSecrets").field(&self.0.keys()).finish()
    }
}

#[async_trait]
impl SecretResolver for ScriptedSecrets {
    async fn resolve(&self, reference: &str) -> Result<Secret, SecretError> {
        self.0.get(reference).cloned().map(Secret::new).ok_or_else(|| SecretError::new(reference))
    }
}
