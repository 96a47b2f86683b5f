//! JSON paths, as diagnostics write them (DEF-010).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::ids::is_ident;

/// A place in a document: `$`, then `.name`, `["any text"]` or `[index]` per step (DEF-010).
///
/// ```
/// use jf_dsl::JsonPath;
///
/// let path = JsonPath::root().member("spec").member("states").member("wait-for it").index(2);
/// assert_eq!(path.to_string(), r#"$.spec.states["wait-for it"][2]"#);
/// assert_eq!(path.to_string().parse::<JsonPath>().unwrap(), path);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct JsonPath {
    steps: Vec<PathStep>,
}

/// One step of a [`JsonPath`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// The member of an object.
    Member(Arc<str>),
    /// The item of an array, counted from 0.
    Index(usize),
}

impl JsonPath {
    /// The document root, `$`.
    #[must_use]
    pub const fn root() -> Self {
        Self { steps: Vec::new() }
    }

    /// The path of a member of the object here.
    #[must_use]
    pub fn member(mut self, name: impl Into<Arc<str>>) -> Self {
        self.steps.push(PathStep::Member(name.into()));
        self
    }

    /// The path of an item of the array here.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.steps.push(PathStep::Index(index));
        self
    }

    /// The path of `tail`, read as starting here instead of at `$`.
    #[must_use]
    pub fn join(mut self, tail: &JsonPath) -> Self {
        self.steps.extend_from_slice(&tail.steps);
        self
    }

    /// The steps from the root.
    #[must_use]
    pub fn steps(&self) -> &[PathStep] {
        &self.steps
    }

    /// Whether this is `$`.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The paths from the root to here, both included.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = JsonPath> + '_ {
        (0..=self.steps.len()).map(|length| Self { steps: self.steps[..length].to_vec() })
    }

    pub(crate) fn from_steps(steps: Vec<PathStep>) -> Self {
        Self { steps }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.steps {
            match step {
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Member(name) if is_ident(name) => write!(f, ".{name}")?,
                PathStep::Member(name) => {
                    let quoted = serde_json::to_string(&**name).map_err(|_| fmt::Error)?;
                    f.write_str("[")?;
                    for c in quoted.chars() {
                        // What is not seen, or turns the direction of what follows, is written as an escape.
                        if c.is_control() || is_invisible(c) {
                            write!(f, "\\u{:04x}", u32::from(c))?;
                        } else {
                            write!(f, "{c}")?;
                        }
                    }
                    f.write_str("]")?;
                }
            }
        }
        Ok(())
    }
}

/// Line separators, and marks and controls of the direction of text.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for JsonPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text is not a path in the form of [`JsonPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON path")]
pub struct InvalidJsonPath;

impl FromStr for JsonPath {
    type Err = InvalidJsonPath;

    fn from_str(text: &str) -> Result<Self, InvalidJsonPath> {
        let mut rest = text.strip_prefix('$').ok_or(InvalidJsonPath)?;
        let mut path = Self::root();
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix('.') {
                let end = tail.find(['.', '[']).unwrap_or(tail.len());
                let (name, after) = tail.split_at(end);
                if !is_ident(name) {
                    return Err(InvalidJsonPath);
                }
                path = path.member(name);
                rest = after;
            } else {
                let tail = rest.strip_prefix('[').ok_or(InvalidJsonPath)?;
                let (step, length) =
                    if tail.starts_with('"') { quoted_step(tail)? } else { index_step(tail)? };
                path.steps.push(step);
                rest = tail[length..].strip_prefix(']').ok_or(InvalidJsonPath)?;
            }
        }
        Ok(path)
    }
}

fn quoted_step(text: &str) -> Result<(PathStep, usize), InvalidJsonPath> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let name = values.next().and_then(Result::ok).ok_or(InvalidJsonPath)?;
    Ok((PathStep::Member(name.into()), values.byte_offset()))
}

fn index_step(text: &str) -> Result<(PathStep, usize), InvalidJsonPath> {
    let length = text.find(']').ok_or(InvalidJsonPath)?;
    let digits = &text[..length];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidJsonPath);
    }
    Ok((PathStep::Index(digits.parse().map_err(|_| InvalidJsonPath)?), length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{JsonPath, PathStep};

    #[test]
    fn def_010_forms_of_a_step() {
        let path = JsonPath::root().member("a_1").member("b-c").member("").member("q\"]x").index(0);
        assert_eq!(path.to_string(), r#"$.a_1["b-c"][""]["q\"]x"][0]"#);
        for bad in ["", "a", "$.", "$.1", "$[", "$[]", "$[-1]", "$[\"a]", "$x"] {
            assert!(bad.parse::<JsonPath>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn def_010_a_path_reads_back_as_written(steps in prop::collection::vec(
            prop_oneof![any::<String>().prop_map(|s| PathStep::Member(s.into())), any::<usize>().prop_map(PathStep::Index)],
            0..6,
        )) {
            let path = JsonPath::from_steps(steps);
            prop_assert_eq!(path.to_string().parse::<JsonPath>(), Ok(path));
        }

        #[test]
        fn reading_a_path_never_panics(text in any::<String>()) {
            let _ = text.parse::<JsonPath>();
        }
    }
}
