//! `kind: MetadataLimits` documents (01 §12).

use super::{Decoder, Place};
use crate::model::metadata::MetadataLimits;
use crate::rules::metadata as rules;

impl Decoder<'_> {
    /// The limits of the document over the built-in ones (DEF-116).
    pub(super) fn metadata_limits(&mut self, spec: &Place<'_>) -> Option<MetadataLimits> {
        self.object(spec, "DEF-115")?;
        self.known(spec, &["definitionTags", "instanceTags", "attributes", "execution"]);
        let mut limits = MetadataLimits::default();
        self.group(spec, "definitionTags", &mut [("maxCount", &mut limits.definition_tags.max_count)]);
        self.group(
            spec,
            "instanceTags",
            &mut [
                ("maxCount", &mut limits.instance_tags.max_count),
                ("maxLength", &mut limits.instance_tags.max_length),
            ],
        );
        self.group(
            spec,
            "attributes",
            &mut [
                ("maxKeys", &mut limits.attributes.max_keys),
                ("maxKeyLength", &mut limits.attributes.max_key_length),
                ("maxValueLength", &mut limits.attributes.max_value_length),
            ],
        );
        let (mut default, mut bound) = (0, 0);
        self.group(
            spec,
            "execution",
            &mut [("defaultMaxDurationSec", &mut default), ("maxDurationUpperBoundSec", &mut bound)],
        );
        limits.execution.default_max_duration_sec = (default > 0).then_some(default);
        limits.execution.max_duration_upper_bound_sec = (bound > 0).then_some(bound);
        if bound > 0
            && default > bound
            && let Some(place) =
                spec.get("execution").as_ref().and_then(|place| place.get("defaultMaxDurationSec"))
        {
            self.report(&place, rules::default_above_bound(bound));
        }
        Some(limits)
    }

    fn group(&mut self, spec: &Place<'_>, name: &'static str, members: &mut [(&'static str, &mut u64)]) {
        let Some(place) = spec.get(name) else { return };
        if self.object(&place, "DEF-115").is_none() {
            return;
        }
        let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        self.known(&place, &names);
        for (name, value) in members {
            if let Some(limit) = place.get(name).and_then(|place| self.positive(&place, "DEF-115")) {
                **value = limit.get();
            }
        }
    }
}
