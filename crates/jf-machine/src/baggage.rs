//! The W3C `baggage` header, as far as metadata bindings read it (ENG-122).

use indexmap::IndexMap;
use percent_encoding::percent_decode_str;

/// The members of a `baggage` header: values percent-decoded, properties ignored, the first of equal keys, malformed members
/// skipped.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Baggage(IndexMap<String, String>);

impl Baggage {
    pub(crate) fn parse(header: &str) -> Self {
        let mut members = IndexMap::new();
        for (key, value) in header.split(',').filter_map(member) {
            members.entry(key.to_owned()).or_insert(value);
        }
        Self(members)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

/// One `key = value ; property…`.
fn member(text: &str) -> Option<(&str, String)> {
    let (key, rest) = text.split_once('=')?;
    let value = rest.split(';').next().unwrap_or_default();
    let white = [' ', '\t'];
    let (key, value) = (key.trim_matches(white), value.trim_matches(white));
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let octet = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    let well_formed = !key.is_empty() && key.bytes().all(token) && value.bytes().all(octet);
    well_formed.then(|| (key, percent_decode_str(value).decode_utf8_lossy().into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Baggage;

    #[test]
    fn eng_122_members_of_a_baggage_header() {
        let baggage =
            Baggage::parse("a=1 , b = x%20y%C3%A4;p=1;q ,a=2, broken ,=3,c\u{1}=4, d=\"5\", e=, f=g=h");
        let cases = [
            ("a", Some("1")),
            ("b", Some("x yä")),
            ("broken", None),
            ("", None),
            ("c\u{1}", None),
            ("d", None),
        ];
        for (key, value) in cases.into_iter().chain([("e", Some("")), ("f", Some("g=h"))]) {
            assert_eq!(baggage.get(key), value, "{key}");
        }
    }

    proptest! {
        #[test]
        fn eng_122_any_header_is_read_without_panic(header in ".*") {
            Baggage::parse(&header);
        }
    }
}
