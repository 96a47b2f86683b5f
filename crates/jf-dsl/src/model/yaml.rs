//! Documents as YAML that reads back to the same values.
//!
//! General writers follow YAML 1.1: they fold line separators inside text, which YAML 1.2 does not take for breaks, and leave the
//! key `<<` bare. Here text is bare only where it cannot be anything else, and quoted as in JSON otherwise.

use serde_json::Value;

/// Keys longer than this are marked as such: a reader looks only so far for the colon.
const LONGEST_KEY: usize = 200;

/// The document in block style, ending with a line break.
pub(super) fn write(document: &Value) -> String {
    let mut out = String::new();
    block(document, 0, &mut out);
    // The first line break stands before the first line.
    let text = out.trim_start();
    format!("{text}\n")
}

/// The value after a key or a dash.
fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                line(indent, out);
                let key = scalar(key);
                if key.len() > LONGEST_KEY {
                    out.push_str("? ");
                    out.push_str(&key);
                    line(indent, out);
                } else {
                    out.push_str(&key);
                }
                out.push(':');
                block(value, indent + 1, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                line(indent, out);
                out.push('-');
                block(item, indent + 1, out);
            }
        }
        Value::String(text) => {
            out.push(' ');
            out.push_str(&scalar(text));
        }
        // Numbers, booleans, `null` and what is empty are written as in JSON.
        other => {
            out.push(' ');
            out.push_str(&other.to_string());
        }
    }
}

fn line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", indent));
}

/// Text, bare where that can be nothing but text.
fn scalar(text: &str) -> String {
    let word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !["true", "false", "null"].iter().any(|typed| text.eq_ignore_ascii_case(typed));
    if word {
        return text.to_owned();
    }
    let quoted = Value::from(text).to_string();
    // What a reader may take for a break, a mark or nothing is escaped, as JSON does not ask for.
    let mut out = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}
