//! Whatever the text: loading ends with a definition or with diagnostics that point into it, and both can be shown.

use jf_dsl::{
    Diagnostics, Format, SizeLimits, SourceFile, StaticCapabilities, TerminalStyle, load, read_tree,
};
use proptest::prelude::*;

const JOURNEY: &str = include_str!("robust.journey.yaml");

fn show(all: &Diagnostics) {
    for item in all {
        if let (Some(source), Some(span)) = (&item.source, item.span) {
            assert!(span.start <= span.end && span.end <= source.text().len(), "{item:?}");
        }
        let _ = item.to_terminal(TerminalStyle::Plain);
    }
    let _ = all.to_json(1);
}

fn survive(name: &str, text: &str) {
    match load(&SourceFile::new(name, text), &StaticCapabilities::full()) {
        Ok(loaded) => show(&loaded.warnings),
        Err(faults) => {
            assert!(faults.has_errors(), "refused without an error");
            show(&faults);
        }
    }
}

/// A valid text with some pieces cut out, doubled, swapped or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::new()),
        "[ -~]{0,6}",
        any::<String>(),
        prop::sample::select(vec![
            "null",
            "[]",
            "{}",
            "- ",
            ": ",
            "? ",
            "&a ",
            "*a",
            "!!str ",
            "\t",
            "\r",
            "\u{feff}",
            "|",
            ">",
            "'",
            "\"",
            "0x1F",
            ".nan",
            "---\n",
            "${",
            "$${context.",
            "\u{85}"
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec((0..JOURNEY.len(), 0usize..40, piece), 1..5).prop_map(|edits| {
        let mut text = JOURNEY.to_owned();
        for (at, length, piece) in edits {
            let start = text.floor_char_boundary(at.min(text.len()));
            let end = text.floor_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end.max(start), &piece);
        }
        text
    })
}

#[test]
fn the_text_that_is_mutated_is_valid() {
    let loaded = load(&SourceFile::new("a.journey.yaml", JOURNEY), &StaticCapabilities::full()).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn def_010_any_text_is_survived(text in any::<String>()) {
        survive("a.journey.yaml", &text);
        survive("a.journey.json", &text);
    }

    #[test]
    fn def_010_any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let source = SourceFile::from_bytes("a.journey.yaml", bytes);
        if let Err(faults) = load(&source, &StaticCapabilities::full()) {
            show(&faults);
        }
    }

    #[test]
    fn def_010_any_mutation_of_a_valid_text_is_survived(text in mutated()) {
        survive("a.journey.yaml", &text);
    }

    #[test]
    fn def_010_yaml_like_text_is_survived(text in "([a-c]: |- |\\[|\\]|\\{|\\}|, |'|\"|#|\n {0,4}|[&*!]a |\\| ?|> ?|--- ?|%|\\t){0,60}") {
        survive("a.journey.yaml", &text);
        survive("a.journey.json", &text);
    }

    /// A JSON text reads as the same value from a YAML file, where both can hold it.
    #[test]
    fn def_003_json_is_yaml(value in json_value()) {
        let text = value.to_string();
        let read = |name: &str| read_tree(&SourceFile::new(name, text.as_str()), &SizeLimits::default()).unwrap();
        prop_assert_eq!(SourceFile::new("a.json", "").format(), Format::Json);
        prop_assert_eq!(&read("a.json").to_value(), &value);
        prop_assert_eq!(&read("a.yaml").to_value(), &value);
    }
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[ -~äß€😀\\n\\t\"\\\\]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z ]{1,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
