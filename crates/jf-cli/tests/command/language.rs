//! The reference of the language against this build: what it shows is accepted, save what it says is not run yet, and the
//! list of that is complete.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{folder, jf};

#[path = "../../../jf-dsl/tests/support/embed.rs"]
mod embed;
#[path = "../../../jf-dsl/tests/support/page.rs"]
#[expect(dead_code, reason = "tables are for the tests of the loader")]
mod page;

use page::{Block, Page};

/// The definition that a block shows as good.
fn definition(block: &Block) -> Option<String> {
    let words: Vec<&str> = block.info.split_whitespace().filter(|word| !word.contains('=')).collect();
    match words[..] {
        ["yaml", "journey"] => Some(block.text.clone()),
        ["yaml", "fragment", place] => embed::complete(place, "Journey", &block.text),
        ["yaml", "fragment", place, kind] => embed::complete(place, kind, &block.text),
        _ => None,
    }
}

/// `jf.yaml` for the settings of a block, `config.shipping.url="…"`.
fn configuration(block: &Block) -> String {
    let settings = block.info.split_whitespace().filter_map(|word| word.strip_prefix("config."));
    let values = settings.filter_map(|setting| setting.split_once('='));
    values.map(|(key, value)| format!("platform.config.{key}: {value}\n")).collect()
}

/// What a finding says the build lacks, in the words of the reference; `None` for any other finding.
fn lacking(finding: &Value) -> Option<String> {
    let message = finding["message"].as_str()?;
    let quoted = message.split('`').nth(1);
    match finding["code"].as_str()? {
        "JF2301" => message.strip_suffix(" are not supported by this build of the engine").map(str::to_owned),
        "JF4001" => quoted.map(|lang| format!("the language `{lang}`")),
        "JF5002" => quoted.map(|id| format!("the binding `{id}`")),
        "JF5101" => quoted.map(|kind| format!("`{kind}`")),
        _ => None,
    }
}

/// What this build lacks of what a page shows, and everything else that it has against the page.
fn judge(page: &Page) -> (BTreeSet<String>, Vec<String>) {
    let files = page.blocks.iter().filter_map(|block| {
        let [_, "file", name] = block.info.split_whitespace().collect::<Vec<_>>()[..] else { return None };
        Some((name, &*block.text))
    });
    let files: Vec<(&str, &str)> = files.collect();
    let (mut lacks, mut wrong) = (BTreeSet::new(), Vec::new());
    for block in &page.blocks {
        let Some(text) = definition(block) else { continue };
        let configuration = configuration(block);
        let mut all = files.clone();
        all.extend([("block.journey.yaml", &*text), ("jf.yaml", &*configuration)]);
        let folder = folder(&all);
        let ran = jf(folder.path(), &["check", "--format", "json", "block.journey.yaml"]);
        let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran}"));
        for finding in report["diagnostics"].as_array().unwrap() {
            match lacking(finding) {
                Some(part) => {
                    lacks.insert(part);
                }
                None => wrong.push(format!("{}: {finding}", page.at(block.line))),
            }
        }
    }
    (lacks, wrong)
}

/// The first cells of the table on the index page.
fn listed(index: &Page) -> BTreeSet<String> {
    let (_, section) = index.text.split_once("\n## What this build checks but does not run yet\n").unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("|--"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap().trim().to_owned()).collect()
}

#[test]
fn def_030_the_reference_says_what_this_build_does_not_run() {
    let pages = page::all();
    let mut wrong = Vec::new();
    let mut everywhere = BTreeSet::new();
    for page in &pages {
        let (lacks, others) = judge(page);
        wrong.extend(others);
        let said: BTreeSet<String> = page.not_run().map(str::to_owned).collect();
        if said != lacks {
            wrong.push(format!("{} says that {said:?} is not run, and shows {lacks:?}", page.name));
        }
        everywhere.extend(lacks);
    }
    let index = pages.iter().find(|page| page.name == "README.md").unwrap();
    let listed = listed(index);
    if listed != everywhere {
        wrong.push(format!("README.md lists {listed:?}, this build lacks {everywhere:?}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(pages.len() > 20, "only {} pages", pages.len());
}
