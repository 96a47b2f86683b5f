//! Tasks of plugins: an object whose members only the plugin knows (TSK-004).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::decode::{Decoder, PendingTask, Place};
use crate::model::task::TaskConfig;
use crate::tree::{Member, Node, NodeValue};
use crate::version::TaskKind;

impl Decoder<'_> {
    /// The task of a kind that is not one of the core kinds; its plugin judges it once the rest is known.
    pub(super) fn plugin_task(&mut self, block: &Place<'_>, kind: TaskKind, available: bool) -> TaskConfig {
        self.mentions(block);
        let config = config(block.node);
        if available {
            let (path, key, extra) = (block.path(), block.anchor(), self.extra.clone());
            self.tasks.push(PendingTask { path, kind: kind.clone(), config: config.clone(), key, extra });
        }
        TaskConfig::plugin(kind, config)
    }

    /// Which members hold expressions is for the plugin; what they mention can be seen anywhere: mappers are in use
    /// (DEF-128), configuration keys should be declared (DEF-083).
    pub(in crate::decode) fn mentions(&mut self, place: &Place<'_>) {
        for (name, member) in place.entries() {
            match (&**name, member.text()) {
                ("mapperRef", Some(id)) => {
                    self.used_mappers.insert(Arc::clone(id));
                }
                ("expr", Some(text)) => self.undeclared_config(&member, text),
                _ => self.mentions(&member),
            }
        }
        for item in place.items() {
            self.mentions(&item);
        }
    }
}

/// The block without `kind`, and without members that are `null` (DEF-009) outside `x-` values.
fn config(block: &Node) -> Value {
    let members = block.members().iter().filter(|member| &*member.key != "kind");
    Value::Object(without_nulls(members))
}

fn without_nulls<'t>(members: impl Iterator<Item = &'t Member>) -> Map<String, Value> {
    let members = members.filter(|member| member.value.value != NodeValue::Null);
    let members = members.map(|member| {
        let literal = member.key.starts_with("x-");
        let value = if literal { member.value.to_value() } else { value_without_nulls(&member.value) };
        (member.key.as_ref().to_owned(), value)
    });
    members.collect()
}

fn value_without_nulls(node: &Node) -> Value {
    match &node.value {
        NodeValue::Object(members) => Value::Object(without_nulls(members.iter())),
        NodeValue::Array(items) => items.iter().map(value_without_nulls).collect(),
        _ => node.to_value(),
    }
}
