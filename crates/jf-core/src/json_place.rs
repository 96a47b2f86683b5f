//! Places in JSON texts, for what is told to those who wrote them.

use std::fmt;

/// Line and column of a JSON text, both from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonPlace {
    /// The line.
    pub line: usize,
    /// The character in its line.
    pub column: usize,
}

impl JsonPlace {
    /// The place just after `before`, which is UTF-8.
    #[must_use]
    pub fn after(before: &[u8]) -> Self {
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let line = 1 + before[..start].iter().filter(|b| **b == b'\n').count();
        Self { line, column: 1 + characters(&before[start..]) }
    }

    /// The place an error names, whose column counts bytes up to and including the one at fault.
    fn reported(text: &str, error: &serde_json::Error) -> Self {
        let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let upto = error.column().min(line.len());
        Self { line: error.line().max(1), column: characters(&line.as_bytes()[..upto]).max(1) }
    }
}

impl fmt::Display for JsonPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why and where `text` is no JSON, as `error` has it: a sentence for its author that repeats nothing of it.
///
/// ```
/// let text = r#"{"amount":}"#;
/// let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
/// assert_eq!(jf_core::explain_json(text, &error), "expected value at line 1, column 11");
/// ```
#[must_use]
pub fn explain_json(text: &str, error: &serde_json::Error) -> String {
    let message = error.to_string();
    let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
    format!("{reason} at {}", JsonPlace::reported(text, error))
}

fn characters(utf8: &[u8]) -> usize {
    utf8.iter().filter(|b| !(0x80..0xc0).contains(*b)).count()
}
