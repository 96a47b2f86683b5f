//! What is wrong with a program, with its position.

use jaq_core::compile::{self, Undefined};
use jaq_core::load::{lex, parse, span};
use jf_core::dsl::closest;
use jf_core::spi::CompileError;

use super::library;

/// Functions and variables of jq that reach beyond the bindings of a site (EXP-005).
const IMPURE: [&str; 13] = [
    "input",
    "inputs",
    "input_filename",
    "input_line_number",
    "debug",
    "stderr",
    "halt",
    "halt_error",
    "env",
    "$ENV",
    "$__prog_args",
    "get_search_list",
    "modulemeta",
];

/// An error at a part of the source.
pub(super) fn at(source: &str, part: &str, message: String) -> CompileError {
    let error = CompileError::new(message);
    match source.as_bytes().as_ptr_range().contains(&part.as_ptr())
        || source.as_bytes().as_ptr_range().end == part.as_ptr()
    {
        true => error.at(span(source, part)),
        // A word that the compiler made up.
        false => error,
    }
}

/// What the lexer did not understand.
pub(super) fn unreadable(source: &str, found: Vec<lex::Error<&str>>) -> CompileError {
    match found.into_iter().next() {
        Some((expected, rest)) => {
            let part = rest.chars().next().map_or(rest, |c| &rest[..c.len_utf8()]);
            at(source, part, format!("expected {}", expected.as_str()))
        }
        None => CompileError::new("not a jq program"),
    }
}

/// What the parser did not understand.
pub(super) fn unexpected(source: &str, found: Vec<parse::TError<'_, &str>>) -> CompileError {
    match found.into_iter().next() {
        Some((expected, token)) => {
            let part = lex::Token::opt_as_str(token, source);
            match expected {
                parse::Expect::Nothing => at(source, part, "expected an operator or the end".to_owned()),
                expected => at(source, part, format!("expected {}", expected.as_str())),
            }
        }
        None => CompileError::new("not a jq program"),
    }
}

/// Names that nothing is bound to.
pub(super) fn undefined(source: &str, errors: compile::Errors<&str, ()>, bindings: &[&str]) -> CompileError {
    match errors.into_iter().flat_map(|(_, errors)| errors).next() {
        Some((name, undefined)) => at(source, name, describe(name, &undefined, bindings)),
        None => CompileError::new("not a jq program"),
    }
}

fn describe(name: &str, undefined: &Undefined, bindings: &[&str]) -> String {
    if IMPURE.contains(&name) {
        return format!("`{name}` is not offered: an expression reaches nothing but its bindings");
    }
    let suggest = |known: &str| format!("; did you mean `{known}`?");
    match undefined {
        Undefined::Filter(arity) => match library::arities(name).as_slice() {
            [] => {
                let nearest = closest(name, library::names()).map(suggest).unwrap_or_default();
                format!("unknown function `{name}`{nearest}")
            }
            arities => {
                let arities: Vec<_> = arities.iter().map(usize::to_string).collect();
                format!("`{name}` takes {} arguments, not {arity}", arities.join(" or "))
            }
        },
        Undefined::Var => {
            let plain = name.trim_start_matches('$');
            let nearest = closest(plain, bindings.iter().copied()).map(|known| suggest(&format!("${known}")));
            format!("unknown variable `{name}`{}", nearest.unwrap_or_default())
        }
        other => format!("unknown {} `{name}`", other.as_str()),
    }
}
