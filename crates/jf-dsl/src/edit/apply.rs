//! Making changes.

use crate::diagnostic::Edit;
use crate::source::Span;

/// The text after some changes, with the places of what was inserted; `None` when the changes clash or lie outside.
pub(crate) fn apply(text: &str, edits: &[Edit]) -> Option<(String, Vec<Span>)> {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| edit.span);
    if ordered.windows(2).any(|pair| pair[0].clashes(pair[1])) {
        return None;
    }
    let mut changed = String::with_capacity(text.len());
    let mut inserted = Vec::with_capacity(edits.len());
    let mut done = 0;
    for edit in ordered {
        changed.push_str(text.get(done..edit.span.start)?);
        let start = changed.len();
        changed.push_str(&edit.replacement);
        inserted.push(Span::new(start, changed.len()));
        done = edit.span.end;
    }
    changed.push_str(text.get(done..)?);
    Some((changed, inserted))
}

#[cfg(test)]
mod tests {
    use super::apply;
    use crate::diagnostic::Edit;
    use crate::source::Span;

    #[test]
    fn changes_are_made_in_order_of_position() {
        let edits = [Edit::insert(5, "!"), Edit::new(Span::new(0, 1), "J"), Edit::remove(Span::new(2, 4))];
        let (text, inserted) = apply("hello", &edits).unwrap();
        assert_eq!(text, "Jeo!");
        assert_eq!(inserted, [Span::new(0, 1), Span::new(2, 2), Span::new(3, 4)]);
    }

    #[test]
    fn changes_that_clash_or_lie_outside_are_refused() {
        let remove = |start, end| Edit::remove(Span::new(start, end));
        assert!(apply("hello", &[remove(0, 3), remove(2, 4)]).is_none());
        assert!(apply("hello", &[Edit::insert(1, "a"), Edit::insert(1, "b")]).is_none());
        assert!(apply("hello", &[remove(4, 9)]).is_none());
        assert!(apply("ö", &[remove(0, 1)]).is_none(), "inside a character");
        assert_eq!(apply("hello", &[remove(0, 3), Edit::insert(3, "y")]).unwrap().0, "ylo");
    }
}
