//! Bodies to JSON values, with faults told by their place.

use jf_core::{ByteShare, EngineError, JsonFault, JsonPlace};
use serde_json::{Value, error::Category};

/// Bodies up to this size, which are nearly all, are small whatever they hold, and nobody weighs what becomes of them.
const SMALL: usize = 4 * 1024;

/// Reads one JSON value with at most `depth` containers inside each other. Of repeated members the last counts (HTTP-012).
///
/// The text is in the share already. A value can take many times as much – two bytes of a list are a whole item – so the share grows
/// by that as it comes into being.
///
/// # Errors
/// InvalidInput, with a sentence for the caller that names the place of the fault and never repeats the input; Unavailable when the value
/// takes more than there is.
pub(crate) fn parse(body: &[u8], depth: usize, share: &mut ByteShare) -> Result<Value, EngineError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = JsonPlace::after(&body[..error.valid_up_to()]);
        EngineError::invalid_input(format!("the body is not valid UTF-8: unexpected byte at {at}"))
    })?;
    let mut take = |bytes| if body.len() <= SMALL { Ok(()) } else { share.grow(bytes) };
    jf_core::read_json(text, depth, 0, &mut take).map_err(|fault| match fault {
        JsonFault::Text(error) => EngineError::invalid_input(explain(text, depth, &error)),
        JsonFault::NoRoom(error) => error,
    })
}

fn explain(text: &str, depth: usize, error: &serde_json::Error) -> String {
    if error.classify() == Category::Data {
        let at = JsonPlace::after(&text.as_bytes()[..beyond(text, depth)]);
        return format!("the body is nested deeper than {depth} levels at {at}");
    }
    format!("the body is not valid JSON: {}", jf_core::explain_json(text, error))
}

/// Where the first container beyond `depth` opens, in a text that is valid up to there.
fn beyond(text: &str, depth: usize) -> usize {
    let (mut open, mut quoted, mut escaped) = (0_usize, false, false);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted && open == depth => return offset,
            b'[' | b'{' if !quoted => open += 1,
            b']' | b'}' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use jf_core::{ByteBudget, EngineErrorKind};
    use serde_json::{Value, json};

    /// The value, or what the caller is told.
    fn parse(body: &[u8], depth: usize) -> Result<Value, String> {
        let read = super::parse(body, depth, &mut ByteBudget::default().share());
        read.map_err(|error| error.problem().detail.clone().unwrap())
    }

    #[test]
    fn http_013_http_026_a_value_is_weighed_as_it_is_read() {
        let budget = ByteBudget::new(1_000_000);
        let list = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
        let object = |members: usize| {
            let members: Vec<String> = (0..members).map(|n| format!("\"{n}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        let weighed = |body: &str| {
            let mut share = budget.share();
            let read = super::parse(body.as_bytes(), 128, &mut share);
            let is_full = budget.share().grow(300_000).is_err();
            (read.map_err(|error| error.kind()).map(|_| is_full), share)
        };
        assert_eq!(weighed(&list(10_000)).0, Ok(true), "20 kB of text");
        assert_eq!(weighed(&list(20_000)).0, Err(EngineErrorKind::Unavailable), "40 kB of text");
        assert_eq!(weighed(&object(8_000)).0, Ok(true));
        assert_eq!(weighed(&object(20_000)).0, Err(EngineErrorKind::Unavailable));
        assert_eq!(weighed(&format!("[{}", list(20_000))).0, Err(EngineErrorKind::Unavailable), "at once");
        assert_eq!(weighed(&list(1_000)).0, Ok(false), "small ones are not weighed");
        assert_eq!(weighed(&format!("\"{}\"", ",".repeat(1_000_000))).0, Ok(false), "nor are texts");
        let kept = weighed(&list(10_000)).1;
        assert!(super::parse(list(10_000).as_bytes(), 128, &mut budget.share()).is_err());
        drop(kept);
        assert!(super::parse(list(10_000).as_bytes(), 128, &mut budget.share()).is_ok());
    }

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn http_013_exactly_the_allowed_nesting_passes() {
        assert!(parse(nested(128).as_bytes(), 128).is_ok());
        let detail = parse(nested(129).as_bytes(), 128).unwrap_err();
        assert_eq!(detail, "the body is nested deeper than 128 levels at line 1, column 129");
        let mixed = format!("{}1{}", r#"{"a":["#.repeat(64), "]}".repeat(64));
        assert!(parse(mixed.as_bytes(), 128).is_ok());
        assert!(parse(mixed.as_bytes(), 127).is_err());
        let strings = br#"[["]\"["], {"\\": [[[1]]]}]"#;
        assert!(parse(strings, 5).is_ok());
        assert_eq!(
            parse(strings, 4).unwrap_err(),
            "the body is nested deeper than 4 levels at line 1, column 21"
        );
        assert!(parse(b"[]", 0).is_err());
        assert!(parse(b"1", 0).is_ok());
    }

    #[test]
    fn http_013_nesting_far_beyond_the_limit_costs_no_stack() {
        for body in [nested(10_000), "[".repeat(1_000_000), r#"{"a":"#.repeat(10_000)] {
            assert!(parse(body.as_bytes(), 128).is_err());
        }
    }

    #[test]
    fn http_012_of_repeated_members_the_last_counts() {
        let value = parse(br#"{"a":1,"b":2,"a":{"c":3}}"#, 128).unwrap();
        assert_eq!(value, json!({ "a": { "c": 3 }, "b": 2 }));
    }

    #[test]
    fn http_012_values_are_read_as_serde_json_reads_them() {
        for text in [
            "null",
            "true",
            "-0",
            "18446744073709551615",
            "-9223372036854775808",
            "1.5e3",
            "123456789012345678901234567890",
            r#""\u00e9\n\ud83d\ude00""#,
            r#" {"z":[],"a":{},"":[{"x":null}]} "#,
        ] {
            assert_eq!(
                parse(text.as_bytes(), 128).unwrap(),
                serde_json::from_str::<Value>(text).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn http_012_faults_are_told_with_their_place() {
        let detail = |body: &[u8]| parse(body, 128).unwrap_err();
        assert_eq!(detail(b"{\"a\":1,}"), "the body is not valid JSON: trailing comma at line 1, column 8");
        assert_eq!(
            detail("{\n  \"größe\": x}".as_bytes()),
            "the body is not valid JSON: expected value at line 2, column 12"
        );
        assert_eq!(
            detail(b"{\"a\":1"),
            "the body is not valid JSON: EOF while parsing an object at line 1, column 6"
        );
        assert_eq!(detail(b"1 2"), "the body is not valid JSON: trailing characters at line 1, column 3");
        assert_eq!(detail(b" "), "the body is not valid JSON: EOF while parsing a value at line 1, column 1");
        assert!(detail(br#""\ud800""#).starts_with("the body is not valid JSON: "));
        assert!(detail(b"1e999").starts_with("the body is not valid JSON: number out of range"));
    }

    #[test]
    fn http_010_bytes_that_are_not_utf_8_are_told_with_their_place() {
        let detail = parse(b"{\n \"\xc3\xa9\": \"\xff\"}", 128).unwrap_err();
        assert_eq!(detail, "the body is not valid UTF-8: unexpected byte at line 2, column 8");
        let detail = parse(b"\xff", 128).unwrap_err();
        assert_eq!(detail, "the body is not valid UTF-8: unexpected byte at line 1, column 1");
    }
}
