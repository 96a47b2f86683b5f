//! Ids in running text and in names.

use crate::spec::{Lookup, Spec};

/// An id that was found: the place of its rule in [`Spec::rules`], or the id as a rule of the specification
/// would have it.
pub type Found = Result<usize, String>;

/// The ids in a text such as a comment: `ENG-045`, `SUB-6`, and `STA-052/053` for two of one chapter.
#[must_use]
pub fn ids_in_text(spec: &Spec, text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (hyphen, _) in text.match_indices('-') {
        let prefix_len = text[..hyphen].bytes().rev().take_while(u8::is_ascii_uppercase).count();
        let (before, prefix) = text[..hyphen].split_at(hyphen - prefix_len);
        if before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            continue;
        }
        let mut rest = &text[hyphen + 1..];
        loop {
            let digits = leading_digits(rest);
            rest = &rest[digits.len()..];
            if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
                break;
            }
            push(&mut found, spec.lookup(prefix, digits));
            // `STA-052/053` continues; `RT-6/7` would be too easily something else.
            match rest.strip_prefix('/') {
                Some(next) if spec.width(prefix) == Some(3) && leading_digits(next).len() == 3 => rest = next,
                _ => break,
            }
        }
    }
    found
}

/// The ids in the name of a function or module: `eng_045_sta_067_both` has two.
#[must_use]
pub fn ids_in_name(spec: &Spec, name: &str) -> Vec<Found> {
    let words: Vec<&str> = name.split('_').collect();
    let mut found = Vec::new();
    for pair in words.windows(2) {
        let &[prefix, digits] = pair else { continue };
        if prefix.bytes().all(|b| b.is_ascii_lowercase()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            push(&mut found, spec.lookup(&prefix.to_ascii_uppercase(), digits));
        }
    }
    found
}

fn push(found: &mut Vec<Found>, lookup: Lookup) {
    match lookup {
        Lookup::Foreign => {}
        Lookup::Rule(place) => found.push(Ok(place)),
        Lookup::Undefined(id) => found.push(Err(id)),
    }
}

fn leading_digits(text: &str) -> &str {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        let mut spec = Spec::default();
        spec.read(
            "p",
            "- **ENG-045** MUST. a\n- **STA-052** MUST. b\n- **STA-053** MUST. c\n| SUB-6 | MUST | d |\n",
        );
        spec
    }

    fn text(text: &str) -> Vec<String> {
        show(ids_in_text(&spec(), text))
    }

    fn name(name: &str) -> Vec<String> {
        show(ids_in_name(&spec(), name))
    }

    fn show(found: Vec<Found>) -> Vec<String> {
        let spec = spec();
        let show = |found: Found| match found {
            Ok(place) => spec.rules()[place].id.clone(),
            Err(id) => format!("?{id}"),
        };
        found.into_iter().map(show).collect()
    }

    #[test]
    fn ids_stand_between_word_boundaries() {
        assert_eq!(text("(ENG-045), SUB-6: and ENG-045's"), ["ENG-045", "SUB-6", "ENG-045"]);
        assert_eq!(text("MYENG-045 x-ENG-045 ENG-0456 ENG-045x eng-045 UTF-8 RFC-3339 SHA-256"), [""; 0]);
        assert_eq!(text("über-ENG-045 – ENG-045–STA-052 ß"), ["ENG-045", "STA-052"]);
        assert_eq!(text("-"), [""; 0]);
    }

    #[test]
    fn a_slash_continues_a_chapter_only() {
        assert_eq!(text("STA-052/053/099"), ["STA-052", "STA-053", "?STA-099"]);
        assert_eq!(text("SUB-6/7, STA-052/5, STA-052/x"), ["SUB-6", "STA-052", "STA-052"]);
    }

    #[test]
    fn undefined_ids_are_reported_as_written() {
        assert_eq!(text("ENG-999 and SUB-60"), ["?ENG-999", "?SUB-60"]);
    }

    #[test]
    fn names_may_hold_several_ids_anywhere() {
        assert_eq!(name("eng_045_sta_052_both_hold"), ["ENG-045", "STA-052"]);
        assert_eq!(name("holds_sub_6"), ["SUB-6"]);
        assert_eq!(name("eng_45_x_eng_045x_meng_045"), [""; 0]);
        assert_eq!(name("eng_777_typo"), ["?ENG-777"]);
    }
}
