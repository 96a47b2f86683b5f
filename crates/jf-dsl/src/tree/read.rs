//! From parser events to the tree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle};

use super::json;
use super::refusal::{self, Progress};
use super::scalar::{Plain, resolve};
use super::{Member, Node, NodeValue, Tagged};
use crate::capabilities::SizeLimits;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::set::Diagnostics;
use crate::json_path::{JsonPath, PathStep};
use crate::rules::{Fault, syntax};
use crate::source::{Format, SourceFile, SourceFlaw, Span};

/// Reads a file into a tree with positions (DEF-001 to DEF-006, DEF-014).
///
/// Time and memory are linear in the size of the text.
///
/// # Errors
///
/// All faults found; reading stops at the first that breaks the grammar.
pub fn read_tree(source: &SourceFile, limits: &SizeLimits) -> Result<Node, Diagnostics> {
    let mut faults = Vec::new();
    match read_into(source, limits, &mut faults) {
        Some(root) if faults.is_empty() => Ok(root),
        _ => Err(Diagnostics::sorted(faults)),
    }
}

/// Like [`read_tree`], but YAML tags are kept as [`NodeValue::Tagged`]: for documents that give tags a meaning, which definitions do
/// not (DEF-003).
///
/// # Errors
///
/// All faults found; reading stops at the first that breaks the grammar.
pub fn read_tagged_tree(source: &SourceFile, limits: &SizeLimits) -> Result<Node, Diagnostics> {
    let mut faults = Vec::new();
    match read_with(source, limits, true, &mut faults) {
        Some(root) if faults.is_empty() => Ok(root),
        _ => Err(Diagnostics::sorted(faults)),
    }
}

/// Reads what can be read. Faults that leave the rest intact are in `faults` beside a result, with
/// [`NodeValue::Broken`] in their place.
pub(crate) fn read_into(
    source: &SourceFile,
    limits: &SizeLimits,
    faults: &mut Vec<Diagnostic>,
) -> Option<Node> {
    read_with(source, limits, false, faults)
}

fn read_with(
    source: &SourceFile,
    limits: &SizeLimits,
    keep_tags: bool,
    faults: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let mut reader = Reader {
        source,
        limits,
        keep_tags,
        faults,
        stack: Vec::new(),
        root: None,
        just_opened: false,
        read: 0,
    };
    reader.check_source()?;
    reader.read()?;
    if reader.root.is_none() {
        reader.report(syntax::no_document(), Span::default());
    }
    reader.root
}

struct Reader<'a> {
    source: &'a SourceFile,
    limits: &'a SizeLimits,
    /// Tags have a meaning for the caller.
    keep_tags: bool,
    faults: &'a mut Vec<Diagnostic>,
    stack: Vec<Frame>,
    root: Option<Node>,
    /// Whether the last event opened a collection; an anchor belongs to the node of the event before it.
    just_opened: bool,
    /// Where the last event with bytes of its own ends.
    read: usize,
}

/// A collection that is still open.
enum Frame {
    Array { start: usize, in_brackets: bool, tag: Option<Span>, items: Vec<Node> },
    Object(ObjectFrame),
}

struct ObjectFrame {
    start: usize,
    in_brackets: bool,
    tag: Option<Span>,
    members: Vec<Member>,
    key: Key,
    /// Positions of the keys, once there are too many to compare one by one.
    seen: HashMap<Arc<str>, Span>,
}

/// The key of the value that comes next in a mapping.
enum Key {
    /// The next node is a key.
    Awaited,
    Read(Arc<str>, Span),
    /// The key was reported and its value is dropped; its text, when it has one.
    Refused(Option<Arc<str>>),
}

/// From this many members on, keys are compared through a hash table.
const MANY_MEMBERS: usize = 16;
/// The parser's own ceilings lie above ours, so that ours are reported.
const PARSER_NESTING: usize = 512;

impl Reader<'_> {
    fn check_source(&mut self) -> Option<()> {
        let limit = self.limits.file_bytes;
        match self.source.flaw() {
            Some(SourceFlaw::TooLarge) => self.report(syntax::too_large(limit), Span::default()),
            _ if self.source.text().len() > limit => self.report(syntax::too_large(limit), Span::default()),
            Some(SourceFlaw::NotUtf8 { at, utf16 }) => {
                self.report(syntax::not_utf8(utf16), Span::new(at, at))
            }
            None => return self.check_json(),
        }
        None
    }

    fn check_json(&mut self) -> Option<()> {
        if self.source.format() == Format::Yaml {
            return Some(());
        }
        let text = self.source.text();
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        if body.trim_ascii().is_empty() {
            self.report(syntax::no_document(), Span::default());
            return None;
        }
        let Err(fault) = json::check(body) else { return Some(()) };
        let offset = fault.offset + (text.len() - body.len());
        self.report(syntax::not_json(&fault.message), Span::new(offset, offset));
        None
    }

    fn read(&mut self) -> Option<()> {
        let source = self.source;
        let text = match source.format() {
            Format::Json => json::for_yaml_reader(source.text()),
            Format::Yaml => Cow::Borrowed(source.text()),
        };
        let mut options = granit_parser::options! {
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            flow_nesting_limit: PARSER_NESTING,
            block_nesting_limit: PARSER_NESTING,
        };
        options.set_emit_comments(false);
        if source.format() == Format::Json {
            options.simple_key_max_lookahead = text.len().max(1);
        }
        for event in Parser::new_from_str_with_options(&text, options) {
            let (event, at) = match event {
                Ok(event) => event,
                Err(error) => {
                    self.refuse(&error);
                    return None;
                }
            };
            let span = at.byte_range().map_or(Span::default(), |range| Span::new(range.start, range.end));
            let tag = at.tag_span().and_then(|tag| tag.byte_range());
            let tag = tag.map(|tag| Span::new(tag.start, tag.end));
            if let Some(tag) = tag.filter(|_| !self.keep_tags) {
                self.report(syntax::tag(), tag);
            }
            self.read = self.read.max(span.end);
            self.event(event, span, tag)?;
        }
        Some(())
    }

    fn event(&mut self, event: Event<'_>, span: Span, tag: Option<Span>) -> Option<()> {
        if let Event::Anchor(..) = event {
            let path = self.path_of_last();
            self.faults.push(syntax::anchor().at(path, self.source, span));
            return Some(());
        }
        self.just_opened = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.report(syntax::several_documents(), span);
                return None;
            }
            Event::Scalar(text, style, ..) => {
                let value = match tag {
                    Some(_) if !self.keep_tags => NodeValue::Broken,
                    _ => self.scalar(&text, style, span),
                };
                self.scalar_node(self.tagged(Node { span, value }, tag), &text, style);
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.report(syntax::alias(), span);
                self.node(Node { span, value: NodeValue::Broken });
            }
            Event::SequenceStart(style, ..) => {
                let in_brackets = style == StructureStyle::Flow;
                let tag = tag.filter(|_| self.keep_tags);
                self.open(Frame::Array { start: span.start, in_brackets, tag, items: Vec::new() }, span)?;
            }
            Event::MappingStart(style, ..) => {
                let in_brackets = style == StructureStyle::Flow;
                let (start, members, seen) = (span.start, Vec::new(), HashMap::new());
                let tag = tag.filter(|_| self.keep_tags);
                let frame = ObjectFrame { start, in_brackets, tag, members, key: Key::Awaited, seen };
                self.open(Frame::Object(frame), span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => {}
        }
        Some(())
    }

    /// The node with the tag before it, where tags are kept.
    fn tagged(&self, node: Node, tag: Option<Span>) -> Node {
        let Some(tag_span) = tag.filter(|_| self.keep_tags) else { return node };
        let tag = self.source.text().get(tag_span.start..tag_span.end).unwrap_or_default().into();
        let span = Span::new(tag_span.start, node.span.end.max(tag_span.end));
        Node { span, value: NodeValue::Tagged(Box::new(Tagged { tag, tag_span, value: node })) }
    }

    fn refuse(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(0);
        let (fault, span) = match error.kind() {
            // The scanner runs ahead of the events and may meet its own, higher ceiling first.
            ErrorKind::RecursionLimitExceeded => (syntax::too_deep(self.limits.nesting), Span::new(at, at)),
            _ if self.source.format() == Format::Json => (syntax::not_json(&error.info()), Span::new(at, at)),
            _ => {
                let bracket = self.stack.iter().rev().find_map(Frame::bracket);
                refusal::judge(error, &Progress { text: self.source.text(), bracket, read: self.read })
            }
        };
        self.report(fault, span);
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> NodeValue {
        let value = match self.source.format() {
            Format::Json => json::scalar(self.source.text().get(span.start..span.end).unwrap_or_default()),
            Format::Yaml if style != ScalarStyle::Plain => Some(NodeValue::String(text.into())),
            Format::Yaml => match resolve(text) {
                Plain::Value(value) => Some(value),
                Plain::NotFinite => None,
            },
        };
        value.unwrap_or_else(|| {
            self.report(syntax::not_finite(), span);
            NodeValue::Broken
        })
    }

    /// Takes a scalar, which may be a key.
    fn scalar_node(&mut self, node: Node, text: &str, style: ScalarStyle) {
        let Some(Frame::Object(ObjectFrame { key: Key::Awaited, .. })) = self.stack.last() else {
            return self.node(node);
        };
        let span = node.span;
        let key = match node.value {
            NodeValue::String(_) if text == "<<" && style == ScalarStyle::Plain => {
                Err(Some(syntax::merge_key()))
            }
            NodeValue::String(key) => Ok(key),
            NodeValue::Broken => Err(None),
            NodeValue::Tagged(_) => Err(Some(syntax::tag())),
            _ => Err(Some(syntax::key_not_text((span.start < span.end).then_some(text)))),
        };
        let key = match key {
            Ok(key) => self.new_key(key, span),
            Err(fault) => {
                if let Some(fault) = fault {
                    let path = self.path().member(text);
                    self.faults.push(fault.at(path, self.source, span));
                }
                Key::Refused((span.start < span.end).then(|| text.into()))
            }
        };
        if let Some(Frame::Object(object)) = self.stack.last_mut() {
            object.key = key;
        }
    }

    /// Refuses a key that the mapping already has (DEF-004).
    fn new_key(&mut self, key: Arc<str>, span: Span) -> Key {
        let Some(Frame::Object(object)) = self.stack.last_mut() else { return Key::Refused(None) };
        match object.first_use(&key) {
            None => Key::Read(key, span),
            Some(first) => {
                let path = self.path().member(Arc::clone(&key));
                self.faults.push(syntax::duplicate_key(&key, first).at(path, self.source, span));
                Key::Refused(Some(key))
            }
        }
    }

    /// Takes a complete node: into the open collection, or as the document.
    fn node(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Array { items, .. }) => items.push(node),
            Some(Frame::Object(object)) => match std::mem::replace(&mut object.key, Key::Awaited) {
                Key::Read(key, key_span) => object.push(Member { key, key_span, value: node }),
                Key::Refused(_) => {}
                Key::Awaited => {
                    object.key = Key::Refused(None);
                    if node.value != NodeValue::Broken {
                        self.report(syntax::key_not_text(None), node.span);
                    }
                }
            },
        }
    }

    fn open(&mut self, frame: Frame, span: Span) -> Option<()> {
        if self.stack.len() >= self.limits.nesting {
            self.report(syntax::too_deep(self.limits.nesting), span);
            return None;
        }
        self.stack.push(frame);
        Some(())
    }

    fn close(&mut self, end: Span) {
        let Some(frame) = self.stack.pop() else { return };
        // A block collection ends where the next token starts; its last item says where it really ends.
        let end_of =
            |last: Option<usize>| if end.start < end.end { end.end } else { last.unwrap_or(end.end) };
        let node = match frame {
            Frame::Array { start, tag, items, .. } => {
                let end = end_of(items.last().map(|item| item.span.end));
                let value = NodeValue::Array(items);
                self.tagged(Node { span: Span::new(start, end.max(start)), value }, tag)
            }
            Frame::Object(object) => {
                let end = end_of(object.members.last().map(|member| member.value.span.end));
                let value = NodeValue::Object(object.members);
                self.tagged(Node { span: Span::new(object.start, end.max(object.start)), value }, object.tag)
            }
        };
        self.node(node);
    }

    fn report(&mut self, fault: Fault, span: Span) {
        let diagnostic = fault.at(self.path(), self.source, span);
        self.faults.push(diagnostic);
    }

    /// The path of the node that is being read.
    fn path(&self) -> JsonPath {
        JsonPath::from_steps(self.stack.iter().filter_map(Frame::step).collect())
    }

    /// The path of the node that the last event began.
    fn path_of_last(&self) -> JsonPath {
        let Some((last, outer)) = self.stack.split_last() else { return JsonPath::root() };
        let mut steps: Vec<PathStep> = outer.iter().filter_map(Frame::step).collect();
        if !self.just_opened {
            steps.extend(last.last_step());
        }
        JsonPath::from_steps(steps)
    }
}

impl Frame {
    /// Where the collection starts, if it does with a bracket.
    fn bracket(&self) -> Option<usize> {
        match self {
            Self::Array { start, in_brackets, .. } | Self::Object(ObjectFrame { start, in_brackets, .. }) => {
                in_brackets.then_some(*start)
            }
        }
    }

    /// The step to the node that comes next in the collection.
    fn step(&self) -> Option<PathStep> {
        match self {
            Self::Array { items, .. } => Some(PathStep::Index(items.len())),
            Self::Object(ObjectFrame { key: Key::Read(key, _) | Key::Refused(Some(key)), .. }) => {
                Some(PathStep::Member(Arc::clone(key)))
            }
            Self::Object(_) => None,
        }
    }

    /// The step to the node that came last.
    fn last_step(&self) -> Option<PathStep> {
        match self {
            Self::Array { items, .. } => items.len().checked_sub(1).map(PathStep::Index),
            Self::Object(ObjectFrame { key: Key::Awaited, members, .. }) => {
                members.last().map(|member| PathStep::Member(Arc::clone(&member.key)))
            }
            Self::Object(_) => self.step(),
        }
    }
}

impl ObjectFrame {
    fn first_use(&self, key: &str) -> Option<Span> {
        if self.members.len() < MANY_MEMBERS {
            self.members.iter().find(|member| &*member.key == key).map(|member| member.key_span)
        } else {
            self.seen.get(key).copied()
        }
    }

    fn push(&mut self, member: Member) {
        self.members.push(member);
        match self.members.len() {
            MANY_MEMBERS => {
                let keys = self.members.iter().map(|member| (Arc::clone(&member.key), member.key_span));
                self.seen.extend(keys);
            }
            more if more > MANY_MEMBERS => {
                let last = &self.members[more - 1];
                self.seen.insert(Arc::clone(&last.key), last.key_span);
            }
            _ => {}
        }
    }
}
