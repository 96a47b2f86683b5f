//! What the parser refuses, told at the place where the author has to look.
//!
//! The parser stops where it notices. For brackets and quotes that are not closed that can be lines below the mistake, and
//! for characters that no text may hold it is the start of the word around them.

use granit_parser::{ErrorKind, ScanError};

use crate::rules::{Fault, syntax};
use crate::source::Span;

/// What was read when the parser stopped.
pub(super) struct Progress<'t> {
    pub(super) text: &'t str,
    /// Where the innermost collection in brackets starts that is still open.
    pub(super) bracket: Option<usize>,
    /// Where the last scalar or bracket ends that was read.
    pub(super) read: usize,
}

/// What is wrong and where, for everything but nesting.
pub(super) fn judge(error: &ScanError, progress: &Progress<'_>) -> (Fault, Span) {
    let at = error.marker().byte_offset().unwrap_or(0).min(progress.text.len());
    let found = match error.kind() {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => progress.tab(at),
        ErrorKind::UnexpectedCharacter { character } => progress.character(*character, at),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => progress.open_quote(at),
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::ExpectedNodeContent
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::MappingValueNotAllowed
        | ErrorKind::BlockEntryInFlowCollection
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence => progress.open_bracket(at),
        ErrorKind::UnclosedFlowCollection { open } => {
            Some((syntax::unclosed_bracket(*open), Span::new(at, at + open.len_utf8())))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            Some((syntax::mismatched_bracket(*open, *close), Span::new(at, at + open.len_utf8())))
        }
        ErrorKind::UndeclaredTagHandle => Some((syntax::tag(), progress.word(at))),
        _ => None,
    };
    found.unwrap_or_else(|| {
        let fault = match usual_cause(error.kind()) {
            Some(help) => syntax::not_yaml_because(&error.info(), help),
            None => syntax::not_yaml(&error.info()),
        };
        (fault, Span::new(at, at))
    })
}

/// What to look for, where the words of the parser do not say.
fn usual_cause(kind: &ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            "between brackets, quote a text that has one of `{ } [ ] ,` or a `:` followed by a space"
        }
        ErrorKind::MappingValueNotAllowed => {
            "quote a text that has a `:` followed by a space, or indent the member like those beside it"
        }
        ErrorKind::SimpleKeyExpected => "a member is written `name: value`, with a space after the `:`",
        ErrorKind::ExpectedBlockSequenceEntry => {
            "an item begins with `- `; what follows the list is indented like the key of the list"
        }
        ErrorKind::ExpectedBlockMappingKey => {
            "members of one object begin in the same column, and nothing follows a closing quote or bracket"
        }
        _ => return None,
    })
}

impl Progress<'_> {
    /// The tab itself: the parser stops behind it, or at the text that it interrupts on a later line.
    fn tab(&self, at: usize) -> Option<(Fault, Span)> {
        let is_tab = |at: &usize| self.text.as_bytes().get(*at) == Some(&b'\t');
        let mut from = self.line_start(at);
        let mut lines = self.text[from..].split_inclusive(['\n', '\r']).map(|line| {
            let start = from;
            from += line.len();
            let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
            Some(start + line[..blank].find('\t')?)
        });
        let tab = Some(at).filter(is_tab).or_else(|| lines.find_map(|tab| tab))?;
        Some((syntax::tab(), Span::new(tab, tab + 1)))
    }

    /// From an offset to the next white space.
    fn word(&self, at: usize) -> Span {
        let rest = &self.text[at..];
        Span::new(at, at + rest.find([' ', '\t', '\n', '\r']).unwrap_or(rest.len()))
    }

    /// The character itself, where the parser is at the start of the word around it.
    fn character(&self, character: char, at: usize) -> Option<(Fault, Span)> {
        let found = at + self.text[at..].find(character)?;
        let span = Span::new(found, found + character.len_utf8());
        Some((syntax::unexpected_character(character), span))
    }

    /// The quote before an offset that is not closed there: it follows what was read.
    fn open_quote(&self, at: usize) -> Option<(Fault, Span)> {
        let between = self.text.get(self.read..)?;
        let quote = self.read + between.find(['"', '\''])?;
        let skipped = &self.text[self.read..quote];
        let is_next = skipped.bytes().all(|byte| b" \t\r\n:-?,[{".contains(&byte));
        (quote <= at && is_next).then(|| {
            let fault = self.noticed(syntax::unclosed_quote(), quote, at);
            (fault, Span::new(quote, quote + 1))
        })
    }

    /// The bracket that is still open, when the parser stops at text that is indented like what is outside of it.
    fn open_bracket(&self, at: usize) -> Option<(Fault, Span)> {
        let bracket = self.bracket?;
        let (outer, inner) = (self.line_start(bracket), self.line_start(at));
        if outer == inner || self.indentation(inner) > self.indentation(outer) {
            return None;
        }
        let opened = self.text[bracket..].chars().next()?;
        let fault = self.noticed(syntax::unclosed_bracket(opened), bracket, at);
        Some((fault, Span::new(bracket, bracket + 1)))
    }

    /// With the place where the parser stopped, if that is text on another line.
    fn noticed(&self, fault: Fault, start: usize, at: usize) -> Fault {
        if self.line_start(start) == self.line_start(at) || self.text[at..].trim_ascii().is_empty() {
            return fault;
        }
        fault.label(Span::new(at, at), "noticed here")
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1)
    }

    fn indentation(&self, line_start: usize) -> usize {
        self.text[line_start..].bytes().take_while(|byte| *byte == b' ').count()
    }
}
