//! The table of rules against what holds them, for readers.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::report::{Selection, selected};
use crate::spec::{Level, Rule};
use crate::trace::{Citation, Kind, Trace};

/// Where the project's own scenarios and transcripts lie.
const SCENARIOS: &str = "tests/scenarios/";
const TRANSCRIPTS: &str = "tests/websocket/transcripts/";
/// Files of other tests that a row names; the rest is counted.
const FILES: usize = 3;

/// Writes a Markdown table with a row for every rule, and below it the rules that no scenario or transcript shows and those that nothing
/// holds.
///
/// # Errors
/// When `out` cannot be written.
pub fn markdown(trace: &Trace, selection: &Selection, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<Row<'_>> = selected(trace, selection)
        .filter(|(rule, _)| rule.level != Level::Withdrawn)
        .map(|(rule, citations)| Row::new(rule, citations))
        .collect();
    writeln!(out, "| rule | level | scenarios, transcripts | other tests |\n|---|---|---|---|")?;
    for row in &rows {
        let Row { rule, scenarios, others } = row;
        writeln!(out, "| {} | {} | {} | {} |", rule.id, rule.level, list(scenarios), files(others))?;
    }
    let shown = rows.iter().filter(|row| !row.scenarios.is_empty()).count();
    let held = rows.iter().filter(|row| row.is_held()).count();
    writeln!(out, "\n{} rules: {shown} in scenarios or transcripts, {held} held by something.", rows.len())?;
    let tested_elsewhere = rows.iter().filter(|row| row.scenarios.is_empty() && row.is_held());
    writeln!(out, "\nHeld by other tests only: {}.", list(&ids(tested_elsewhere)))?;
    writeln!(out, "\nNot held: {}.", list(&ids(rows.iter().filter(|row| !row.is_held()))))
}

/// A rule with what holds it.
pub(crate) struct Row<'a> {
    pub(crate) rule: &'a Rule,
    /// The project's scenarios by topic and name, and its transcripts by name.
    pub(crate) scenarios: Vec<&'a str>,
    /// Other tests: how many of each file.
    pub(crate) others: BTreeMap<&'a str, usize>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(rule: &'a Rule, citations: &'a [Citation]) -> Self {
        let mut row = Self { rule, scenarios: Vec::new(), others: BTreeMap::new() };
        for citation in citations.iter().filter(|citation| citation.kind.is_tested()) {
            match scenario(citation) {
                Some(name) if row.scenarios.contains(&name) => {}
                Some(name) => row.scenarios.push(name),
                None => *row.others.entry(citation.file.as_str()).or_default() += 1,
            }
        }
        row.scenarios.sort_unstable();
        row
    }

    pub(crate) fn is_held(&self) -> bool {
        !self.scenarios.is_empty() || !self.others.is_empty()
    }
}

/// `wait/time-out` for a scenario of the project, `21-resume` for a transcript.
fn scenario(citation: &Citation) -> Option<&str> {
    if let Some(name) = citation.file.strip_prefix(TRANSCRIPTS) {
        return name.strip_suffix(".transcript");
    }
    let place = citation.file.strip_prefix(SCENARIOS).filter(|_| citation.kind == Kind::Scenario)?;
    place.strip_suffix(".scenario.yaml").or_else(|| place.strip_suffix(".scenario.yml"))
}

fn ids<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> Vec<&'a str> {
    rows.map(|row| row.rule.id.as_str()).collect()
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

fn files(others: &BTreeMap<&str, usize>) -> String {
    let named = others.iter().take(FILES).map(|(file, count)| match count {
        1 => (*file).to_owned(),
        count => format!("{file} ({count})"),
    });
    let mut named: Vec<String> = named.collect();
    if others.len() > FILES {
        named.push(format!("{} more", others.len() - FILES));
    }
    if named.is_empty() { "–".to_owned() } else { named.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spec;

    #[test]
    fn scenarios_and_other_tests_stand_apart() {
        let mut spec = Spec::default();
        spec.read("docs/spec/02-states.md", "- **STA-001** MUST. a\n- **STA-002** SHOULD. b\n- **STA-003** MAY. c\n- **STA-004** withdrawn. d\n");
        spec.read("docs/spec/05-engine.md", "- **ENG-001** MUST. e\n");
        let mut trace = Trace::new(spec);
        for name in ["a", "b", "c", "d"] {
            trace.read(
                &format!("crates/{name}.rs"),
                "#[test]\nfn sta_002_x() {}\n#[test]\nfn sta_002_y() {}\n",
            );
        }
        trace.read("tests/scenarios/wait/one.scenario.yaml", "scenario: x\ncovers: [STA-001, ENG-001]\n");
        trace.read("tests/scenarios/wait/two.scenario.yaml", "scenario: x\ncovers: [STA-001]\n");
        trace.read("tests/websocket/transcripts/07-x.transcript", "# About.\n# covers: [STA-001]\n");
        trace.read("src/a.rs", "/// STA-003\nfn f() {}\n");
        let mut out = Vec::new();
        let selection = Selection { only: vec!["02".into()], ..Selection::default() };
        markdown(&trace, &selection, &mut out).unwrap();
        let expected = "\
| rule | level | scenarios, transcripts | other tests |
|---|---|---|---|
| STA-001 | MUST | 07-x, wait/one, wait/two | – |
| STA-002 | SHOULD | – | crates/a.rs (2), crates/b.rs (2), crates/c.rs (2), 1 more |
| STA-003 | MAY | – | – |

3 rules: 1 in scenarios or transcripts, 2 held by something.

Held by other tests only: STA-002.

Not held: STA-003.
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
