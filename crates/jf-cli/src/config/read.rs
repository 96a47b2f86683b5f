//! From the tree of a configuration file to its values.

use std::collections::BTreeMap;
use std::sync::Arc;

use jf_dsl::{
    Diagnostic, Diagnostics, JsonPath, Label, Member, Node, NodeValue, RuleInfo, SizeLimits, SourceFile,
    Span, closest, read_tree,
};

use super::faults;
use super::keys::{KEYS, Key, NOT_YET, Relation};
use super::{Given, Place};

/// The values of a file by dotted path, and everything that is wrong with it.
pub(super) fn read(source: &SourceFile) -> (BTreeMap<String, Given>, Diagnostics) {
    if source.is_whole() && is_blank(source.text()) {
        return (BTreeMap::new(), Diagnostics::new());
    }
    let root = match read_tree(source, &SizeLimits::default()) {
        Ok(root) => root,
        Err(faults) => return (BTreeMap::new(), faults),
    };
    read_node(source, &root, &JsonPath::root())
}

/// The values of a part of a file.
pub(super) fn read_node(
    source: &SourceFile,
    root: &Node,
    path: &JsonPath,
) -> (BTreeMap<String, Given>, Diagnostics) {
    let mut reader = Reader { source, values: BTreeMap::new(), faults: Vec::new() };
    match root.value {
        NodeValue::Null => {}
        NodeValue::Object(_) => reader.group(root, &[], path),
        _ => {
            let message = format!("a configuration is a mapping of keys, not {}", root.type_name());
            reader.report(&faults::WRONG_VALUE, path.clone(), root.span, message);
        }
    }
    reader.faults.sort_by_key(|fault| fault.span.map_or(0, |span| span.start));
    (reader.values, reader.faults.into_iter().collect())
}

/// Whether a file holds comments at most; all defaults hold then.
fn is_blank(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

struct Reader<'a> {
    source: &'a SourceFile,
    values: BTreeMap<String, Given>,
    faults: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn group(&mut self, node: &Node, prefix: &[&str], path: &JsonPath) {
        for member in node.members() {
            if member.key.starts_with("x-") {
                continue;
            }
            let full: Vec<&str> = prefix.iter().copied().chain(member.key.split('.')).collect();
            self.member(member, &full, &path.clone().member(Arc::clone(&member.key)));
        }
    }

    fn member(&mut self, member: &Member, full: &[&str], path: &JsonPath) {
        let mut below = false;
        for key in KEYS {
            match key.relation(full) {
                Relation::Is => return self.value(key, member, full, path),
                Relation::Below => below = true,
                Relation::None => {}
            }
        }
        let dotted = full.join(".");
        let not_yet = NOT_YET.iter().find(|(known, _)| {
            dotted.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if let Some((known, purpose)) = not_yet {
            let message = format!("`{known}` is not supported by this build yet ({purpose})");
            self.report(&faults::NOT_YET, path.clone(), member.key_span, message);
        } else if below {
            match member.value.value {
                NodeValue::Object(_) => self.group(&member.value, full, path),
                NodeValue::Null | NodeValue::Broken => {}
                _ => {
                    let message = format!("`{dotted}` is a group of keys, not {}", member.value.type_name());
                    self.report(&faults::WRONG_VALUE, path.clone(), member.value.span, message);
                }
            }
        } else {
            self.unknown(member, full, path);
        }
    }

    fn value(&mut self, key: &Key, member: &Member, full: &[&str], path: &JsonPath) {
        let node = &member.value;
        if matches!(node.value, NodeValue::Null | NodeValue::Broken) {
            return;
        }
        let dotted = full.join(".");
        let value = node.to_value();
        if let Err(fault) = key.kind.check(&value) {
            return self.report(&faults::WRONG_VALUE, path.clone(), node.span, format!("`{dotted}` {fault}"));
        }
        let source = self.source.clone();
        let place = Place { path: path.clone(), source, key: member.key_span, span: node.span };
        if let Some(first) = self.values.insert(dotted.clone(), Given { value, place: Some(place) }) {
            let fault = faults::TWICE.diagnostic(path.clone(), format!("`{dotted}` is given twice"));
            let fault = match first.place {
                Some(place) => fault.label(Label::new(place.span, "the first one")),
                None => fault,
            };
            self.faults.push(fault.at(self.source, member.key_span));
        }
    }

    fn unknown(&mut self, member: &Member, full: &[&str], path: &JsonPath) {
        let dotted = full.join(".");
        let mut fault =
            faults::UNKNOWN_KEY.diagnostic(path.clone(), format!("unknown configuration key `{dotted}`"));
        if let Some(near) = nearest(full) {
            fault = fault.help(format!("did you mean `{near}`?")).suggestion(near);
        } else {
            fault = fault.help(format!("known here: {}", known_below(&full[..full.len() - 1]).join(", ")));
        }
        self.faults.push(fault.at(self.source, member.key_span));
    }

    fn report(&mut self, rule: &RuleInfo, path: JsonPath, span: Span, message: String) {
        self.faults.push(rule.diagnostic(path, message).at(self.source, span));
    }
}

/// The known key that a path most likely stands for: a like word at its place, or the same word elsewhere.
fn nearest(full: &[&str]) -> Option<String> {
    let wrong =
        (0..full.len()).find(|at| KEYS.iter().all(|key| key.relation(&full[..=*at]) == Relation::None))?;
    let known = known_below(&full[..wrong]);
    if let Some(near) = closest(full[wrong], known.iter().copied()) {
        let rest = full[..wrong].iter().copied().chain([near]).chain(full[wrong + 1..].iter().copied());
        return Some(rest.collect::<Vec<_>>().join("."));
    }
    let last = full.last()?;
    let mut same = KEYS.iter().filter(|key| key.path.rsplit('.').next() == Some(last));
    same.next().map(|key| key.path.to_owned()).filter(|_| same.next().is_none())
}

/// The names that may stand below a path.
fn known_below(path: &[&str]) -> Vec<&'static str> {
    let mut names: Vec<&str> = KEYS
        .iter()
        .filter(|key| key.relation(path) == Relation::Below)
        .filter_map(|key| key.path.split('.').nth(path.len()))
        .filter(|name| *name != "*")
        .collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    names
}
