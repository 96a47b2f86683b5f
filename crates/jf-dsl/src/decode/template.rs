//! Interpolated text (EXP-050 ff.).

use std::sync::Arc;

use super::{Decoder, Place};
use crate::rules::{Fault, expressions as rules};
use crate::value::path::DotPath;
use crate::value::template::{Placeholder, PlaceholderRoot, Template};

impl Decoder<'_> {
    /// A template whose text must not be empty.
    pub(super) fn template(&mut self, place: &Place<'_>, rule: &'static str) -> Option<Template> {
        let text = Arc::clone(self.non_empty(place, rule)?);
        self.template_of(place, text)
    }

    /// A template of a text that stands at the place.
    pub(super) fn template_of(&mut self, place: &Place<'_>, text: Arc<str>) -> Option<Template> {
        let template = match Template::parse(Arc::clone(&text)) {
            Ok(template) => template,
            Err(error) => {
                let fault = rules::malformed_placeholder(&error.to_string());
                self.report_placeholder(place, &text, error.placeholder(), fault);
                return None;
            }
        };
        let mut sound = true;
        for placeholder in template.placeholders() {
            let written = placeholder.to_string();
            let undeclared = placeholder.config_key().is_some_and(|key| !self.config.contains_key(key));
            let fault = if undeclared {
                rules::undeclared_placeholder(&written)
            } else if self.is_excluded(placeholder) {
                rules::impossible_placeholder(&written)
            } else if placeholder.root() == PlaceholderRoot::Platform && !platform_has(placeholder.path()) {
                rules::no_platform_member(&written)
            } else {
                continue;
            };
            self.report_placeholder(place, &text, &written, fault);
            sound = false;
        }
        sound.then_some(template)
    }

    /// Whether the declared context schema proves that the placeholder cannot resolve (EXP-054). `payload` is put there
    /// by the engine, whatever the schema says.
    fn is_excluded(&self, placeholder: &Placeholder) -> bool {
        placeholder.root() == PlaceholderRoot::Context
            && placeholder.path().segments().next() != Some("payload")
            && self.context.as_ref().is_some_and(|schema| schema.excludes(placeholder.path()))
    }

    /// Reports a fault of the text, showing the placeholder where it can be found.
    fn report_placeholder(&mut self, place: &Place<'_>, text: &str, written: &str, fault: Fault) {
        let at = text.find(written.trim_end_matches('…'));
        let span = at.and_then(|at| self.inside(place.node, text, at, (at + written.len()).min(text.len())));
        self.report_at(place.path(), span.unwrap_or_else(|| place.span()), fault);
    }
}

/// Whether `platform` has a member at the path (EXP-015); below a configured value there may be anything.
fn platform_has(path: &DotPath) -> bool {
    let segments: Vec<&str> = path.segments().collect();
    matches!(
        segments[..],
        ["environment" | "journey" | "run" | "config"]
            | ["journey", "name" | "kind" | "version"]
            | ["run", "id" | "startedAt" | "traceparent"]
            | ["config", _, ..]
    )
}
