//! What a keyed command was, as a digest (ENG-058).

use jf_core::{Caller, EngineError, EngineErrorKind, HeadCondition, IdempotencyKey, JourneyId};
use jf_store::{Fingerprint, KeyRecord, KeyScope, NewKey};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::canonical;
use crate::deployment::Deployed;
use crate::runs::ResolvedStep;

/// A caller key with the request it is used for.
///
/// The digest is that of the canonical form of `{body, ifSeq, operation, query}`. What stands before `query` is digested on arrival,
/// before the body is moved into the run; the projected query values follow when the state and version they depend on are known.
#[derive(Clone)]
pub(crate) struct KeyUse {
    name: IdempotencyKey,
    request: Box<Sha256>,
}

impl KeyUse {
    pub(crate) fn start(name: IdempotencyKey, body: &Value) -> Self {
        Self::new(name, "start", Some(body), None)
    }

    pub(crate) fn submit(name: IdempotencyKey, payload: &Value, if_head: Option<&[HeadCondition]>) -> Self {
        Self::new(name, "submitStep", Some(payload), if_head)
    }

    pub(crate) fn cancel(name: IdempotencyKey, if_head: Option<&[HeadCondition]>) -> Self {
        Self::new(name, "cancel", None, if_head)
    }

    fn new(
        name: IdempotencyKey,
        operation: &str,
        body: Option<&Value>,
        if_head: Option<&[HeadCondition]>,
    ) -> Self {
        let mut text = String::from("{");
        if let Some(body) = body {
            text.push_str("\"body\":");
            canonical::write(body, &mut text);
            text.push(',');
        }
        if let Some(if_head) = if_head {
            let mut numbers: Vec<u64> = if_head.iter().map(|condition| condition.seq).collect();
            numbers.sort_unstable();
            text.push_str("\"ifSeq\":");
            canonical::write(&Value::from(numbers), &mut text);
            text.push(',');
        }
        text.push_str("\"operation\":");
        canonical::write_text(operation, &mut text);
        Self { name, request: Box::new(Sha256::new_with_prefix(text)) }
    }

    pub(crate) const fn name(&self) -> &IdempotencyKey {
        &self.name
    }

    /// The digest, with the query values that the version of the first request projects.
    pub(crate) fn fingerprint(&self, query: &[(&str, &str)]) -> Fingerprint {
        let members = query.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let mut text = String::from(",\"query\":");
        canonical::write(&Value::Object(members), &mut text);
        text.push('}');
        Fingerprint(Sha256::clone(&self.request).chain_update(text).finalize().into())
    }

    /// Where the key of a start counts (ENG-050).
    pub(crate) fn start_scope(deployed: &Deployed, caller: &Caller) -> KeyScope {
        KeyScope::Start {
            principal: caller.principal().map(Into::into),
            journey: deployed.program.identity().name.as_str().into(),
        }
    }

    /// The record of a start.
    pub(crate) fn for_start(
        self,
        deployed: &Deployed,
        caller: &Caller,
        run: &JourneyId,
        query: &[(&str, &str)],
        seq: u64,
        kept_until: Timestamp,
    ) -> NewKey {
        let record = KeyRecord::new(run.clone(), self.fingerprint(query), seq).with_kept_until(kept_until);
        NewKey { scope: Self::start_scope(deployed, caller), key: self.name, record }
    }

    /// The record of a submission or cancellation.
    pub(crate) fn for_run(
        self,
        run: &JourneyId,
        query: &[(&str, &str)],
        seq: u64,
        step: Option<&ResolvedStep>,
    ) -> NewKey {
        let target = step.map(ResolvedStep::to_target);
        let record = KeyRecord::new(run.clone(), self.fingerprint(query), seq).with_target(target);
        NewKey { scope: KeyScope::Run(run.clone()), key: self.name, record }
    }

    /// The key was used for another request.
    pub(crate) fn mismatch(&self) -> EngineError {
        EngineError::new(EngineErrorKind::IdempotencyMismatch)
            .with_detail("the idempotency key was used for another request")
    }

    /// Whether both are the same request, as far as it is known before a step is resolved.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.fingerprint(&[]) == other.fingerprint(&[])
    }
}
