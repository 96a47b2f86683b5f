//! A page of the reference: its fenced blocks, its tables, and what it says this build does not run.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the pages are, from the folder of the crate.
const PAGES: &str = "../../docs/reference/dsl";

/// What begins a line about a part of the language that is checked, but not run.
const BADGE: &str = "> **Not run yet:** ";

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its path below the folder of the pages: `states/wait.md`.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) tables: Vec<Table>,
}

/// A fenced block.
#[derive(Debug)]
pub(crate) struct Block {
    /// The line of its fence, from 1.
    pub(crate) line: usize,
    /// What stands behind the fence: `yaml journey-error JF3002`.
    pub(crate) info: String,
    pub(crate) text: String,
}

/// A table that says what it lists: `<!-- members: HttpCall -->` or `<!-- values: State.type -->` stands before it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) line: usize,
    /// `members` or `values`, and what of.
    pub(crate) lists: (String, Vec<String>),
    pub(crate) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: usize,
    /// The name in code quotes in the first cell.
    pub(crate) name: String,
    /// The cells, with their pipes.
    pub(crate) text: String,
}

impl Page {
    fn read(path: &Path) -> Self {
        let name = path.strip_prefix(PAGES).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(path).unwrap();
        let (mut blocks, mut tables): (Vec<Block>, Vec<Table>) = (Vec::new(), Vec::new());
        let (mut open, mut listed): (Option<Block>, Option<(String, Vec<String>)>) = (None, None);
        let mut in_table = false;
        for (at, line) in text.lines().enumerate() {
            let number = at + 1;
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(info)) => {
                    open = Some(Block { line: number, info: info.trim().to_owned(), text: String::new() });
                }
                (Some(_), Some("")) => blocks.extend(open.take()),
                (Some(block), _) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) if line.starts_with('|') => {
                    if let Some(lists) = listed.take() {
                        tables.push(Table { line: number, lists, rows: Vec::new() });
                        in_table = true;
                    } else if in_table && let Some(table) = tables.last_mut() {
                        table.rows.extend(Row::read(number, line));
                    }
                }
                (None, None) => {
                    in_table = false;
                    listed = listing(line).or(listed);
                }
            }
        }
        assert!(open.is_none(), "{name}: a block is not closed");
        assert!(listed.is_none(), "{name}: {listed:?} announces a table that is not there");
        Self { name, text, blocks, tables }
    }

    /// The parts of the language that the page says are not run, as diagnostics call them.
    pub(crate) fn not_run(&self) -> impl Iterator<Item = &str> {
        let badges = self.text.lines().filter_map(|line| line.strip_prefix(BADGE));
        badges.flat_map(|badge| badge.split(". ").next().unwrap().split(", "))
    }

    /// The place of a line, for messages.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("docs/reference/dsl/{}:{line}", self.name)
    }
}

/// `<!-- members: HttpCall -->`.
fn listing(line: &str) -> Option<(String, Vec<String>)> {
    let comment = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    let (what, of) = comment.split_once(": ")?;
    matches!(what, "members" | "values")
        .then(|| (what.to_owned(), of.split_whitespace().map(str::to_owned).collect()))
}

impl Row {
    /// The line of dashes and the head of a table are none.
    fn read(line: usize, text: &str) -> Option<Self> {
        let name = text.split('|').nth(1)?.trim().strip_prefix('`')?.strip_suffix('`')?;
        Some(Self { line, name: name.to_owned(), text: text.to_owned() })
    }

    /// Whether a word stands in code quotes.
    pub(crate) fn quotes(&self, word: &str) -> bool {
        self.text.contains(&format!("`{word}`"))
    }
}

/// All pages, in the order of their names.
pub(crate) fn all() -> Vec<Page> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut folders = vec![PathBuf::from(PAGES)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(ending) if ending == "md" => paths.push(path),
                _ => {}
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| Page::read(path)).collect()
}
