//! Values that a scenario has captured.

use std::collections::BTreeMap;

use serde_json::Value;

/// Captured values by name; `$name` in a later text stands for one.
#[derive(Debug, Clone, Default)]
pub struct Bindings(BTreeMap<String, Value>);

impl Bindings {
    /// Remembers a value; one of that name is replaced.
    pub fn bind(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// The value under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text with what was captured. A text that is one `$name` and nothing else becomes the value itself; a `$` that no captured
    /// name follows stays as it is.
    #[must_use]
    pub fn insert(&self, text: &str) -> Value {
        if let Some(value) = text.strip_prefix('$').and_then(|name| self.get(name)) {
            return value.clone();
        }
        Value::String(self.insert_text(text))
    }

    /// Like [`insert`](Self::insert), for places that hold texts only.
    #[must_use]
    pub fn insert_text(&self, text: &str) -> String {
        if self.0.is_empty() || !text.contains('$') {
            return text.to_owned();
        }
        let mut parts = text.split('$');
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
            // The longest name that is known: `$idx` may be `$id` and an `x`.
            let known = (1..=end).rev().find_map(|end| Some((end, self.get(&part[..end])?)));
            match known {
                Some((end, Value::String(value))) => {
                    out.push_str(value);
                    out.push_str(&part[end..]);
                }
                Some((end, value)) => {
                    out.push_str(&value.to_string());
                    out.push_str(&part[end..]);
                }
                None => {
                    out.push('$');
                    out.push_str(part);
                }
            }
        }
        out
    }

    /// A value whose texts are inserted into.
    #[must_use]
    pub fn insert_all(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.insert(text),
            Value::Array(items) => items.iter().map(|item| self.insert_all(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.insert_all(value))).collect()
            }
            _ => value.clone(),
        }
    }

    /// Names with texts that are inserted into.
    #[must_use]
    pub fn insert_pairs(&self, pairs: &[(String, String)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.clone(), self.insert_text(value))).collect()
    }
}
