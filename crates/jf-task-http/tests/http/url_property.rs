//! Data never changes where a request goes (EXP-055).

use futures::FutureExt as _;
use http::header::ACCEPT;
use proptest::prelude::*;
use serde_json::json;
use url::Url;

use crate::rig::Rig;

/// Text that likes to break URLs.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("..".to_owned()),
        Just("/".to_owned()),
        Just("\\".to_owned()),
        Just("%2e".to_owned()),
        Just("%2F".to_owned()),
        Just("?".to_owned()),
        Just("#".to_owned()),
        Just("&".to_owned()),
        Just("=".to_owned()),
        Just("@evil.example".to_owned()),
        Just("://".to_owned()),
        Just("${context.a}".to_owned()),
        Just("\r\n\t".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(pieces, 0..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn exp_055_data_stays_in_its_place(a in hostile(), b in hostile(), c in hostile()) {
        let rig = Rig::new();
        let config = json!({
            "method": "GET",
            "url": "https://api.example.com:8443/v1/${context.a}/items/${context.b}?fixed=1&a=${context.a}#${context.c}",
            "params": { "query": { "c": "${context.c}" } },
            "resultVar": "api",
        });
        let context = json!({ "a": a, "b": b, "c": c });
        let task = rig.prepare(&config);
        let outcome = task.execute(rig.task_context(context)).now_or_never().expect("scripted answers are ready");
        let dots = |text: &str| matches!(text, "." | "..");
        let Ok(_) = outcome else {
            prop_assert!(dots(&a) || dots(&b), "nothing but a dot segment is refused");
            return Ok(());
        };
        prop_assert!(!dots(&a) && !dots(&b));
        let exchange = rig.http.sent().pop().unwrap();
        let url = Url::parse(&exchange.url).unwrap();
        prop_assert_eq!(url.origin().ascii_serialization(), "https://api.example.com:8443");
        prop_assert_eq!(url.fragment(), None);
        let segments: Vec<&str> = url.path_segments().unwrap().collect();
        let decoded = |text: &str| {
            let pair = format!("x={}", text.replace('+', "%2B"));
            url::form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned()
        };
        prop_assert_eq!((segments.len(), segments[0], segments[2]), (4, "v1", "items"));
        prop_assert_eq!((decoded(segments[1]), decoded(segments[3])), (a.clone(), b));
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let expected = [("fixed".to_owned(), "1".to_owned()), ("a".to_owned(), a), ("c".to_owned(), c)];
        prop_assert_eq!(query, expected);
        prop_assert_eq!(exchange.headers.len(), 1);
        prop_assert!(exchange.headers.contains_key(ACCEPT));
    }

    #[test]
    fn exp_056_a_header_is_sent_whole_or_not_at_all(value in hostile()) {
        let rig = Rig::new();
        let config = json!({
            "method": "GET", "url": "https://h/", "headers": { "X-Data": "<${context.v}>" }, "resultVar": "api",
        });
        let task = rig.prepare(&config);
        let outcome = task.execute(rig.task_context(json!({ "v": value }))).now_or_never().expect("scripted answers are ready");
        let harmless = value.chars().all(|c| c == '\t' || !c.is_ascii_control());
        prop_assert_eq!(outcome.is_ok(), harmless);
        if harmless {
            let (sent, expected) = (rig.http.sent().pop().unwrap(), format!("<{value}>"));
            prop_assert_eq!(sent.headers["x-data"].as_bytes(), expected.as_bytes());
        }
    }
}
