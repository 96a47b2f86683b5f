//! From source text to a compiled expression.
//!
//! Text is parsed to the interpreter's syntax tree, the tree is prepared – ticks are put in, reads of bindings become loads – and then
//! compiled, together with the definitions and filters of the library that it needs and no others.

mod check;
mod errors;
mod library;
mod parse;
mod prepare;

use std::sync::Arc;

use jaq_core::load::{File, Loader, parse::Def};
use jaq_core::{Compiler, Filter};
use jf_core::dsl::SiteClass;
use jf_core::spi::{CompileError, CompiledExpression, ExpressionEngine, Site};

use crate::environment::{Jq, Place};
use crate::evaluate::JaqExpression;
use crate::natives::INPUT;
use crate::plain::Plain;
use prepare::Preparer;

pub(crate) use prepare::places::constant_text;

/// The `jq` expression engine.
///
/// Programs are compiled once and evaluated from any thread; see the [crate] for the language and its bounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct JaqEngine;

/// The names that programs may use as variables: the bindings of every site, and those that some sites have (EXP-010, EXP-011). A named
/// mapper may serve sites of both sorts; where nothing is bound, they are `null`.
const BINDINGS: [&str; 7] = ["context", "payload", "error", "platform", "output", "outcome", "branches"];

/// The name of the program among the definitions.
const MAIN: &str = "__program__";

impl ExpressionEngine for JaqEngine {
    fn lang(&self) -> &'static str {
        "jq"
    }

    fn supports(&self, _class: SiteClass) -> bool {
        true
    }

    fn compile(&self, source: &str, site: Site<'_>) -> Result<Arc<dyn CompiledExpression>, CompileError> {
        let program = parse::with_stack_for(source, || program(source, site))?;
        Ok(Arc::new(JaqExpression::new(program, site.class)))
    }
}

/// A compiled program and what of the bindings it reads.
pub(crate) struct Program {
    pub(crate) filter: Filter<Jq>,
    /// The same, when it is plain.
    pub(crate) plain: Option<Plain>,
    pub(crate) places: Box<[Place]>,
    /// It looks at its whole input, which is all of them (EXP-017).
    pub(crate) whole: bool,
}

pub(crate) fn program(source: &str, site: Site<'_>) -> Result<Program, CompileError> {
    let term = parse::parse(source)?;
    check::result(&term, site)?;
    let bindings: Vec<&str> = BINDINGS.iter().chain(site.extra).copied().collect();
    let mut preparer = Preparer::of_program(&bindings);
    let body = preparer.program(term)?;
    let (calls, places) = preparer.finish();
    check::places(&places, site.context_schema)?;
    let whole = calls.contains(&(INPUT, 0));
    let plain = Plain::compile(&body);

    let (definitions, natives) = library::needed(&calls);
    let main = Def { name: MAIN, args: Vec::new(), body };
    let loader = Loader::new(definitions.chain([main]));
    let arena = jaq_core::load::Arena::default();
    let modules = loader
        .load(&arena, File { code: MAIN, path: () })
        .map_err(|_| CompileError::new("not a jq program"))?;
    let filter = Compiler::default()
        .with_funs(natives)
        .compile(modules)
        .map_err(|errors| errors::undefined(source, errors, &bindings))?;
    Ok(Program { filter, plain, places: places.into(), whole })
}
