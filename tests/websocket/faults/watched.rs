//! What a client knows of a run, by a cursor, and what it has to be told.

use serde_json::Value;

use super::plan::Plan;

/// One run.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) id: Option<String>,
    pub(super) epoch: String,
    /// Everything up to here was applied.
    pub(super) cursor: u64,
    /// It may not be read any more.
    pub(super) is_gone: bool,
    /// How often something was announced as missing.
    pub(super) gaps: usize,
    /// The states that were applied, by their numbers.
    applied: Vec<u64>,
    /// The number of the outcome, as often as it was applied.
    outcomes: Vec<u64>,
    /// What was delivered on this connection, by push.
    pushed: u64,
    /// Up to here something is missing on this connection, until the snapshot comes that stands for it.
    gap: Option<u64>,
}

impl Watched {
    /// What only holds for a connection is forgotten with it.
    pub(super) fn connected(&mut self) {
        (self.pushed, self.gap) = (0, None);
    }

    /// Whether everything there was to see was seen.
    pub(super) fn is_done(&self, plan: &Plan) -> bool {
        self.outcomes.is_empty() != plan.ends() && self.is_gone == plan.seals()
    }

    /// Nothing was applied twice, and nothing is missing from the first state it knew to the end.
    pub(super) fn check(&self, plan: &Plan) {
        assert_eq!(self.outcomes.len(), usize::from(plan.ends()), "{:?}", self.outcomes);
        let (mut last, seen) = (plan.log().len() as u64, *self.applied.last().unwrap());
        if plan.seals() {
            // Replies that were lost are not given again to those who may not read any more.
            assert!(seen <= last, "{:?}", self.applied);
            last = seen;
        }
        let whole: Vec<u64> = (self.applied[0]..=last).collect();
        assert_eq!([&self.applied[..], &self.outcomes].concat(), whole);
    }

    /// Something will not be told one by one.
    pub(super) fn miss(&mut self, frame: &Value, plan: &Plan) {
        assert!(plan.forgets && frame["reason"] == "retention", "everything was kept: {frame}");
        let (from, to) = (frame["from"].as_u64().unwrap(), frame["to"].as_u64().unwrap());
        assert!(from <= to, "nothing is missing: {frame}");
        assert!(from <= self.cursor + 1, "something is missing before {frame}");
        self.gaps += 1;
        self.gap = Some(to);
    }

    /// Applies a state that is news.
    pub(super) fn apply(&mut self, frame: &Value, plan: &Plan) {
        assert!(!self.is_gone || frame.get("id").is_some(), "nobody may be told any more: {frame}");
        let seq = frame["seq"].as_u64().unwrap();
        let (is_push, is_snapshot) = (frame.get("id").is_none(), frame["snapshot"] == true);
        if is_push {
            assert!(seq > self.pushed, "told twice on one connection (SEQ-5): {frame}");
            assert!(
                plan.conflate || frame.get("skipped").is_none(),
                "every single one was asked for: {frame}"
            );
            self.pushed = seq;
        }
        if let Some(epoch) = frame["epoch"].as_str() {
            epoch.clone_into(&mut self.epoch);
        }
        // A snapshot stands for everything up to it, where that is said to be missing.
        let healed = is_snapshot && self.gap.take().is_some_and(|gap| seq >= gap);
        assert!(is_push || !is_snapshot, "a reply is none: {frame}");
        assert_eq!(healed, is_snapshot, "nothing is missing: {frame}");
        let skipped = frame["skipped"].as_u64().unwrap_or(0);
        if frame["type"] == "outcome" {
            // What it stands for beside itself was elided in its favour (FLOW-3).
            let is_whole = !is_push || healed || skipped == seq - self.cursor - 1;
            assert!(is_whole, "something is missing before {frame}");
            if !is_push && self.outcomes == [seq] {
                // The start was repeated beside a subscription that has told it.
                return;
            }
            self.applied.extend(self.cursor + 1..seq);
            self.outcomes.push(seq);
            self.cursor = seq;
            return;
        }
        // A status of an ended run shows what its outcome is going to say; only that delivers it (SEQ-5).
        let ended = frame["payload"]["phase"] != "RUNNING";
        let seq = if ended { seq - 1 } else { seq };
        if seq <= self.cursor {
            assert!(!is_push || healed, "told again, though it was applied before: {frame}");
            return;
        }
        match self.cursor {
            // The first state it knows.
            0 => self.applied.push(seq),
            // A reply tells everything up to its number.
            cursor if !is_push || healed => self.applied.extend(cursor + 1..=seq),
            cursor => {
                assert_eq!(seq, cursor + 1 + skipped, "something is missing before {frame}");
                self.applied.extend(cursor + 1..=seq);
            }
        }
        self.cursor = seq;
    }
}
