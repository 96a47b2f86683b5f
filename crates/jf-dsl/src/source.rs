//! Source files: text with a name.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::lines::Lines;

/// A definition file before it is read (DEF-001): its name, text, format, and the folder that relative references
/// start from. Cheap to clone.
#[derive(Clone)]
pub struct SourceFile(Arc<Inner>);

struct Inner {
    name: String,
    text: Arc<str>,
    format: Format,
    base: Option<PathBuf>,
    /// Whether it was read from a file, whose name then matters (DEF-001).
    is_file: bool,
    flaw: Option<SourceFlaw>,
    /// Computed when a position is first asked for.
    lines: OnceLock<Lines>,
}

/// How the text is written (DEF-001, DEF-003).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML 1.2, the JSON-compatible subset (DEF-002).
    Yaml,
    /// JSON.
    Json,
}

/// Where a source comes from.
enum Origin {
    Memory,
    /// A file, with the folder it lies in.
    File(Option<PathBuf>),
}

/// Whether the file is named like a definition (DEF-001).
fn is_definition_name(name: &str) -> bool {
    [".journey.yaml", ".journey.yml", ".journey.json"].iter().any(|ending| name.ends_with(ending))
}

/// Why the bytes of a file are no text to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceFlaw {
    /// The bytes from this offset on are not UTF-8; the text ends there.
    NotUtf8 {
        /// The offset.
        at: usize,
        /// Whether the file starts like UTF-16.
        utf16: bool,
    },
    /// The file has more than [`READ_LIMIT`] bytes; the text is empty.
    TooLarge,
}

/// A place in a text: line and column count from 1, columns in Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A range of bytes of a source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` to before `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// The most bytes that [`SourceFile::from_path`] takes into memory; the limit of DEF-014 is checked when loading.
pub(crate) const READ_LIMIT: usize = 16 * 1024 * 1024;

impl SourceFile {
    /// A source from memory. The format follows from the name (`.json`, else YAML).
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self::build(name.into(), text.into(), Origin::Memory, None)
    }

    /// A source from bytes, which need not be UTF-8: loading reports where they are not.
    #[must_use]
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::decode(name.into(), bytes, Origin::Memory)
    }

    /// Reads a file; relative references of the definition start from its folder (DEF-065).
    ///
    /// A file beyond 16 MiB is not taken into memory; loading reports it as too large.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn from_path(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let origin = Origin::File(path.parent().map(Path::to_path_buf));
        let mut bytes = Vec::new();
        File::open(path)?.take(READ_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > READ_LIMIT {
            return Ok(Self::build(name, "".into(), origin, Some(SourceFlaw::TooLarge)));
        }
        Ok(Self::decode(name, bytes, origin))
    }

    /// The same source with another base folder for relative references (DEF-065).
    #[must_use]
    pub fn with_base(self, base: impl Into<PathBuf>) -> Self {
        let Inner { name, text, format, is_file, flaw, .. } = &*self.0;
        let (name, text) = (name.clone(), Arc::clone(text));
        let (format, is_file, flaw) = (*format, *is_file, *flaw);
        let base = Some(base.into());
        Self(Arc::new(Inner { name, text, format, base, is_file, flaw, lines: OnceLock::new() }))
    }

    /// The same source with another text.
    pub(crate) fn with_text(&self, text: String) -> Self {
        let Inner { name, format, base, is_file, .. } = &*self.0;
        let (name, base, text) = (name.clone(), base.clone(), text.into());
        let (format, is_file, flaw) = (*format, *is_file, None);
        Self(Arc::new(Inner { name, text, format, base, is_file, flaw, lines: OnceLock::new() }))
    }

    fn decode(name: String, bytes: Vec<u8>, origin: Origin) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::build(name, text.into(), origin, None),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let utf16 =
                    error.as_bytes().starts_with(b"\xff\xfe") || error.as_bytes().starts_with(b"\xfe\xff");
                let text = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
                Self::build(name, text.into(), origin, Some(SourceFlaw::NotUtf8 { at, utf16 }))
            }
        }
    }

    fn build(name: String, text: Arc<str>, origin: Origin, flaw: Option<SourceFlaw>) -> Self {
        let json =
            Path::new(&name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let format = if json { Format::Json } else { Format::Yaml };
        let (base, is_file) = match origin {
            Origin::Memory => (None, false),
            Origin::File(base) => (base, true),
        };
        Self(Arc::new(Inner { name, text, format, base, is_file, flaw, lines: OnceLock::new() }))
    }

    /// Whether the name is one of a definition file; text from memory may have any (DEF-001).
    pub(crate) fn is_definition_file(&self) -> bool {
        !self.0.is_file || is_definition_name(&self.0.name)
    }

    /// The name, as diagnostics show it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text; up to the fault when the bytes are not UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether [`text`](Self::text) is all there is: not cut where the bytes are not UTF-8, not left out as too large. Loading and
    /// [`read_tree`](crate::read_tree) report what is not whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0.flaw.is_none()
    }

    /// How the text is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.0.format
    }

    /// The folder that relative references start from, when there is one.
    #[must_use]
    pub fn base(&self) -> Option<&Path> {
        self.0.base.as_deref()
    }

    pub(crate) fn flaw(&self) -> Option<SourceFlaw> {
        self.0.flaw
    }

    /// The line and column of a byte offset; the end of the text for an offset beyond it.
    #[must_use]
    pub fn position(&self, offset: usize) -> LineColumn {
        let text = self.text();
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let (line, column) = self.lines().position(text, offset);
        LineColumn { line, column }
    }

    /// The line around a byte offset of the text, without its end.
    pub(crate) fn line_around(&self, offset: usize) -> Range<usize> {
        self.lines().around(self.text(), offset)
    }

    fn lines(&self) -> &Lines {
        self.0.lines.get_or_init(|| Lines::of(self.text()))
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile")
            .field("name", &self.0.name)
            .field("format", &self.0.format)
            .field("bytes", &self.0.text.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, LineColumn, SourceFile, SourceFlaw};

    #[test]
    fn def_010_positions_count_scalars_from_one() {
        let source = SourceFile::new("a.journey.yaml", "äb\r\nc\rd\n");
        let at = |offset| {
            let LineColumn { line, column } = source.position(offset);
            (line, column)
        };
        assert_eq!([at(0), at(2), at(3)], [(1, 1), (1, 2), (1, 3)]);
        assert_eq!([at(5), at(7), at(9)], [(2, 1), (3, 1), (4, 1)]);
        assert_eq!(at(1), (1, 1), "inside a character");
        assert_eq!(at(1000), (4, 1));
    }

    #[test]
    fn def_010_a_byte_order_mark_has_no_column() {
        let source = SourceFile::new("a.journey.yaml", "\u{feff}ab\nc");
        let at = |offset| source.position(offset);
        assert_eq!([at(0), at(3)], [LineColumn { line: 1, column: 1 }; 2]);
        assert_eq!([at(4), at(6)], [LineColumn { line: 1, column: 2 }, LineColumn { line: 2, column: 1 }]);
    }

    #[test]
    fn def_001_format_follows_the_name() {
        assert_eq!(SourceFile::new("a.journey.JSON", "").format(), Format::Json);
        assert_eq!(SourceFile::new("a.journey.yml", "").format(), Format::Yaml);
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_up_to_the_fault() {
        let source = SourceFile::from_bytes("a.yaml", b"ok: \xff\xfe".to_vec());
        assert_eq!(
            (source.text(), source.flaw()),
            ("ok: ", Some(SourceFlaw::NotUtf8 { at: 4, utf16: false }))
        );
    }
}
