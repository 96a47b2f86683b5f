//! Whose turn it is to be looked at.

use std::collections::{HashSet, VecDeque};

use jf_core::JourneyId;

/// Runs that wait for a look, first come, first served. A run waits once however often it is named, and not at all once its
/// subscription is gone: what a client subscribes to again and again while it takes no pushes costs nothing (FLOW-1).
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: VecDeque<JourneyId>,
    waiting: HashSet<JourneyId>,
}

impl Queue {
    pub(super) fn push(&mut self, run: &JourneyId) {
        if self.waiting.insert(run.clone()) {
            self.order.push_back(run.clone());
        }
    }

    pub(super) fn pop(&mut self) -> Option<JourneyId> {
        let run = self.order.pop_front()?;
        self.waiting.remove(&run);
        Some(run)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Lets some go before the others; among each other they keep their order.
    pub(super) fn prefer(&mut self, is_preferred: impl FnMut(&JourneyId) -> bool) {
        let (first, others): (Vec<_>, Vec<_>) = self.order.drain(..).partition(is_preferred);
        self.order.extend(first.into_iter().chain(others));
    }

    pub(super) fn remove(&mut self, run: &JourneyId) {
        if self.waiting.remove(run) {
            self.order.retain(|waiting| waiting != run);
        }
    }
}

#[cfg(test)]
mod tests {
    use jf_core::JourneyId;

    use super::Queue;

    #[test]
    fn flow_4_some_go_before_the_others() {
        let runs = ["a", "b", "c", "d"].map(|id| JourneyId::parse(id).unwrap());
        let mut queue = Queue::default();
        runs.iter().for_each(|run| queue.push(run));
        queue.prefer(|run| matches!(run.as_str(), "b" | "d"));
        assert_eq!(queue.order, [&runs[1], &runs[3], &runs[0], &runs[2]].map(Clone::clone));
    }

    #[test]
    fn flow_1_a_run_waits_once_and_in_order() {
        let runs = ["a", "b", "c"].map(|id| JourneyId::parse(id).unwrap());
        let mut queue = Queue::default();
        for _ in 0..1000 {
            runs.iter().for_each(|run| queue.push(run));
        }
        assert_eq!(queue.order, runs);
        for _ in 0..1000 {
            queue.remove(&runs[1]);
            queue.push(&runs[1]);
        }
        queue.remove(&runs[0]);
        assert_eq!((queue.order.len(), queue.waiting.len()), (2, 2));
        assert_eq!(
            [queue.pop(), queue.pop(), queue.pop()],
            [Some(runs[2].clone()), Some(runs[1].clone()), None]
        );
    }
}
