//! From source text to a compiled expression.

use std::sync::Arc;

use jaq_core::data::JustLut;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Filter, compile};
use jaq_json::Val;
use jf_core::dsl::SiteClass;
use jf_core::spi::{CompileError, CompiledExpression, ExpressionEngine, Site};

use crate::evaluate::JaqExpression;

/// The `jq` expression engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct JaqEngine;

/// The bindings of every site (EXP-010).
const BINDINGS: [&str; 4] = ["context", "payload", "error", "platform"];

impl ExpressionEngine for JaqEngine {
    fn lang(&self) -> &'static str {
        "jq"
    }

    fn supports(&self, _class: SiteClass) -> bool {
        true
    }

    fn compile(&self, source: &str, site: Site<'_>) -> Result<Arc<dyn CompiledExpression>, CompileError> {
        let filter = filter(source, site.extra)?;
        Ok(Arc::new(JaqExpression::new(filter, site.class)))
    }
}

fn filter(source: &str, extra: &[&'static str]) -> Result<Filter<JustLut<Val>>, CompileError> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules =
        Loader::new(defs).load(&arena, File { code: source, path: () }).map_err(|e| load_error(source, e))?;
    let names: Vec<String> = BINDINGS.iter().chain(extra).map(|name| format!("${name}")).collect();
    Compiler::default()
        .with_funs(funs)
        .with_global_vars(names.iter().map(String::as_str))
        .compile(modules)
        .map_err(|errors| compile_error(source, errors))
}

fn load_error(source: &str, errors: load::Errors<&str, ()>) -> CompileError {
    let at = |message: String, part: &str| CompileError::new(message).at(load::span(source, part));
    match errors.into_iter().next() {
        Some((_, load::Error::Lex(errors))) => match errors.into_iter().next() {
            Some((expected, found)) => at(format!("expected {}", expected.as_str()), found),
            None => CompileError::new("not a jq program"),
        },
        Some((_, load::Error::Parse(errors))) => match errors.into_iter().next() {
            Some((expected, found)) => at(format!("expected {}", expected.as_str()), found),
            None => CompileError::new("not a jq program"),
        },
        _ => CompileError::new("modules are not offered"),
    }
}

fn compile_error(source: &str, errors: compile::Errors<&str, ()>) -> CompileError {
    match errors.into_iter().next().and_then(|(_, errors)| errors.into_iter().next()) {
        Some((name, undefined)) => {
            CompileError::new(format!("unknown {} {name}", undefined.as_str())).at(load::span(source, name))
        }
        None => CompileError::new("not a jq program"),
    }
}
