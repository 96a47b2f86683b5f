//! The proof that a change means nothing but what it was made for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::Edit;
use crate::source::Span;
use crate::tree::{Member, Node, NodeValue};

/// Whether two versions of a document differ only where changes were made: every scalar that is another one was written
/// over, every key that has gone was taken away, and every new key was inserted, with a value that was there before.
///
/// `edits` speak of the old text; `inserted` are the places of what they inserted in the new one.
pub(crate) fn says_the_same_elsewhere(old: &Node, new: &Node, edits: &[Edit], inserted: &[Span]) -> bool {
    let mut comparison = Comparison { edits, inserted, gone: Vec::new(), come: Vec::new() };
    comparison.same(old, new) && comparison.only_moved()
}

struct Comparison<'t> {
    edits: &'t [Edit],
    inserted: &'t [Span],
    gone: Vec<&'t Node>,
    come: Vec<&'t Node>,
}

impl<'t> Comparison<'t> {
    fn same(&mut self, old: &'t Node, new: &'t Node) -> bool {
        match (&old.value, &new.value) {
            (NodeValue::Object(before), NodeValue::Object(after)) => self.same_members(before, after),
            (NodeValue::Array(before), NodeValue::Array(after)) => {
                before.len() == after.len()
                    && before.iter().zip(after).all(|(before, after)| self.same(before, after))
            }
            (before, after) => before == after || self.is_replaced(old.span),
        }
    }

    fn same_members(&mut self, before: &'t [Member], after: &'t [Member]) -> bool {
        let by_key: HashMap<&Arc<str>, &Member> = after.iter().map(|member| (&member.key, member)).collect();
        let mut kept: HashSet<&Arc<str>> = HashSet::new();
        for member in before {
            let same = match by_key.get(&member.key) {
                Some(after) => {
                    kept.insert(&member.key);
                    self.same(&member.value, &after.value)
                }
                None => {
                    self.gone.push(&member.value);
                    self.is_written_over(member.key_span)
                }
            };
            if !same {
                return false;
            }
        }
        let new = after.iter().filter(|member| !kept.contains(&member.key));
        for member in new {
            if !self.inserted.iter().any(|place| overlap(*place, member.key_span)) {
                return false;
            }
            self.come.push(&member.value);
        }
        true
    }

    /// Whether what came is what was there: text that was not touched, or a value that has gone elsewhere.
    fn only_moved(&self) -> bool {
        let mut gone: HashMap<String, usize> = HashMap::new();
        for node in &self.gone {
            *gone.entry(node.to_value().to_string()).or_default() += 1;
        }
        self.come.iter().all(|node| {
            let untouched = !self.inserted.iter().any(|place| overlap(*place, node.span));
            let left = gone.get_mut(&node.to_value().to_string()).filter(|left| **left > 0);
            match left {
                Some(left) => {
                    *left -= 1;
                    true
                }
                None => untouched,
            }
        })
    }

    /// Whether a change was made to a scalar and to nothing beside it.
    fn is_replaced(&self, span: Span) -> bool {
        let replaces = |edit: &Edit| edit.span.start >= span.start && edit.span.end <= span.end;
        self.edits.iter().any(|edit| edit.span.start < edit.span.end && replaces(edit))
    }

    fn is_written_over(&self, span: Span) -> bool {
        self.edits.iter().any(|edit| overlap(edit.span, span))
    }
}

const fn overlap(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end
}
