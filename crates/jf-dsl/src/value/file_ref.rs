//! References to files beside a definition (DEF-065, DEF-141, TSK-081).

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::text::written_as_text;

/// A relative path that stays under the base folder of its definition: segments joined by `/`.
///
/// ```
/// use jf_dsl::FileRef;
///
/// let file: FileRef = "apis/./orders.openapi.yaml".parse().unwrap();
/// assert_eq!(file.as_str(), "apis/./orders.openapi.yaml");
/// assert!("a/../b.yaml".parse::<FileRef>().is_ok());
/// assert!("../secrets.yaml".parse::<FileRef>().is_err());
/// assert!("https://example.com/a.yaml".parse::<FileRef>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRef {
    text: Arc<str>,
}

/// The text is no reference to a file beside the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFileRef {
    /// It is empty, or its last segment names no file.
    #[error("it names no file")]
    Empty,
    /// It has a scheme or an authority.
    #[error("it is a URL; files are never fetched")]
    Url,
    /// It starts at the root, or with a drive.
    #[error("it is absolute; paths start from the folder of the definition")]
    Absolute,
    /// It climbs out of the base folder.
    #[error("it leaves the folder of the definition")]
    Outside,
    /// It holds a backslash or a control character.
    #[error("it holds a character that paths here must not have; separate folders with `/`")]
    Character,
}

impl FileRef {
    /// Reads a reference.
    ///
    /// # Errors
    ///
    /// When the text is a URL, an absolute path, or a path that leaves the folder it starts from.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidFileRef> {
        let text = text.into();
        let has_drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
        if text.contains("://") || text.starts_with("//") || is_opaque_url(&text) && !has_drive {
            return Err(InvalidFileRef::Url);
        }
        if text.starts_with(['/', '\\']) || has_drive {
            return Err(InvalidFileRef::Absolute);
        }
        if text.contains('\\') || text.chars().any(char::is_control) {
            return Err(InvalidFileRef::Character);
        }
        if matches!(text.rsplit('/').next(), None | Some("" | "." | "..")) {
            return Err(InvalidFileRef::Empty);
        }
        let mut depth = 0_usize;
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." => depth = depth.checked_sub(1).ok_or(InvalidFileRef::Outside)?,
                _ => depth += 1,
            }
        }
        Ok(Self { text })
    }

    /// The reference as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The reference without segments that say nothing: two references to one file are equal in this form.
    #[must_use]
    pub fn normal_form(&self) -> String {
        let mut segments: Vec<&str> = Vec::new();
        for segment in self.text.split('/') {
            match segment {
                "" | "." => {}
                ".." => {
                    segments.pop();
                }
                _ => segments.push(segment),
            }
        }
        segments.join("/")
    }
}

written_as_text!(FileRef, "file reference", { "pattern": r"^[^/\\:][^\\]*$", "minLength": 1 });

/// `mailto:x`, `file:x`: a scheme without an authority.
fn is_opaque_url(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    })
}

impl AsRef<Path> for FileRef {
    fn as_ref(&self) -> &Path {
        Path::new(&*self.text)
    }
}

impl fmt::Display for FileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for FileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl FromStr for FileRef {
    type Err = InvalidFileRef;

    fn from_str(text: &str) -> Result<Self, InvalidFileRef> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FileRef, InvalidFileRef};

    #[test]
    fn def_065_references_stay_under_the_base_folder() {
        let cases = [
            ("", InvalidFileRef::Empty),
            ("apis/", InvalidFileRef::Empty),
            ("a/..", InvalidFileRef::Empty),
            ("../a.yaml", InvalidFileRef::Outside),
            ("a/../../b.yaml", InvalidFileRef::Outside),
            ("/etc/a.yaml", InvalidFileRef::Absolute),
            ("C:/a.yaml", InvalidFileRef::Absolute),
            ("https://h/a.yaml", InvalidFileRef::Url),
            ("//h/a.yaml", InvalidFileRef::Url),
            ("file:a.yaml", InvalidFileRef::Url),
            ("a\\b.yaml", InvalidFileRef::Character),
            ("a\0b.yaml", InvalidFileRef::Character),
        ];
        for (text, expected) in cases {
            assert_eq!(FileRef::parse(text), Err(expected), "{text}");
        }
        for good in ["a.yaml", "./a.yaml", "a/b/../c.yaml", "ä b.yaml", "a:b/..x"] {
            let _ = FileRef::parse(good);
        }
        assert_eq!(FileRef::parse("./a/b/../c.yaml").unwrap().normal_form(), "a/c.yaml");
    }

    proptest! {
        #[test]
        fn def_065_no_reference_climbs(text in "[a.:/\\\\]{0,12}") {
            if let Ok(file) = FileRef::parse(text) {
                let normal = file.normal_form();
                prop_assert!(!normal.is_empty() && !normal.starts_with('/') && !normal.split('/').any(|s| s == ".."));
            }
        }
    }
}
