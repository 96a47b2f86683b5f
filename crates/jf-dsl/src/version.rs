//! Versions of definitions and kinds of tasks.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::text::written_as_text;

/// A version of a definition: Semantic Versioning 2.0.0 (DEF-024).
///
/// The order is SemVer precedence; versions that differ in build metadata alone are ordered by it, so that the order
/// is total (DEF-028 needs one highest version).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

impl Version {
    /// A release version.
    #[must_use]
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self(semver::Version::new(major, minor, patch))
    }

    /// Reads a version.
    ///
    /// # Errors
    ///
    /// When the text is not a Semantic Versioning 2.0.0 version.
    pub fn parse(text: &str) -> Result<Self, InvalidVersion> {
        semver::Version::parse(text).map(Self).map_err(|error| InvalidVersion(error.to_string()))
    }

    /// Whether this is a pre-release, like `1.0.0-rc.1`.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        Self::parse(text)
    }
}

written_as_text!(Version, "version", {
    "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\
        (-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?\
        (\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$",
    "examples": ["1.0.0"]
});

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The text is not a Semantic Versioning 2.0.0 version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a semantic version: {0}")]
pub struct InvalidVersion(String);

/// The kind of a task, `<pluginType>:v<major>` (TSK-001), for example `httpCall:v1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKind {
    text: Arc<str>,
    colon: usize,
}

impl TaskKind {
    /// Reads a kind: a type `[A-Za-z][A-Za-z0-9_.-]*`, `:v` and a positive major without leading zeros.
    ///
    /// # Errors
    ///
    /// When the text has another form.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidTaskKind> {
        let text = text.into();
        let colon = text.find(':').ok_or(InvalidTaskKind::NoMajor)?;
        let (plugin, rest) = text.split_at(colon);
        let plugin_ok = plugin.starts_with(|c: char| c.is_ascii_alphabetic())
            && plugin.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if !plugin_ok {
            return Err(InvalidTaskKind::Plugin);
        }
        let major = rest.strip_prefix(":v").ok_or(InvalidTaskKind::Major)?;
        let digits = !major.starts_with('0') && major.bytes().all(|b| b.is_ascii_digit());
        if !digits || major.parse::<u32>().is_err() {
            return Err(InvalidTaskKind::Major);
        }
        Ok(Self { text, colon })
    }

    /// The whole kind, like `httpCall:v1`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the colon, like `httpCall`.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.text[..self.colon]
    }

    /// The major version of the plugin's contract.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.text[self.colon + 2..].parse().expect("checked when the kind was read")
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for TaskKind {
    type Err = InvalidTaskKind;

    fn from_str(text: &str) -> Result<Self, InvalidTaskKind> {
        Self::parse(text)
    }
}

written_as_text!(TaskKind, "task kind", { "pattern": "^[A-Za-z][A-Za-z0-9_.-]*:v[1-9][0-9]*$" });

impl<'de> Deserialize<'de> for TaskKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text).map_err(serde::de::Error::custom)
    }
}

/// The text is not a task kind (TSK-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTaskKind {
    /// There is a type alone, without `:v<major>`.
    #[error("`:v<major>` is missing")]
    NoMajor,
    /// The plugin type is not `[A-Za-z][A-Za-z0-9_.-]*`.
    #[error("the plugin type must be a letter followed by letters, digits, `_`, `.` or `-`")]
    Plugin,
    /// What follows the type is not `:v` and a positive integer without leading zeros.
    #[error("the type must be followed by `:v` and a positive integer without leading zeros")]
    Major,
}

#[cfg(test)]
mod tests {
    use super::{InvalidTaskKind, TaskKind, Version};

    #[test]
    fn tsk_001_task_kinds() {
        let kind = TaskKind::parse("httpCall:v12").unwrap();
        assert_eq!((kind.plugin(), kind.major(), kind.as_str()), ("httpCall", 12, "httpCall:v12"));
        assert_eq!(TaskKind::parse("httpCall"), Err(InvalidTaskKind::NoMajor));
        assert_eq!(TaskKind::parse("1x:v1"), Err(InvalidTaskKind::Plugin));
        assert_eq!(TaskKind::parse(":v1"), Err(InvalidTaskKind::Plugin));
        for bad in ["x:1", "x:", "x:v0", "x:v01", "x:v", "x:v1a", "x:v99999999999"] {
            assert_eq!(TaskKind::parse(bad), Err(InvalidTaskKind::Major), "{bad}");
        }
    }

    #[test]
    fn def_028_versions_are_ordered_by_precedence() {
        let mut versions: Vec<Version> = ["1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0", "1.9.0+b"]
            .iter()
            .map(|v| v.parse().unwrap())
            .collect();
        versions.sort();
        let texts: Vec<String> = versions.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["1.9.0", "1.9.0+b", "1.10.0", "2.0.0-rc.1", "2.0.0"]);
        assert!(versions[3].is_prerelease() && !versions[4].is_prerelease());
        assert!(Version::parse("1.0").is_err());
    }
}
