//! Allowing decisions that are reused for a while (ENG-116).

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jf_core::{Caller, JourneyId};
use jf_store::Revision;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::clock::after;

/// Decisions that are remembered at the same time. When there are more, the oldest is forgotten.
const KEPT: usize = 4_096;

/// The longest reuse that ENG-116 allows.
const LONGEST: Duration = Duration::from_secs(5);

/// Headers that differ from request to request and tell nothing of who asks.
const PASSING: [&str; 2] = ["traceparent", "tracestate"];

/// Remembers for a while who was allowed to read what. Denials and errors are judged anew each time.
pub(crate) struct Decisions {
    reuse: Duration,
    allowed: Mutex<Allowed>,
}

/// A caller and a run at one revision, as a digest: everything of the request that a guard can see, and nothing of it in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question([u8; 32]);

#[derive(Default)]
struct Allowed {
    at: HashMap<Question, Timestamp>,
    /// In the order of the decisions.
    order: VecDeque<(Timestamp, Question)>,
}

impl Decisions {
    /// Reuses decisions for so long, at most 5 s; zero judges every read anew.
    pub(crate) fn new(reuse: Duration) -> Self {
        Self { reuse: reuse.min(LONGEST), allowed: Mutex::default() }
    }

    /// What is asked, unless every read is judged anew.
    pub(crate) fn question(&self, run: &JourneyId, revision: Revision, caller: &Caller) -> Option<Question> {
        if self.reuse.is_zero() {
            return None;
        }
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            // With the length before, no two lists of parts look alike.
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        part(run.as_str().as_bytes());
        part(&revision.get().to_be_bytes());
        part(caller.transport().as_bytes());
        part(caller.method().as_str().as_bytes());
        part(caller.path().as_bytes());
        part(caller.principal().unwrap_or_default().as_bytes());
        part(caller.remote_address().map(|address| address.ip().to_string()).unwrap_or_default().as_bytes());
        for (name, value) in caller.headers().iter().filter(|(name, _)| !PASSING.contains(&name.as_str())) {
            part(name.as_str().as_bytes());
            part(value.as_bytes());
        }
        part(b"\n");
        for (name, value) in caller.query() {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        part(b"\n");
        for certificate in caller.peer_certificates() {
            part(certificate);
        }
        Some(Question(digest.finalize().into()))
    }

    /// Whether it was allowed a short while ago.
    pub(crate) fn allows(&self, question: &Question, now: Timestamp) -> bool {
        let decided = self.lock().at.get(question).copied();
        decided.is_some_and(|decided| decided <= now && now < after(decided, self.reuse))
    }

    /// Remembers what was allowed by the state of `decided`.
    pub(crate) fn allowed(&self, question: Question, decided: Timestamp) {
        let mut allowed = self.lock();
        allowed.at.insert(question, decided);
        allowed.order.push_back((decided, question));
        while let Some((oldest, question)) = allowed.order.front().copied()
            && (allowed.order.len() > KEPT || after(oldest, self.reuse) <= decided)
        {
            allowed.order.pop_front();
            if allowed.at.get(&question) == Some(&oldest) {
                allowed.at.remove(&question);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Allowed> {
        self.allowed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decisions").field("reuse", &self.reuse).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, Method};
    use jf_core::{Caller, JourneyId};
    use jf_store::Revision;
    use jiff::{SignedDuration, Timestamp};

    use super::{Decisions, KEPT};

    fn caller(headers: &[(&'static str, &'static str)]) -> Caller {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Caller::request("http", Method::GET, "/x").headers(map).build()
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(milliseconds)
    }

    #[test]
    fn eng_116_a_decision_holds_for_one_caller_and_one_revision() {
        let decisions = Decisions::new(Duration::from_secs(60));
        let (run, other) = (JourneyId::random(), JourneyId::random());
        let ann = caller(&[("authorization", "ann"), ("traceparent", "1")]);
        let question = |run: &JourneyId, revision: u64, caller: &Caller| {
            decisions.question(run, Revision::new(revision).unwrap(), caller).expect("decisions are reused")
        };
        decisions.allowed(question(&run, 1, &ann), at(0));
        assert!(decisions.allows(&question(&run, 1, &ann), at(0)));
        let traced = caller(&[("authorization", "ann"), ("traceparent", "2")]);
        assert!(decisions.allows(&question(&run, 1, &traced), at(4_999)));
        assert!(!decisions.allows(&question(&run, 1, &ann), at(5_000)), "never longer than 5 s");
        assert!(!decisions.allows(&question(&run, 1, &ann), at(-1)), "the clock was set back");
        for (run, revision, caller) in [
            (&other, 1, &ann),
            (&run, 2, &ann),
            (&run, 1, &caller(&[("authorization", "bob"), ("traceparent", "1")])),
            (&run, 1, &caller(&[("authorization", "ann"), ("cookie", "a=1")])),
            (&run, 1, &Caller::request("websocket", Method::GET, "/x").build()),
        ] {
            assert!(!decisions.allows(&question(run, revision, caller), at(0)));
        }
    }

    #[test]
    fn eng_116_decisions_take_a_bounded_space() {
        let decisions = Decisions::new(Duration::from_secs(5));
        let run = JourneyId::random();
        let question = |revision: usize| {
            let revision = Revision::new(u64::try_from(revision).unwrap() + 1).unwrap();
            decisions.question(&run, revision, &caller(&[])).unwrap()
        };
        for revision in 0..KEPT + 10 {
            decisions.allowed(question(revision), at(0));
        }
        assert_eq!(decisions.lock().at.len(), KEPT);
        assert!(!decisions.allows(&question(9), at(0)) && decisions.allows(&question(10), at(0)));
        decisions.allowed(question(0), at(5_000));
        assert_eq!(decisions.lock().at.len(), 1, "what has expired is forgotten");
        assert!(Decisions::new(Duration::ZERO).question(&run, Revision::FIRST, &caller(&[])).is_none());
    }
}
