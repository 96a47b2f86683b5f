//! The page `docs/reference/websocket-rules.md`: every rule about WebSocket, and what holds it.

use std::io::{self, Write};

use crate::exceptions::{Exception, exception};
use crate::report::{Selection, excerpt, selected};
use crate::spec::Level;
use crate::table::Row;
use crate::trace::Trace;

/// What stands before the tables.
const HEAD: &str = "\
# The rules of WebSocket, and what holds them

Every rule of [chapter 07](../spec/07-websocket-binding.md) and of the [protocol](../spec/websocket-protocol.md), with the [transcripts](transcripts.md) that show it and the files of other tests
that hold it: the first three of each, and `…` where there are more. `cargo rules ID` lists all of one rule, with their lines.

The page is made from what tests cite (`JF_BLESS=1 cargo test -p jf-repo-tests`), and a test keeps it so. What it cannot tell is how well a rule is held; what is known to be missing is said in the rows.
";

/// The pages with their headings.
const PAGES: [(&str, &str); 2] =
    [("07", "Chapter 07: what definitions declare"), ("protocol", "The protocol")];

/// Names that a row has of one kind. Counts would change with every test.
const NAMED: usize = 3;

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn websocket(trace: &Trace, out: &mut impl Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    for (page, heading) in PAGES {
        let selection = Selection { only: vec![page.to_owned()], ..Selection::default() };
        writeln!(
            out,
            "\n## {heading}\n\n| rule | level | what it says | state | transcripts, scenarios | other tests |\n|---|---|---|---|---|---|"
        )?;
        for (rule, citations) in
            selected(trace, &selection).filter(|(rule, _)| rule.level != Level::Withdrawn)
        {
            let row = Row::new(rule, citations);
            let (transcripts, others) = (named(row.scenarios.iter()), named(row.others.keys()));
            let (state, says) = (state(&row), escaped(&excerpt(&rule.text)));
            writeln!(out, "| {} | {} | {says} | {state} | {transcripts} | {others} |", rule.id, rule.level)?;
        }
    }
    Ok(())
}

fn state(row: &Row<'_>) -> String {
    match exception(&row.rule.id) {
        Some(Exception { reason, in_part: true, .. }) => format!("**held in part**: {reason}"),
        Some(Exception { reason, .. }) => format!("**not held**: {reason}"),
        None if row.is_held() => "held".to_owned(),
        None => "**not held**".to_owned(),
    }
}

fn named<'a>(names: impl ExactSizeIterator<Item = &'a &'a str>) -> String {
    let more = names.len() > NAMED;
    let mut names: Vec<&str> = names.take(NAMED).copied().collect();
    if more {
        names.push("…");
    }
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

/// A text that means itself in a cell of a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('[', "\\[")
}

#[cfg(test)]
mod tests {
    use super::websocket;
    use crate::{Spec, Trace};

    #[test]
    fn a_row_tells_what_holds_a_rule_and_what_is_missing() {
        let mut spec = Spec::default();
        spec.read("docs/spec/07-x.md", "- **WS-001** MUST. `W` allows `a.<b>`. [E W]\n- **WS-002** MAY. b\n");
        spec.read("docs/spec/websocket-protocol.md", "| HS-1 | MUST | c |\n| SP-9 | MUST | d |\n");
        let mut trace = Trace::new(spec);
        for name in ["d", "c", "b", "a"] {
            trace.read(&format!("tests/{name}.rs"), "#[test]\nfn ws_001_hs_1_x() {}\n");
        }
        trace.read("tests/websocket/transcripts/07-x.transcript", "# About.\n# covers: [WS-001]\n");
        let mut out = Vec::new();
        websocket(&trace, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<&str> = text.lines().filter(|line| line.contains("| M")).collect();
        let tests = "tests/a.rs, tests/b.rs, tests/c.rs, …";
        assert_eq!(
            rows[0],
            format!(r"| WS-001 | MUST | W allows a.&lt;b>. \[E W] | held | 07-x | {tests} |")
        );
        assert_eq!(rows[1], "| WS-002 | MAY | b | **not held** | – | – |");
        assert!(rows[2].starts_with("| HS-1 | MUST | c | **held in part**: extended CONNECT"), "{}", rows[2]);
        assert!(rows[2].ends_with(&format!("| – | {tests} |")), "{}", rows[2]);
        assert!(rows[3].starts_with("| SP-9 | MUST | d | **not held**: there is one major"), "{}", rows[3]);
    }
}
