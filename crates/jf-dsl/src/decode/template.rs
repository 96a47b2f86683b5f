//! Interpolated text (EXP-050 ff.).

use std::sync::Arc;

use super::{Decoder, Place};
use crate::ids::ConfigKey;
use crate::rules::expressions as rules;
use crate::source::Span;
use crate::value::path::DotPath;
use crate::value::template::{Placeholder, PlaceholderRoot, Template};

/// Placeholders of one text whose faults are shown where they stand; those after them are shown at the text.
const MOST_PLACED: usize = 64;

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
                let fault = rules::malformed_placeholder(&error.to_string(), error.placeholder());
                let (written, mut found) = (error.placeholder().trim_end_matches('…'), 0);
                let span = self.placeholder_span(place, &text, written, &mut found);
                self.report_at(place.path(), span.unwrap_or_else(|| place.span()), fault);
                return None;
            }
        };
        let mut faults = 0;
        let mut found = 0;
        for placeholder in template.placeholders() {
            let written = placeholder.to_string();
            let undeclared = placeholder.config_key().filter(|key| !self.config.contains_key(*key));
            let fault = if let Some(key) = undeclared {
                let declared = std::mem::take(&mut self.config);
                let meant = self.closest(key, declared.keys().map(ConfigKey::as_str));
                let fault = rules::undeclared_placeholder(&written, meant);
                self.config = declared;
                fault
            } else if self.is_excluded(placeholder) {
                rules::impossible_placeholder(&written)
            } else if placeholder.root() == PlaceholderRoot::Platform && !platform_has(placeholder.path()) {
                rules::no_platform_member(&written)
            } else {
                continue;
            };
            // Lining up takes a look at the whole text, so that is not done for ever more of them.
            let near =
                (faults < MOST_PLACED).then(|| self.placeholder_span(place, &text, &written, &mut found));
            self.report_at(place.path(), near.flatten().unwrap_or_else(|| place.span()), fault);
            faults += 1;
        }
        (faults == 0).then_some(template)
    }

    /// Whether the declared context schema proves that the placeholder cannot resolve (EXP-054). `payload` is put there
    /// by the engine, whatever the schema says.
    fn is_excluded(&self, placeholder: &Placeholder) -> bool {
        placeholder.root() == PlaceholderRoot::Context
            && placeholder.path().segments().next() != Some("payload")
            && self.context.as_ref().is_some_and(|schema| schema.excludes(placeholder.path()))
    }

    /// Where a placeholder stands in the source, looked for in the text from an offset on, which is moved behind it.
    fn placeholder_span(
        &self,
        place: &Place<'_>,
        text: &str,
        written: &str,
        from: &mut usize,
    ) -> Option<Span> {
        let mut all = text.get(*from..)?.match_indices(written).map(|(at, _)| *from + at);
        // `$${` is no placeholder.
        let at = all.find(|at| !text[..*at].ends_with('$'))?;
        *from = at + written.len();
        self.inside(place.node, text, at, *from)
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
