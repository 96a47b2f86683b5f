//! The reference of the language in `docs/reference/dsl`: what it shows is what the loader says, and what the model has is
//! in it.
//!
//! Every YAML block says what it is, behind its fence:
//!
//! - `yaml journey`: a complete document about which nothing is said;
//! - `yaml journey-error JF3002 …`: a complete document with exactly these findings, in order;
//! - `yaml fragment spec|states|state|task [Api]`: a piece that is completed and then must be good;
//! - `yaml fragment-error state JF2001 …`: a piece with findings;
//! - `yaml file apis/pets.openapi.yaml` (or `json file …`): a file beside the definitions of the page;
//! - `yaml`, beginning with `# jf.yaml`: a configuration, which a test of the command reads.
//!
//! `key=value` behind that is a setting of the build, as in case files. `text diagnostics` is what people see of the block
//! before. Tables after `<!-- members: X -->` list the members of the shape `X` of the JSON Schema, those after
//! `<!-- values: X.y -->` the values of a member.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jf_dsl::{
    Capabilities, Diagnostics, Document, ExpressionCheck, ExpressionSite, JsonPath, SiteClass, SizeLimits,
    SourceFile, TerminalStyle, check_configuration, load_document, read_tree, rules,
};
use serde_json::Value;

use support::build::Build;
use support::case;
use support::embed::complete;
use support::page::{self, Block, Page, Row};
use support::shapes::Shapes;

/// What a YAML block is about.
struct Shown {
    text: String,
    expected: Vec<String>,
    build: Build,
}

impl Shown {
    /// `None` for a block that is no definition.
    fn read(block: &Block) -> Result<Option<Self>, String> {
        let words: Vec<&str> = block.info.split_whitespace().collect();
        let (settings, words): (Vec<&str>, Vec<&str>) =
            words.into_iter().partition(|word| word.contains('='));
        let (codes, words): (Vec<&str>, Vec<&str>) =
            words.into_iter().partition(|word| word.starts_with("JF"));
        let text = match words[..] {
            ["yaml" | "json", "file", _] => return Ok(None),
            ["yaml"] if block.text.starts_with("# jf.yaml\n") => return Ok(None),
            ["yaml" | "json", "journey" | "journey-error"] => block.text.clone(),
            ["yaml", "fragment" | "fragment-error", place] => {
                complete(place, "Journey", &block.text).ok_or("no such place of a fragment")?
            }
            ["yaml", "fragment" | "fragment-error", place, "Api"] => {
                complete(place, "Api", &block.text).ok_or("no such place of a fragment")?
            }
            ["yaml", ..] => return Err(format!("`{}` does not say what the block is", block.info)),
            _ => return Ok(None),
        };
        let is_error = words[1].ends_with("-error");
        if is_error == codes.is_empty() {
            return Err("only and all blocks with findings list codes".to_owned());
        }
        let mut build = Build::default();
        settings.into_iter().try_for_each(|setting| build.set(setting))?;
        Ok(Some(Self { text, expected: codes.into_iter().map(str::to_owned).collect(), build }))
    }

    /// What is said about it.
    fn judge(&self, folder: &Path) -> Diagnostics {
        let ending = if self.text.starts_with('{') { "json" } else { "yaml" };
        let source =
            SourceFile::new(format!("example.journey.{ending}"), self.text.clone()).with_base(folder);
        let capabilities = self.build.capabilities();
        match load_document(&source, &capabilities) {
            Ok(Document::Definition(loaded)) => {
                let mut all = loaded.warnings.clone();
                all.append(check_configuration(&loaded, &capabilities).err().unwrap_or_default());
                all
            }
            Ok(Document::MetadataLimits { warnings, .. }) => warnings,
            Ok(other) => panic!("a document of an unknown kind: {other:?}"),
            Err(faults) => faults,
        }
    }
}

/// Writes the files of a page, and gives their folder.
fn files(page: &Page) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference").join(&page.name);
    fs::create_dir_all(&folder).unwrap();
    for block in &page.blocks {
        if let ["yaml" | "json", "file", name] = block.info.split_whitespace().collect::<Vec<_>>()[..] {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &block.text).unwrap();
        }
    }
    folder
}

#[test]
fn def_010_every_block_is_judged_as_the_page_says() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for page in page::all() {
        let folder = files(&page);
        let mut before: Option<String> = None;
        for block in &page.blocks {
            let at = page.at(block.line);
            if block.info == "text diagnostics" {
                let shown = before.as_deref().unwrap_or("nothing, there is no definition before").trim_end();
                if shown != block.text.trim_end() {
                    wrong.push(format!("{at}: people see\n{shown}"));
                }
                continue;
            }
            let shown = match Shown::read(block) {
                Ok(Some(shown)) => shown,
                Ok(None) => continue,
                Err(reason) => {
                    wrong.push(format!("{at}: {reason}"));
                    continue;
                }
            };
            checked += 1;
            let found = shown.judge(&folder);
            let rendered = found.to_terminal(TerminalStyle::Plain);
            let codes: Vec<String> = found.iter().map(|item| item.code.to_string()).collect();
            if codes != shown.expected {
                wrong.push(format!("{at}: expected {:?}, found {codes:?}\n{rendered}", shown.expected));
            }
            before = Some(rendered);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(checked > 100, "only {checked} blocks");
}

/// What a row fails to say of its member.
fn unsaid(row: &Row, member: &Value, is_required: bool) -> Option<String> {
    if is_required && !row.text.contains("**required**") {
        return Some("it is **required**".to_owned());
    }
    let default = member.get("default").map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
    let allowed =
        member.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let words = allowed.map(str::to_owned).chain(default).filter(|word| !row.quotes(word));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| format!("it does not have {words:?}"))
}

#[test]
fn def_007_every_member_of_the_language_is_in_a_table() {
    let shapes = Shapes::new();
    let mut wrong = Vec::new();
    let mut told: BTreeSet<String> = BTreeSet::new();
    for page in page::all() {
        for table in page.tables.iter().filter(|table| table.lists.0 == "members") {
            let names = &table.lists.1;
            told.extend(names.iter().cloned());
            let mut missing: BTreeMap<&str, &Value> =
                names.iter().flat_map(|name| shapes.members(name)).collect();
            for row in &table.rows {
                let at = page.at(row.line);
                let Some(member) = missing.remove(&*row.name) else {
                    wrong.push(format!("{at}: `{}` is no member of {names:?}", row.name));
                    continue;
                };
                let is_required = names.iter().all(|name| shapes.required(name).contains(&*row.name));
                wrong.extend(unsaid(row, member, is_required).map(|reason| format!("{at}: {reason}")));
            }
            wrong.extend(missing.keys().map(|name| format!("{}: `{name}` is missing", page.at(table.line))));
        }
    }
    for name in shapes.names().filter(|name| !told.contains(*name)) {
        let members: Vec<&str> = shapes.members(name).into_keys().collect();
        if !members.is_empty() {
            wrong.push(format!("{name}: no table has the members {members:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Codes that rows do not repeat: what is wrong with the text of the file, names that nothing knows, values of another
/// type, older spellings, and what the build does not have.
fn is_general(code: &str) -> bool {
    code.starts_with("JF1") || ["JF2001", "JF2003", "JF2009", "JF2301"].contains(&code)
}

/// Each case of the loader that breaks a rule at a member is a question to the row of that member.
#[test]
fn def_010_rows_name_the_diagnostics_of_their_members() {
    let shapes = Shapes::new();
    let pages = page::all();
    let rows: Vec<(&Page, &str, &Row)> = pages
        .iter()
        .flat_map(|page| page.tables.iter().map(move |table| (page, table)))
        .filter(|(_, table)| table.lists.0 == "members")
        .flat_map(|(page, table)| {
            let names = table.lists.1.iter();
            names.flat_map(move |name| table.rows.iter().map(move |row| (page, name.as_str(), row)))
        })
        .collect();
    let (mut wrong, mut asked) = (BTreeSet::new(), 0);
    for case in case::all().0.iter().filter(|case| case.expected.iter().all(|found| found.file.is_none())) {
        for (source, _) in case.sources() {
            let Ok(document) = read_tree(&source, &SizeLimits::default()) else { continue };
            let document = document.to_value();
            for found in case.expected.iter().filter(|found| !is_general(&found.code)) {
                let path: JsonPath = found.path.parse().unwrap();
                let Some((shape, member)) = shapes.find(&document, &path) else { continue };
                asked += 1;
                let row = rows.iter().find(|(_, name, row)| *name == shape && row.name == member);
                let (page, _, row) = row.unwrap_or_else(|| panic!("{shape}.{member} has no row"));
                if !row.text.contains(&found.code) {
                    let at = page.at(row.line);
                    wrong.insert(format!("{at}: `{member}` can be {}, see {}", found.code, case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(asked > 300, "only {asked} findings at members");
}

#[test]
fn sta_001_tables_of_values_are_complete() {
    let shapes = Shapes::new();
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for page in page::all() {
        for table in page.tables.iter().filter(|table| table.lists.0 == "values") {
            for of in &table.lists.1 {
                checked += 1;
                let (shape, member) = of.split_once('.').unwrap();
                let member = &shapes.get(shape)["properties"][member];
                // Open sets list the known values as their first alternative.
                let values = member.get("enum").unwrap_or_else(|| &member["anyOf"][0]["enum"]);
                let values: BTreeSet<&str> =
                    values.as_array().unwrap().iter().filter_map(Value::as_str).collect();
                let rows: BTreeSet<&str> = table.rows.iter().map(|row| &*row.name).collect();
                if rows != values {
                    wrong.push(format!("{}: {of} has {values:?}", page.at(table.line)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked >= 2);
}

#[test]
fn def_010_every_code_is_told_where_authors_meet_it() {
    let known: BTreeSet<String> = rules().iter().map(|info| info.code.to_string()).collect();
    let mut told = BTreeSet::new();
    for page in page::all() {
        for (at, line) in page.text.lines().enumerate() {
            let codes = line.split("JF").skip(1).filter_map(|rest| rest.get(..4));
            for code in codes.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit())) {
                let code = format!("JF{code}");
                assert!(known.contains(&code), "{}: {code} is no code", page.at(at + 1));
                told.insert(code);
            }
        }
    }
    let silent: Vec<&String> = known.difference(&told).collect();
    assert!(silent.is_empty(), "no page speaks of {silent:?}");
}

#[test]
fn exp_030_the_table_of_engines_and_sites() {
    let page = page::all().into_iter().find(|page| page.name == "expressions.md").unwrap();
    let capabilities = Build::default().capabilities();
    let path = JsonPath::root();
    for class in SiteClass::ALL {
        let support = ["dataweave", "jsonata", "jolt", "jq"].map(|lang| {
            let site = ExpressionSite::new(lang, "true", class, &path);
            if capabilities.check_expression(&site) == ExpressionCheck::Accepted { "yes" } else { "no" }
        });
        let row = format!("| {} | {} |", class.label(), support.join(" | "));
        assert!(page.text.contains(&row), "{row}");
    }
}

#[test]
fn def_014_the_table_of_ceilings() {
    let page = page::all().into_iter().find(|page| page.name == "files.md").unwrap();
    let SizeLimits { file_bytes, nesting, states, branches, state_nesting, .. } = SizeLimits::default();
    let rows = [
        format!("| bytes of a file | {file_bytes} |"),
        format!("| nesting of mappings and sequences | {nesting} |"),
        format!("| states of a definition, all scopes together | {states} |"),
        format!("| branches of one `parallel` state | {branches} |"),
        format!("| `parallel` and `subjourney` states inside each other | {state_nesting} |"),
    ];
    for row in rows {
        assert!(page.text.contains(&row), "{row}");
    }
}

/// The anchor that renderers make of a heading.
fn anchor(heading: &str) -> String {
    let letters = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    letters.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_of_the_reference_lead_to_headings() {
    let root = Path::new("../../docs/reference/dsl");
    let mut wrong = Vec::new();
    for page in page::all() {
        let here = root.join(&page.name);
        for target in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, wanted)) = target.split_once('#').filter(|_| !target.contains("://")) else {
                continue;
            };
            let path = if file.is_empty() { here.clone() } else { here.parent().unwrap().join(file) };
            let text = fs::read_to_string(&path).unwrap_or_default();
            let headings = text.lines().filter(|line| line.starts_with('#'));
            if !headings.map(|line| anchor(line.trim_start_matches('#'))).any(|found| found == wanted) {
                wrong.push(format!("{}: {target}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
