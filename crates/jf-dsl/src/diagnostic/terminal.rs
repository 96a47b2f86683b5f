//! Diagnostics for a terminal: the message, the lines it speaks of, and what to do.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::set::Diagnostics;
use super::{Diagnostic, Label, Severity};
use crate::source::{SourceFile, Span};

/// How diagnostics are rendered for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TerminalStyle {
    /// Plain text.
    #[default]
    Plain,
    /// With ANSI colours.
    Coloured,
}

/// Lines longer than this are not quoted: nobody reads them, and they would be rendered in full.
const LONGEST_LINE: usize = 2_000;
/// A label within this many lines of the fault shares its excerpt.
const NEAR: usize = 30;

impl Diagnostics {
    /// The diagnostics with excerpts of the source, one block each, for people to read.
    #[must_use]
    pub fn to_terminal(&self, style: TerminalStyle) -> String {
        let mut out = String::new();
        for diagnostic in self {
            out.push_str(&diagnostic.to_terminal(style));
            out.push_str("\n\n");
        }
        out
    }
}

impl Diagnostic {
    /// The diagnostic with an excerpt of the source, for people to read; without a final line break.
    #[must_use]
    pub fn to_terminal(&self, style: TerminalStyle) -> String {
        let renderer = match style {
            TerminalStyle::Plain => Renderer::plain(),
            TerminalStyle::Coloured => Renderer::styled(),
        };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let code = self.code.to_string();
        let mut group = Group::with_title(level.primary_title(&self.message).id(code));
        if let Some(source) = &self.source {
            group = self.excerpts(group, source);
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        let note = format!("{} at {}", self.rule, self.path);
        group = group.element(Level::NOTE.message(note));
        renderer.render(&[group])
    }

    fn excerpts<'a>(&'a self, group: Group<'a>, source: &'a SourceFile) -> Group<'a> {
        let Some(span) = self.span else { return group.element(Origin::path(shown(source.name()))) };
        let first_line = |span: Span| source.position(span.start).line;
        let line = first_line(span);
        let near = |label: &&Label| label.source.is_none() && first_line(label.span).abs_diff(line) <= NEAR;
        let labels: Vec<&Label> = self.labels.iter().filter(near).collect();
        let together = labels.iter().map(|label| label.span).chain([span]);
        let mut group = match Excerpt::around(source, together) {
            Some(excerpt) => {
                let primary = AnnotationKind::Primary.span(excerpt.range(span));
                group.element(
                    labels.into_iter().fold(excerpt.snippet(source).annotation(primary), |snippet, label| {
                        snippet.annotation(excerpt.context(label))
                    }),
                )
            }
            None => group.element(origin(source, span)),
        };
        for label in self.labels.iter().filter(|label| !near(label)) {
            let source = label.source.as_ref().unwrap_or(source);
            group = match Excerpt::around(source, [label.span].into_iter()) {
                Some(excerpt) => group.element(excerpt.snippet(source).annotation(excerpt.context(label))),
                None => group.element(origin(source, label.span)),
            };
        }
        group
    }
}

/// The name of a file, which could hold commands for the terminal; everything else is made harmless by the renderer.
fn shown(name: &str) -> Cow<'_, str> {
    if name.contains(char::is_control) {
        Cow::Owned(name.replace(char::is_control, "\u{fffd}"))
    } else {
        Cow::Borrowed(name)
    }
}

/// A place whose lines are too long to quote.
fn origin(source: &SourceFile, span: Span) -> Origin<'_> {
    let at = source.position(span.start);
    Origin::path(shown(source.name())).line(at.line).char_column(at.column)
}

/// The lines of a source that some spans touch.
struct Excerpt<'a> {
    text: &'a str,
    start: usize,
    first_line: usize,
}

impl<'a> Excerpt<'a> {
    /// The lines from the first span's to the last one's; `None` when one of them is too long to quote. Of a span over
    /// several lines only the first is shown.
    fn around(source: &'a SourceFile, spans: impl Iterator<Item = Span> + Clone) -> Option<Self> {
        let text = source.text();
        let first = spans.clone().map(|span| span.start).min()?.min(text.len());
        let last = spans.map(|span| span.start).max()?.min(text.len());
        let (first, last) = (text.floor_char_boundary(first), text.floor_char_boundary(last));
        let (start, end) = (source.line_around(first).start, source.line_around(last).end);
        if end - start > LONGEST_LINE * (NEAR + 1) {
            return None;
        }
        let excerpt = &text[start..end];
        let quotable = excerpt.lines().all(|line| line.len() <= LONGEST_LINE);
        quotable.then(|| Self { text: excerpt, start, first_line: source.position(first).line })
    }

    fn snippet(&self, source: &'a SourceFile) -> Snippet<'a, Annotation<'a>> {
        Snippet::source(self.text).line_start(self.first_line).path(shown(source.name()))
    }

    fn context(&self, label: &'a Label) -> Annotation<'a> {
        AnnotationKind::Context.span(self.range(label.span)).label(&*label.message)
    }

    /// Where a span stands in the excerpt.
    fn range(&self, span: Span) -> Range<usize> {
        let inside = |offset: usize| {
            self.text.floor_char_boundary(offset.saturating_sub(self.start).min(self.text.len()))
        };
        let start = inside(span.start);
        let line_end = self.text[start..].find(['\n', '\r']).map_or(self.text.len(), |at| start + at);
        start..inside(span.end).clamp(start, line_end)
    }
}
