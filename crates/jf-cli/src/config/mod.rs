//! The configuration of a system: one YAML file, every key of it in the table [`KEYS`].

mod faults;
mod keys;
mod kind;
mod parts;
mod read;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jf_dsl::{Diagnostic, Diagnostics, JsonPath, Node, RuleInfo, SourceFile, Span};
use serde_json::Value;

pub use faults::CONFIG_RULES;
pub(crate) use faults::{NOT_YET, SECOND_LIMITS};
pub use keys::{KEYS, Key};
pub use kind::Kind;
pub use parts::Use;

/// The name under which a configuration is looked for.
pub const CONFIG_FILE: &str = "jf.yaml";

/// The values of a configuration; keys without a value have the default of [`KEYS`].
///
/// ```
/// use jf_cli::Config;
///
/// let config = Config::default().with("http.listen", "127.0.0.1:0").unwrap().with("limits.syncWait", "PT5S").unwrap();
/// assert_eq!(config.listen().port(), 0);
/// assert!(Config::default().with("http.lisen", "127.0.0.1:0").is_err());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Config {
    values: BTreeMap<String, Given>,
    file: Option<PathBuf>,
}

/// A setting that cannot be made.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .0.message)]
pub struct InvalidSetting(Box<Diagnostic>);

impl InvalidSetting {
    /// The same as a diagnostic, without a position.
    #[must_use]
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.0
    }
}

/// A value with the place it was read from.
#[derive(Debug, Clone)]
struct Given {
    value: Value,
    place: Option<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    path: JsonPath,
    source: SourceFile,
    /// That of the key.
    key: Span,
    /// That of the value.
    span: Span,
}

impl Config {
    /// Reads a configuration. Beside it are the faults of the file; keys that have one count as absent, so that a caller
    /// can go on and report more.
    #[must_use]
    pub fn read(source: &SourceFile) -> (Self, Diagnostics) {
        let (values, mut faults) = read::read(source);
        let config = Self { values, file: None };
        faults.append(config.contradictions().into_iter().collect::<Diagnostics>());
        (config, faults)
    }

    /// Reads a configuration that is a part of another file, at `path` in it; see [`read`](Self::read).
    pub(crate) fn read_part(source: &SourceFile, part: &Node, path: &JsonPath) -> (Self, Diagnostics) {
        let (values, mut faults) = read::read_node(source, part, path);
        let config = Self { values, file: None };
        faults.append(config.contradictions().into_iter().collect::<Diagnostics>());
        (config, faults)
    }

    /// Reads a configuration file; see [`read`](Self::read).
    ///
    /// # Errors
    /// When the file cannot be read at all.
    pub fn from_path(path: &Path) -> io::Result<(Self, Diagnostics)> {
        let source = SourceFile::from_path(path)?;
        let (mut config, faults) = Self::read(&source);
        config.file = Some(path.to_path_buf());
        Ok((config, faults))
    }

    /// The file that holds when none is named: `jf.yaml` in the working directory, else in the only path that definitions
    /// come from, or beside it if that is a file.
    #[must_use]
    pub fn discover(working_directory: &Path, paths: &[PathBuf]) -> Option<PathBuf> {
        if working_directory.join(CONFIG_FILE).is_file() {
            return Some(PathBuf::from(CONFIG_FILE));
        }
        let [path] = paths else { return None };
        let folder = if working_directory.join(path).is_dir() { path } else { path.parent()? };
        Some(folder.join(CONFIG_FILE)).filter(|path| working_directory.join(path).is_file())
    }

    /// The file it was read from.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The same configuration with one value set, as from a flag of the command.
    ///
    /// # Errors
    /// When there is no such key or it takes other values.
    pub fn with(mut self, path: &str, value: impl Into<Value>) -> Result<Self, InvalidSetting> {
        let value = value.into();
        let segments: Vec<&str> = path.split('.').collect();
        let place = segments.iter().fold(JsonPath::root(), |place, name| place.member(*name));
        let Some(key) = KEYS.iter().find(|key| key.relation(&segments) == keys::Relation::Is) else {
            let message = format!("unknown configuration key `{path}`");
            return Err(InvalidSetting(Box::new(faults::UNKNOWN_KEY.diagnostic(place, message))));
        };
        if let Err(fault) = key.kind.check(&value) {
            let message = format!("`{path}` {fault}");
            return Err(InvalidSetting(Box::new(faults::WRONG_VALUE.diagnostic(place, message))));
        }
        self.values.insert(path.to_owned(), Given { value, place: None });
        Ok(self)
    }

    /// The same configuration with another default for one key.
    ///
    /// # Errors
    /// When there is no such key or it takes other values.
    pub(crate) fn with_default(self, path: &str, value: impl Into<Value>) -> Result<Self, InvalidSetting> {
        if self.values.contains_key(path) { Ok(self) } else { self.with(path, value) }
    }

    /// The value at a path: the one given, else the default of its key, else nothing.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Value> {
        if let Some(given) = self.values.get(path) {
            return Some(given.value.clone());
        }
        let segments: Vec<&str> = path.split('.').collect();
        let key = KEYS.iter().find(|key| key.relation(&segments) == keys::Relation::Is);
        debug_assert!(key.is_some(), "{path} is in the table of keys");
        key.filter(|key| !key.default.is_empty()).map(|key| {
            jf_core::exact_json::from_str(key.default).expect("a test holds that defaults are JSON")
        })
    }

    /// Every value in force with its key, defaults included, in the order of the table; keys with names in them only where
    /// they are given.
    pub fn effective(&self) -> impl Iterator<Item = (String, Value)> {
        KEYS.iter().flat_map(|key| {
            let given = self
                .values
                .iter()
                .filter(|(path, _)| key.relation(&path.split('.').collect::<Vec<_>>()) == keys::Relation::Is);
            let mut values: Vec<_> = given.map(|(path, given)| (path.clone(), given.value.clone())).collect();
            if values.is_empty() && !key.default.is_empty() {
                values.extend(self.get(key.path).map(|value| (key.path.to_owned(), value)));
            }
            values
        })
    }

    /// A diagnostic at the place of a value.
    fn fault_at(&self, path: &str, rule: &RuleInfo, message: impl Into<String>) -> Diagnostic {
        self.fault_in(path, |place| place.span, rule, message)
    }

    /// A diagnostic at the place of a key.
    fn fault_at_key(&self, path: &str, rule: &RuleInfo, message: impl Into<String>) -> Diagnostic {
        self.fault_in(path, |place| place.key, rule, message)
    }

    fn fault_in(
        &self,
        path: &str,
        span: impl Fn(&Place) -> Span,
        rule: &RuleInfo,
        message: impl Into<String>,
    ) -> Diagnostic {
        match self.values.get(path).and_then(|given| given.place.as_ref()) {
            Some(place) => rule.diagnostic(place.path.clone(), message).at(&place.source, span(place)),
            None => {
                rule.diagnostic(path.split('.').fold(JsonPath::root(), |at, name| at.member(name)), message)
            }
        }
    }

    fn whole(&self, path: &str) -> u64 {
        self.optional_whole(path).expect("keys read with `whole` have a default")
    }

    fn optional_whole(&self, path: &str) -> Option<u64> {
        self.get(path).map(|value| value.as_u64().expect("the kind of the key was checked"))
    }

    fn size(&self, path: &str) -> usize {
        usize::try_from(self.whole(path)).unwrap_or(usize::MAX)
    }

    fn count(&self, path: &str) -> u32 {
        u32::try_from(self.whole(path)).unwrap_or(u32::MAX)
    }

    fn millis(&self, path: &str) -> Duration {
        Duration::from_millis(self.whole(path))
    }

    fn duration(&self, path: &str) -> Duration {
        kind::duration(&self.text(path)).expect("the kind of the key was checked")
    }

    fn flag(&self, path: &str) -> bool {
        self.optional_flag(path).expect("keys read with `flag` have a default")
    }

    fn optional_flag(&self, path: &str) -> Option<bool> {
        self.get(path).map(|value| value.as_bool().expect("the kind of the key was checked"))
    }

    fn text(&self, path: &str) -> String {
        self.optional_text(path).expect("keys read with `text` have a default")
    }

    fn optional_text(&self, path: &str) -> Option<String> {
        self.get(path).and_then(|value| value.as_str().map(str::to_owned))
    }

    /// A file that a key names. A path of the configuration file is relative to that file.
    fn file_at(&self, path: &str) -> Option<PathBuf> {
        Some(self.relative(path, PathBuf::from(self.optional_text(path)?)))
    }

    /// A path that came with a key, as seen from here.
    fn relative(&self, key: &str, file: PathBuf) -> PathBuf {
        let given_in_file = self.values.get(key).is_some_and(|given| given.place.is_some());
        let folder = self.file.as_ref().filter(|_| given_in_file).and_then(|file| file.parent());
        folder.map_or_else(|| file.clone(), |folder| folder.join(&file))
    }

    fn list(&self, path: &str) -> Vec<Value> {
        match self.get(path) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        }
    }

    /// The values given below a prefix, with what follows it in their paths.
    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Given)> {
        let values = self.values.iter();
        values.filter_map(move |(path, given)| Some((path.strip_prefix(prefix)?.strip_prefix('.')?, given)))
    }
}

#[cfg(test)]
mod tests;
