//! `JF21xx`: names, labels and what a kind of definition may hold (01 §2, §10 to §12).

use super::{Fault, RuleInfo};
use crate::rules::shape::shorten;

pub(super) const RULES: &[&RuleInfo] = &[
    &LONG_DESCRIPTION,
    &DUPLICATE_TAG,
    &TAG_STYLE,
    &TOO_MANY_TAGS,
    &ATTRIBUTE_TWICE,
    &ATTRIBUTE_LIMIT,
    &ATTRIBUTE_STYLE,
    &DEFAULT_ABOVE_BOUND,
    &DEADLINE_ABOVE_BOUND,
    &NO_EFFECT_ON_API,
    &WRONG_KIND,
    &CONFIG_VALUE,
];

static LONG_DESCRIPTION: RuleInfo = RuleInfo::warning(
    2101,
    "DEF-025",
    "a long description",
    "`metadata.description` is shown in lists and catalogues; more than 200 characters will be cut there. Longer notes fit \
     into comments or an `x-` member.",
);

static DUPLICATE_TAG: RuleInfo = RuleInfo::warning(
    2102,
    "DEF-026",
    "a tag that is already there",
    "The tags of a run are a set, so writing a tag twice has no effect.\n\nRemove one of the two.",
);

static TAG_STYLE: RuleInfo = RuleInfo::warning(
    2103,
    "DEF-026",
    "a tag that is not kebab-case",
    "Tags are compared exactly when runs are listed. One style for all of them, lower-case words joined by `-`, keeps them \
     findable.",
);

static TOO_MANY_TAGS: RuleInfo = RuleInfo::error(
    2104,
    "DEF-026",
    "more tags than allowed",
    "The platform limits how many tags a definition may carry: `definitionTags.maxCount`, 10 unless configured.",
);

static ATTRIBUTE_TWICE: RuleInfo = RuleInfo::error(
    2105,
    "DEF-108",
    "an attribute with two sources",
    "Attributes are written once and never change. An attribute that is bound under two sources would either ignore one of \
     them or fail starts at random, depending on what a request carries.\n\n\
     Keep one of the two sources.",
);

static ATTRIBUTE_LIMIT: RuleInfo = RuleInfo::error(
    2106,
    "DEF-109",
    "more or longer attributes than allowed",
    "The platform limits attributes: `attributes.maxKeys` (16 unless configured) and `attributes.maxKeyLength` (32).",
);

static ATTRIBUTE_STYLE: RuleInfo = RuleInfo::warning(
    2107,
    "DEF-110",
    "an attribute name in an unusual style",
    "Attribute names are lowerCamel (`orderId`) or snake_case (`order_id`), so that filters and dashboards can rely on one \
     spelling.",
);

static DEFAULT_ABOVE_BOUND: RuleInfo = RuleInfo::warning(
    2108,
    "DEF-117",
    "a default above its upper bound",
    "`defaultMaxDurationSec` is larger than `maxDurationUpperBoundSec`. The smaller one counts, so the default never takes \
     effect as written.",
);

static DEADLINE_ABOVE_BOUND: RuleInfo = RuleInfo::warning(
    2109,
    "DEF-091",
    "a deadline above the platform's bound",
    "`execution.maxDurationSec` is larger than the platform allows (`maxDurationUpperBoundSec`). The run is ended at the \
     bound, with the `onTimeout` of the definition.",
);

static NO_EFFECT_ON_API: RuleInfo = RuleInfo::warning(
    2110,
    "DEF-030",
    "a block without effect on an Api",
    "`httpSurface` shapes the documents of Journeys. The answers of an Api carry no links, so the block does nothing here.",
);

static WRONG_KIND: RuleInfo = RuleInfo::error(
    2111,
    "DEF-030",
    "a member of the other kind of definition",
    "Journeys are durable runs with an id, Apis answer one request with one response. Members that speak of runs \
     (`lifecycle`, `metadata`, `access`, `output.response`) belong to Journeys; `route` and `apiResponses` belong to Apis.",
);

static CONFIG_VALUE: RuleInfo = RuleInfo::error(
    2112,
    "DEF-082",
    "a configuration value is missing or of the wrong type",
    "The definition declares a key under `spec.platform.config` that the platform must give a value of the declared type. \
     Without it the definition cannot be deployed.\n\n\
     Set `platform.config.<definition>.<key>` in the configuration of the engine, or make the key optional.",
);

pub(crate) fn long_description(limit: usize) -> Fault {
    Fault::new(&LONG_DESCRIPTION, format!("the description has more than {limit} characters"))
}

pub(crate) fn duplicate_tag(tag: &str, first: crate::source::Span) -> Fault {
    Fault::new(&DUPLICATE_TAG, format!("the tag `{}` is already there", shorten(tag)))
        .label(first, "the first one")
}

pub(crate) fn tag_style(tag: &str) -> Fault {
    Fault::new(&TAG_STYLE, format!("the tag `{}` is not kebab-case", shorten(tag)))
}

pub(crate) fn too_many_tags(most: u64) -> Fault {
    Fault::new(&TOO_MANY_TAGS, format!("more than {most} tags"))
}

pub(crate) fn attribute_twice(name: &str, first: crate::source::Span) -> Fault {
    Fault::new(&ATTRIBUTE_TWICE, format!("the attribute `{}` has another source already", shorten(name)))
        .label(first, "the first source")
}

pub(crate) fn too_many_attributes(most: u64) -> Fault {
    Fault::new(&ATTRIBUTE_LIMIT, format!("more than {most} attributes"))
}

pub(crate) fn long_attribute(most: u64) -> Fault {
    Fault::new(&ATTRIBUTE_LIMIT, format!("the attribute name has more than {most} characters"))
}

pub(crate) fn attribute_style(name: &str) -> Fault {
    Fault::new(
        &ATTRIBUTE_STYLE,
        format!("the attribute name `{}` is neither lowerCamel nor snake_case", shorten(name)),
    )
}

pub(crate) fn default_above_bound(bound: u64) -> Fault {
    Fault::new(&DEFAULT_ABOVE_BOUND, format!("the default is above the upper bound of {bound} s"))
}

pub(crate) fn deadline_above_bound(bound: u64) -> Fault {
    Fault::new(&DEADLINE_ABOVE_BOUND, format!("the platform ends runs after {bound} s"))
}

pub(crate) fn no_effect_on_api() -> Fault {
    Fault::new(&NO_EFFECT_ON_API, "the block has no effect on an Api")
}

/// A member that only the other kind may have; `rule` is the one that says so.
pub(crate) fn wrong_kind(name: &str, belongs_to: &str, rule: &'static str) -> Fault {
    Fault::new(&WRONG_KIND, format!("`{name}` belongs to {belongs_to} definitions only")).rule(rule)
}

pub(crate) fn config_missing(definition: &str, key: &str) -> Fault {
    Fault::new(&CONFIG_VALUE, format!("no value is configured for the required key `{key}`"))
        .help(format!("set `platform.config.{definition}.{key}` in the configuration"))
}

pub(crate) fn config_type(key: &str, expected: &str) -> Fault {
    Fault::new(&CONFIG_VALUE, format!("the value configured for `{key}` is not of type {expected}"))
}
