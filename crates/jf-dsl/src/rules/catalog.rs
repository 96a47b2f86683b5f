//! `JF53xx`: definitions that cannot be deployed together.

use super::RuleInfo;

pub(super) const RULES: &[&RuleInfo] = &[];
