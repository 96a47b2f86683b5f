//! Citations under `covers:` in scenarios and foreign tests, and those of case files: the rule in the name, and the rules
//! of the findings they expect.

use crate::ids_in_text;
use crate::spec::Spec;
use crate::trace::{Kind, Sink};

/// Reads one file. The key is `covers` (or `x-covers` in a journey document), at the start of a line or of a
/// `#` or `//` comment; its ids follow on that line, up to the `]` of a bracket that it opens, or as `-`
/// items below it. In a case file `expect:` is followed by severity, code, rule and path of a finding.
pub(crate) fn read(spec: &Spec, file: &str, text: &str, sink: &mut Sink<'_>) {
    let name = file.rsplit('/').next().unwrap_or(file);
    let is_scenario = name.ends_with(".scenario.yaml") || name.ends_with(".scenario.yml");
    let kind = if is_scenario { Kind::Scenario } else { Kind::Test };
    let title = is_scenario.then(|| text.lines().find_map(|line| line.strip_prefix("scenario:"))).flatten();
    let name = title.map_or(name, |title| title.trim().trim_matches(['"', '\'']));
    let case = case_name(file);
    if let Some(case) = case {
        sink.cite(kind, 1, case, ids_in_text(spec, case));
    }
    // A rule is often named by several findings; the first one is enough.
    let mut expected = Vec::new();
    let mut lines = (1..).zip(text.lines().map(content)).peekable();
    while let Some((line, text)) = lines.next() {
        if let Some((case, finding)) = case.zip(text.strip_prefix("expect:")) {
            let rule = finding.split_whitespace().nth(2).unwrap_or_default();
            if !case.starts_with(rule) && !expected.contains(&rule) {
                expected.push(rule);
                sink.cite(kind, line, case, ids_in_text(spec, rule));
            }
            continue;
        }
        let Some(value) = covers_value(text) else { continue };
        sink.cite(kind, line, name, ids_in_text(spec, value));
        let mut open = value.contains('[') && !value.contains(']');
        let items = value.is_empty();
        while let Some((line, text)) = lines.next_if(|(_, text)| open || (items && text.starts_with('-'))) {
            sink.cite(kind, line, name, ids_in_text(spec, text));
            open = open && !text.contains(']');
        }
    }
}

/// The name of a case in `tests/cases/<topic>/`: that of its file, or of its folder, for which the `expect.txt` speaks.
fn case_name(file: &str) -> Option<&str> {
    let (_, place) = file.rsplit_once("tests/cases/")?;
    let names: Vec<&str> = place.split('/').collect();
    match names[..] {
        [_, folder, "expect.txt"] => Some(folder),
        [_, name] if name.ends_with(".yaml") || name.ends_with(".yml") => Some(name),
        _ => None,
    }
}

/// The line without indentation and comment marker.
fn content(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix("//").or_else(|| line.strip_prefix('#')).unwrap_or(line).trim_start()
}

fn covers_value(line: &str) -> Option<&str> {
    let line = line.strip_prefix('"').unwrap_or(line);
    let rest = line.strip_prefix("x-").unwrap_or(line).strip_prefix("covers")?;
    Some(rest.strip_prefix('"').unwrap_or(rest).strip_prefix(':')?.trim())
}

#[cfg(test)]
mod tests {
    use crate::{Spec, Trace};

    fn cited(file: &str, text: &str) -> Vec<String> {
        let mut spec = Spec::default();
        spec.read("spec", "- **STA-067** MUST. a\n- **ENG-045** MUST. b\n");
        let mut trace = Trace::new(spec);
        trace.read(file, text);
        let rules = trace.spec().rules().iter().zip(trace.citations());
        let mut seen: Vec<_> = rules
            .flat_map(|(rule, all)| {
                all.iter().map(|c| format!("{}:{} {:?} {}", rule.id, c.line, c.kind, c.name))
            })
            .collect();
        seen.extend(trace.undefined().iter().map(|u| format!("?{}:{}", u.id, u.line)));
        seen
    }

    #[test]
    fn a_scenario_covers_what_it_lists_and_is_named_by_its_title() {
        assert_eq!(
            cited(
                "a/b.scenario.yaml",
                "scenario: \"approve\"\ncovers: [STA-067, ENG-045] # ids\nsteps: [ENG-045]\n"
            ),
            ["STA-067:2 Scenario approve", "ENG-045:2 Scenario approve"]
        );
    }

    #[test]
    fn lists_may_run_over_lines() {
        let flow = "covers: [STA-067,\n  ENG-045,\n]\nclock: ENG-045\n";
        assert_eq!(cited("x.scenario.yaml", flow).len(), 2);
        let block = "covers:\n  - STA-067\n  - ENG-045\nsteps:\n  - ENG-045\n";
        assert_eq!(cited("x.scenario.yaml", block).len(), 2);
    }

    #[test]
    fn case_files_and_foreign_tests_cite_in_comments() {
        assert_eq!(
            cited("cases/bad.journey.yaml", "# covers: STA-067\nkind: Journey\n"),
            ["STA-067:1 Test bad.journey.yaml"]
        );
        assert_eq!(
            cited("cases/bad.journey.json", "{\n  \"x-covers\": [\"STA-067\"]\n}"),
            ["STA-067:2 Test bad.journey.json"]
        );
        assert_eq!(cited("client.mjs", "// covers: ENG-045\n"), ["ENG-045:1 Test client.mjs"]);
    }

    #[test]
    fn cases_cite_what_they_are_named_after_and_what_they_expect() {
        let expects =
            "# a comment of ENG-045\n# expect: error JF3002 ENG-045 $.spec.STA-067\nkind: Journey\n";
        assert_eq!(
            cited("x/tests/cases/STA/STA-067-a-b.journey.yaml", expects),
            ["STA-067:1 Test STA-067-a-b.journey.yaml", "ENG-045:2 Test STA-067-a-b.journey.yaml"]
        );
        assert_eq!(
            cited("x/tests/cases/STA/STA-067-a/expect.txt", "expect: error JF1 ENG-045 $ in b.yaml\n"),
            ["STA-067:1 Test STA-067-a", "ENG-045:1 Test STA-067-a"]
        );
        let others = ["STA-067-a.txt", "STA-067-a/rendered.txt", "STA-067-a/one.journey.yaml"];
        for file in others {
            assert_eq!(cited(&format!("x/tests/cases/STA/{file}"), expects), [""; 0], "{file}");
        }
        let twice =
            "# expect: error JF1 STA-067 $\n# expect: error JF1 ENG-045 $\n# expect: error JF1 ENG-045 $.a\n";
        assert_eq!(cited("x/tests/cases/STA/STA-067-a.journey.yaml", twice).len(), 2);
        assert_eq!(cited("x/tests/cases/STA/STA-999-a.journey.yaml", ""), ["?STA-999:1"]);
        assert_eq!(cited("elsewhere/STA-067.yaml", expects), [""; 0]);
    }

    #[test]
    fn other_mentions_do_not_count_but_unknown_ids_do() {
        assert_eq!(cited("x.yaml", "discovers: STA-067\nnote: covers: STA-067\n"), [""; 0]);
        assert_eq!(cited("x.yaml", "covers: [STA-999]\n"), ["?STA-999:1"]);
    }
}
