//! `JF23xx`: parts of the language that this build does not have.

use super::{Fault, RuleInfo};
use crate::capabilities::Feature;

pub(super) const RULES: &[&RuleInfo] = &[&UNSUPPORTED];

static UNSUPPORTED: RuleInfo = RuleInfo::error(
    2301,
    "DEF-030",
    "a part of the language that this build does not have",
    "The definition is written as the language allows, but this build of the engine does not run this part of it. It is \
     refused as a whole, because a definition that is half understood would behave differently from what it says.\n\n\
     Run it on a build that has the feature, or leave the part out.",
);

/// `rule` is the one that defines the member at fault.
pub(crate) fn unsupported(feature: Feature, rule: &'static str) -> Fault {
    Fault::new(&UNSUPPORTED, format!("{} are not supported by this build of the engine", feature.label()))
        .rule(rule)
}
