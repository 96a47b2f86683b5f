//! Those who watch one run over this binding: what one of them was told is kept as text, so that telling it to the next one is no work.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jf_core::{Head, JourneyId, JourneyOutcome, JourneyStatus};
use tungstenite::Utf8Bytes;

use crate::frames::{Document, Written};
use crate::routing::Served;

/// Larger texts are written for each anew.
const KEPT_BYTES: usize = 64 << 10;

type Runs = Mutex<HashMap<JourneyId, Weak<Audience>>>;

/// The audiences of all runs that somebody watches.
#[derive(Default)]
pub(crate) struct Audiences(Arc<Runs>);

/// The audience of one run. It lasts as long as somebody is in it.
pub(crate) struct Audience {
    run: JourneyId,
    runs: Arc<Runs>,
    status: Mutex<Option<Box<Told<JourneyStatus>>>>,
    outcome: Mutex<Option<Box<Told<JourneyOutcome>>>>,
}

/// Everything a text depends on, but for the document and the run.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) at: Head,
    /// The text names the epoch.
    pub(crate) epoch: bool,
    pub(crate) skipped: Option<u64>,
    pub(crate) snapshot: bool,
    pub(crate) served: Arc<Served>,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        (self.at == other.at && self.epoch == other.epoch)
            && (self.skipped == other.skipped && self.snapshot == other.snapshot)
            && Arc::ptr_eq(&self.served, &other.served)
    }
}

impl Shape {
    /// Gives a frame its members.
    pub(crate) fn put_on<'a, D>(&'a self, frame: &mut Document<'a, D>) {
        frame.epoch = self.epoch.then(|| self.at.epoch.as_str());
        (frame.skipped, frame.snapshot) = (self.skipped, self.snapshot);
    }
}

struct Told<D> {
    shape: Shape,
    document: D,
    text: Utf8Bytes,
}

impl Audiences {
    /// Joins the audience of a run.
    pub(crate) fn join(&self, run: &JourneyId) -> Arc<Audience> {
        let mut runs = lock(&self.0);
        if let Some(audience) = runs.get(run).and_then(Weak::upgrade) {
            return audience;
        }
        let audience = Arc::new(Audience {
            run: run.clone(),
            runs: Arc::clone(&self.0),
            status: Mutex::default(),
            outcome: Mutex::default(),
        });
        runs.insert(run.clone(), Arc::downgrade(&audience));
        audience
    }
}

impl Audience {
    /// The text of a status, written unless it is known.
    pub(crate) fn status(
        self: &Arc<Self>,
        shape: Shape,
        document: JourneyStatus,
        write: impl FnOnce(&JourneyStatus) -> Written,
    ) -> Utf8Bytes {
        self.text(&self.status, shape, document, write)
    }

    /// The text of an outcome, written unless it is known.
    pub(crate) fn outcome(
        self: &Arc<Self>,
        shape: Shape,
        document: JourneyOutcome,
        write: impl FnOnce(&JourneyOutcome) -> Written,
    ) -> Utf8Bytes {
        self.text(&self.outcome, shape, document, write)
    }

    /// The documents are compared, too: each was read under the guard of its own reader, and is what that reader gets.
    fn text<D: PartialEq>(
        self: &Arc<Self>,
        told: &Mutex<Option<Box<Told<D>>>>,
        shape: Shape,
        document: D,
        write: impl FnOnce(&D) -> Written,
    ) -> Utf8Bytes {
        if Arc::strong_count(self) == 1 {
            return write(&document).text;
        }
        if let Some(told) = &*lock(told)
            && told.shape == shape
            && told.document == document
        {
            return told.text.clone();
        }
        let Written { text, whole } = write(&document);
        if whole && text.len() <= KEPT_BYTES {
            *lock(told) = Some(Box::new(Told { shape, document, text: text.clone() }));
        }
        text
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        let mut runs = lock(&self.runs);
        // Somebody may have begun a new one meanwhile.
        if runs.get(&self.run).is_some_and(|audience| audience.strong_count() == 0) {
            runs.remove(&self.run);
        }
    }
}

// Every critical section leaves its value whole, so a poisoned lock is as good as a clean one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audiences").finish_non_exhaustive()
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audience").field("run", &self.run).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use jf_core::{Epoch, Head, JourneyId, JourneyStatus, Phase};
    use jf_dsl::{DefinitionName, SourceFile, StateId, StaticCapabilities, load};

    use super::{Audiences, KEPT_BYTES, Shape};
    use crate::frames::Written;
    use crate::routing::Served;

    fn served() -> Arc<Served> {
        let text = "{ apiVersion: v1, kind: Journey, metadata: { name: order, version: 1.0.0 }, spec: { start: done, \
            bindings: { websocket: { start: { messageType: order } } }, states: { done: { type: succeed } } } }";
        let loaded = load(&SourceFile::new("order.journey.yaml", text), &StaticCapabilities::full()).unwrap();
        Arc::new(Served::new(&loaded.definition).unwrap())
    }

    fn whole(text: &str) -> Written {
        Written { text: text.into(), whole: true }
    }

    fn status(state: &str) -> JourneyStatus {
        let run = JourneyId::parse("run-1").unwrap();
        let (name, state) = (DefinitionName::parse("order").unwrap(), StateId::parse(state).unwrap());
        JourneyStatus::new(run, name, Phase::Running, state, jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn flow_1_what_is_the_same_for_all_is_written_once() {
        let (audiences, served) = (Audiences::default(), served());
        let run = JourneyId::parse("run-1").unwrap();
        let shape = |seq, skipped| {
            let at = Head::new(Epoch::parse("e1").unwrap(), seq);
            Shape { at, epoch: false, skipped, snapshot: false, served: Arc::clone(&served) }
        };
        let written = Cell::new(0);
        let (one, two) = (audiences.join(&run), audiences.join(&run));
        let tell = |shape, state: &str| {
            two.status(shape, status(state), |document| {
                written.set(written.get() + 1);
                whole(document.current_state.as_str())
            })
        };
        assert_eq!(tell(shape(2, None), "a"), "a");
        let first = tell(shape(2, None), "a");
        assert_eq!((first.as_str(), written.get()), ("a", 1));
        assert_eq!(tell(shape(2, Some(1)), "a"), "a");
        assert_eq!(tell(shape(3, Some(1)), "a"), "a");
        assert_eq!(tell(shape(3, Some(1)), "b"), "b", "another document at the same number");
        let other = Shape { served: super::tests::served(), ..shape(3, Some(1)) };
        assert_eq!(tell(other, "b"), "b");
        assert_eq!(written.get(), 5);
        drop(one);
        tell(shape(4, None), "c");
        tell(shape(4, None), "c");
        assert_eq!(written.get(), 7, "nothing is kept for one alone");
        drop(two);
        assert!(super::lock(&audiences.0).is_empty(), "nobody is left");
    }

    #[test]
    fn flow_1_large_texts_are_not_kept() {
        let (audiences, served) = (Audiences::default(), served());
        let run = JourneyId::parse("run-1").unwrap();
        let (one, two) = (audiences.join(&run), audiences.join(&run));
        let at = Head::new(Epoch::parse("e1").unwrap(), 2);
        let shape = Shape { at, epoch: true, skipped: None, snapshot: true, served };
        let large = "x".repeat(KEPT_BYTES + 1);
        one.status(shape.clone(), status("a"), |_| whole(&large));
        assert_eq!(two.status(shape.clone(), status("a"), |_| whole("again")), "again");
        let shape = Shape { snapshot: false, ..shape };
        one.status(shape.clone(), status("a"), |_| Written { text: "omitted".into(), whole: false });
        assert_eq!(two.status(shape, status("a"), |_| whole("again")), "again", "LIM-3");
    }
}
