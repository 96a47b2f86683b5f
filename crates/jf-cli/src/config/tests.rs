use std::path::PathBuf;

use jf_dsl::SourceFile;
use serde_json::json;

use super::{Config, KEYS};

fn read(text: &str) -> (Config, Vec<String>) {
    let (config, faults) = Config::read(&SourceFile::new("jf.yaml", text));
    (config, faults.iter().map(ToString::to_string).collect())
}

fn faults(text: &str) -> Vec<String> {
    read(text).1
}

#[test]
fn dotted_keys_are_shorthand_for_nesting() {
    let nested = "http:\n  listen: 0.0.0.0:80\nplatform:\n  config:\n    orders:\n      url: http://a\n";
    let dotted = "http.listen: 0.0.0.0:80\nplatform.config.orders.url: http://a\n";
    let mixed = "http: {listen: 0.0.0.0:80}\nplatform.config: {orders.url: http://a}\n";
    for text in [nested, dotted, mixed] {
        let (config, faults) = read(text);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(config.listen().to_string(), "0.0.0.0:80");
        assert_eq!(config.get("platform.config.orders.url"), Some(json!("http://a")));
    }
}

#[test]
fn values_of_any_kind_keep_their_inside() {
    let (config, faults) = read("platform.config.orders: {table: {a.b: 1, http: {listen: x}}}\n");
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(config.get("platform.config.orders.table"), Some(json!({"a.b": 1, "http": {"listen": "x"}})));
}

/// A file that can be read up to its first comment only must not pass for one without settings.
#[test]
fn a_file_that_is_not_whole_is_refused() {
    let latin = b"# f\xfcr alle\nhttp: { list: off }\n".to_vec();
    let utf16 = b"\xff\xfeh\0t\0t\0p\0".to_vec();
    for bytes in [latin, utf16, b"\n\xc3".to_vec()] {
        let (_, faults) = Config::read(&SourceFile::from_bytes("jf.yaml", bytes));
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(17 * 1024 * 1024).unwrap();
    let (_, faults) = Config::from_path(file.path()).unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn a_file_of_comments_changes_nothing() {
    for text in ["", "# nothing\n\n", "~", "x-note: 1\n", "http:\n", "http: {listen: }\n"] {
        let (config, faults) = read(text);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
        assert_eq!(config.listen().port(), 8080, "{text}");
    }
}

#[test]
fn def_007_unknown_keys_are_errors_with_a_suggestion() {
    let text = "http:\n  lisen: 127.0.0.1:1\nlimit.syncWait: PT1S\nbodyBytes: 1\nbanana: {x: 1}\n";
    assert_eq!(
        faults(text),
        [
            "jf.yaml:2:3: error[JF6001] unknown configuration key `http.lisen` ($.http.lisen, DEF-007)",
            "jf.yaml:3:1: error[JF6001] unknown configuration key `limit.syncWait` ($[\"limit.syncWait\"], DEF-007)",
            "jf.yaml:4:1: error[JF6001] unknown configuration key `bodyBytes` ($.bodyBytes, DEF-007)",
            "jf.yaml:5:1: error[JF6001] unknown configuration key `banana` ($.banana, DEF-007)",
        ]
    );
    let (_, faults) = Config::read(&SourceFile::new("jf.yaml", text));
    let suggestions: Vec<_> = faults.iter().map(|fault| fault.suggestion.as_deref()).collect();
    assert_eq!(suggestions, [Some("http.listen"), Some("limits.syncWait"), Some("limits.bodyBytes"), None]);
    assert!(
        faults
            .iter()
            .last()
            .unwrap()
            .help
            .as_deref()
            .unwrap()
            .starts_with("known here: connectors, console, development")
    );
}

#[test]
fn later_keys_and_stores_are_refused_not_ignored() {
    let found = faults(
        "secrets: {env: JF_}\nplugins.jwtValidate.profiles.a: {}\nstore: postgres://runs\nwebsocket.compression: true\n",
    );
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].contains("JF6003") && found[0].contains("`secrets` is not supported by this build yet"));
    assert!(found[1].contains("`plugins.jwtValidate` is not supported"));
    assert!(found[2].contains("JF6002") && found[2].contains("must be `memory` or `sqlite:FILE`"));
    assert!(found[3].contains("`websocket.compression` is not supported"));
}

#[test]
fn wrong_values_are_reported_at_their_place_all_at_once() {
    let found = faults("http: 8080\nlimits:\n  syncWait: 30s\n  bodyBytes: 0\ndevelopment: yes\n");
    assert_eq!(
        found,
        [
            "jf.yaml:1:7: error[JF6002] `http` is a group of keys, not a number ($.http, ENG-145)",
            "jf.yaml:3:13: error[JF6002] `limits.syncWait` must be an ISO-8601 duration such as `PT30S` or `P30D` ($.limits.syncWait, ENG-145)",
            "jf.yaml:4:14: error[JF6002] `limits.bodyBytes` must be a whole number from 1 to 1073741824 ($.limits.bodyBytes, ENG-145)",
            "jf.yaml:5:14: error[JF6002] `development` must be `true` or `false` ($.development, ENG-145)",
        ]
    );
}

#[test]
fn def_004_one_key_written_in_two_ways_is_an_error() {
    let found = faults("http.list: off\nhttp:\n  list: operator\n");
    assert_eq!(found, ["jf.yaml:3:3: error[JF6004] `http.list` is given twice ($.http.list, DEF-004)"]);
}

#[test]
fn hb_5_org_3_contradictions_are_errors() {
    let found = faults(
        "websocket.heartbeat: {intervalMs: 1000, timeoutMs: 1000}\nhttp: {pageSize: 20, maxPageSize: 10}\n",
    );
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("JF6005") && found[0].contains("websocket.heartbeat.timeoutMs"), "{found:?}");
    assert!(found[1].contains("http.pageSize"), "{found:?}");
}

#[test]
fn syntax_errors_have_a_position() {
    let found = faults("http: {listen: \n");
    assert!(found.len() == 1 && found[0].starts_with("jf.yaml:"), "{found:?}");
    assert!(faults("[]")[0].contains("a configuration is a mapping of keys, not an array"));
}

#[test]
fn a_configuration_is_found_here_or_with_the_definitions() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for file in ["defs/jf.yaml", "defs/a.journey.yaml", "bare/b.journey.yaml"] {
        std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        std::fs::write(root.join(file), "").unwrap();
    }
    let found = |paths: &[&str]| {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        Config::discover(root, &paths).map(|path| path.to_str().unwrap().to_owned())
    };
    assert_eq!(found(&["defs"]).as_deref(), Some("defs/jf.yaml"));
    assert_eq!(found(&["defs/a.journey.yaml"]).as_deref(), Some("defs/jf.yaml"));
    assert_eq!((found(&["bare"]), found(&["defs", "bare"]), found(&[])), (None, None, None));
    std::fs::write(root.join("jf.yaml"), "").unwrap();
    for paths in [&["defs"][..], &["defs", "bare"], &["bare/b.journey.yaml"]] {
        assert_eq!(found(paths).as_deref(), Some("jf.yaml"));
    }
}

#[test]
fn eng_145_every_key_has_an_effective_value_or_says_so() {
    let effective: Vec<_> = Config::default().effective().map(|(path, _)| path).collect();
    let with_default: Vec<_> =
        KEYS.iter().filter(|key| !key.default.is_empty()).map(|key| key.path).collect();
    assert_eq!(effective, with_default);
    let given = Config::default().with("serve.loan-approval", "1.0.0").unwrap();
    assert!(given.effective().any(|(path, value)| path == "serve.loan-approval" && value == "1.0.0"));
}

/// No key of the table goes unread.
#[test]
fn every_key_is_used() {
    let source = concat!(
        include_str!("parts/mod.rs"),
        include_str!("parts/bindings.rs"),
        include_str!("parts/definitions.rs"),
        include_str!("parts/engine.rs"),
        include_str!("parts/outbound.rs"),
        include_str!("parts/transport.rs"),
    );
    for key in KEYS {
        let (group, last) = (key.path.split(".*").next().unwrap(), key.path.rsplit('.').next().unwrap());
        let used = match key.path.contains('*') {
            true => {
                source.contains(&format!("\"{group}"))
                    && (last == "*" || source.contains(&format!(".{last}\"")))
            }
            false => source.contains(&format!("\"{}\"", key.path)),
        };
        assert!(used, "{} is read nowhere", key.path);
    }
}
