//! What the schemas of a definition are called in the document.

use jf_dsl::Definition;

/// Names of components that belong to one definition: `order-approval.Input`.
///
/// Where a document holds several versions of a definition, the ones that do not serve new runs carry their version, with the
/// characters that a component name may have.
pub(crate) struct Names(String);

impl Names {
    pub(crate) fn of(definition: &Definition, serving: bool) -> Self {
        let name = definition.metadata.name.as_str();
        if serving {
            return Self(name.to_owned());
        }
        let version: String = definition
            .metadata
            .version
            .to_string()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
            .collect();
        Self(format!("{name}-{version}"))
    }

    /// The name of a part, of the characters that names of components may have.
    pub(crate) fn component(&self, part: &str) -> String {
        let part: String = part
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
            .collect();
        format!("{}.{part}", self.0)
    }
}
