//! Dot-paths: where values are read from and written to (EXP-060 ff., STA-009, STA-053).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::ids::is_ident;
use crate::text::written_as_text;

/// Something with named members that a [`DotPath`] can be read from.
///
/// Implemented for JSON objects and for any JSON value (a value that is no object has no members).
pub trait Members {
    /// The member of that name.
    fn member(&self, name: &str) -> Option<&Value>;
}

impl Members for Map<String, Value> {
    fn member(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

impl Members for Value {
    fn member(&self, name: &str) -> Option<&Value> {
        self.as_object().and_then(|object| object.get(name))
    }
}

impl<T: Members + ?Sized> Members for &T {
    fn member(&self, name: &str) -> Option<&Value> {
        T::member(self, name)
    }
}

impl<T: Members + ?Sized> Members for Arc<T> {
    fn member(&self, name: &str) -> Option<&Value> {
        T::member(self, name)
    }
}

/// A path to read from: segments `[A-Za-z_][A-Za-z0-9_-]*` joined by `.` (EXP-060).
///
/// ```
/// use jf_dsl::DotPath;
/// use serde_json::json;
///
/// let path: DotPath = "order.line-items".parse().unwrap();
/// assert_eq!(path.read(&json!({ "order": { "line-items": 3 } })), Some(&json!(3)));
/// assert_eq!(path.read(&json!({ "order": [] })), None);
/// assert!("order[0]".parse::<DotPath>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DotPath {
    text: Arc<str>,
}

/// A path to write to: like a [`DotPath`], with the stricter segments `[A-Za-z_][A-Za-z0-9_]*` (EXP-060).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WritePath {
    text: Arc<str>,
}

written_as_text!(DotPath, "path", { "pattern": r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$" });
written_as_text!(WritePath, "path", { "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$" });

/// The text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDotPath {
    /// The whole path, or a segment of it, is empty.
    #[error("a segment is empty")]
    Empty,
    /// The path has brackets; only members of objects can be addressed.
    #[error("brackets are not allowed, a path walks members of objects only")]
    Brackets,
    /// A segment has a form that is not allowed.
    #[error("the segment `{0}` is not an identifier")]
    Segment(String),
}

/// A write met an intermediate value that is neither an object nor `null` (STA-009,
/// `urn:journeyforge:error:path-conflict`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write `{path}`: `{at}` is not an object")]
pub struct PathConflict {
    path: WritePath,
    at: String,
}

impl PathConflict {
    /// The path that was to be written.
    #[must_use]
    pub fn path(&self) -> &WritePath {
        &self.path
    }

    /// The leading part of the path that holds a value of another type.
    #[must_use]
    pub fn at(&self) -> &str {
        &self.at
    }
}

impl DotPath {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// When a segment is empty or not of the allowed form.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidDotPath> {
        let text = text.into();
        check(&text, is_read_segment)?;
        Ok(Self { text })
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The segments in order; at least one.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.text.split('.')
    }

    /// The value at the path, walking objects only; `None` when a key is missing or a value on the way is no object
    /// (EXP-061).
    #[must_use]
    pub fn read<'a>(&self, from: &'a (impl Members + ?Sized)) -> Option<&'a Value> {
        let mut segments = self.segments();
        let first = from.member(segments.next()?)?;
        segments.try_fold(first, |value, segment| value.as_object()?.get(segment))
    }
}

impl WritePath {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// When a segment is empty or not an identifier.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidDotPath> {
        let text = text.into();
        check(&text, is_ident)?;
        Ok(Self { text })
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The segments in order; at least one.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.text.split('.')
    }

    /// The first segment, the key of the context that a write changes.
    #[must_use]
    pub fn root(&self) -> &str {
        self.text.split_once('.').map_or(&*self.text, |(first, _)| first)
    }

    /// Replaces the value at the path, creating objects for missing or `null` intermediates (STA-009).
    ///
    /// # Errors
    ///
    /// When an intermediate value is of any other type; the object is then unchanged.
    pub fn write(&self, into: &mut Map<String, Value>, value: Value) -> Result<(), PathConflict> {
        self.check_write(into)?;
        let mut object = into;
        let (parents, last) = match self.text.rsplit_once('.') {
            Some((parents, last)) => (Some(parents), last),
            None => (None, &*self.text),
        };
        for segment in parents.into_iter().flat_map(|parents| parents.split('.')) {
            let slot = object.entry(segment).or_insert(Value::Null);
            if slot.is_null() {
                *slot = Value::Object(Map::new());
            }
            object = slot.as_object_mut().expect("checked above: intermediates are objects, missing or null");
        }
        object.insert(last.to_owned(), value);
        Ok(())
    }

    /// Whether [`write`](Self::write) would succeed.
    ///
    /// # Errors
    ///
    /// As `write`.
    pub fn check_write(&self, into: &(impl Members + ?Sized)) -> Result<(), PathConflict> {
        let mut end = 0;
        let mut current: Option<&Value> = None;
        for segment in self.segments() {
            let value = match current {
                None => into.member(segment),
                Some(value) => value.as_object().and_then(|object| object.get(segment)),
            };
            end += segment.len();
            if end == self.text.len() {
                return Ok(());
            }
            match value {
                None | Some(Value::Null) => return Ok(()),
                Some(Value::Object(_)) => current = value,
                Some(_) => return Err(PathConflict { path: self.clone(), at: self.text[..end].to_owned() }),
            }
            end += 1;
        }
        Ok(())
    }
}

fn check(text: &str, segment_ok: fn(&str) -> bool) -> Result<(), InvalidDotPath> {
    if text.contains(['[', ']']) {
        return Err(InvalidDotPath::Brackets);
    }
    for segment in text.split('.') {
        if segment.is_empty() {
            return Err(InvalidDotPath::Empty);
        }
        if !segment_ok(segment) {
            return Err(InvalidDotPath::Segment(segment.to_owned()));
        }
    }
    Ok(())
}

fn is_read_segment(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

macro_rules! text_impls {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.text, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidDotPath;

            fn from_str(text: &str) -> Result<Self, InvalidDotPath> {
                Self::parse(text)
            }
        }
    )*};
}

text_impls!(DotPath, WritePath);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{DotPath, InvalidDotPath, WritePath};

    #[test]
    fn exp_060_forms() {
        assert!(DotPath::parse("_a.b-c.D1").is_ok());
        assert_eq!(WritePath::parse("a.b-c"), Err(InvalidDotPath::Segment("b-c".into())));
        assert_eq!(DotPath::parse(""), Err(InvalidDotPath::Empty));
        assert_eq!(DotPath::parse("a..b"), Err(InvalidDotPath::Empty));
        assert_eq!(DotPath::parse("a[0]"), Err(InvalidDotPath::Brackets));
        assert_eq!(DotPath::parse("a.0"), Err(InvalidDotPath::Segment("0".into())));
    }

    #[test]
    fn exp_061_reading_walks_objects_only() {
        let value = json!({ "a": { "b": null, "c": [1] }, "a.b": 9 });
        let read = |path: &str| path.parse::<DotPath>().unwrap().read(&value).cloned();
        assert_eq!(read("a.b"), Some(Value::Null), "EXP-063: the key with a dot is not meant");
        assert_eq!(read("a.c.x"), None);
        assert_eq!(read("a.b.x"), None);
        assert_eq!(read("x"), None);
    }

    #[test]
    fn sta_009_writing_creates_objects_and_refuses_conflicts() {
        let mut map = Map::new();
        WritePath::parse("a.b.c").unwrap().write(&mut map, json!(1)).unwrap();
        map.insert("n".into(), Value::Null);
        WritePath::parse("n.x").unwrap().write(&mut map, json!(2)).unwrap();
        WritePath::parse("n").unwrap().write(&mut map, json!(3)).unwrap();
        assert_eq!(Value::Object(map.clone()), json!({ "a": { "b": { "c": 1 } }, "n": 3 }));
        let before = map.clone();
        let conflict = WritePath::parse("a.b.c.d.e").unwrap().write(&mut map, json!(0)).unwrap_err();
        assert_eq!(conflict.at(), "a.b.c");
        assert_eq!(map, before, "a refused write changes nothing");
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::hash_map("[a-c]", inner, 0..3)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn sta_009_what_is_written_is_read_back(path in "[a-c](\\.[a-c]){0,3}", value in json_value(), target in json_value()) {
            let mut map = target.as_object().cloned().unwrap_or_default();
            let before = map.clone();
            match WritePath::parse(&*path).unwrap().write(&mut map, value.clone()) {
                Ok(()) => prop_assert_eq!(DotPath::parse(&*path).unwrap().read(&map), Some(&value)),
                Err(_) => prop_assert_eq!(map, before),
            }
        }

        #[test]
        fn reading_a_path_never_panics(text in any::<String>()) {
            let _ = DotPath::parse(&*text);
            let _ = WritePath::parse(&*text);
        }
    }
}
