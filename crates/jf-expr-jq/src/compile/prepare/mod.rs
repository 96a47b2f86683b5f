//! The syntax tree made ready: bounded, and reading its bindings directly.
//!
//! # Ticks
//!
//! A program can do much work with little text in four ways: by recursion, by repeating with a filter, by walking over a value, and by
//! multiplying alternatives, as in `(1,2) | (1,2) | (1,2)`. Filters and values count for themselves. A tick goes in front of the body
//! of every definition that calls itself, and in front of the right side of every comma – except where a comma only lists the items of
//! an array, which happens once.
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

/// Deepest syntax tree. Its terms run nested in each other, with no tick in between.
const DEEPEST: usize = 128;

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
    bindings: &'b [&'b str],
    places: Places,
    calls: BTreeSet<Signature<'s>>,
    /// Variables in scope.
    variables: Vec<&'s str>,
    /// Functions in scope that the program defines itself, parameters included.
    functions: Vec<Signature<'s>>,
    /// Definitions that we are in.
    open: Vec<Open<'s>>,
    depth: usize,
    too_deep: bool,
}

struct Open<'s> {
    signature: Signature<'s>,
    takes_filters: bool,
    recursive: bool,
}

impl<'s, 'b> Preparer<'s, 'b> {
    /// For a program that sees these bindings; a definition of the library sees none.
    pub(super) fn new(bindings: &'b [&'b str]) -> Self {
        Self {
            bindings,
            places: Places::default(),
            calls: BTreeSet::new(),
            variables: Vec::new(),
            functions: Vec::new(),
            open: Vec::new(),
            depth: 0,
            too_deep: false,
        }
    }

    /// A whole program.
    pub(super) fn program(&mut self, term: Tree<'s>) -> Result<Tree<'s>, CompileError> {
        let term = self.term(term, At::Root);
        if self.too_deep {
            return Err(CompileError::new(format!("nested deeper than {DEEPEST} levels")));
        }
        Ok(term)
    }

    /// A definition.
    pub(super) fn definition(&mut self, def: Def<&'s str>) -> Def<&'s str> {
        let Def { name, args, body } = def;
        let (variables, functions) = (self.variables.len(), self.functions.len());
        let signature = (name, args.len());
        self.functions.push(signature);
        for argument in &args {
            if argument.starts_with('$') {
                self.variables.push(argument)
            } else {
                self.functions.push((argument, 0))
            }
        }
        let takes_filters = self.functions.len() > functions + 1;
        self.open.push(Open { signature, takes_filters, recursive: false });
        let body = self.term(body, At::Within);
        let recursive = self.open.pop().is_some_and(|open| open.recursive);
        self.variables.truncate(variables);
        self.functions.truncate(functions);
        Def { name, args, body: if recursive { piped(self.tick(), body) } else { body } }
    }

    /// The calls that were made, and the places that are read.
    pub(super) fn finish(self) -> (BTreeSet<Signature<'s>>, Vec<Place>) {
        (self.calls, self.places.into_inner())
    }

    fn term(&mut self, term: Tree<'s>, at: At) -> Tree<'s> {
        self.nested(1, |this| this.any(term, at))
    }

    /// Counts levels; beyond the deepest, what is below is dropped and the program refused.
    fn nested(&mut self, levels: usize, inner: impl FnOnce(&mut Self) -> Tree<'s>) -> Tree<'s> {
        self.depth += levels;
        let result = if self.depth > DEEPEST {
            self.too_deep = true;
            Term::Id
        } else {
            inner(self)
        };
        self.depth -= levels;
        result
    }

    fn boxed(&mut self, term: Box<Tree<'s>>, at: At) -> Box<Tree<'s>> {
        Box::new(self.term(*term, at))
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

    /// The binding that a variable stands for, unless the program has bound the name itself.
    fn binding(&self, variable: &'s str) -> Option<&'s str> {
        let name = variable.strip_prefix('$')?;
        (self.bindings.contains(&name) && !self.variables.contains(&variable)).then_some(name)
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

fn piped<'s>(left: Tree<'s>, right: Tree<'s>) -> Tree<'s> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}
