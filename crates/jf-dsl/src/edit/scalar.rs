//! Writing a word in place of another one.

use crate::diagnostic::Edit;
use crate::source::{Format, SourceFile, Span};
use crate::suggest::closest;
use crate::tree::plain_string;

/// Writes a word in place of the scalar at a span, in the style of that one, if the two are alike: a span that shows more
/// or less than one word is not for replacing.
pub(crate) fn scalar(source: &SourceFile, span: Span, word: &str) -> Option<Edit> {
    let written = source.text().get(span.start..span.end)?;
    let style = Style::of(written)?;
    closest(&style.content(written)?, [word])?;
    Some(Edit::new(span, style.write(word, source.format())))
}

/// Writes a word in place of the scalar at a span that says another one, in the style of that one.
pub(crate) fn renamed(source: &SourceFile, span: Span, old: &str, word: &str) -> Option<Edit> {
    let written = source.text().get(span.start..span.end)?;
    let style = Style::of(written)?;
    (style.content(written)? == old).then(|| Edit::new(span, style.write(word, source.format())))
}

/// A word in the style in which another one is written.
pub(super) fn like(written: &str, word: &str, format: Format) -> Option<String> {
    Some(Style::of(written)?.write(word, format))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}

impl Style {
    /// The style of a scalar on one line.
    fn of(written: &str) -> Option<Self> {
        if written.contains(['\n', '\r']) {
            return None;
        }
        let (first, last) = (written.bytes().next()?, written.bytes().next_back()?);
        match first {
            b'"' | b'\'' if written.len() < 2 || first != last => None,
            b'"' => Some(Self::Double),
            b'\'' => Some(Self::Single),
            b'|' | b'>' => None,
            _ => Some(Self::Plain),
        }
    }

    /// What a scalar of the style says, where that is plain to see.
    fn content(self, written: &str) -> Option<String> {
        let inner = || &written[1..written.len() - 1];
        match self {
            Self::Plain => Some(written.to_owned()),
            Self::Single => Some(inner().replace("''", "'")),
            Self::Double => (!inner().contains('\\')).then(|| inner().to_owned()),
        }
    }

    /// A word in this style; in double quotes where the style cannot say it.
    fn write(self, word: &str, format: Format) -> String {
        let printable = !word.chars().any(char::is_control);
        match self {
            Self::Plain if format == Format::Yaml && is_plain(word) => word.to_owned(),
            Self::Single if printable => format!("'{}'", word.replace('\'', "''")),
            _ => serde_json::Value::from(word).to_string(),
        }
    }
}

/// Whether a word may stand unquoted anywhere, also between braces, and is text there.
fn is_plain(word: &str) -> bool {
    let ordinary = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '$');
    let first = word.chars().next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '$'));
    first && word.chars().all(ordinary) && !word.ends_with(':') && plain_string(word)
}

#[cfg(test)]
mod tests {
    use super::{like, renamed, scalar};
    use crate::source::{Format, SourceFile, Span};

    #[test]
    fn a_word_is_written_like_the_one_before() {
        let cases = [
            ("nxet", "next", Some("next")),
            ("'nxet'", "next", Some("'next'")),
            ("\"nxet\"", "next", Some("\"next\"")),
            ("truee", "true", Some("\"true\"")),
            ("1.00", "1.0", Some("\"1.0\"")),
            ("on hodl", "on hold", Some("\"on hold\"")),
            ("httpcall:v1", "httpCall:v1", Some("httpCall:v1")),
            ("'it''s'", "it'z", Some("'it''z'")),
            ("ab:", "ab:c", Some("ab:c")),
            ("\"n\\u0065xt\"", "next", None),
            ("banana", "next", None),
            ("|\n  nxet", "next", None),
            ("", "next", None),
        ];
        for (written, word, expected) in cases {
            let source = SourceFile::new("a.journey.yaml", written);
            let edit = scalar(&source, Span::new(0, written.len()), word);
            assert_eq!(edit.map(|edit| edit.replacement).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn def_012_a_name_is_written_in_place_of_another_one() {
        let source = SourceFile::new("a.journey.yaml", "'factor': 2");
        let edit = |start, end, old| renamed(&source, Span::new(start, end), old, "baseDelayMs");
        assert_eq!(edit(0, 8, "factor").map(|edit| edit.replacement).as_deref(), Some("'baseDelayMs'"));
        assert!(edit(0, 8, "fctor").is_none() && edit(0, 11, "factor").is_none());
    }

    #[test]
    fn json_is_always_quoted() {
        assert_eq!(like("\"nxet\"", "next", Format::Json).as_deref(), Some("\"next\""));
        assert_eq!(like("nxet", "next", Format::Json).as_deref(), Some("\"next\""));
    }
}
