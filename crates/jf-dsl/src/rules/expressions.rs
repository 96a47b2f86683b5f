//! `JF4xxx`: expressions, mappers and interpolated text (03, 01 §13).

use super::{Fault, RuleInfo};
use crate::capabilities::{ExpressionFault, ExpressionFaultKind, SiteClass};
use crate::rules::shape::shorten;
use crate::suggest::{Meant, meant};
use crate::value::path::DotPath;

pub(super) const RULES: &[&RuleInfo] = &[
    &UNKNOWN_LANGUAGE,
    &UNSUPPORTED_SITE,
    &REJECTED,
    &NOT_BOOLEAN,
    &IMPOSSIBLE_PATH,
    &MALFORMED_PLACEHOLDER,
    &UNDECLARED_PLACEHOLDER,
    &IMPOSSIBLE_PLACEHOLDER,
    &NO_REFERENCE_HERE,
    &UNDECLARED_CONFIG,
    &UNKNOWN_MAPPER,
    &UNUSED_MAPPER,
];

static UNKNOWN_LANGUAGE: RuleInfo = RuleInfo::error(
    4001,
    "EXP-002",
    "no engine for the language",
    "`lang` names an expression engine, and this build has none of that id. There is no default engine and no fallback to \
     another one.\n\n\
     Use one of the languages the message lists, or run an engine that registers this one.",
);

static UNSUPPORTED_SITE: RuleInfo = RuleInfo::error(
    4002,
    "EXP-030",
    "the language cannot be used here",
    "Not every expression language can serve every place: a language that only reshapes documents cannot decide a \
     predicate. The same holds for a mapper that is used by `mapperRef`.\n\n\
     Use another language at this place.",
);

static REJECTED: RuleInfo = RuleInfo::error(
    4003,
    "EXP-004",
    "the expression does not compile",
    "Expressions are compiled when the definition is loaded, so that a mistake shows now and not in a running journey. The \
     message is that of the engine; the position is inside the expression when the engine knows it.\n\n\
     Remember that expressions see the names of the place they stand at (`context`, `platform`, `payload`, `error`); a \
     variable stored by `resultVar` is read through `context`.",
);

static NOT_BOOLEAN: RuleInfo = RuleInfo::error(
    4004,
    "STA-027",
    "a predicate that is not boolean",
    "A predicate yields `true` or `false`. Nothing else counts as true, so a predicate that can only yield another type \
     would fail every run.\n\n\
     Compare the value: `.context.count > 0` instead of `.context.count`.",
);

static IMPOSSIBLE_PATH: RuleInfo = RuleInfo::error(
    4005,
    "EXP-009",
    "a path that cannot exist",
    "The expression reads a member that the declared schema excludes: the schema closes the object with \
     `additionalProperties: false` and does not list it.\n\n\
     Correct the path, or add the member to `spec.context.schema`.",
);

static MALFORMED_PLACEHOLDER: RuleInfo = RuleInfo::error(
    4006,
    "EXP-051",
    "a malformed placeholder",
    "A placeholder is `${context.<path>}` or `${platform.<path>}`, where the path is names joined by dots, without \
     brackets or numbers.\n\n\
     To write a literal `${`, double the dollar sign: `$${`.",
);

static UNDECLARED_PLACEHOLDER: RuleInfo = RuleInfo::error(
    4007,
    "EXP-051",
    "a placeholder with an undeclared configuration key",
    "`${platform.config.<key>}` reads a key that `spec.platform.config` does not declare. Only declared keys are ever \
     bound, so it could not resolve.\n\n\
     Declare the key with its type.",
);

static IMPOSSIBLE_PLACEHOLDER: RuleInfo = RuleInfo::error(
    4008,
    "EXP-054",
    "a placeholder that cannot resolve",
    "The declared schema of the context excludes the path: it closes the object and does not list the member. Or `platform` has no \
     such member. The text could never be built.\n\n\
     Correct the path, or add the member to `spec.context.schema`.",
);

static NO_REFERENCE_HERE: RuleInfo = RuleInfo::error(
    4009,
    "EXP-070",
    "a mapper reference where a predicate stands",
    "`mapperRef` names a mapper, which computes a value. Predicates and status expressions are written in place.\n\n\
     Write `lang` and `expr`.",
);

static UNDECLARED_CONFIG: RuleInfo = RuleInfo::warning(
    4010,
    "DEF-083",
    "an expression with an undeclared configuration key",
    "The expression mentions `platform.config.<key>` with a key that `spec.platform.config` does not declare. Undeclared \
     keys are never bound, so it reads nothing.\n\n\
     Declare the key with its type, or correct its name.",
);

static UNKNOWN_MAPPER: RuleInfo = RuleInfo::error(
    4011,
    "DEF-126",
    "an unknown mapper",
    "`mapperRef` names an entry of `spec.mappers`, and there is none of this id.",
);

static UNUSED_MAPPER: RuleInfo = RuleInfo::warning(
    4012,
    "DEF-128",
    "a mapper that nothing uses",
    "No `mapperRef` names this entry of `spec.mappers`. It may be left over, or a reference may be missing.",
);

pub(crate) fn unknown_language(lang: &str, known: &[String]) -> Fault {
    let fault =
        Fault::new(&UNKNOWN_LANGUAGE, format!("no expression engine is registered for `{}`", shorten(lang)));
    let suggestion = meant(lang, known.iter().map(String::as_str));
    match (suggestion, known) {
        (None, []) => fault.help("this build has no expression engine at all"),
        (None, known) => fault.help(format!("registered: {}", known.join(", "))),
        (suggestion, _) => fault.suggest(suggestion),
    }
}

pub(crate) fn unsupported_site(lang: &str, class: SiteClass, rule: &'static str) -> Fault {
    Fault::new(&UNSUPPORTED_SITE, format!("`{}` cannot be used for {}", shorten(lang), class.label()))
        .rule(rule)
}

pub(crate) fn rejected(fault: ExpressionFault) -> Fault {
    let info = match fault.kind {
        ExpressionFaultKind::Syntax => &REJECTED,
        ExpressionFaultKind::NotBoolean => &NOT_BOOLEAN,
        ExpressionFaultKind::ImpossiblePath => &IMPOSSIBLE_PATH,
    };
    let rejected = Fault::new(info, fault.message);
    match fault.help {
        Some(help) => rejected.help(help),
        None => rejected,
    }
}

/// A placeholder that is none; where it holds a mere path, that is one of the context most likely.
pub(crate) fn malformed_placeholder(reason: &str, written: &str) -> Fault {
    let path = written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let root = path.split('.').next().unwrap_or_default();
    let of_context =
        DotPath::parse(path).is_ok() && !matches!(root, "context" | "platform" | "env" | "secrets");
    Fault::new(&MALFORMED_PLACEHOLDER, reason).help(if of_context {
        format!(
            "write `${{context.{path}}}` for what the context holds there; a literal `${{` is written `$${{`"
        )
    } else {
        "write a literal `${` as `$${`".to_owned()
    })
}

pub(crate) fn undeclared_placeholder(placeholder: &str, meant: Option<&str>) -> Fault {
    let fault =
        Fault::new(&UNDECLARED_PLACEHOLDER, format!("`{placeholder}` reads an undeclared configuration key"));
    fault.help(match meant {
        Some(key) => format!("did you mean `{key}`? Otherwise declare it under `spec.platform.config`"),
        None => "declare it under `spec.platform.config`".to_owned(),
    })
}

pub(crate) fn impossible_placeholder(placeholder: &str) -> Fault {
    Fault::new(
        &IMPOSSIBLE_PLACEHOLDER,
        format!("`{placeholder}` cannot resolve: the context schema excludes it"),
    )
}

pub(crate) fn no_platform_member(placeholder: &str) -> Fault {
    Fault::new(
        &IMPOSSIBLE_PLACEHOLDER,
        format!("`{placeholder}` cannot resolve: `platform` has no such member"),
    )
    .help("it has `environment`, `journey` with `name`, `kind` and `version`, `run` with `id`, `startedAt` and `traceparent`, and `config`")
}

pub(crate) fn no_reference_here() -> Fault {
    Fault::new(&NO_REFERENCE_HERE, "`mapperRef` is not allowed here").help("write `lang` and `expr` in place")
}

pub(crate) fn undeclared_config(key: &str) -> Fault {
    Fault::new(&UNDECLARED_CONFIG, format!("`platform.config.{key}` is not declared"))
        .help("declare it under `spec.platform.config`")
}

pub(crate) fn unknown_mapper(id: &str, suggestion: Option<Meant<'_>>) -> Fault {
    Fault::new(&UNKNOWN_MAPPER, format!("there is no mapper `{}` in `spec.mappers`", shorten(id)))
        .suggest(suggestion)
}

pub(crate) fn unused_mapper(id: &str) -> Fault {
    Fault::new(&UNUSED_MAPPER, format!("nothing uses the mapper `{}`", shorten(id)))
}
