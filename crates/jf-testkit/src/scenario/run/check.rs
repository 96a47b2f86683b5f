//! Whether an answer is what a step expects.

use http::HeaderMap;
use serde_json::Value;

use super::super::format::{Expect, ResultKind, Step};
use super::play::Wrong;
use crate::Answer;
use crate::expected::{Bindings, Comparison, DiffKind, DiffLine, Expected, short};

/// Compares an answer with what is expected. Without an expectation anything but a refusal is fine.
pub(super) fn answer(step: &Step, answer: &Answer, bindings: &mut Bindings) -> Result<(), Wrong> {
    let Some(expect) = &step.expect else {
        let Some(problem) = answer.problem() else { return Ok(()) };
        let mut wrong = Wrong::new(step.span, "it was refused, which nothing here expects");
        wrong.diff = Comparison::of(&Expected::absent(), Some(problem), bindings).lines;
        return Err(wrong);
    };
    if answer.result() != expect.result.as_str() {
        let message = format!("the answer is of the kind `{}`", answer.result());
        let mut wrong = Wrong::new(expect.result_span, message);
        let came = document_of(answer);
        wrong.diff = vec![
            DiffLine::new(DiffKind::Expected, format!("result: {}", expect.result.as_str())),
            DiffLine::new(DiffKind::Actual, format!("result: {} {}", answer.result(), short(&came))),
        ];
        return Err(wrong);
    }
    if let Some(expected) = &expect.content {
        compare(expected, Some(&document_of(answer)), bindings)?;
    }
    if let Answer::Response(response) = answer
        && let Some(expected) = &expect.status
    {
        compare(expected, Some(&response.status.into()), bindings)?;
    }
    if let Some(headers) = headers_of(answer) {
        check_headers(expect, headers, bindings)?;
    }
    if let (Answer::Events(events), Some((kinds, span))) = (answer, &expect.kinds) {
        let found: Vec<String> = events.iter().map(|event| event.kind.as_str().to_owned()).collect();
        if *kinds != found {
            let mut wrong = Wrong::new(
                *span,
                format!("{} events are expected, and there are {}", kinds.len(), found.len()),
            );
            if kinds.len() == found.len() {
                "other events were received".clone_into(&mut wrong.message);
            }
            wrong.diff = lists(kinds, &found);
            return Err(wrong);
        }
    }
    debug_assert!(expect.kinds.is_none() || expect.result == ResultKind::Events);
    Ok(())
}

fn compare(expected: &Expected, actual: Option<&Value>, bindings: &mut Bindings) -> Result<(), Wrong> {
    if expected.matches(actual, bindings) {
        return Ok(());
    }
    let comparison = Comparison::of(expected, actual, bindings);
    let Some(first) = comparison.mismatches.first() else {
        return Err(Wrong::new(expected.span(), "this does not match"));
    };
    let place = if first.path.is_root() { String::new() } else { format!("{}: ", first.path) };
    let mut wrong = Wrong::new(first.span, format!("{place}{}", first.message));
    wrong.diff = comparison.lines;
    Err(wrong)
}

fn check_headers(expect: &Expect, headers: &HeaderMap, bindings: &mut Bindings) -> Result<(), Wrong> {
    for (name, expected) in &expect.headers {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let values: Vec<Value> = values.map(Value::from).collect();
        let fits = match values.as_slice() {
            [] => expected.matches(None, bindings),
            values => values.iter().any(|value| expected.matches(Some(value), bindings)),
        };
        if !fits {
            let mut wrong = Wrong::new(expected.span(), format!("the header `{name}` is not like this"));
            wrong.diff.push(DiffLine::new(DiffKind::Expected, format!("{name}: {expected}")));
            let actual = values.iter().map(|value| format!("{name}: {}", short(value)));
            wrong.diff.extend(actual.map(|text| DiffLine::new(DiffKind::Actual, text)));
            return Err(wrong);
        }
    }
    Ok(())
}

fn document_of(answer: &Answer) -> Value {
    match answer {
        Answer::Started(seen) | Answer::Status(seen) | Answer::Outcome(seen) => seen.document.clone(),
        Answer::Page(page) => page.clone(),
        Answer::Response(response) => response.body.clone(),
        Answer::Error(problem) => problem.clone(),
        Answer::Events(events) => events.iter().map(|event| Value::from(event.kind.as_str())).collect(),
    }
}

/// The headers, where the transport has any.
fn headers_of(answer: &Answer) -> Option<&HeaderMap> {
    match answer {
        Answer::Started(seen) | Answer::Status(seen) | Answer::Outcome(seen) => seen.headers.as_ref(),
        Answer::Response(response) => response.headers.as_ref(),
        _ => None,
    }
}

/// Two lists of words, with what one has and the other has not.
pub(super) fn lists(wanted: &[String], found: &[String]) -> Vec<DiffLine> {
    // The longest common subsequence; the lists are short.
    let mut longest = vec![vec![0_usize; found.len() + 1]; wanted.len() + 1];
    for (i, want) in wanted.iter().enumerate().rev() {
        for (j, have) in found.iter().enumerate().rev() {
            longest[i][j] = if want == have {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < wanted.len() || j < found.len() {
        let line = if i < wanted.len() && j < found.len() && wanted[i] == found[j] {
            (i, j) = (i + 1, j + 1);
            DiffLine::new(DiffKind::Same, found[j - 1].clone())
        } else if j == found.len() || (i < wanted.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            i += 1;
            DiffLine::new(DiffKind::Expected, wanted[i - 1].clone())
        } else {
            j += 1;
            DiffLine::new(DiffKind::Actual, found[j - 1].clone())
        };
        lines.push(line);
    }
    lines
}
