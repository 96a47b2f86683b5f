//! "Did you mean …?" (DEF-007).

/// The known name an author most likely meant: equal ignoring case, or else the nearest within edit distance 2.
///
/// Among equally near names the first wins. Names of up to two characters are never guessed at by distance, since any two
/// of them are near.
#[must_use]
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const REACH: usize = 2;
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        if candidate.eq_ignore_ascii_case(name) {
            return Some(candidate);
        }
        if name.chars().count() <= REACH || candidate.len().abs_diff(name.len()) > REACH * 4 {
            continue;
        }
        let distance = distance(name, candidate);
        if distance <= REACH && best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters, with two neighbours swapped counting as one edit.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut current = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            current[j] = substituted.min(previous[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                current[j] = current[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn def_007_suggests_names_within_two_edits_or_other_case() {
        let known = ["timeoutSec", "onTimeout", "input", "response"];
        assert_eq!(closest("timeoutsec", known), Some("timeoutSec"));
        assert_eq!(closest("timoutSec", known), Some("timeoutSec"));
        assert_eq!(closest("inptu", known), Some("input"));
        assert_eq!(closest("respond", known), Some("response"));
        assert_eq!(closest("security", known), None);
        assert_eq!(closest("in", known), None);
    }
}
