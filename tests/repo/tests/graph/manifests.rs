//! What is written in manifests, `deny.toml` and sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// One line of `[workspace.dependencies]`.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) comment: String,
    pub(crate) is_ours: bool,
}

/// The lines of `[workspace.dependencies]`. Each is on one line, so that its comment can stand behind it.
pub(crate) fn workspace_dependencies(root: &Path) -> Vec<Entry> {
    let text = read(&root.join("Cargo.toml"));
    let lines = text.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let lines = lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entries: Vec<Entry> = lines
        .map(|line| {
            let (code, comment) = line.split_once(" # ").unwrap_or((line, ""));
            let table: Table =
                code.parse().unwrap_or_else(|error| panic!("one entry on one line: {line}\n{error}"));
            let (name, value) =
                table.into_iter().next().expect("a line that is no comment declares something");
            Entry { name, comment: comment.trim().to_owned(), is_ours: value.get("path").is_some() }
        })
        .collect();
    assert!(!entries.is_empty(), "no [workspace.dependencies] in Cargo.toml");
    entries
}

/// Dependencies of members that do not come from the workspace table.
pub(crate) fn declared_by_members(root: &Path) -> Vec<String> {
    let workspace: Table = parse(&root.join("Cargo.toml"));
    let members = workspace["workspace"]["members"].as_array().expect("members are a list");
    let mut faults = Vec::new();
    for member in members.iter().filter_map(Value::as_str) {
        for folder in expand(root, member) {
            let manifest: Table = parse(&folder.join("Cargo.toml"));
            for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let Some(entries) = manifest.get(section).and_then(Value::as_table) else { continue };
                for (name, value) in entries {
                    if value.get("workspace") != Some(&Value::Boolean(true)) {
                        faults.push(format!("{}: {section}.{name}", folder.display()));
                    }
                }
            }
        }
    }
    faults
}

/// `crates/*` or a plain path.
fn expand(root: &Path, member: &str) -> Vec<PathBuf> {
    let Some(parent) = member.strip_suffix("/*") else { return vec![root.join(member)] };
    let entries = std::fs::read_dir(root.join(parent)).expect("the folder of members is there");
    entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .filter(|path| path.join("Cargo.toml").exists())
        .collect()
}

/// `[bans].deny` of `deny.toml`: the banned crate and the parents it may have.
pub(crate) fn bans(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let deny = parse(&root.join("deny.toml"));
    let entries = deny["bans"]["deny"].as_array().expect("bans are a list");
    let text = |value: &Value| value.as_str().expect("names are strings").to_owned();
    entries
        .iter()
        .map(|entry| {
            let wrappers = entry.get("wrappers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            (text(&entry["crate"]), wrappers.iter().map(text).collect())
        })
        .collect()
}

/// Every Rust source below a folder.
pub(crate) fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = read(&path);
                found.push((path, text));
            }
        }
    }
    found
}

fn parse(path: &Path) -> Table {
    read(path).parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
