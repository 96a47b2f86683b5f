//! The rules, read from the pages of `docs/spec`.

use std::collections::BTreeMap;
use std::fmt;

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `MUST` or `MUST NOT`; the invariants too.
    Must,
    /// `SHOULD` or `SHOULD NOT`.
    Should,
    /// `MAY`.
    May,
    /// The rule has ceased; its id stays reserved and may not be cited.
    Withdrawn,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
            Self::Withdrawn => "withdrawn",
        })
    }
}

/// One rule of the specification.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The id as written, `ENG-045` or `SUB-6`.
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// Its text without the id and the level.
    pub text: String,
    /// The page, relative to the repository root.
    pub file: String,
    /// The line on that page, from 1.
    pub line: usize,
}

impl Rule {
    /// The part of the id before the hyphen.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.id.split_once('-').map_or(self.id.as_str(), |(prefix, _)| prefix)
    }

    /// The number of its page, `05` for `docs/spec/05-engine.md`; the last word of the name of a page without one, `protocol` for
    /// `docs/spec/websocket-protocol.md`.
    #[must_use]
    pub fn chapter(&self) -> &str {
        let page = self.file.rsplit('/').next().unwrap_or_default();
        let (number, _) = page.split_once('-').unwrap_or_default();
        if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) {
            return number;
        }
        page.trim_end_matches(".md").rsplit('-').next().unwrap_or_default()
    }
}

/// All rules in the order of the pages, and the vocabulary of ids that follows from them.
#[derive(Debug, Default)]
pub struct Spec {
    rules: Vec<Rule>,
    by_id: BTreeMap<String, usize>,
    /// Prefix → digits of its ids; 0 stands for a plain number.
    prefixes: BTreeMap<String, usize>,
    faults: Vec<String>,
}

/// What a prefix with digits behind it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Not the form of an id of this specification.
    Foreign,
    /// The rule at this place in [`Spec::rules`].
    Rule(usize),
    /// The form of an id, but there is no such rule, or it was withdrawn.
    Undefined(String),
}

impl Spec {
    /// Reads one page: list items `- **ENG-045** MUST. …` and table rows `| SUB-6 | MUST | … |`.
    pub fn read(&mut self, file: &str, text: &str) {
        let mut fenced = false;
        for (number, line) in (1..).zip(text.lines()) {
            if line.starts_with("```") {
                fenced = !fenced;
            }
            let Some((id, rest)) = (!fenced).then(|| list_item(line).or_else(|| table_row(line))).flatten()
            else {
                continue;
            };
            let Some((level, text)) = rest else {
                self.faults.push(format!("{file}:{number}: {id} has no level (MUST, SHOULD, MAY)"));
                continue;
            };
            self.add(Rule {
                id: id.to_owned(),
                level,
                text: text.to_owned(),
                file: file.to_owned(),
                line: number,
            });
        }
    }

    fn add(&mut self, rule: Rule) {
        let place = self.rules.len();
        if let Some(&first) = self.by_id.get(&rule.id) {
            let first = &self.rules[first];
            let fault = format!(
                "{}:{}: {} is already defined at {}:{}",
                rule.file, rule.line, rule.id, first.file, first.line
            );
            self.faults.push(fault);
            return;
        }
        let (prefix, digits) = rule.id.split_once('-').unwrap_or((&rule.id, ""));
        let width = if digits.len() == 3 { 3 } else { 0 };
        self.prefixes.insert(prefix.to_owned(), width);
        self.by_id.insert(rule.id.clone(), place);
        self.rules.push(rule);
    }

    /// The rules in the order of the pages.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Faults of the pages themselves: ids defined twice, rules without a level.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Whether ids with this prefix exist.
    #[must_use]
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.prefixes.contains_key(prefix)
    }

    /// Digits of the ids with this prefix, 0 for a plain number.
    pub(crate) fn width(&self, prefix: &str) -> Option<usize> {
        self.prefixes.get(prefix).copied()
    }

    pub(crate) fn lookup(&self, prefix: &str, digits: &str) -> Lookup {
        let Some(width) = self.width(prefix) else { return Lookup::Foreign };
        if digits.is_empty() || digits.len() > 3 || (width != 0 && digits.len() != width) {
            return Lookup::Foreign;
        }
        let digits = if width == 0 { digits.trim_start_matches('0') } else { digits };
        let id = format!("{prefix}-{digits}");
        match self.by_id.get(&id) {
            Some(&place) if self.rules[place].level != Level::Withdrawn => Lookup::Rule(place),
            _ => Lookup::Undefined(id),
        }
    }
}

type Parsed<'a> = (&'a str, Option<(Level, &'a str)>);

fn list_item(line: &str) -> Option<Parsed<'_>> {
    let (id, rest) = line.strip_prefix("- **")?.split_once("**")?;
    is_id(id).then_some(())?;
    let rest = rest.trim_start();
    let (word, text) = rest.split_once(['.', ' ']).unwrap_or((rest, ""));
    let text = text.trim_start().strip_prefix("NOT.").unwrap_or(text);
    Some((id, level(word).map(|level| (level, text.trim()))))
}

fn table_row(line: &str) -> Option<Parsed<'_>> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let id = cells.next().filter(|id| is_id(id))?;
    let second = cells.next()?;
    match (level(second.split(' ').next().unwrap_or_default()), cells.next()) {
        (Some(level), Some(text)) => Some((id, Some((level, text)))),
        // The table of invariants has no column of levels: all of them always hold.
        _ if !second.is_empty() => Some((id, Some((Level::Must, second)))),
        _ => Some((id, None)),
    }
}

fn level(word: &str) -> Option<Level> {
    match word {
        "MUST" => Some(Level::Must),
        "SHOULD" => Some(Level::Should),
        "MAY" => Some(Level::May),
        "withdrawn" => Some(Level::Withdrawn),
        _ => None,
    }
}

fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(prefix, digits)| {
        prefix.len() >= 2
            && prefix.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=3).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        let mut spec = Spec::default();
        spec.read("page.md", text);
        spec
    }

    #[test]
    fn list_items_and_table_rows_are_rules() {
        let spec = spec(concat!(
            "- **ENG-045** MUST. One commit.\n- **EXP-006** MAY. Time.\n- **WS-003** MUST NOT. Do.\n",
            "| ID | L | Rule |\n|---|---|---|\n| SUB-6 | MUST | Gaps. | why |\n| CMP-1 | SHOULD NOT | Compress. |\n",
            "| INV-1 | contiguous |\n",
        ));
        let seen: Vec<_> =
            spec.rules().iter().map(|r| (r.id.as_str(), r.level, r.text.as_str(), r.line)).collect();
        assert_eq!(
            seen,
            [
                ("ENG-045", Level::Must, "One commit.", 1),
                ("EXP-006", Level::May, "Time.", 2),
                ("WS-003", Level::Must, "Do.", 3),
                ("SUB-6", Level::Must, "Gaps.", 6),
                ("CMP-1", Level::Should, "Compress.", 7),
                ("INV-1", Level::Must, "contiguous", 8),
            ]
        );
        assert!(spec.faults().is_empty());
    }

    #[test]
    fn a_page_is_called_by_its_number_or_its_last_word() {
        let mut spec = Spec::default();
        spec.read("docs/spec/07-websocket-binding.md", "- **WS-003** MUST. Do.\n");
        spec.read("docs/spec/websocket-protocol.md", "| SUB-6 | MUST | Gaps. | why |\n");
        let chapters: Vec<&str> = spec.rules().iter().map(Rule::chapter).collect();
        assert_eq!(chapters, ["07", "protocol"]);
    }

    #[test]
    fn other_lines_are_not_rules() {
        let spec = spec(concat!(
            "See **ENG-045** MUST.\n- ENG-045 MUST.\n| RT-1 to RT-3 | MUST | x |\n- **Note** that\n",
            "```\n- **ENG-001** MUST. In a sample.\n```\n",
        ));
        assert!(spec.rules().is_empty(), "{:?}", spec.rules());
    }

    #[test]
    fn a_repeated_id_and_a_missing_level_are_faults() {
        let spec = spec("- **ENG-001** MUST. A.\n- **ENG-001** MUST. B.\n- **ENG-002** Text.\n");
        assert_eq!(spec.rules().len(), 1);
        assert_eq!(
            spec.faults(),
            [
                "page.md:2: ENG-001 is already defined at page.md:1",
                "page.md:3: ENG-002 has no level (MUST, SHOULD, MAY)"
            ]
        );
    }

    #[test]
    fn look_up_follows_the_form_of_the_prefix() {
        let spec = spec("- **ENG-001** MUST. A.\n- **ENG-002** withdrawn. Gone.\n| SUB-6 | MUST | B |\n");
        assert_eq!(spec.lookup("ENG", "001"), Lookup::Rule(0));
        assert_eq!(spec.lookup("ENG", "002"), Lookup::Undefined("ENG-002".into()));
        assert_eq!(spec.lookup("ENG", "1"), Lookup::Foreign, "chapters have three digits");
        assert_eq!(spec.lookup("SUB", "06"), Lookup::Rule(2), "padding of plain numbers is harmless");
        assert_eq!(spec.lookup("SUB", "7"), Lookup::Undefined("SUB-7".into()));
        assert_eq!(spec.lookup("UTF", "8"), Lookup::Foreign);
    }
}
