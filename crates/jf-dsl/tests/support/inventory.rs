//! The list of static rules beside the specification.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The pages whose rules are about definitions. The engine page has none that loading could check.
const PAGES: [&str; 7] = [
    "01-definitions",
    "02-states",
    "03-expressions",
    "04-tasks",
    "06-http-binding",
    "07-websocket-binding",
    "08-other-bindings",
];

/// `static-rules.txt`.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// The rules that a definition can break.
    pub(crate) checked: BTreeSet<String>,
    /// Those of them that no case breaks.
    pub(crate) pending: BTreeSet<String>,
    /// What is wrong with the list itself.
    pub(crate) faults: Vec<String>,
    /// The chapters in their order, with the number of their rules.
    pub(crate) chapters: Vec<(String, usize)>,
}

impl Inventory {
    /// Reads the list and holds it against the pages of the specification.
    pub(crate) fn read() -> Self {
        let mut inventory = Self::default();
        let mut listed: BTreeMap<String, String> = BTreeMap::new();
        let mut chapters_at_once = BTreeSet::new();
        let mut section = String::new();
        let text = fs::read_to_string("tests/static-rules.txt").unwrap();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.clone_into(&mut section);
                continue;
            }
            let words = line.split_whitespace();
            let ids: Vec<&str> = if section == "static" { words.take(1).collect() } else { words.collect() };
            for id in ids {
                match id.strip_suffix("-*") {
                    _ if section == "pending" => {
                        inventory.pending.insert(id.to_owned());
                    }
                    Some(chapter) => {
                        chapters_at_once.insert(chapter.to_owned());
                    }
                    None => {
                        if let Some(before) = listed.insert(id.to_owned(), section.clone()) {
                            inventory.faults.push(format!("{id} is in [{before}] and in [{section}]"));
                        }
                    }
                }
            }
        }
        let rules = rules_of_the_specification();
        for id in &rules {
            let chapter = id.split('-').next().unwrap();
            match inventory.chapters.iter_mut().find(|(name, _)| name == chapter) {
                Some((_, count)) => *count += 1,
                None => inventory.chapters.push((chapter.to_owned(), 1)),
            }
            if !listed.contains_key(id) && !chapters_at_once.contains(chapter) {
                inventory.faults.push(format!("{id} is not in the list"));
            }
        }
        for (id, section) in listed {
            if !rules.contains(&id) {
                inventory.faults.push(format!("{id} is no rule of the specification"));
            }
            if section == "static" {
                inventory.checked.insert(id);
            }
        }
        inventory
    }
}

fn rules_of_the_specification() -> Vec<String> {
    let folder = Path::new("../../docs/spec");
    let mut ids = Vec::new();
    for page in PAGES {
        let text = fs::read_to_string(folder.join(page).with_extension("md")).unwrap();
        let items = text.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**"));
        let rules = items.filter(|(_, rest)| !rest.trim_start().starts_with("withdrawn"));
        ids.extend(rules.map(|(id, _)| id.to_owned()).filter(|id| is_id(id)));
    }
    ids
}

fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(chapter, digits)| {
        chapter.bytes().all(|byte| byte.is_ascii_uppercase())
            && digits.len() == 3
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
