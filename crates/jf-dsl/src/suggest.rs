//! Did you mean …? (DEF-007)

/// The candidate that the word most likely stands for: equal but for case, or within edit distance 2 (DEF-007).
///
/// ```
/// assert_eq!(jf_dsl::closest("nexxt", ["next", "default"]), Some("next"));
/// assert_eq!(jf_dsl::closest("TimeoutSec", ["timeoutSec"]), Some("timeoutSec"));
/// assert_eq!(jf_dsl::closest("banana", ["next", "default"]), None);
/// ```
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const FARTHEST: usize = 2;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = if candidate.eq_ignore_ascii_case(word) {
            0
        } else if word.chars().count().abs_diff(candidate.chars().count()) > FARTHEST {
            continue;
        } else {
            distance(word, candidate)
        };
        if distance <= FARTHEST && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The number of insertions, removals, replacements and swaps of neighbours between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(x != y);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn def_007_distance_counts_edits() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("next", "next", 0),
            ("nxet", "next", 1),
            ("defualt", "default", 1),
            ("staets", "states", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn def_007_the_nearest_wins() {
        assert_eq!(closest("inputs", ["outputs", "input", "output"]), Some("input"));
        assert_eq!(closest("NEXT", ["text", "next"]), Some("next"));
        assert_eq!(closest("if", ["name", "id"]), Some("id"));
        assert_eq!(closest("timeout", ["timeoutSec"]), None, "too far");
    }
}
