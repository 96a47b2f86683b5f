//! What all parts of the reader share: faults, and values of simple kinds.

use std::sync::Arc;

use jf_core::dsl::{
    Diagnostic, IsoDuration, JsonPath, Member, Node, NodeValue, RuleInfo, SourceFile, Span, closest,
};
use serde_json::{Map, Value};

use super::faults;
use super::keys::Section;

/// Reads parts of a file and collects everything that is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) faults: Vec<Diagnostic>,
}

/// A value with the way to it.
#[derive(Clone)]
pub(super) struct Place<'n> {
    pub(super) node: &'n Node,
    pub(super) path: JsonPath,
    /// Where a fault of the value is shown: the value, or its key when the value is long or empty.
    pub(super) span: Span,
}

/// The members of a mapping whose keys are known.
pub(super) struct Fields<'n> {
    members: &'n [Member],
    path: JsonPath,
    span: Span,
}

impl<'n> Place<'n> {
    pub(super) fn root(node: &'n Node) -> Self {
        Self { node, path: JsonPath::root(), span: Span::new(node.span.start, node.span.start) }
    }

    pub(super) fn member(&self, member: &'n Member) -> Self {
        let node = &member.value;
        let shows_key = matches!(node.value, NodeValue::Array(_) | NodeValue::Object(_))
            || node.span.start >= node.span.end;
        let span = if shows_key { member.key_span } else { node.span };
        Self { node, path: self.path.clone().member(Arc::clone(&member.key)), span }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Place<'n>> + use<'n> {
        let path = self.path.clone();
        let items = self.node.items().iter().enumerate();
        items.map(move |(index, node)| Place { node, path: path.clone().index(index), span: node.span })
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&'n Arc<str>, Place<'n>)> + use<'n> {
        let place = self.clone();
        self.node.members().iter().map(move |member| (&member.key, place.member(member)))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.node.value, NodeValue::Null | NodeValue::Broken)
    }
}

impl<'n> Fields<'n> {
    /// The value of a key, if it is there; `null` is a value.
    pub(super) fn get(&self, name: &str) -> Option<Place<'n>> {
        let member = self.members.iter().find(|member| &*member.key == name)?;
        let place = Place { node: &member.value, path: self.path.clone(), span: self.span };
        Some(place.member(member))
    }

    /// Where the mapping begins.
    pub(super) const fn span(&self) -> Span {
        self.span
    }

    pub(super) const fn path(&self) -> &JsonPath {
        &self.path
    }
}

impl Reader<'_> {
    pub(super) fn report(&mut self, rule: &RuleInfo, place: &Place<'_>, message: impl Into<String>) {
        self.faults.push(rule.diagnostic(place.path.clone(), message).at(self.source, place.span));
    }

    /// A mapping of a section, with its unknown keys reported.
    pub(super) fn fields<'n>(&mut self, place: &Place<'n>, section: &Section) -> Option<Fields<'n>> {
        let NodeValue::Object(members) = &place.node.value else {
            self.wrong(place, &format!("{} is a mapping", section.name));
            return None;
        };
        for member in members {
            if section.keys.iter().any(|key| key.name == &*member.key) {
                continue;
            }
            let path = place.path.clone().member(Arc::clone(&member.key));
            let message = format!("{} has no key `{}`", section.name, member.key);
            let fault = faults::UNKNOWN_KEY.diagnostic(path, message);
            let names = section.keys.iter().map(|key| key.name);
            let fault = match closest(&member.key, names.clone()) {
                Some(near) => fault.help(format!("did you mean `{near}`?")).suggestion(near),
                None => fault.help(format!("known here: {}", names.collect::<Vec<_>>().join(", "))),
            };
            self.faults.push(fault.at(self.source, member.key_span));
        }
        Some(Fields { members, path: place.path.clone(), span: place.span })
    }

    /// The value of a key that must be there.
    pub(super) fn required<'n>(
        &mut self,
        fields: &Fields<'n>,
        section: &Section,
        name: &str,
    ) -> Option<Place<'n>> {
        let found = fields.get(name);
        if found.is_none() {
            let message = format!("{} needs `{name}`", section.name);
            let fault = faults::MISSING.diagnostic(fields.path().clone().member(name), message);
            self.faults.push(fault.at(self.source, fields.span()));
        }
        found
    }

    pub(super) fn wrong(&mut self, place: &Place<'_>, wanted: &str) {
        if place.node.value == NodeValue::Broken {
            return;
        }
        let message = format!("{wanted}, not {}", place.node.type_name());
        self.report(&faults::WRONG_VALUE, place, message);
    }

    pub(super) fn text(&mut self, place: &Place<'_>) -> Option<String> {
        match place.node.as_str() {
            Some(text) => Some(text.as_ref().to_owned()),
            None => {
                self.wrong(place, "this is a text");
                None
            }
        }
    }

    /// A text, or a number or a boolean as it would be written.
    pub(super) fn word(&mut self, place: &Place<'_>) -> Option<String> {
        match &place.node.value {
            NodeValue::String(text) => Some(text.as_ref().to_owned()),
            NodeValue::Number(number) => Some(number.to_string()),
            NodeValue::Bool(value) => Some(value.to_string()),
            _ => {
                self.wrong(place, "this is a text");
                None
            }
        }
    }

    pub(super) fn whole(&mut self, place: &Place<'_>) -> Option<u64> {
        let number = match &place.node.value {
            NodeValue::Number(number) => number.as_u64(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(place, "this is a whole number that is not negative");
        }
        number
    }

    pub(super) fn duration(&mut self, place: &Place<'_>) -> Option<IsoDuration> {
        let text = self.text(place)?;
        match IsoDuration::parse(text.as_str()) {
            Ok(duration) => Some(duration),
            Err(error) => {
                self.report(&faults::WRONG_VALUE, place, error.to_string());
                None
            }
        }
    }

    pub(super) fn list<'n>(&mut self, place: &Place<'n>, what: &str) -> Vec<Place<'n>> {
        match &place.node.value {
            NodeValue::Array(_) => place.items().collect(),
            _ => {
                self.wrong(place, &format!("{what} is a list"));
                Vec::new()
            }
        }
    }

    pub(super) fn mapping<'n>(&mut self, place: &Place<'n>, what: &str) -> Vec<(String, Place<'n>)> {
        match &place.node.value {
            NodeValue::Object(_) => {
                place.members().map(|(name, value)| (name.as_ref().to_owned(), value)).collect()
            }
            _ => {
                self.wrong(place, &format!("{what} is a mapping"));
                Vec::new()
            }
        }
    }

    /// Names with texts; a list gives its name several times.
    pub(super) fn words(&mut self, place: Option<Place<'_>>, what: &str) -> Vec<(String, String)> {
        let Some(place) = place else { return Vec::new() };
        let mut words = Vec::new();
        for (name, value) in self.mapping(&place, what) {
            let values = match &value.node.value {
                NodeValue::Array(_) => value.items().collect(),
                _ => vec![value],
            };
            for value in values {
                words.extend(self.word(&value).map(|text| (name.clone(), text)));
            }
        }
        words
    }

    /// A value without matchers.
    pub(super) fn plain(&mut self, place: &Place<'_>) -> Value {
        match &place.node.value {
            NodeValue::Array(_) => place.items().map(|item| self.plain(&item)).collect(),
            NodeValue::Object(_) => {
                let members =
                    place.members().map(|(name, value)| (name.as_ref().to_owned(), self.plain(&value)));
                Value::Object(members.collect::<Map<_, _>>())
            }
            NodeValue::Tagged(tagged) => {
                let message = format!("`{}` matches something, and here is nothing to match", tagged.tag);
                self.report(&faults::NO_MATCHER, place, message);
                Value::Null
            }
            _ => place.node.to_value(),
        }
    }
}
