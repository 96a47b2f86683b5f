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

/// What a plain YAML scalar and the same text in a JSON file stand for.
fn scalar(name: &str, text: &str) -> Result<serde_json::Value, String> {
    let text = if name.ends_with(".json") { format!("[{text}]") } else { format!("- {text}\n") };
    let tree = read_tree(&SourceFile::new(name, text), &SizeLimits::default());
    tree.map(|tree| tree.items()[0].to_value())
        .map_err(|faults| faults.iter().map(|fault| fault.code.to_string()).collect::<Vec<_>>().join(" "))
}

#[test]
fn def_006_integers_at_the_edges_of_64_bits() {
    let exact =
        ["0", "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551615"];
    let negative = ["-1", "-9007199254740993", "-9223372036854775807", "-9223372036854775808"];
    for text in exact.into_iter().chain(negative) {
        for name in ["a.yaml", "a.json"] {
            assert_eq!(scalar(name, text).unwrap().to_string(), text, "{name}");
        }
    }
    // Beyond them numbers are doubles, as long as those reach.
    let beyond = ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"];
    for text in beyond {
        for name in ["a.yaml", "a.json"] {
            assert_eq!(scalar(name, text).unwrap().as_f64(), Some(text.parse().unwrap()), "{name}");
        }
    }
    let (largest, too_large) = (format!("1{}", "0".repeat(308)), format!("1{}", "0".repeat(309)));
    for name in ["a.yaml", "a.json"] {
        assert_eq!(scalar(name, &largest).unwrap().as_f64(), Some(1e308), "{name}");
        for text in [&*too_large, "1e309", "-1e309"] {
            let code = scalar(name, text).unwrap_err();
            assert!(["JF1011", "JF1002"].contains(&&*code), "{name}: {text}: {code}");
        }
    }
    for (text, value) in [("0xFFFFFFFFFFFFFFFF", u64::MAX), ("0o1777777777777777777777", u64::MAX), ("+5", 5)]
    {
        assert_eq!(scalar("a.yaml", text).unwrap(), value);
    }
}

#[test]
fn def_014_a_billion_laughs_are_no_laughs() {
    let mut text = JOURNEY.to_owned() + "x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
    for level in 1..40 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("x-{level}: &a{level} [{aliases}]\n");
    }
    let faults =
        load(&SourceFile::new("a.journey.yaml", text.as_str()), &StaticCapabilities::full()).unwrap_err();
    assert_eq!(faults.len(), 40 + 39 * 10, "every anchor and every alias, each where it stands");
    assert!(
        faults
            .iter()
            .all(|fault| fault.code.to_string() == "JF1005" && fault.path.to_string().starts_with("$[\"x-"))
    );
    show(&faults);
}

#[test]
fn def_014_files_at_the_ceiling_load_and_larger_ones_do_not() {
    let ceiling = SizeLimits::default().file_bytes;
    for (bytes, fits) in [(ceiling, true), (ceiling + 1, false), (4 * ceiling, false)] {
        let text = format!("{JOURNEY}# {}\n", "c".repeat(bytes - JOURNEY.len() - 3));
        assert_eq!(text.len(), bytes);
        let loaded = load(&SourceFile::new("a.journey.yaml", text), &StaticCapabilities::full());
        match loaded {
            Ok(_) => assert!(fits),
            Err(faults) => {
                assert!(!fits, "{faults}");
                let codes: Vec<String> = faults.iter().map(|fault| fault.code.to_string()).collect();
                assert_eq!(codes, ["JF1012"]);
            }
        }
    }
}

#[test]
fn def_004_a_hundred_thousand_keys_are_told_apart() {
    let mut text = "x-a:\n".to_owned();
    for number in 0..100_000 {
        text += &format!("  k{number}: 1\n");
    }
    let mut limits = SizeLimits::default();
    limits.file_bytes = 4 << 20;
    let read = |text: &str| read_tree(&SourceFile::new("a.yaml", text), &limits);
    assert_eq!(read(&text).unwrap().members()[0].value.members().len(), 100_000);
    text += "  k77777: 2\n";
    let faults = read(&text).unwrap_err();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["a.yaml:100002:3: error[JF1010] the key `k77777` is already there ($[\"x-a\"].k77777, DEF-004)"]
    );
    assert_eq!(&text[faults.iter().next().unwrap().labels[0].span.start..][..6], "k77777");
}

#[test]
fn def_002_long_lines_keys_and_scalars_have_positions() {
    let long = "ä".repeat(100_000);
    let text = format!("x-a: \"{long}\"\n? \"x-{long}\"\n: 1\nx-b: {{ a: \"{long}\", b: *c }}\n");
    let faults = read_tree(&SourceFile::new("a.yaml", text), &SizeLimits::default()).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "a.yaml:4:100018: error[JF1005] aliases are not allowed ($[\"x-b\"].b, DEF-002)"
    );
    show(&faults);
}
