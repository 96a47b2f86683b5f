//! The table of crates in `docs/design/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// The crates with their rows and what they may use.
pub(crate) struct House {
    crates: BTreeMap<String, Line>,
}

struct Line {
    row: Row,
    /// `None` for "all".
    uses: Option<BTreeSet<String>>,
}

/// Where a package stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Number(u8),
    Aside,
    /// Not in `crates/`: examples, tests, benches.
    Outside,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "row {number}"),
            Self::Aside => f.write_str("aside"),
            Self::Outside => f.write_str("row 5, outside crates/"),
        }
    }
}

impl House {
    pub(crate) fn read(root: &Path) -> Self {
        let page = std::fs::read_to_string(root.join("docs/design/architecture.md"))
            .expect("the architecture page is there");
        Self::parse(&page)
    }

    fn parse(page: &str) -> Self {
        let table = page.lines().skip_while(|line| !line.starts_with("| row | crate |")).skip(2);
        let lines = table.take_while(|line| line.starts_with('|'));
        let crates: BTreeMap<_, _> = lines
            .map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                let &[row, name, _job, uses, _never] = cells.as_slice() else {
                    panic!("five cells in {line}")
                };
                let row = match row {
                    "aside" => Row::Aside,
                    number => {
                        Row::Number(number.parse().unwrap_or_else(|_| panic!("a row number in {line}")))
                    }
                };
                let uses = (uses != "all").then(|| quoted(uses).collect());
                (quoted(name).next().unwrap_or_else(|| panic!("a crate in {line}")), Line { row, uses })
            })
            .collect();
        assert!(crates.contains_key("jf-core"), "the table of crates was not found on the architecture page");
        Self { crates }
    }

    pub(crate) fn crates(&self) -> impl Iterator<Item = &str> {
        self.crates.keys().map(String::as_str)
    }

    pub(crate) fn row(&self, name: &str) -> Row {
        self.crates.get(name).map_or(Row::Outside, |line| line.row)
    }

    /// Our crates that this one may use; `None` for all.
    pub(crate) fn uses(&self, name: &str) -> Option<BTreeSet<&str>> {
        let uses = self.crates[name].uses.as_ref()?;
        Some(uses.iter().map(String::as_str).collect())
    }
}

/// The names between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

#[test]
fn the_table_is_read_by_cells() {
    let house = House::parse(concat!(
        "| row | other |\n\n| row | crate | job | uses (ours) | never |\n|---|---|---|---|---|\n",
        "| 1 | `jf-core` | x | – | y |\n| aside | `jf-testkit` | x | `jf-core`, `jf-dsl` | y |\n| 5 | `jf-cli` | x | all | y |\n\n| 9 | `no` |\n",
    ));
    assert_eq!(house.crates().collect::<Vec<_>>(), ["jf-cli", "jf-core", "jf-testkit"]);
    assert_eq!(house.uses("jf-core"), Some(BTreeSet::new()));
    assert_eq!(house.uses("jf-testkit"), Some(BTreeSet::from(["jf-core", "jf-dsl"])));
    assert_eq!(house.uses("jf-cli"), None);
    assert_eq!(
        (house.row("jf-core"), house.row("jf-testkit"), house.row("x")),
        (Row::Number(1), Row::Aside, Row::Outside)
    );
}
