//! The syntax tree made ready: bounded, and reading its bindings directly.
//!
//! # Ticks
//!
//! A program can do much work with little text: by recursion, by repeating with a filter of the library, by walking over a value, by
//! multiplying alternatives as in `(1,2) | (1,2) | (1,2)`, and by definitions that use each other or their parameters twice. Filters and
//! values count for themselves. Ticks are put in front of
//!
//! - the body of every definition of the program, and of those of the library that call themselves;
//! - every use of a parameter that is a filter, in definitions of the program;
//! - the right side of every comma, except where it only lists the items of an array, which happens once;
//! - what is nested so deep that the stack wants a look in between.
//!
//! Tail calls do not need stack, and are not to: loops are written that way. But a tail call that hands on a filter nests that filter one
//! level deeper each time, out of sight of the stack, until dropping it overflows. Such calls are made ordinary ones.
//!
//! # Roots
//!
//! Wherever a term is known to have the input of the whole program as its input, a path like `.context.a` becomes a load of that place
//! alone. Everything else that looks at the input there asks for the whole of it. Elsewhere the input is already at hand.

mod balance;
pub(super) mod places;
mod terms;

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::path::{Opt, Part};
use jf_core::spi::CompileError;

use super::library::Signature;
use crate::environment::Place;
use crate::natives::{INPUT, LOAD, TICK};
use places::Places;

/// Deepest syntax tree.
pub(super) const DEEPEST: usize = 128;

/// Levels after which a tick looks at the stack.
const UNWATCHED: usize = 16;

type Tree<'s> = Term<&'s str>;
type Parts<'s> = Vec<(Part<Tree<'s>>, Opt)>;

/// Where a term stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Its input is the input of the program.
    Root,
    /// Its input is another, or may be.
    Within,
}

/// Prepares one program or definition.
pub(super) struct Preparer<'s, 'b> {
    /// The bindings that a program sees; `None` for definitions of the library.
    bindings: Option<&'b [&'b str]>,
    places: Places,
    calls: BTreeSet<Signature<'s>>,
    /// Variables in scope.
    variables: Vec<&'s str>,
    /// Functions in scope that the program defines itself, parameters included.
    functions: Vec<Signature<'s>>,
    /// Parameters in scope that are filters.
    parameters: Vec<&'s str>,
    /// Definitions that we are in.
    open: Vec<Open<'s>>,
    depth: usize,
    /// The depth of the last tick.
    watched: usize,
    /// Why the program cannot be compiled.
    refusal: Option<String>,
}

struct Open<'s> {
    signature: Signature<'s>,
    takes_filters: bool,
    recursive: bool,
}

impl<'s, 'b> Preparer<'s, 'b> {
    /// For a program that sees these bindings.
    pub(super) fn of_program(bindings: &'b [&'b str]) -> Self {
        Self { bindings: Some(bindings), ..Self::of_library() }
    }

    /// For definitions of the library.
    pub(super) fn of_library() -> Self {
        Self {
            bindings: None,
            places: Places::default(),
            calls: BTreeSet::new(),
            variables: Vec::new(),
            functions: Vec::new(),
            parameters: Vec::new(),
            open: Vec::new(),
            depth: 0,
            watched: 0,
            refusal: None,
        }
    }

    /// A whole program.
    pub(super) fn program(&mut self, term: Tree<'s>) -> Result<Tree<'s>, CompileError> {
        let term = self.term(term, At::Root);
        match self.refusal.take() {
            Some(refusal) => Err(CompileError::new(refusal)),
            None => Ok(term),
        }
    }

    /// A definition.
    pub(super) fn definition(&mut self, def: Def<&'s str>) -> Def<&'s str> {
        let Def { name, args, body } = def;
        let (variables, functions, parameters) =
            (self.variables.len(), self.functions.len(), self.parameters.len());
        let signature = (name, args.len());
        self.functions.push(signature);
        for argument in &args {
            if argument.starts_with('$') {
                self.variables.push(argument);
            } else {
                self.functions.push((argument, 0));
                self.parameters.push(argument);
            }
        }
        let takes_filters = self.parameters.len() > parameters;
        self.open.push(Open { signature, takes_filters, recursive: false });
        let body = self.term(body, At::Within);
        let recursive = self.open.pop().is_some_and(|open| open.recursive);
        self.variables.truncate(variables);
        self.functions.truncate(functions);
        self.parameters.truncate(parameters);
        let ticks = recursive || self.bindings.is_some();
        Def { name, args, body: if ticks { self.ticked(body) } else { body } }
    }

    /// The calls that were made, and the places that are read.
    pub(super) fn finish(self) -> (BTreeSet<Signature<'s>>, Vec<Place>) {
        (self.calls, self.places.into_inner())
    }

    fn term(&mut self, term: Tree<'s>, at: At) -> Tree<'s> {
        self.nested(1, |this| {
            if this.depth < this.watched + UNWATCHED || is_constant(&term) {
                return this.any(term, at);
            }
            let before = std::mem::replace(&mut this.watched, this.depth);
            let term = this.any(term, at);
            this.watched = before;
            this.ticked(term)
        })
    }

    /// Counts levels; beyond the deepest, what is below is dropped and the program refused.
    fn nested(&mut self, levels: usize, inner: impl FnOnce(&mut Self) -> Tree<'s>) -> Tree<'s> {
        self.depth += levels;
        let result = if self.depth > DEEPEST {
            self.refusal.get_or_insert_with(|| format!("nested deeper than {DEEPEST} levels"));
            Term::Id
        } else {
            inner(self)
        };
        self.depth -= levels;
        result
    }

    fn boxed(&mut self, term: Tree<'s>, at: At) -> Box<Tree<'s>> {
        Box::new(self.term(term, at))
    }

    /// `.`
    fn input(&mut self, at: At) -> Tree<'s> {
        match at {
            At::Root => self.called(INPUT, Vec::new()),
            At::Within => Term::Id,
        }
    }

    /// A term that looks at its input in ways of its own.
    fn on_input(&mut self, term: Tree<'s>, at: At) -> Tree<'s> {
        match at {
            At::Root => piped(self.input(at), term),
            At::Within => term,
        }
    }

    /// A call of one of our own filters.
    fn called(&mut self, name: &'static str, arguments: Vec<Tree<'s>>) -> Tree<'s> {
        self.calls.insert((name, arguments.len()));
        Term::Call(name, arguments)
    }

    fn tick(&mut self) -> Tree<'s> {
        self.called(TICK, Vec::new())
    }

    fn ticked(&mut self, term: Tree<'s>) -> Tree<'s> {
        piped(self.tick(), term)
    }

    /// The binding that a variable stands for, unless the program has bound the name itself.
    fn binding(&self, variable: &'s str) -> Option<&'s str> {
        let name = variable.strip_prefix('$')?;
        (self.bindings?.contains(&name) && !self.variables.contains(&variable)).then_some(name)
    }

    /// What a binding holds at a path, whose parts are prepared.
    fn read(&mut self, binding: &'s str, parts: Parts<'s>) -> Tree<'s> {
        match self.places.load(binding, parts) {
            Ok((place, rest)) => places::path(self.called(LOAD, vec![place]), rest),
            Err(parts) => {
                let key = (Part::Index(Term::Str(None, vec![StrPart::Str(binding)])), Opt::Essential);
                places::path(self.called(INPUT, Vec::new()), [key].into_iter().chain(parts).collect())
            }
        }
    }
}

/// Whether a term is what it is. Keys of paths are, and must be seen as such.
fn is_constant(term: &Tree<'_>) -> bool {
    match term {
        Term::Num(_) | Term::Arr(None) => true,
        Term::Str(None, parts) => !parts.iter().any(|part| matches!(part, StrPart::Term(_))),
        _ => false,
    }
}

fn piped<'s>(left: Tree<'s>, right: Tree<'s>) -> Tree<'s> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}
