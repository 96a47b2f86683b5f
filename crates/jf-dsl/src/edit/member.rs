//! Moving and removing members of mappings.

use super::scalar;
use crate::diagnostic::Edit;
use crate::source::{Format, SourceFile, Span};
use crate::tree::{Member, Node, NodeValue};

/// Moves a member with a scalar value to another mapping, behind one of the members there, under the name it has there.
///
/// Between block mappings the comment on its line goes with it; other comments stay where they are.
pub(crate) fn move_member(
    source: &SourceFile,
    from: &Node,
    member: &Member,
    to: &Node,
    behind: &Member,
    key: &str,
) -> Option<Vec<Edit>> {
    let text = source.text();
    let written = scalar_text(text, member)?;
    let key = scalar::like(&text[range(member.key_span)], key, source.format())?;
    if is_flow(text, to) {
        let value = for_flow(written, source.format());
        let before = own_line_prefix(text, behind.key_span.start);
        let separator = before.map_or_else(
            || ", ".to_owned(),
            |prefix| format!(",{}{prefix}", line_break(text, behind.value.span.end)),
        );
        let insertion = Edit::insert(behind.value.span.end, format!("{separator}{key}: {value}"));
        return Some(vec![remove_member(source, from, member)?, insertion]);
    }
    let indentation = " ".repeat(block_column(text, behind)?);
    let at = end_of_block_member(text, behind)?;
    if is_flow(text, from) {
        let insertion = format!("{}{indentation}{key}: {written}", line_break(text, at));
        return Some(vec![remove_from_flow(text, from, member)?, Edit::insert(at, insertion)]);
    }
    let line = Line::of(text, member)?;
    let moved = format!("{indentation}{key}: {written}{}", &text[line.value_end..line.end]);
    if (line.start..=line.end).contains(&at) {
        return Some(vec![Edit::new(Span::new(line.start, line.end), moved)]);
    }
    let moved = format!("{}{moved}", line_break(text, at));
    let removed = line.with_break(text);
    Some(if removed.start == at {
        vec![Edit::new(removed, moved)]
    } else {
        vec![Edit::remove(removed), Edit::insert(at, moved)]
    })
}

/// Removes a member with a scalar value. A comment on its line stays.
pub(crate) fn remove_member(source: &SourceFile, mapping: &Node, member: &Member) -> Option<Edit> {
    let text = source.text();
    scalar_text(text, member)?;
    if is_flow(text, mapping) {
        return remove_from_flow(text, mapping, member);
    }
    let line = Line::of(text, member)?;
    let comment = text[line.value_end..line.end].trim_start();
    Some(if comment.is_empty() {
        Edit::remove(line.with_break(text))
    } else {
        Edit::remove(Span::new(member.key_span.start, line.end - comment.len()))
    })
}

const fn range(span: Span) -> std::ops::Range<usize> {
    span.start..span.end
}

/// The value as it is written, if it is a scalar on one line.
fn scalar_text<'t>(text: &'t str, member: &Member) -> Option<&'t str> {
    if matches!(member.value.value, NodeValue::Array(_) | NodeValue::Object(_) | NodeValue::Broken) {
        return None;
    }
    let written = text.get(range(member.value.span))?;
    let block = written.starts_with(['|', '>']);
    (!written.is_empty() && !block && !written.contains(['\n', '\r'])).then_some(written)
}

/// Whether a mapping is written between braces.
fn is_flow(text: &str, mapping: &Node) -> bool {
    text.as_bytes().get(mapping.span.start) == Some(&b'{')
}

/// A scalar of a block, as it can stand between braces.
fn for_flow(written: &str, format: Format) -> String {
    let quoted = written.starts_with(['"', '\'']);
    if format == Format::Json || quoted || !written.contains([',', '[', ']', '{', '}']) {
        written.to_owned()
    } else {
        serde_json::Value::from(written).to_string()
    }
}

/// The line of a member that has it to itself: `  key: value  # comment`.
struct Line {
    start: usize,
    value_end: usize,
    /// Where the line break is, or the end of the text.
    end: usize,
}

impl Line {
    fn of(text: &str, member: &Member) -> Option<Self> {
        own_line_prefix(text, member.key_span.start)?;
        let start = line_start(text, member.key_span.start);
        let value_end = member.value.span.end;
        let end = line_end(text, value_end);
        let alone = line_start(text, value_end) == start && is_blank_or_comment(&text[value_end..end]);
        alone.then_some(Self { start, value_end, end })
    }

    /// The line with the break that ends it, or with the one before it at the end of the text.
    fn with_break(&self, text: &str) -> Span {
        let next = self.end + break_at(text, self.end).len();
        if next > self.end || self.start == 0 {
            return Span::new(self.start, next);
        }
        let before = text[..self.start].trim_end_matches(['\r', '\n']).len();
        let one_break = self.start - break_before(text, self.start).len();
        Span::new(one_break.max(before), self.end)
    }
}

fn remove_from_flow(text: &str, mapping: &Node, member: &Member) -> Option<Edit> {
    let members = mapping.members();
    let index = members.iter().position(|other| other.key_span == member.key_span)?;
    let (key, end) = (member.key_span.start, member.value.span.end);
    let clean = |start: usize, end: usize| start < end && !text[start..end].contains('#');
    let before = index.checked_sub(1).map(|before| members[before].value.span);
    if let Some(before) = before
        && before.start < before.end
        && clean(before.end, key)
    {
        return Some(Edit::remove(Span::new(before.end, end)));
    }
    if let Some(next) = members.get(index + 1)
        && clean(end, next.key_span.start)
    {
        return Some(Edit::remove(Span::new(key, next.key_span.start)));
    }
    // Comments stand between it and its neighbours: it goes alone, with the comma behind it.
    let rest = &text[end..];
    let comma = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let end = if rest[comma..].starts_with(',') { end + comma + 1 } else { end };
    Some(Edit::remove(Span::new(key, end)))
}

/// The blanks before an offset, if nothing else is before it on its line.
fn own_line_prefix(text: &str, at: usize) -> Option<&str> {
    let prefix = &text[line_start(text, at)..at];
    prefix.bytes().all(|byte| byte == b' ').then_some(prefix)
}

/// The column of the keys of a block mapping, from zero.
fn block_column(text: &str, member: &Member) -> Option<usize> {
    let at = member.key_span.start;
    let prefix = &text[line_start(text, at)..at];
    prefix.bytes().all(|byte| matches!(byte, b' ' | b'-')).then_some(prefix.len())
}

/// The end of the last line of a member of a block mapping, before its line break.
fn end_of_block_member(text: &str, member: &Member) -> Option<usize> {
    let end = text.get(..member.value.span.end)?.trim_end().len().max(member.key_span.end);
    let line_end = line_end(text, end);
    is_blank_or_comment(&text[end..line_end]).then_some(line_end)
}

fn is_blank_or_comment(rest: &str) -> bool {
    let trimmed = rest.trim_start_matches([' ', '\t']);
    trimmed.is_empty() || (trimmed.starts_with('#') && trimmed.len() < rest.len())
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |at| at + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |found| at + found)
}

/// The line break at an offset; empty when there is none.
fn break_at(text: &str, at: usize) -> &'static str {
    let rest = &text[at..];
    ["\r\n", "\n", "\r"].into_iter().find(|line_break| rest.starts_with(line_break)).unwrap_or_default()
}

/// The line break before an offset; empty when there is none.
fn break_before(text: &str, at: usize) -> &'static str {
    let rest = &text[..at];
    ["\r\n", "\n", "\r"].into_iter().find(|line_break| rest.ends_with(line_break)).unwrap_or_default()
}

/// How lines end around an offset.
fn line_break(text: &str, at: usize) -> &'static str {
    let end = line_end(text, at);
    match break_at(text, end) {
        "" => match break_before(text, line_start(text, at)) {
            "" => "\n",
            before => before,
        },
        found => found,
    }
}
