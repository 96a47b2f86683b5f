//! `JF22xx`: inline JSON Schemas (01 §4).

use super::{Fault, RuleInfo};
use crate::rules::shape::{list, shorten};
use crate::suggest::meant;

pub(super) const RULES: &[&RuleInfo] = &[
    &NOT_A_SCHEMA,
    &OTHER_DRAFT,
    &ID_IGNORED,
    &NOT_LOCAL,
    &RESERVED,
    &RESPONSE_WITHOUT_SCHEMA,
    &RESPONSE_WITHOUT_VARIABLE,
    &API_WITHOUT_SCHEMA,
    &PAYLOAD_IN_INPUT,
    &ENDLESS,
];

static NOT_A_SCHEMA: RuleInfo = RuleInfo::error(
    2201,
    "DEF-050",
    "the schema does not compile",
    "Inline schemas are JSON Schema 2020-12 and are compiled when the definition is loaded. The message says which keyword \
     has a value it cannot have; all of them are reported at once.\n\n\
     A frequent mistake is to write an example where a schema belongs: `properties: { action: [submit, cancel] }` instead of \
     `properties: { action: { enum: [submit, cancel] } }`. Patterns are matched in linear time, so look-around and \
     back-references are not available.",
);

static OTHER_DRAFT: RuleInfo = RuleInfo::error(
    2202,
    "DEF-051",
    "another draft of JSON Schema",
    "Schemas are read as JSON Schema 2020-12. `$schema` may be left out; when present it is \
     `https://json-schema.org/draft/2020-12/schema`.",
);

static ID_IGNORED: RuleInfo = RuleInfo::warning(
    2203,
    "DEF-051",
    "`$id` has no effect",
    "Schemas are self-contained, so their identifiers are ignored: references always start from the inline schema.",
);

static NOT_LOCAL: RuleInfo = RuleInfo::error(
    2204,
    "DEF-052",
    "a reference that leads out of the schema",
    "`$ref` resolves only inside the same inline schema: definitions are self-contained, and validation reads no other file \
     and opens no connection.\n\n\
     Move the target into `$defs` of this schema and refer to it as `#/$defs/<name>`.",
);

static RESERVED: RuleInfo = RuleInfo::error(
    2205,
    "DEF-059",
    "a member that the answer already has",
    "The members of a response variable are merged into the status or outcome document, whose own members keep their \
     meaning. The schema must not promise a member of that name.\n\n\
     Rename the member of the variable.",
);

static RESPONSE_WITHOUT_SCHEMA: RuleInfo = RuleInfo::warning(
    2206,
    "DEF-058",
    "a response without a schema",
    "`output.response` adds members to the outcome document. Without a schema the contracts that are generated from the \
     definition cannot tell clients which.",
);

static RESPONSE_WITHOUT_VARIABLE: RuleInfo = RuleInfo::warning(
    2207,
    "STA-064",
    "a response schema without a variable",
    "`response.schema` describes the variable that `response.outputVar` names. Without it nothing is added to the answer.",
);

static API_WITHOUT_SCHEMA: RuleInfo = RuleInfo::warning(
    2208,
    "DEF-055",
    "an Api without input or output schema",
    "An Api is a contract with callers. Without `spec.input.schema` every body is accepted, and without \
     `spec.output.schema` callers cannot know what they get.",
);

static PAYLOAD_IN_INPUT: RuleInfo = RuleInfo::warning(
    2209,
    "DEF-061",
    "an input member named `payload`",
    "`context.payload` holds the last submission: the first `wait` or `webhook` that a run enters clears it. An input of that \
     name is lost there.\n\n\
     Use another name.",
);

static ENDLESS: RuleInfo = RuleInfo::error(
    2210,
    "DEF-050",
    "a schema that never ends",
    "References that lead back to their own schema without looking deeper into the value have no answer: to know whether a \
     value conforms to `{ $ref: '#' }`, one would have to know it already. Long chains of references at one value are \
     refused too, because a check follows each of them.\n\n\
     Recursion is fine below `properties`, `items` and the like: `{ properties: { next: { $ref: '#' } } }` describes a list.",
);

pub(crate) fn endless(pointer: &str) -> Fault {
    Fault::new(&ENDLESS, format!("the schema leads back to itself at the same value{}", at(pointer)))
        .help("recursion needs a step into the value, as below `properties` or `items`")
}

pub(crate) fn long_chain(pointer: &str) -> Fault {
    Fault::new(&ENDLESS, format!("too long a chain of references at one value{}", at(pointer)))
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(", at `{}`", shorten(pointer)) }
}

pub(crate) fn not_a_schema(reason: &str, pointer: &str) -> Fault {
    let reason = shorten_reason(reason);
    let message = match pointer {
        "" => format!("not a JSON Schema: {reason}"),
        at => format!("not a JSON Schema at `{}`: {reason}", shorten(at)),
    };
    Fault::new(&NOT_A_SCHEMA, message)
}

/// A keyword with a value it cannot have.
pub(crate) fn keyword_value(expected: &str, found: &str, hint: Option<&str>, pointer: &str) -> Fault {
    let fault = not_a_schema(&format!("expected {expected}, found {found}"), pointer);
    match hint {
        Some(hint) => fault.help(hint),
        None => fault,
    }
}

pub(crate) fn unknown_type(found: &str, types: &[&str], pointer: &str) -> Fault {
    let reason = format!("expected one of {}, found `{}`", list(types), shorten(found));
    not_a_schema(&reason, pointer).suggest(meant(found, types.iter().copied()))
}

pub(crate) fn listed_twice(name: &str, pointer: &str) -> Fault {
    not_a_schema(&format!("`{}` is in the array already", shorten(name)), pointer)
}

pub(crate) fn required_is_a_list(pointer: &str) -> Fault {
    not_a_schema("expected an array of member names, found a boolean", pointer).help(
        "`required` stands beside `properties` and names the members that must be there: `required: [name]`",
    )
}

pub(crate) fn values_for_a_schema(pointer: &str) -> Fault {
    not_a_schema("expected a schema, found an array", pointer)
        .help("the values that are allowed stand in `enum`: `{ enum: […] }`")
}

pub(crate) fn other_draft() -> Fault {
    Fault::new(&OTHER_DRAFT, "schemas are JSON Schema 2020-12")
        .help("remove `$schema`, or write `https://json-schema.org/draft/2020-12/schema`")
}

pub(crate) fn id_ignored() -> Fault {
    Fault::new(&ID_IGNORED, "`$id` is ignored")
}

pub(crate) fn not_local(reference: &str) -> Fault {
    let message = if reference.starts_with('#') {
        format!("`{}` is not in this schema", shorten(reference))
    } else {
        format!("`{}` leads out of this schema", shorten(reference))
    };
    Fault::new(&NOT_LOCAL, message).help("put the target under `$defs` of this schema")
}

pub(crate) fn unresolved() -> Fault {
    Fault::new(&NOT_LOCAL, "a reference of the schema does not resolve inside it")
        .help("put the target under `$defs` of this schema")
}

pub(crate) fn reserved(name: &str, rule: &'static str) -> Fault {
    Fault::new(&RESERVED, format!("`{name}` is a member of the answer itself")).rule(rule)
}

pub(crate) fn response_without_schema() -> Fault {
    Fault::new(&RESPONSE_WITHOUT_SCHEMA, "the response has no schema")
}

pub(crate) fn response_without_variable() -> Fault {
    Fault::new(&RESPONSE_WITHOUT_VARIABLE, "the schema has no effect without `outputVar`")
}

pub(crate) fn api_without_schema(block: &str) -> Fault {
    Fault::new(&API_WITHOUT_SCHEMA, format!("the Api declares no {block} schema"))
}

pub(crate) fn payload_in_input() -> Fault {
    Fault::new(&PAYLOAD_IN_INPUT, "the first wait or webhook clears `payload`").help("use another name")
}

fn shorten_reason(reason: &str) -> String {
    const LONGEST: usize = 160;
    match reason.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &reason[..end]),
        None => reason.to_owned(),
    }
}
