//! JSON files follow the JSON grammar to the letter, although the YAML reader builds their tree.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Number;

use super::NodeValue;

/// What is wrong with a text as JSON.
#[derive(Debug)]
pub(super) struct NotJson {
    /// The byte at fault.
    pub(super) offset: usize,
    /// What is wrong there.
    pub(super) message: String,
}

/// Checks the grammar of a JSON text without a byte order mark.
pub(super) fn check(text: &str) -> Result<(), NotJson> {
    let Err(error) = serde_json::from_str::<IgnoredAny>(text) else { return Ok(()) };
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    // Nesting is judged by the tree, which knows the path.
    if message.starts_with("recursion limit") {
        return Ok(());
    }
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = (line_start + error.column().saturating_sub(1)).min(text.len());
    Err(NotJson { offset: text.floor_char_boundary(offset), message })
}

/// The text with other characters, of the same bytes in number, where JSON allows in a string what YAML does not.
///
/// Scalars are taken from the text itself, so nobody sees the stand-ins.
pub(super) fn for_yaml_reader(text: &str) -> Cow<'_, str> {
    let (mark, body) = text.split_at(if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 });
    let stand_in = |c| match c {
        '\u{7f}' => Some('?'),
        '\u{80}'..='\u{9f}' => Some('\u{a0}'),
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => Some('\u{fffd}'),
        _ => None,
    };
    if !body.contains(|c| stand_in(c).is_some()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(mark.chars().chain(body.chars().map(|c| stand_in(c).unwrap_or(c))).collect())
}

/// The value of a scalar as it stands in a JSON text; `None` for a number without a finite value (DEF-006).
pub(super) fn scalar(source: &str) -> Option<NodeValue> {
    Some(match source {
        "null" => NodeValue::Null,
        "true" => NodeValue::Bool(true),
        "false" => NodeValue::Bool(false),
        quoted if quoted.starts_with('"') => NodeValue::String(string(quoted)),
        digits => NodeValue::Number(serde_json::from_str::<Number>(digits).ok()?),
    })
}

fn string(quoted: &str) -> std::sync::Arc<str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return inner.into();
    }
    // The grammar was checked, lone surrogates excepted.
    serde_json::from_str::<String>(quoted).unwrap_or_else(|_| inner.to_owned()).into()
}
