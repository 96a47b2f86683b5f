//! The dependency graph against `docs/design/architecture.md`, `deny.toml` and the habits of the workspace
//! manifest.
//!
//! Everything is judged on what cargo resolved for this machine, not on what the manifests seem to say.

mod house;
mod manifests;
mod packages;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use house::{House, Row};
use packages::{Edge, Packages};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

static PACKAGES: LazyLock<Packages> = LazyLock::new(|| Packages::read(root()));
static HOUSE: LazyLock<House> = LazyLock::new(|| House::read(root()));

fn assert_none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

#[test]
fn crates_use_what_the_architecture_page_says() {
    let (house, packages) = (&*HOUSE, &*PACKAGES);
    let library = packages.members_below("crates/");
    let listed: BTreeSet<&str> = house.crates().collect();
    assert_eq!(
        library, listed,
        "the table of docs/design/architecture.md has one line for each crate in crates/"
    );
    let mut faults = Vec::new();
    for name in library {
        let used = packages.ours_used_by(name, Edge::Normal);
        let Some(allowed) = house.uses(name) else { continue };
        faults.extend(
            used.difference(&allowed)
                .map(|other| format!("{name} uses {other}, which the table does not allow")),
        );
        faults.extend(
            allowed
                .difference(&used)
                .map(|other| format!("the table says that {name} uses {other}; it does not")),
        );
    }
    assert_none("the manifests differ from the table in docs/design/architecture.md", &faults);
}

#[test]
fn arrows_point_down() {
    let (house, packages) = (&*HOUSE, &*PACKAGES);
    let examples = packages.members_below("examples/");
    let mut faults = Vec::new();
    for name in packages.members() {
        let row = house.row(name);
        for other in packages.ours_used_by(name, Edge::Normal) {
            let below = house.row(other);
            let good = match (row, below) {
                // The one exception inside row 5: tests and benches drive the command's library half.
                (Row::Outside, Row::Number(5)) => !examples.contains(name),
                (Row::Outside, Row::Number(_) | Row::Aside) | (Row::Number(5), Row::Aside) => true,
                (Row::Number(above), Row::Number(below)) => below < above,
                // The test kit stands on rows 0 to 2.
                (Row::Aside, Row::Number(below)) => below <= 2,
                _ => false,
            };
            if !good {
                faults.push(format!("{name} ({row}) → {other} ({below})"));
            }
        }
    }
    assert_none("arrows that do not point down", &faults);
}

#[test]
fn dev_dependencies_point_down_or_to_the_test_kit() {
    let (house, packages) = (&*HOUSE, &*PACKAGES);
    let mut faults = Vec::new();
    for name in packages.members_below("crates/") {
        for other in packages.ours_used_by(name, Edge::Dev) {
            let good = match (house.row(name), house.row(other)) {
                (_, Row::Aside) => true,
                (Row::Number(above), Row::Number(below)) => below < above,
                (Row::Aside, Row::Number(_)) => true,
                _ => false,
            };
            if !good {
                faults.push(format!("{name} → {other}"));
            }
        }
    }
    assert_none("dev-dependencies that do not point down", &faults);
}

#[test]
fn what_the_test_kit_stands_on_uses_it_in_integration_tests_only() {
    let packages = &*PACKAGES;
    let mut faults = Vec::new();
    for name in packages.ours_used_by("jf-testkit", Edge::Normal) {
        for (file, text) in manifests::sources(&root().join("crates").join(name).join("src")) {
            if text.contains("jf_testkit") {
                faults.push(format!(
                    "{}: unit tests of {name} would see two copies of its types",
                    file.display()
                ));
            }
        }
    }
    assert_none("uses of the test kit inside a crate that it stands on", &faults);
}

#[test]
fn nothing_uses_what_lies_outside_crates() {
    let packages = &*PACKAGES;
    let library = packages.members_below("crates/");
    let outside: BTreeSet<&str> = packages.members().difference(&library).copied().collect();
    let mut faults = Vec::new();
    for name in packages.members() {
        for kind in [Edge::Normal, Edge::Dev] {
            let used = packages.ours_used_by(name, kind);
            faults.extend(used.intersection(&outside).map(|other| format!("{name} → {other}")));
        }
    }
    assert_none("uses of examples, tests or benches", &faults);
}

#[test]
fn the_pure_crates_reach_no_runtime_transport_or_chance() {
    let packages = &*PACKAGES;
    let banned = [
        "async-std",
        "axum",
        "hyper",
        "mio",
        "rand",
        "reqwest",
        "rusqlite",
        "rustls",
        "smol",
        "socket2",
        "tokio",
        "tungstenite",
        "ureq",
        "uuid",
    ];
    let mut faults = Vec::new();
    for name in ["jf-dsl", "jf-core", "jf-machine"] {
        let reached = packages.reached_by(name);
        for other in banned.into_iter().filter(|other| reached.contains_key(other)) {
            faults.push(format!("{name} → … → {} → {other}", reached[other]));
        }
    }
    assert_none("pure crates reach too far", &faults);
}

#[test]
fn banned_crates_stand_under_their_named_parents_only() {
    let packages = &*PACKAGES;
    let bans = manifests::bans(root());
    assert!(
        ["axum", "tungstenite", "reqwest", "rusqlite", "tokio"].iter().all(|name| bans.contains_key(*name)),
        "deny.toml lost a layer ban: {:?}",
        bans.keys()
    );
    let mut faults = Vec::new();
    for (name, wrappers) in &bans {
        for parent in packages.parents_of(name) {
            if !wrappers.contains(parent) {
                faults.push(format!("{parent} → {name}"));
            }
        }
    }
    assert_none("dependencies that `[bans].deny` of deny.toml forbids", &faults);
}

#[test]
fn there_is_one_crypto_provider_and_one_of_each_heavy_crate() {
    let packages = &*PACKAGES;
    let providers = ["aws-lc-rs", "boring", "mbedtls", "openssl", "ring", "wolfssl"];
    let present: Vec<&str> = providers.into_iter().filter(|name| packages.versions(name) > 0).collect();
    assert!(present.len() <= 1, "more than one TLS crypto provider: {present:?}");

    let single = [
        "axum",
        "bytes",
        "clap",
        "futures-core",
        "futures-util",
        "h2",
        "http",
        "http-body",
        "hyper",
        "hyper-util",
        "jiff",
        "jsonschema",
        "regex",
        "regex-automata",
        "reqwest",
        "rustls",
        "serde",
        "serde_core",
        "serde_json",
        "tokio",
        "tokio-tungstenite",
        "tokio-util",
        "tower",
        "tracing",
        "tracing-core",
        "tungstenite",
    ];
    let faults: Vec<String> = single
        .into_iter()
        .filter(|name| packages.versions(name) > 1)
        .map(|name| format!("{name}: {} versions", packages.versions(name)))
        .collect();
    assert_none("crates in more than one version", &faults);
}

#[test]
fn json_schema_neither_fetches_nor_reads_files() {
    let features = PACKAGES.features("jsonschema");
    let unwanted: Vec<_> = features.iter().filter(|name| name.starts_with("resolve-")).collect();
    assert!(unwanted.is_empty(), "jsonschema was built with {unwanted:?} (DEF-052, DEF-013)");
}

#[test]
fn every_package_comes_from_the_default_registry() {
    assert_none("packages from elsewhere", &PACKAGES.foreign_sources());
}

#[test]
fn members_take_every_dependency_from_the_workspace_table() {
    assert_none(
        "dependencies declared outside [workspace.dependencies]",
        &manifests::declared_by_members(root()),
    );
}

#[test]
fn the_workspace_table_is_used_and_says_what_for() {
    let table = manifests::workspace_dependencies(root());
    let used = PACKAGES.declared_by_members();
    let unused = table
        .iter()
        .filter(|entry| !used.contains(&entry.name))
        .map(|entry| format!("{} is used by no crate", entry.name));
    let silent = table.iter().filter(|entry| !entry.is_ours && entry.comment.is_empty());
    let silent = silent.map(|entry| format!("{} has no comment saying what it is for", entry.name));
    assert_none("[workspace.dependencies]", &unused.chain(silent).collect::<Vec<_>>());
}
