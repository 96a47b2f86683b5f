//! Did you mean …? (DEF-007)

/// How many edits a misspelling may be away from what was meant.
const FARTHEST: usize = 2;
/// Longer names are compared by case only, which bounds the work per name.
const LONGEST: usize = 64;
/// One edit turns most words of two letters into another one.
const SHORTEST_SURE: usize = 3;

/// A name that a word was probably meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meant<'a> {
    /// The name.
    pub(crate) word: &'a str,
    /// Whether nothing else can have been meant, so that a program may write it without asking.
    pub(crate) sure: bool,
}

impl<'a> From<&'a str> for Meant<'a> {
    /// A guess.
    fn from(word: &'a str) -> Self {
        Self { word, sure: false }
    }
}

impl<'a> Meant<'a> {
    /// The same name as a guess.
    pub(crate) const fn as_guess(self) -> Self {
        Self { sure: false, ..self }
    }
}

/// The candidate that the word most likely stands for: equal but for case, or else the nearest within edit distance 2
/// (DEF-007). Among equally near ones the first wins.
///
/// ```
/// assert_eq!(jf_dsl::closest("nexxt", ["next", "default"]), Some("next"));
/// assert_eq!(jf_dsl::closest("TimeoutSec", ["timeoutSec"]), Some("timeoutSec"));
/// assert_eq!(jf_dsl::closest("banana", ["next", "default"]), None);
/// ```
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    meant(word, candidates).map(|meant| meant.word)
}

/// The candidate that [`closest`] names, and whether it is sure: one edit away or another case only, no other candidate as
/// near, and no digit touched, since `step2` is no misspelt `step1`.
pub(crate) fn meant<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Meant<'a>> {
    let mut best: Option<(usize, &str)> = None;
    let mut alone = true;
    for candidate in candidates {
        let distance = if candidate.eq_ignore_ascii_case(word) {
            Some(0)
        } else {
            // As many edits as there are letters make any word of any other.
            let letters = word.chars().count().min(candidate.chars().count());
            distance_within(word, candidate).map(|distance| distance.max(1)).filter(|edits| *edits < letters)
        };
        match (distance, best) {
            (None, _) => {}
            (Some(distance), Some((least, first))) if distance >= least => {
                alone &= distance > least || candidate == first;
            }
            (Some(distance), _) => {
                best = Some((distance, candidate));
                alone = true;
            }
        }
    }
    let (distance, found) = best?;
    let long_enough = distance == 0 || word.chars().count() >= SHORTEST_SURE;
    let sure = distance <= 1 && alone && long_enough && digits(word).eq(digits(found));
    Some(Meant { word: found, sure })
}

fn digits(word: &str) -> impl Iterator<Item = u8> {
    word.bytes().filter(u8::is_ascii_digit)
}

/// The number of insertions, removals, replacements and swaps of neighbours between two words, when it is small.
fn distance_within(a: &str, b: &str) -> Option<usize> {
    // A character has up to four bytes: a cheap first look that never errs.
    if a.len().abs_diff(b.len()) > 4 * FARTHEST || a.len().max(b.len()) > LONGEST {
        return None;
    }
    let (mut a_chars, mut b_chars) = (['\0'; LONGEST], ['\0'; LONGEST]);
    let (a, b) = (fill(a, &mut a_chars), fill(b, &mut b_chars));
    if a.len().abs_diff(b.len()) > FARTHEST {
        return None;
    }
    // Cells off the diagonal by more than the limit are beyond it whatever the words are.
    const BEYOND: usize = FARTHEST + 1;
    let mut before_last = [BEYOND; LONGEST + 1];
    let mut last: [usize; LONGEST + 1] = std::array::from_fn(|column| column);
    for (i, x) in a.iter().enumerate() {
        let mut row = [BEYOND; LONGEST + 1];
        row[0] = i + 1;
        let mut least_of_row = row[0];
        let first = i.saturating_sub(FARTHEST);
        for (j, y) in b.iter().enumerate().take(i + FARTHEST + 1).skip(first) {
            let replaced = last[j] + usize::from(x != y);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before_last[j - 1] + 1);
            }
            row[j + 1] = least;
            least_of_row = least_of_row.min(least);
        }
        if least_of_row > FARTHEST {
            return None;
        }
        before_last = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|distance| *distance <= FARTHEST)
}

fn fill<'a>(word: &str, chars: &'a mut [char; LONGEST]) -> &'a [char] {
    let mut length = 0;
    for (slot, c) in chars.iter_mut().zip(word.chars()) {
        *slot = c;
        length += 1;
    }
    &chars[..length]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Meant, closest, distance_within, meant};

    #[test]
    fn def_007_distance_counts_edits() {
        let cases = [
            ("next", "next", Some(0)),
            ("nxet", "next", Some(1)),
            ("defualt", "default", Some(1)),
            ("staets", "states", Some(1)),
            ("größe", "grösse", Some(2)),
            ("", "ab", Some(2)),
            ("", "abc", None),
            ("kitten", "sitting", None),
        ];
        for (a, b, expected) in cases {
            assert_eq!(distance_within(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn def_007_the_nearest_wins() {
        assert_eq!(closest("inputs", ["outputs", "input", "output"]), Some("input"));
        assert_eq!(closest("NEXT", ["text", "next"]), Some("next"));
        assert_eq!(closest("if", ["name", "id"]), Some("id"));
        assert_eq!(closest("timeout", ["timeoutSec"]), None, "too far");
        assert_eq!(closest("id", ["n"]), None, "nothing of it is left");
        assert_eq!(closest("n", ["m", "id", "N"]), Some("N"));
        assert_eq!(closest(&"x".repeat(100), ["y".repeat(100).as_str()]), None, "too long");
    }

    #[test]
    fn def_007_only_an_unmistakable_name_is_sure() {
        let cases = [
            ("defualt", &["default", "next"][..], Some(("default", true))),
            ("NEXT", &["next", "text"], Some(("next", true))),
            ("nxxt", &["next", "text"], Some(("next", true))),
            ("aync", &["async", "sync"], Some(("async", false))),
            ("nexxxt", &["next"], Some(("next", false))),
            ("step2", &["step1"], Some(("step1", false))),
            ("httpCall:v2", &["httpCall:v1"], Some(("httpCall:v1", false))),
            ("if", &["id"], Some(("id", false))),
            ("IF", &["if"], Some(("if", true))),
            ("banana", &["next"], None),
        ];
        for (word, candidates, expected) in cases {
            let expected = expected.map(|(word, sure)| Meant { word, sure });
            assert_eq!(meant(word, candidates.iter().copied()), expected, "{word}");
        }
    }

    /// The whole table, as books have it.
    fn distance(a: &[char], b: &[char]) -> usize {
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let mut least = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        least = least.min(table[i - 2][j - 2] + 1);
                    }
                    least
                };
            }
        }
        table[a.len()][b.len()]
    }

    proptest! {
        #[test]
        fn def_007_small_distances_are_exact(a in "[ab]{0,8}", b in "[ab]{0,8}") {
            let (left, right): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            let expected = Some(distance(&left, &right)).filter(|distance| *distance <= 2);
            prop_assert_eq!(distance_within(&a, &b), expected);
        }

        #[test]
        fn def_007_up_to_two_edits_are_found(word in "[a-z]{3,12}", at in 0usize..12, c in proptest::char::range('a', 'z')) {
            let mut edited: Vec<char> = word.chars().collect();
            edited.insert(at.min(edited.len()), c);
            edited.remove(at / 2 % edited.len());
            let edited: String = edited.into_iter().collect();
            prop_assert_eq!(closest(&edited, [word.as_str()]), Some(word.as_str()));
        }

        #[test]
        fn comparing_words_never_panics(a in any::<String>(), b in any::<String>()) {
            let _ = closest(&a, [b.as_str()]);
        }
    }
}
