//! Interpolated text (EXP-050 ff.).

use std::sync::Arc;

use super::{Decoder, Place};
use crate::rules::expressions as rules;
use crate::value::template::{PlaceholderRoot, Template};

impl Decoder<'_> {
    /// A template whose text must not be empty.
    pub(super) fn template(&mut self, place: &Place<'_>, rule: &'static str) -> Option<Template> {
        let text = Arc::clone(self.non_empty(place, rule)?);
        self.template_of(place, text)
    }

    /// A template of a text that stands at the place.
    pub(super) fn template_of(&mut self, place: &Place<'_>, text: Arc<str>) -> Option<Template> {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => {
                self.report(place, rules::malformed_placeholder(&error.to_string()));
                return None;
            }
        };
        let mut sound = true;
        for placeholder in template.placeholders() {
            if placeholder.config_key().is_some_and(|key| !self.config.contains_key(key)) {
                self.report(place, rules::undeclared_placeholder(&placeholder.to_string()));
                sound = false;
            }
            let excluded = placeholder.root() == PlaceholderRoot::Context
                && placeholder.path().segments().next() != Some("payload")
                && self.context.as_ref().is_some_and(|schema| schema.excludes(placeholder.path()));
            if excluded {
                self.report(place, rules::impossible_placeholder(&placeholder.to_string()));
                sound = false;
            }
        }
        sound.then_some(template)
    }
}
