//! What repairs change, and what they leave alone (DEF-007, DEF-012, STA-003, STA-063).

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use jf_dsl::{
    Applicability, Diagnostic, Repaired, SizeLimits, SourceFile, StaticCapabilities, load, read_tree, repair,
};
use proptest::prelude::*;
use serde_json::Value;

fn repaired(name: &str, text: &str) -> Repaired {
    repair(&SourceFile::new(name, text), &StaticCapabilities::full())
}

/// The lines that a repair changed, with `-` and `+`.
fn changed(before: &str, after: &str) -> Vec<String> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let gone = before.iter().filter(|line| !after.contains(line)).map(|line| format!("-{line}"));
    gone.chain(after.iter().filter(|line| !before.contains(line)).map(|line| format!("+{line}"))).collect()
}

fn document(states: &str) -> String {
    let body: String = states.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "apiVersion: v1\nkind: Journey\nmetadata: {{ name: case, version: 1.0.0 }}\nspec:\n  start: ask\n  states:\n{body}    \
         done: {{ type: succeed }}\n"
    )
}

/// Repairs a document with these states and compares the lines that changed.
#[track_caller]
fn check(states: &str, expected: &[&str]) {
    let text = document(states);
    let result = repaired("case.journey.yaml", &text);
    assert!(
        load(&result.source, &StaticCapabilities::full()).is_ok_and(|loaded| loaded.warnings.is_empty()),
        "{}",
        result.source.text()
    );
    assert_eq!(changed(&text, result.source.text()), expected);
    assert_idempotent(&result);
}

#[track_caller]
fn assert_idempotent(result: &Repaired) {
    let again = repair(&result.source, &StaticCapabilities::full());
    assert_eq!(again.source.text(), result.source.text());
    assert!(again.repaired.is_empty());
}

#[test]
fn sta_063_default_moves_to_next_of_the_state() {
    let end = "+      next: done # where to go\n";
    check(
        "ask:\n  type: wait\n  wait:\n    input: { schema: {} }\n    default: done # where to go",
        &["-        default: done # where to go\n", end],
    );
    check(
        "ask:\n  type: wait\n  wait:\n    # kept\n    default: done # where to go\n    input:\n      schema: # all\n        type: object\n\n",
        &["-        default: done # where to go\n", end],
    );
    check(
        "ask:\n  wait: { input: { schema: {} }, default: done } # inside\n  type: wait",
        &[
            "-      wait: { input: { schema: {} }, default: done } # inside\n",
            "+      wait: { input: { schema: {} } } # inside\n",
            "+      next: done\n",
        ],
    );
    check(
        "ask: { type: webhook, webhook: { default: \"done\", input: { schema: {} } } }",
        &[
            "-    ask: { type: webhook, webhook: { default: \"done\", input: { schema: {} } } }\n",
            "+    ask: { type: webhook, webhook: { input: { schema: {} } }, next: \"done\" }\n",
        ],
    );
}

#[test]
fn sta_063_a_default_that_repeats_next_goes() {
    check(
        "ask:\n  type: wait\n  wait:\n    input: { schema: {} }\n    default: done # twice\n  next: done",
        &["-        default: done # twice\n", "+        # twice\n"],
    );
    check(
        "ask:\n  type: wait\n  wait:\n    default: 'done'\n    input: { schema: {} }\n  next: done",
        &["-        default: 'done'\n"],
    );
}

#[test]
fn sta_003_result_var_moves_into_the_block() {
    check(
        "ask:\n  type: transform\n  transform:\n    target: { kind: var }\n    lang: jq\n    expr: |\n      .context\n  # the result\n  resultVar: \"x\" # kept\n  next: done",
        &["-      resultVar: \"x\" # kept\n", "+        resultVar: \"x\" # kept\n"],
    );
    check(
        "ask: { type: transform, resultVar: x, transform: { target: { kind: var }, lang: jq, expr: . }, next: done }",
        &[
            "-    ask: { type: transform, resultVar: x, transform: { target: { kind: var }, lang: jq, expr: . }, next: done }\n",
            "+    ask: { type: transform, transform: { target: { kind: var }, lang: jq, expr: ., resultVar: x }, next: done }\n",
        ],
    );
    check(
        "ask:\n  type: transform\n  transform: { target: { kind: var }, lang: jq, expr: . }\n  resultVar: x # kept\n  next: done",
        &[
            "-      transform: { target: { kind: var }, lang: jq, expr: . }\n",
            "-      resultVar: x # kept\n",
            "+      transform: { target: { kind: var }, lang: jq, expr: ., resultVar: x }\n",
            "+      # kept\n",
        ],
    );
}

/// A block scalar that keeps its line breaks ends where the next member begins: nothing can be put behind it.
#[test]
fn sta_003_what_would_change_another_value_is_not_done() {
    let text = document(
        "ask:\n  type: transform\n  transform:\n    target: { kind: var }\n    lang: jq\n    expr: |+\n      .context\n\n  resultVar: x\n  next: done",
    );
    let result = repaired("case.journey.yaml", &text);
    assert_eq!(result.source.text(), text);
    assert_eq!((result.repaired.len(), result.refused.len()), (0, 1));
}

#[test]
fn def_007_unmistakable_misspellings_are_written_in_the_style_they_stand_in() {
    check(
        "ask:\n  type: Wait\n  \"wiat\" : { inputt: { schema: {} } }\n  next: 'doen'",
        &[
            "-      type: Wait\n",
            "-      \"wiat\" : { inputt: { schema: {} } }\n",
            "-      next: 'doen'\n",
            "+      type: wait\n",
            "+      \"wait\" : { input: { schema: {} } }\n",
            "+      next: 'done'\n",
        ],
    );
}

#[test]
fn def_007_what_is_not_sure_is_left_to_people() {
    let unsure = [
        // Two edits away.
        "ask: { type: wait, wait: { input: { schema: {} } }, nxtt: done }",
        // The object has it already, or two members stand for it.
        "ask: { type: wait, wait: { input: { schema: {} } }, next: done, nextt: done }",
        "ask: { type: wait, wait: { input: { schema: {} } }, nextt: done, nexxt: done }",
        // Another digit is another name.
        "ask: { type: wait, wait: { input: { schema: {} } }, next: done2 }",
    ];
    for states in unsure {
        let text = document(states);
        let result = repaired("case.journey.yaml", &text);
        assert_eq!(result.source.text(), text);
        assert!(result.repaired.is_empty() && result.refused.is_empty(), "{states}");
    }
}

#[test]
fn def_007_a_repair_that_brings_another_error_is_refused() {
    let text = document("ask: { type: succed }\nlost: { type: succeed, outputVarr: not a name }");
    let result = repaired("case.journey.yaml", &text);
    assert!(
        result.source.text().contains("ask: { type: succeed }"),
        "one bad repair does not spoil the others"
    );
    assert!(result.source.text().contains("outputVarr: not a name"));
    let codes = |list: &[Diagnostic]| list.iter().map(|one| one.code.to_string()).collect::<Vec<_>>();
    assert_eq!(codes(&result.refused), ["JF2001"]);
    assert_idempotent(&result);
}

/// Any number of bad repairs takes few tries, and none of the good ones is lost.
#[test]
fn def_007_many_bad_repairs_do_not_stand_in_the_way_of_good_ones() {
    let states: String = (0..90)
        .map(|at| match at % 3 {
            0 => format!("s{at}: {{ type: succeed, outputVarr: not a name }}\n"),
            _ => format!("s{at}: {{ type: succeed, outputVarr: fine }}\n"),
        })
        .collect();
    let result = repaired("case.journey.yaml", &document(&format!("ask: {{ type: succeed }}\n{states}")));
    assert_eq!(result.source.text().matches("outputVar: fine").count(), 60);
    assert_eq!(result.source.text().matches("outputVarr: not a name").count(), 30);
    assert_eq!(result.repaired.len(), 60);
}

/// What an unknown member hides is found once it is known, and repaired with it.
#[test]
fn def_007_errors_that_come_to_light_are_repaired_too() {
    check(
        "ask:\n  type: wait\n  wiat: { imput: { schmea: {} } }\n  next: done",
        &["-      wiat: { imput: { schmea: {} } }\n", "+      wait: { input: { schema: {} } }\n"],
    );
}

#[test]
fn def_002_keys_that_are_not_text_are_quoted() {
    let text = document(
        "ask:\n  type: wait\n  wait: { input: { schema: { properties: { 200: {} } } } }\n  next: done",
    );
    let result = repaired("case.journey.yaml", &text);
    assert!(result.source.text().contains("properties: { \"200\": {} }"), "{}", result.source.text());
}

#[test]
fn line_ends_marks_and_the_end_of_the_file_stay() {
    let plain = document("ask:\n  type: wait\n  wait:\n    input: { schema: {} }\n    default: done # ä");
    let windows = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    let result = repaired("case.journey.yaml", &windows);
    let expected = windows.replace("        default: done # ä\r\n", "      next: done # ä\r\n");
    assert_eq!(result.source.text(), expected);

    let last = "apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }\nspec:\n  start: ask\n  states:\n    \
                done: { type: succeed }\n    ask:\n      type: transform\n      next: done\n      transform:\n        target: { kind: var }\n        \
                lang: jq\n        expr: .\n      resultVar: x";
    let result = repaired("case.journey.yaml", last);
    assert_eq!(result.source.text(), last.replace("      resultVar: x", "        resultVar: x"));
}

#[test]
fn json_stays_json() {
    let text = r#"{
  "apiVersion": "v1",
  "kind": "Journey",
  "metadata": { "name": "case", "version": "1.0.0" },
  "spec": {
    "strat": "ask",
    "states": {
      "ask": {
        "type": "wait",
        "wait": {
          "input": { "schema": {} },
          "default": "done"
        }
      },
      "done": { "type": "Succeed" }
    }
  }
}
"#;
    let result = repaired("case.journey.json", text);
    let expected = text.replace("strat", "start").replace("Succeed", "succeed").replace(
        ",\n          \"default\": \"done\"\n        }\n",
        "\n        },\n        \"next\": \"done\"\n",
    );
    assert_eq!(result.source.text(), expected);
    assert!(load(&result.source, &StaticCapabilities::full()).is_ok());
}

#[test]
fn def_012_retired_names_with_one_successor_are_written_anew() {
    check(
        "ask:\n  type: task\n  task: { kind: 'httpCall', method: GET, url: 'https://example.com/', resultVar: r }\n  next: done",
        &[
            "-      task: { kind: 'httpCall', method: GET, url: 'https://example.com/', resultVar: r }\n",
            "+      task: { kind: 'httpCall:v1', method: GET, url: 'https://example.com/', resultVar: r }\n",
        ],
    );
    let policy = |backoff: &str| {
        let text = document("ask: { type: transform, transform: { lang: jq, expr: . }, next: done }");
        let retry = format!("{{ maxAttempts: 2, retryOn: [TIMEOUT], backoff: {backoff} }}");
        text.replace(
            "  start: ask\n",
            &format!("  start: ask\n  policies: {{ httpResilience: {{ definitions: {{ p: {retry} }} }} }}\n"),
        )
    };
    let result = repaired("case.journey.yaml", &policy("{ initialDelayMs: 100 }"));
    assert_eq!(result.source.text(), policy("{ baseDelayMs: 100 }"));
    // `factor` has no successor, and a second `baseDelayMs` would be one too many.
    for untouched in ["{ factor: 2 }", "{ initialDelayMs: 100, baseDelayMs: 100 }"] {
        let result = repaired("case.journey.yaml", &policy(untouched));
        assert_eq!(result.source.text(), policy(untouched));
    }
}

#[test]
fn def_007_references_are_repaired_where_all_names_are_known() {
    let text = "apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }\nspec:\n  start: ask\n  mappers: { summary: { lang: jq, expr: . } }\n  states:\n    \
                ask: { type: wait, wait: { input: { schema: {} } }, next: tell }\n    tell: { type: subjourney, subjourney: { ref: notfy }, next: note }\n    \
                note: { type: transform, transform: { mapperRef: sumary }, next: done }\n    done: { type: succeed }\n  subjourneys: { notify: { start: edn, states: { end: { type: succeed } } } }\n  \
                bindings: { http: { steps: { aks: {} } } }\n";
    let result = repaired("case.journey.yaml", text);
    let expected = text
        .replace("notfy", "notify")
        .replace("sumary", "summary")
        .replace("start: edn", "start: end")
        .replace("aks", "ask");
    assert_eq!(result.source.text(), expected);
    let twice = text.replace("aks: {}", "aks: {}, ask: {}");
    assert!(repaired("case.journey.yaml", &twice).source.text().contains("aks: {}, ask: {}"));
}

/// Every fix of a diagnostic that promises to be right is one; guesses are marked.
#[test]
fn def_010_guesses_are_marked() {
    let text = document("ask: { type: wait, wait: { input: { schema: {} } }, nxtt: done }");
    let faults = load(&SourceFile::new("case.journey.yaml", text), &StaticCapabilities::full()).unwrap_err();
    let fault = faults.iter().find(|fault| fault.suggestion.as_deref() == Some("next")).unwrap();
    assert_eq!(fault.fixes.len(), 1);
    assert_eq!(fault.fixes[0].applicability, Applicability::MaybeIncorrect);
    assert!(!fault.is_fixable());
}

const VALID: &str = "\
apiVersion: v1
kind: Journey # the kind
metadata: { name: case, version: 1.0.0, tags: [ 'one', \"two\" ] }
spec:
  lifecycle: { startMode: async }   # at once
  start: shape
  states:
    shape:
      type: transform
      transform:
        lang: jq
        expr: |
          .context  # no comment
        target: { kind: context, path: result }
      next: \"ask\"

    # asks somebody
    ask:
      type: wait
      wait:
        input:
          schema: { type: object, required: [decision], properties: { decision: { type: string } } }
        response: { outputVar: result }
        timeoutSec: 3600
        onTimeout: late
      next: choose
    choose:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: '.payload.decision == \"yes\"' } }
          next: done
      default: late
    late: { type: fail, errorCode: LATE, reason: 'nobody decided' }
    done: { type: succeed, outputVar: result }
";

fn value(text: &str) -> Value {
    read_tree(&SourceFile::new("case.journey.yaml", text), &SizeLimits::default()).unwrap().to_value()
}

/// The places of words in the text.
fn words() -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in VALID.char_indices() {
        match (c.is_ascii_alphabetic(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// A letter too much, too few, or two swapped, somewhere in a word.
fn misspelt(word: &str, how: usize, at: usize) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = at % letters.len();
    match how % 4 {
        0 => letters.insert(at, letters[at]),
        1 if letters.len() > 1 => drop(letters.remove(at)),
        2 if at + 1 < letters.len() => letters.swap(at, at + 1),
        _ => letters[at] = if letters[at].is_lowercase() { letters[at].to_ascii_uppercase() } else { 'x' },
    }
    letters.into_iter().collect()
}

fn without_words(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_alphabetic()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// DEF-007: whatever is misspelt, repairing changes words only where a diagnostic pointed at one, leaves the rest to the
    /// byte, brings no error that was not there, and has nothing left to do.
    #[test]
    fn def_007_repairs_change_nothing_else(
        typos in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, 0usize..12), 1..5),
        windows in any::<bool>(),
    ) {
        let words = words();
        let mut places: Vec<(usize, usize, usize, usize)> = typos
            .iter()
            .map(|(index, how, at)| { let (start, end) = words[index.index(words.len())]; (start, end, *how, *at) })
            .collect();
        places.sort_unstable();
        places.dedup_by_key(|place| place.0);
        let mut text = VALID.to_owned();
        for (start, end, how, at) in places.into_iter().rev() {
            let word = misspelt(&VALID[start..end], how, at);
            text.replace_range(start..end, &word);
        }
        if windows {
            text = text.replace('\n', "\r\n");
        }
        let source = SourceFile::new("case.journey.yaml", text.as_str());
        let capabilities = StaticCapabilities::full();
        let result = repair(&source, &capabilities);
        prop_assert_eq!(without_words(result.source.text()), without_words(&text));
        let errors = |source: &SourceFile| load(source, &capabilities).map_or_else(|faults| faults.iter().filter(|fault| fault.is_error()).count(), |_| 0);
        let (before, after) = (errors(&source), errors(&result.source));
        prop_assert!(after <= before);
        prop_assert!(result.repaired.is_empty() || result.source.text() != text);
        let again = repair(&result.source, &capabilities);
        prop_assert_eq!(again.source.text(), result.source.text());
    }

    /// One misspelt member or target is put right again, or nothing at all is touched; the document never says a third thing.
    #[test]
    fn def_007_a_repaired_typo_gives_the_text_from_before(index in any::<prop::sample::Index>(), how in 0usize..4, at in 0usize..12) {
        let words = words();
        let (start, end) = words[index.index(words.len())];
        let mut text = VALID.to_owned();
        text.replace_range(start..end, &misspelt(&VALID[start..end], how, at));
        let result = repaired("case.journey.yaml", &text);
        if result.source.text() != text && result.source.text() != VALID {
            // A name that is used in two places can be made one again from either side.
            let loaded = load(&result.source, &StaticCapabilities::full());
            prop_assert!(loaded.is_ok(), "{}", result.source.text());
            prop_assert_eq!(without_words(&value(result.source.text()).to_string()), without_words(&value(VALID).to_string()));
        }
    }
}
