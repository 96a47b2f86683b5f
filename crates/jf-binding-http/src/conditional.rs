//! Entity tags and preconditions (HTTP-018, HTTP-019).

use bytes::Bytes;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};
use jf_core::{EngineError, Head, HeadCondition};

/// The strong entity tag of a document that was true at `head`.
pub(crate) fn etag(head: &Head) -> HeaderValue {
    let (epoch, mut seq) = (head.epoch.as_str().as_bytes(), itoa::Buffer::new());
    let seq = seq.format(head.seq).as_bytes();
    // Every answer has one: it is put together without the machinery of formatting, and not copied again.
    let tag: Vec<u8> = [b"\"", epoch, b".", seq, b"\""].concat();
    HeaderValue::from_maybe_shared(Bytes::from(tag))
        .expect("epochs are url-safe ASCII and numbers are digits")
}

/// The precondition of a command (ENG-054).
///
/// `None` is no precondition. Tags that are weak or not ours never match and are left out; what is left may be empty, which
/// never holds.
///
/// # Errors
/// InvalidInput when the header is no list of entity tags.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Vec<HeadCondition>>, EngineError> {
    let unreadable = || {
        EngineError::invalid_input(
            "If-Match takes entity tags in double quotes, as the ETag header gave them",
        )
    };
    Ok(match tags(headers, IF_MATCH).map_err(|Unreadable| unreadable())? {
        Tags::Absent | Tags::Any => None,
        Tags::List(tags) => {
            Some(tags.iter().filter(|tag| !tag.weak).filter_map(Tag::head).map(Into::into).collect())
        }
    })
}

/// Whether a reader has seen the document of `head` already. Tags are compared weakly, as a read may; an unreadable header
/// costs the reader nothing but the saving.
pub(crate) fn is_seen(headers: &HeaderMap, head: &Head) -> bool {
    knows(headers, |tag| tag.head().as_ref() == Some(head))
}

/// Whether a reader has the content of an entity tag already, which is given with its quotes.
pub(crate) fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = tag.trim_matches('"').as_bytes();
    knows(headers, |known| known.opaque == opaque)
}

fn knows<'h>(headers: &'h HeaderMap, is_it: impl FnMut(&Tag<'h>) -> bool) -> bool {
    match tags(headers, IF_NONE_MATCH) {
        Ok(Tags::Any) => true,
        Ok(Tags::List(tags)) => tags.iter().any(is_it),
        Ok(Tags::Absent) | Err(Unreadable) => false,
    }
}

enum Tags<'h> {
    Absent,
    Any,
    List(Vec<Tag<'h>>),
}

struct Tag<'h> {
    weak: bool,
    opaque: &'h [u8],
}

impl Tag<'_> {
    /// The position it stands for; `None` for a tag that is none of ours.
    fn head(&self) -> Option<Head> {
        std::str::from_utf8(self.opaque).ok().and_then(|opaque| opaque.parse().ok())
    }
}

struct Unreadable;

fn tags(headers: &HeaderMap, name: HeaderName) -> Result<Tags<'_>, Unreadable> {
    if !headers.contains_key(&name) {
        return Ok(Tags::Absent);
    }
    let mut lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let mut list = Vec::new();
    let (first, mut more) = (lines.next().unwrap_or_default(), lines);
    if first.trim_ascii() == b"*" {
        return if more.next().is_none() { Ok(Tags::Any) } else { Err(Unreadable) };
    }
    for line in std::iter::once(first).chain(more) {
        read_line(line, &mut list)?;
    }
    if list.is_empty() { Err(Unreadable) } else { Ok(Tags::List(list)) }
}

/// Reads `[W/]"opaque"` separated by commas; empty elements are allowed in lists (RFC 9110, 5.6.1).
fn read_line<'h>(mut rest: &'h [u8], list: &mut Vec<Tag<'h>>) -> Result<(), Unreadable> {
    loop {
        rest = rest.trim_ascii_start();
        match rest {
            [] => return Ok(()),
            [b',', after @ ..] => {
                rest = after;
                continue;
            }
            _ => {}
        }
        let weak = rest.starts_with(b"W/");
        let quoted = rest.strip_prefix(b"W/").unwrap_or(rest).strip_prefix(b"\"").ok_or(Unreadable)?;
        let end = quoted.iter().position(|b| *b == b'"').ok_or(Unreadable)?;
        list.push(Tag { weak, opaque: &quoted[..end] });
        rest = quoted[end + 1..].trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return Err(Unreadable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{etag, if_match, is_seen};
    use http::header::{IF_MATCH, IF_NONE_MATCH};
    use http::{HeaderMap, HeaderName, HeaderValue};
    use jf_core::{EngineErrorKind, Epoch, Head};

    fn head(epoch: &str, seq: u64) -> Head {
        Head::new(Epoch::parse(epoch).unwrap(), seq)
    }

    fn headers(name: &HeaderName, lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn http_019_the_tag_is_epoch_and_seq() {
        assert_eq!(etag(&head("e-1_Z", 9)), "\"e-1_Z.9\"");
    }

    #[test]
    fn http_018_preconditions_are_the_strong_tags_of_ours() {
        let at = head("e1", 4);
        for (lines, holds) in [
            (&[r#""e1.4""#][..], true),
            (&[r#""e1.3", "e1.4""#], true),
            (&[r#" , "e1.3",,"e1.4" ,"#], true),
            (&[r#""e1.3""#, r#""e1.4""#], true),
            (&[r#""a,b", "e1.4""#], true),
            (&[r#""e1.3""#], false),
            (&[r#""e2.4""#], false),
            (&[r#"W/"e1.4""#], false),
            (&[r#""xyz""#], false),
            (&[r#""""#], false),
            (&[r#""e1.04""#], false),
        ] {
            let conditions = if_match(&headers(&IF_MATCH, lines)).unwrap().expect("a precondition");
            assert_eq!(conditions.iter().any(|condition| condition.matches(&at)), holds, "{lines:?}");
        }
    }

    #[test]
    fn http_018_a_star_and_an_absent_header_are_no_precondition() {
        assert!(if_match(&HeaderMap::new()).unwrap().is_none());
        assert!(if_match(&headers(&IF_MATCH, &[" * "])).unwrap().is_none());
    }

    #[test]
    fn http_023_an_unreadable_precondition_is_refused() {
        for lines in [
            &[""][..],
            &["e1.4"],
            &[r#""e1.4"#],
            &[r#"e1.4""#],
            &[r#""e1.4" "e1.5""#],
            &[r#""e1.4"x"#],
            &[r#"w/"e1.4""#],
            &[r#"*, "e1.4""#],
            &["*", r#""e1.4""#],
            &[r#""e1.4""#, "*"],
            &[",,"],
        ] {
            let error = if_match(&headers(&IF_MATCH, lines)).unwrap_err();
            assert_eq!(error.kind(), EngineErrorKind::InvalidInput, "{lines:?}");
        }
    }

    #[test]
    fn http_019_readers_compare_weakly_and_forgivingly() {
        let at = head("e1", 4);
        for (line, seen) in [
            (r#""e1.4""#, true),
            (r#"W/"e1.4""#, true),
            ("*", true),
            (r#""e1.3""#, false),
            ("e1.4", false),
            ("", false),
        ] {
            assert_eq!(is_seen(&headers(&IF_NONE_MATCH, &[line]), &at), seen, "{line}");
        }
        assert!(!is_seen(&HeaderMap::new(), &at));
    }
}
