//! The runs of a shard in the order of lists.

use std::collections::VecDeque;
use std::ops::Range;

use crate::ListKey;

/// Places looked at one by one before a search begins: runs go about in the order they came.
const NEAR: usize = 8;

/// Keys of runs, newest first (ENG-138).
///
/// Nearly every run is newer than all others, and those that are forgotten are among the oldest. So this is no tree: a new key goes in
/// front, and one in the middle that is removed leaves its place empty until empty places are the most. A key that is older than others
/// moves those that are newer, which are few unless the clock was set back by much.
#[derive(Debug, Default)]
pub(super) struct Order {
    places: VecDeque<Place>,
    empty: usize,
}

#[derive(Debug)]
struct Place {
    key: ListKey,
    is_empty: bool,
}

impl Order {
    pub(super) fn insert(&mut self, key: ListKey) {
        let place = Place { key, is_empty: false };
        // Runs that begin at the same moment are in the order of their ids.
        let near = self.places.iter().take(NEAR).position(|other| other.key >= place.key);
        let at = near.unwrap_or_else(|| self.places.partition_point(|other| other.key < place.key));
        match self.places.get_mut(at) {
            Some(same) if same.key == place.key => {
                self.empty -= usize::from(std::mem::take(&mut same.is_empty));
            }
            _ => self.places.insert(at, place),
        }
    }

    pub(super) fn remove(&mut self, key: &ListKey) {
        let near = self.places.iter().rev().take(NEAR).position(|place| place.key == *key);
        let at = match near {
            Some(from_back) => self.places.len() - 1 - from_back,
            None => match self.places.binary_search_by(|place| place.key.cmp(key)) {
                Ok(at) => at,
                Err(_) => return,
            },
        };
        self.empty += usize::from(!std::mem::replace(&mut self.places[at].is_empty, true));
        while self.places.back().is_some_and(|oldest| oldest.is_empty) {
            self.places.pop_back();
            self.empty -= 1;
        }
        if self.empty > self.places.len() / 2 {
            self.places.retain(|place| !place.is_empty);
            self.empty = 0;
        }
        if self.places.capacity() / 8 > self.places.len().max(NEAR) {
            self.places.shrink_to(self.places.len() * 2);
        }
    }

    /// The places after `after` and before `bound`, and whether there is a run.
    pub(super) fn range(
        &self,
        after: Option<&ListKey>,
        bound: Option<&ListKey>,
    ) -> impl Iterator<Item = (&ListKey, bool)> {
        let from = after.map_or(0, |after| self.places.partition_point(|place| place.key <= *after));
        let to =
            bound.map_or(self.places.len(), |bound| self.places.partition_point(|place| place.key < *bound));
        self.places.range(Range { start: from, end: to.max(from) }).map(|place| (&place.key, !place.is_empty))
    }
}

#[cfg(test)]
mod tests {
    use super::Order;
    use crate::ListKey;
    use jf_core::JourneyId;
    use jiff::Timestamp;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::ops::Bound;

    fn key(second: i64, run: u8) -> ListKey {
        ListKey {
            created: Timestamp::from_second(second).expect("a time"),
            run: JourneyId::parse(format!("r{run}")).expect("an id"),
        }
    }

    fn keys<'a>(order: &'a Order, after: Option<&ListKey>, bound: Option<&ListKey>) -> Vec<&'a ListKey> {
        order.range(after, bound).filter(|(_, is_there)| *is_there).map(|(key, _)| key).collect()
    }

    #[derive(Debug, Clone)]
    enum Step {
        Insert(i64, u8),
        Remove(i64, u8),
        /// The oldest, as retention does.
        Forget,
        Range(Option<(i64, u8)>, Option<(i64, u8)>),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let at = || (0..40_i64, 0..3_u8);
        let step = prop_oneof![
            4 => at().prop_map(|(second, run)| Step::Insert(second, run)),
            2 => at().prop_map(|(second, run)| Step::Remove(second, run)),
            1 => Just(Step::Forget),
            1 => (prop::option::of(at()), prop::option::of(at())).prop_map(|(after, bound)| Step::Range(after, bound)),
        ];
        prop::collection::vec(step, 0..200)
    }

    proptest! {
        #[test]
        fn eng_138_it_orders_like_a_sorted_set(steps in steps()) {
            let (mut order, mut model) = (Order::default(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(second, run) => {
                        order.insert(key(second, run));
                        model.insert(key(second, run));
                    }
                    Step::Remove(second, run) => {
                        order.remove(&key(second, run));
                        model.remove(&key(second, run));
                    }
                    Step::Forget => {
                        if let Some(oldest) = model.pop_last() {
                            order.remove(&oldest);
                        }
                    }
                    Step::Range(after, bound) => {
                        let (after, bound) = (after.map(|(s, r)| key(s, r)), bound.map(|(s, r)| key(s, r)));
                        let found: Vec<_> = keys(&order, after.as_ref(), bound.as_ref());
                        let backwards = after.as_ref().zip(bound.as_ref()).is_some_and(|(after, bound)| bound <= after);
                        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                        let to = bound.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
                        let wanted: Vec<_> =
                            if backwards { Vec::new() } else { model.range::<ListKey, _>((from, to)).collect() };
                        prop_assert_eq!(found, wanted);
                    }
                }
                prop_assert!(keys(&order, None, None).into_iter().eq(model.iter()));
                prop_assert!(order.places.len() <= 2 * model.len());
                prop_assert_eq!(order.empty, order.places.len() - model.len());
            }
        }
    }
}
