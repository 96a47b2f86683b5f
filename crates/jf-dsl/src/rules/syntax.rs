//! `JF1xxx`: the text cannot be read (01 §1).

use super::{Fault, RuleInfo};

pub(super) const RULES: &[&RuleInfo] = &[
    &NOT_UTF8,
    &NOT_READABLE,
    &SEVERAL_DOCUMENTS,
    &NO_DOCUMENT,
    &ALIAS,
    &TAG,
    &MERGE_KEY,
    &KEY_NOT_TEXT,
    &TAB,
    &DUPLICATE_KEY,
    &NOT_FINITE,
    &TOO_LARGE,
    &TOO_DEEP,
    &FILE_NAME,
];

static NOT_UTF8: RuleInfo = RuleInfo::error(
    1001,
    "DEF-002",
    "the file is not UTF-8",
    "Definitions are UTF-8 text. The position is the first byte that is none; everything after it was not read.\n\n\
     Save the file as UTF-8. A file that an editor saved as UTF-16 starts with the bytes FF FE or FE FF.",
);

static NOT_READABLE: RuleInfo = RuleInfo::error(
    1002,
    "DEF-002",
    "the text is not YAML or JSON",
    "The text does not follow the grammar of its format: YAML 1.2 for `.yaml` and `.yml`, JSON for `.json` (no comments, \
     no trailing commas, only double quotes). Reading stops here, so there may be further faults below.\n\n\
     In YAML the usual causes are indentation that does not line up with its neighbours, a `:` followed by a space \
     inside unquoted text, and quotes that are not closed.",
);

static SEVERAL_DOCUMENTS: RuleInfo = RuleInfo::error(
    1003,
    "DEF-001",
    "more than one document in a file",
    "A definition file holds exactly one document. A second `---` starts another one.\n\n\
     Put every definition into a file of its own.",
);

static NO_DOCUMENT: RuleInfo = RuleInfo::error(
    1004,
    "DEF-001",
    "the file is empty",
    "The file holds no document: it is empty or has comments only. A definition starts with `apiVersion: v1`.",
);

static ALIAS: RuleInfo = RuleInfo::error(
    1005,
    "DEF-002",
    "an anchor or alias",
    "YAML anchors (`&name`) and aliases (`*name`) are not part of the language: a definition must read the same for every \
     tool and person, and expansion can blow up small files.\n\n\
     Repeat the value. Expressions that are used in several places belong into `spec.mappers`. A plain value that starts \
     with `*` or `&` needs quotes.",
);

static TAG: RuleInfo = RuleInfo::error(
    1006,
    "DEF-002",
    "an explicit tag",
    "YAML tags such as `!!str` or `!custom` are not part of the language. Scalars are typed by the YAML 1.2 core schema \
     alone.\n\n\
     Remove the tag; quote a value that must be text. A plain value that starts with `!` needs quotes.",
);

static MERGE_KEY: RuleInfo = RuleInfo::error(
    1007,
    "DEF-002",
    "a merge key",
    "The YAML 1.1 merge key `<<` is not part of the language.\n\nWrite the members out.",
);

static KEY_NOT_TEXT: RuleInfo = RuleInfo::error(
    1008,
    "DEF-002",
    "a key that is not text",
    "Keys are strings. An unquoted `200:`, `true:` or `null:` is a number, a boolean or null in YAML, and `? [a]` is a \
     sequence.\n\n\
     Quote the key: `\"200\":`.",
);

static TAB: RuleInfo = RuleInfo::error(
    1009,
    "DEF-002",
    "a tab in the indentation",
    "YAML does not allow tabs for indentation: their width is in the eye of the editor.\n\nIndent with spaces.",
);

static DUPLICATE_KEY: RuleInfo = RuleInfo::error(
    1010,
    "DEF-004",
    "a key that is already there",
    "A mapping holds each key once. Many readers silently keep the last one, which hides mistakes such as two states of \
     one name; here it is an error in YAML and in JSON.\n\n\
     Rename or remove one of the two. The second one was not looked into.",
);

static NOT_FINITE: RuleInfo = RuleInfo::error(
    1011,
    "DEF-006",
    "a number without a finite value",
    "`.nan`, `.inf` and numbers beyond the range of doubles have no JSON form.\n\n\
     Write a finite number, or quote the value when it is text.",
);

static TOO_LARGE: RuleInfo = RuleInfo::error(
    1012,
    "DEF-014",
    "the file is too large",
    "A definition file has at most 1 MiB unless the platform configures another ceiling.\n\n\
     Large inline schemas and literal bodies are the usual causes.",
);

static TOO_DEEP: RuleInfo = RuleInfo::error(
    1013,
    "DEF-014",
    "the document is nested too deeply",
    "Mappings and sequences nest at most 128 levels deep. Reading stops here.",
);

static FILE_NAME: RuleInfo = RuleInfo::error(
    1014,
    "DEF-001",
    "the file name has another ending",
    "A definition file ends in `.journey.yaml`, `.journey.yml` or `.journey.json`, so that tools find definitions and \
     leave other files alone. The ending also decides whether the file is read as YAML or as JSON.\n\nRename the file.",
);

pub(crate) fn not_utf8(looks_like_utf16: bool) -> Fault {
    let fault = Fault::new(&NOT_UTF8, "the file is not UTF-8 from here on");
    if looks_like_utf16 { fault.help("it looks like UTF-16; save it as UTF-8") } else { fault }
}

pub(crate) fn not_yaml(reason: &str) -> Fault {
    Fault::new(&NOT_READABLE, format!("not valid YAML: {reason}"))
}

/// What the parser refuses, with the usual cause.
pub(crate) fn not_yaml_because(reason: &str, help: &str) -> Fault {
    not_yaml(reason).help(help)
}

pub(crate) fn not_json(reason: &str) -> Fault {
    Fault::new(&NOT_READABLE, format!("not valid JSON: {reason}"))
}

pub(crate) fn unexpected_character(character: char) -> Fault {
    let written = character.escape_unicode();
    if character.is_ascii_graphic() {
        let fault = Fault::new(&NOT_READABLE, format!("not valid YAML: no text starts with `{character}`"));
        return fault.help("quote the text");
    }
    let fault = Fault::new(&NOT_READABLE, format!("not valid YAML: the character {written} is not allowed"));
    fault.help("remove it, or write it as an escape in double quotes")
}

pub(crate) fn unclosed_bracket(bracket: char) -> Fault {
    Fault::new(&NOT_READABLE, format!("not valid YAML: the `{bracket}` is not closed"))
}

pub(crate) fn mismatched_bracket(open: char, close: char) -> Fault {
    Fault::new(&NOT_READABLE, format!("not valid YAML: the `{open}` is closed by `{close}`"))
}

pub(crate) fn unclosed_quote() -> Fault {
    Fault::new(&NOT_READABLE, "not valid YAML: the quote is not closed")
        .help("text in quotes that goes on is indented more than its key")
}

pub(crate) fn several_documents() -> Fault {
    Fault::new(&SEVERAL_DOCUMENTS, "a second document starts here")
        .help("put every definition into a file of its own")
}

pub(crate) fn no_document() -> Fault {
    Fault::new(&NO_DOCUMENT, "the file holds no document").help("a definition starts with `apiVersion: v1`")
}

pub(crate) fn anchor() -> Fault {
    Fault::new(&ALIAS, "anchors are not allowed")
        .help("remove the anchor and write the value where it is used")
}

pub(crate) fn alias() -> Fault {
    Fault::new(&ALIAS, "aliases are not allowed").help("write the value out, or quote it when it is text")
}

pub(crate) fn tag() -> Fault {
    Fault::new(&TAG, "tags are not allowed").help("remove the tag; quote the value when it must be text")
}

pub(crate) fn merge_key() -> Fault {
    Fault::new(&MERGE_KEY, "merge keys are not allowed").help("write the members out")
}

pub(crate) fn key_not_text(written: Option<&str>) -> Fault {
    match written {
        Some(written) => Fault::new(&KEY_NOT_TEXT, format!("the key `{written}` is not text"))
            .help("quote it")
            .replace_by(format!("\"{written}\"")),
        None => Fault::new(&KEY_NOT_TEXT, "a key must be text"),
    }
}

pub(crate) fn tab() -> Fault {
    Fault::new(&TAB, "a tab in the indentation").help("indent with spaces")
}

pub(crate) fn duplicate_key(key: &str, first: crate::source::Span) -> Fault {
    Fault::new(&DUPLICATE_KEY, format!("the key `{key}` is already there")).label(first, "the first one")
}

pub(crate) fn not_finite() -> Fault {
    Fault::new(&NOT_FINITE, "the number has no finite value").help("quote it when it is text")
}

pub(crate) fn too_large(limit: usize) -> Fault {
    Fault::new(&TOO_LARGE, format!("the file has more than {limit} bytes"))
}

pub(crate) fn too_deep(limit: usize) -> Fault {
    Fault::new(&TOO_DEEP, format!("nested more than {limit} levels deep"))
}

pub(crate) fn file_name() -> Fault {
    Fault::new(
        &FILE_NAME,
        "the name of a definition file ends in `.journey.yaml`, `.journey.yml` or `.journey.json`",
    )
}
