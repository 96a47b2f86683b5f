//! How the product reads values.

use std::path::Path;

use jf_repo_tests::{find_root, plain_values, sources};

/// What clients send, services answer and stores hold may have members of any name.
#[test]
fn eng_101_no_value_is_read_by_serde_json_alone() {
    let root = find_root(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("this crate lies in the repository");
    let sources = sources(&root).expect("the repository can be read");
    assert!(sources.len() > 200 && sources.iter().any(|(path, _)| path.ends_with("jf-machine/src/flow.rs")));
    let places = |(path, text): &(String, String)| -> Vec<String> {
        plain_values(text).into_iter().map(|line| format!("{path}:{line}")).collect()
    };
    let plain: Vec<String> = sources.iter().flat_map(places).collect();
    assert!(plain.is_empty(), "use `jf_core::exact_json`, or name the other type that is read: {plain:#?}");
}
