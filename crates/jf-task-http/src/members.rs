//! Reading a configuration object: members by name, `null` counting as absent (DEF-009).

use jf_core::dsl::{JsonPath, TaskFinding, VarName};
use jf_core::spi::LoadContext;
use serde_json::{Map, Value};

/// A fault was reported; there is nothing to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;

/// One object of the configuration and its path from the `task` object.
#[derive(Debug, Clone)]
pub(crate) struct Members<'v> {
    object: &'v Map<String, Value>,
    path: JsonPath,
}

impl<'v> Members<'v> {
    pub(crate) const fn new(object: &'v Map<String, Value>, path: JsonPath) -> Self {
        Self { object, path }
    }

    /// The value of a member that is present.
    pub(crate) fn get(&self, name: &str) -> Option<&'v Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The members that are present, in document order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'v str, &'v Value)> {
        self.object.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.as_str(), value))
    }

    pub(crate) const fn object(&self) -> &'v Map<String, Value> {
        self.object
    }

    pub(crate) const fn path(&self) -> &JsonPath {
        &self.path
    }

    /// The path of a member, present or not.
    pub(crate) fn at(&self, name: &str) -> JsonPath {
        self.path.clone().member(name)
    }

    /// A member that is an object of a fixed shape or a map.
    pub(crate) fn child(
        &self,
        name: &str,
        rule: &'static str,
        load: &mut LoadContext<'_>,
    ) -> Result<Option<Members<'v>>, Reported> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Members::new(object, self.at(name)))),
            Some(_) => Err(refuse(
                load,
                TaskFinding::error(rule, self.at(name), format!("`{name}` must be an object")),
            )),
        }
    }

    /// A member that is one of a few words.
    pub(crate) fn word(
        &self,
        name: &str,
        rule: &'static str,
        allowed: &[&'static str],
        load: &mut LoadContext<'_>,
    ) -> Result<Option<&'static str>, Reported> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.as_str().unwrap_or_default();
        if let Some(word) = allowed.iter().find(|word| **word == text) {
            return Ok(Some(word));
        }
        let list = allowed.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let finding = TaskFinding::error(rule, self.at(name), format!("`{name}` must be one of {list}"));
        Err(refuse(
            load,
            match jf_core::dsl::closest(text, allowed.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")).suggestion(near),
                None => finding,
            },
        ))
    }

    /// A member that names a variable of the context (STA-006).
    pub(crate) fn var(&self, name: &str, load: &mut LoadContext<'_>) -> Result<Option<VarName>, Reported> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let Some(var) = value.as_str().and_then(|text| VarName::parse(text).ok()) else {
            let finding =
                TaskFinding::error("STA-006", self.at(name), format!("`{name}` must be an identifier"))
                    .help("a letter or `_`, then letters, digits and `_`");
            return Err(refuse(load, finding));
        };
        if var.as_str() == "payload" {
            let finding = TaskFinding::warning(
                "STA-006",
                self.at(name),
                "the variable `payload` is cleared at every `wait` and `webhook`",
            )
            .help("choose another name");
            load.report(finding);
        }
        Ok(Some(var))
    }
}

/// Reports an error.
pub(crate) fn refuse(load: &mut LoadContext<'_>, finding: TaskFinding) -> Reported {
    load.report(finding);
    Reported
}
