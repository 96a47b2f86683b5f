//! What a frame must be like.

use serde_json::{Map, Value};

use crate::Bindings;
use crate::matching::same_scalar;

/// A JSON value with names in it.
///
/// Objects are matched as subsets unless the pattern is exact, lists item by item, scalars by JSON equality. A text that is one `$name` stands
/// for any value the first time, which is remembered, and for that value from then on; names inside a longer text are inserted. `$any`
/// is any value, `$absent` no member, and `$$` a dollar.
#[derive(Debug, Clone)]
pub struct Pattern {
    value: Value,
    exact: bool,
}

impl Pattern {
    /// A pattern; an exact one has no members beside those it names.
    #[must_use]
    pub const fn new(value: Value, exact: bool) -> Self {
        Self { value, exact }
    }

    /// Compares a value, and remembers what the names stand for.
    ///
    /// # Errors
    /// Where it differs: a JSON Pointer, what is expected there and what is there.
    pub fn compare(&self, actual: &Value, bindings: &mut Bindings) -> Result<(), String> {
        let mut path = String::new();
        compare(&self.value, Some(actual), self.exact, bindings, &mut path)
    }

    /// The names that it gives or uses.
    pub(super) fn names(&self) -> Vec<String> {
        let mut found = Vec::new();
        names(&self.value, &mut found);
        found
    }
}

fn names(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.extend(whole_name(text).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(members) => members.values().for_each(|member| names(member, found)),
        _ => {}
    }
}

/// The name that a text is.
pub(super) fn whole_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (is_name && !RESERVED.contains(&name)).then_some(name)
}

/// Names that are none.
pub(super) const RESERVED: [&str; 3] = ["any", "absent", "pad"];

fn compare(
    expected: &Value,
    actual: Option<&Value>,
    exact: bool,
    bindings: &mut Bindings,
    path: &mut String,
) -> Result<(), String> {
    let differs = |path: &str, expected: &Value| {
        let actual = actual.map_or_else(|| "nothing".to_owned(), Value::to_string);
        Err(format!("at `{path}` expected {expected}, got {actual}"))
    };
    match (expected, actual) {
        (Value::String(text), None) if text == "$absent" => Ok(()),
        (Value::String(text), Some(_)) if text == "$any" => Ok(()),
        (_, None) => differs(path, expected),
        (Value::String(text), Some(actual)) => {
            if text == "$absent" {
                return differs(path, expected);
            }
            match whole_name(text) {
                Some(name) if bindings.get(name).is_none() => {
                    bindings.bind(name, actual.clone());
                    Ok(())
                }
                _ => {
                    let wanted = inserted(text, bindings);
                    if same_scalar(&wanted, actual) { Ok(()) } else { differs(path, &wanted) }
                }
            }
        }
        (Value::Object(members), Some(Value::Object(found))) => object(members, found, exact, bindings, path),
        (Value::Array(items), Some(Value::Array(found))) if items.len() == found.len() => {
            for (at, (item, found)) in items.iter().zip(found).enumerate() {
                let length = path.len();
                path.push_str(&format!("/{at}"));
                compare(item, Some(found), exact, bindings, path)?;
                path.truncate(length);
            }
            Ok(())
        }
        (expected, Some(actual)) if same_scalar(expected, actual) => Ok(()),
        _ => differs(path, expected),
    }
}

fn object(
    members: &Map<String, Value>,
    found: &Map<String, Value>,
    exact: bool,
    bindings: &mut Bindings,
    path: &mut String,
) -> Result<(), String> {
    if let Some(other) = found.keys().find(|name| exact && !members.contains_key(*name)) {
        return Err(format!("at `{path}` there is a member `{other}` too: {}", found[other]));
    }
    for (name, expected) in members {
        let length = path.len();
        path.push('/');
        path.push_str(name);
        compare(expected, found.get(name), exact, bindings, path)?;
        path.truncate(length);
    }
    Ok(())
}

/// A text with what its names stand for; the value itself where it is one name.
fn inserted(text: &str, bindings: &Bindings) -> Value {
    match whole_name(text).and_then(|name| bindings.get(name)) {
        Some(value) => value.clone(),
        None => Value::String(insert(text, bindings)),
    }
}

/// A text with its names inserted, `$pad(n)` as so many letters, and `$$` as a dollar.
pub(super) fn insert(text: &str, bindings: &Bindings) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        if let Some((count, after)) = rest.strip_prefix("pad(").and_then(|pad| pad.split_once(')'))
            && let Ok(count) = count.parse()
        {
            out.extend(std::iter::repeat_n('x', count));
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        match bindings.get(&rest[..end]) {
            Some(Value::String(value)) => out.push_str(value),
            Some(value) => out.push_str(&value.to_string()),
            None => {
                out.push('$');
                out.push_str(&rest[..end]);
            }
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// The names that a text of a client uses.
pub(super) fn used(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if !rest[..end].is_empty() && &rest[..end] != "pad" {
            found.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    found
}
