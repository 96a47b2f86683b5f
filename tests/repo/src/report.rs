//! What the command prints.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::spec::{Level, Rule};
use crate::trace::{Citation, Kind, Trace};

/// Which rules and citations to show.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Prefixes (`ENG`), ids (`ENG-045`) or pages (`05`, `protocol`), in any case; empty for all.
    pub only: Vec<String>,
    /// Whether to show the rules that no test cites.
    pub uncited: bool,
    /// Whether to show the rules that a test cites.
    pub cited: bool,
    /// Whether to show where a rule is implemented.
    pub source: bool,
}

impl Selection {
    /// Whether it speaks of a rule, whatever cites it.
    #[must_use]
    pub fn names(&self, rule: &Rule) -> bool {
        let names = [rule.prefix(), rule.chapter(), rule.id.as_str()];
        let is_meant = |only: &String| names.iter().any(|name| name.eq_ignore_ascii_case(only));
        self.only.is_empty() || self.only.iter().any(is_meant)
    }

    fn shows(&self, citations: &[Citation]) -> bool {
        let tested = citations.iter().any(|c| c.kind.is_tested());
        // Both flags, or neither, select everything.
        self.uncited == self.cited || self.cited == tested
    }

    fn citations<'a>(&self, all: &'a [Citation], tested: bool) -> impl Iterator<Item = &'a Citation> {
        all.iter().filter(move |c| c.kind.is_tested() == tested)
    }
}

/// Writes the rules with their citations, and the table of chapters.
///
/// # Errors
/// When `out` cannot be written.
pub fn text(trace: &Trace, selection: &Selection, out: &mut impl Write) -> io::Result<()> {
    for (rule, citations) in selected(trace, selection) {
        if !selection.shows(citations) || rule.level == Level::Withdrawn {
            continue;
        }
        writeln!(out, "{:<8} {:<7} {}", rule.id, rule.level, excerpt(&rule.text))?;
        let tested = selection.citations(citations, true);
        let sources = selection.source.then(|| selection.citations(citations, false)).into_iter().flatten();
        for Citation { kind, file, line, name } in tested.chain(sources) {
            writeln!(out, "  {kind:<9} {file}:{line}{}{name}", if name.is_empty() { "" } else { "  " })?;
        }
    }
    summary(trace, selection, out)
}

fn summary(trace: &Trace, selection: &Selection, out: &mut impl Write) -> io::Result<()> {
    let rows = chapters(trace, selection);
    writeln!(
        out,
        "\n{:<10}{:>7}{:>7}{:>9}{:>9}{:>13}",
        "chapter", "rules", "MUST", "cited", "uncited", "implemented"
    )?;
    let mut total = Chapter { prefix: "all".into(), ..Chapter::default() };
    for row in &rows {
        row.write(out)?;
        total.rules += row.rules;
        total.must += row.must;
        total.cited += row.cited;
        total.implemented += row.implemented;
    }
    total.write(out)
}

/// The counts of one prefix.
#[derive(Default)]
struct Chapter {
    prefix: String,
    rules: usize,
    must: usize,
    cited: usize,
    implemented: usize,
}

impl Chapter {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { prefix, rules, must, cited, implemented } = self;
        writeln!(out, "{prefix:<10}{rules:>7}{must:>7}{cited:>9}{:>9}{implemented:>13}", rules - cited)
    }
}

fn chapters(trace: &Trace, selection: &Selection) -> Vec<Chapter> {
    let mut rows: Vec<Chapter> = Vec::new();
    for (rule, citations) in selected(trace, selection).filter(|(rule, _)| rule.level != Level::Withdrawn) {
        let place = rows.iter().position(|row| row.prefix == rule.prefix()).unwrap_or_else(|| {
            rows.push(Chapter { prefix: rule.prefix().to_owned(), ..Chapter::default() });
            rows.len() - 1
        });
        let row = &mut rows[place];
        row.rules += 1;
        row.must += usize::from(rule.level == Level::Must);
        row.cited += usize::from(citations.iter().any(|c| c.kind.is_tested()));
        row.implemented += usize::from(citations.iter().any(|c| c.kind == Kind::Source));
    }
    rows
}

/// Writes the same as one JSON object: `rules`, `summary`, `undefined`.
///
/// # Errors
/// When `out` cannot be written.
pub fn json(trace: &Trace, selection: &Selection, out: &mut impl Write) -> io::Result<()> {
    let rules =
        selected(trace, selection).filter(|(_, citations)| selection.shows(citations)).map(|(rule, all)| {
            let list = |tested| array(selection.citations(all, tested).map(citation));
            let mut members = vec![
                ("id", string(&rule.id)),
                ("level", string(&rule.level.to_string())),
                ("file", string(&rule.file)),
                ("line", rule.line.to_string()),
                ("text", string(&rule.text)),
                ("cited", list(true)),
            ];
            if selection.source {
                members.push(("implemented", list(false)));
            }
            object(&members)
        });
    let chapters = chapters(trace, selection);
    let summary = chapters.iter().map(|row| {
        object(&[
            ("chapter", string(&row.prefix)),
            ("rules", row.rules.to_string()),
            ("must", row.must.to_string()),
            ("cited", row.cited.to_string()),
            ("uncited", (row.rules - row.cited).to_string()),
            ("implemented", row.implemented.to_string()),
        ])
    });
    let undefined = trace
        .undefined()
        .iter()
        .map(|u| object(&[("id", string(&u.id)), ("file", string(&u.file)), ("line", u.line.to_string())]));
    let members = [("rules", array(rules)), ("summary", array(summary)), ("undefined", array(undefined))];
    writeln!(out, "{}", object(&members))
}

/// Writes what is wrong with the trace, and returns whether nothing is.
///
/// # Errors
/// When `out` cannot be written.
pub fn check(trace: &Trace, out: &mut impl Write) -> io::Result<bool> {
    for fault in trace.spec().faults() {
        writeln!(out, "{fault}")?;
    }
    for undefined in trace.undefined() {
        writeln!(out, "{}:{}: {} is no rule of docs/spec", undefined.file, undefined.line, undefined.id)?;
    }
    let faults = trace.spec().faults().len() + trace.undefined().len();
    let cited = trace.citations().iter().filter(|all| all.iter().any(|c| c.kind.is_tested())).count();
    let rules = trace.spec().rules().len();
    writeln!(out, "{rules} rules, {cited} cited by tests, {faults} faults")?;
    Ok(faults == 0)
}

/// The rules a selection names, with their citations.
pub(crate) fn selected<'a>(
    trace: &'a Trace,
    selection: &'a Selection,
) -> impl Iterator<Item = (&'a Rule, &'a [Citation])> {
    let all = trace.spec().rules().iter().zip(trace.citations().iter().map(Vec::as_slice));
    all.filter(|(rule, _)| selection.names(rule))
}

/// The beginning of a rule's text, without its emphasis.
pub(crate) fn excerpt(text: &str) -> String {
    const WIDTH: usize = 96;
    let plain = text.replace(['*', '`'], "");
    if plain.chars().count() <= WIDTH {
        return plain;
    }
    let cut: String = plain.chars().take(WIDTH).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{} …", cut[..end].trim_end_matches([',', ';', ':']))
}

fn citation(citation: &Citation) -> String {
    let Citation { kind, file, line, name } = citation;
    let mut members =
        vec![("kind", string(&kind.to_string())), ("file", string(file)), ("line", line.to_string())];
    if !name.is_empty() {
        members.push(("name", string(name)));
    }
    object(&members)
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", string(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spec;

    fn trace() -> Trace {
        let mut spec = Spec::default();
        spec.read(
            "docs/spec/p.md",
            "- **ENG-001** MUST. A \"`b`\".\n- **ENG-002** MAY. C.\n| RT-1 | MUST | D | why |\n",
        );
        let mut trace = Trace::new(spec);
        trace.read("tests/a.rs", "#[test]\nfn eng_001_holds() {}\n");
        trace.read("src/a.rs", "/// RT-1\nfn f() {}\n");
        trace
    }

    fn shown(selection: &Selection) -> String {
        let mut out = Vec::new();
        text(&trace(), selection, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_listing_ends_with_the_table_of_chapters() {
        let expected = "\
ENG-001  MUST    A \"b\".
  test      tests/a.rs:2  eng_001_holds
ENG-002  MAY     C.
RT-1     MUST    D
  source    src/a.rs:1

chapter     rules   MUST    cited  uncited  implemented
ENG             2      1        1        1            0
RT              1      1        0        1            1
all             3      2        1        2            1
";
        assert_eq!(shown(&Selection { source: true, ..Selection::default() }), expected);
    }

    #[test]
    fn filters_select_rules_by_prefix_id_and_citation() {
        let heads = |selection: &Selection| -> Vec<String> {
            shown(selection).lines().take_while(|l| !l.is_empty()).map(|l| l[..8].trim().to_owned()).collect()
        };
        assert_eq!(heads(&Selection { uncited: true, ..Selection::default() }), ["ENG-002", "RT-1"]);
        assert_eq!(heads(&Selection { cited: true, ..Selection::default() }), ["ENG-001", "test"]);
        let only = vec!["RT".into(), "ENG-002".into()];
        assert_eq!(heads(&Selection { only, ..Selection::default() }), ["ENG-002", "RT-1"]);
    }

    #[test]
    fn json_holds_the_same() {
        let mut out = Vec::new();
        json(&trace(), &Selection { only: vec!["ENG-001".into()], ..Selection::default() }, &mut out)
            .unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"{"rules":[{"id":"ENG-001","level":"MUST","file":"docs/spec/p.md","line":1,"text":"A \"`b`\".","#,
                r#""cited":[{"kind":"test","file":"tests/a.rs","line":2,"name":"eng_001_holds"}]}],"#,
                r#""summary":[{"chapter":"ENG","rules":1,"must":1,"cited":1,"uncited":0,"implemented":0}],"undefined":[]}"#,
                "\n"
            )
        );
        assert_eq!(string("a\n\u{1}"), r#""a\u000a\u0001""#);
    }

    #[test]
    fn the_check_names_every_fault() {
        let mut trace = trace();
        trace.read("docs/a.md", "x\nRT-9\n");
        let mut out = Vec::new();
        assert!(!check(&trace, &mut out).unwrap());
        let expected = "docs/a.md:2: RT-9 is no rule of docs/spec\n3 rules, 1 cited by tests, 1 faults\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn long_texts_are_cut_at_a_word() {
        let cut = excerpt(&"word, ".repeat(40));
        assert!(cut.ends_with("word …") && cut.chars().count() <= 98, "{cut}");
    }
}
