//! Each form of term, made ready.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Part, Path};

use super::balance::{balanced, listed, summed};
use super::places::constant_key;
use super::{At, Preparer, Tree, piped, places};
use crate::compile::MAIN;
use crate::compile::library::Signature;
use crate::natives::NEST;

/// Functions that do not look at their input.
const INDIFFERENT: [Signature<'static>; 5] =
    [("empty", 0), ("null", 0), ("true", 0), ("false", 0), ("now", 0)];

impl<'s> Preparer<'s, '_> {
    pub(super) fn any(&mut self, term: Tree<'s>, at: At) -> Tree<'s> {
        match term {
            Term::Id => self.input(at),
            Term::Recurse => self.on_input(Term::Recurse, at),
            Term::Num(_) | Term::Break(_) | Term::Arr(None) => term,
            Term::Str(format, parts) => self.string(format, parts, at),
            Term::Arr(Some(items)) => Term::Arr(Some(Box::new(self.items(*items, at)))),
            Term::Obj(members) => {
                let members = members.into_iter().map(|(key, value)| self.member(key, value, at)).collect();
                summed(members, Term::Obj)
            }
            Term::Neg(term) => Term::Neg(self.boxed(*term, at)),
            Term::BinOp(left, op, right) => self.binary(*left, op, *right, at),
            Term::Label(label, body) => Term::Label(label, self.boxed(*body, at)),
            Term::Fold(name, over, pattern, arguments) => self.fold(name, *over, pattern, arguments, at),
            Term::TryCatch(body, handler) => {
                let handler = handler.map(|handler| self.boxed(*handler, At::Within));
                Term::TryCatch(self.boxed(*body, at), handler)
            }
            Term::IfThenElse(branches, otherwise) => self.conditional(branches, otherwise, at),
            Term::Def(defs, body) => self.local(defs, *body, at),
            Term::Call(name, arguments) => self.call(name, arguments, at),
            Term::Var(name) => match self.binding(name) {
                Some(binding) => self.read(binding, Vec::new()),
                None => term,
            },
            Term::Path(from, path) => self.path(*from, path, at),
        }
    }

    fn string(
        &mut self,
        format: Option<&'s str>,
        parts: Vec<StrPart<&'s str, Tree<'s>>>,
        at: At,
    ) -> Tree<'s> {
        if let Some(format) = format {
            self.calls.insert((format, 0));
        }
        let prepare = |part| match part {
            StrPart::Term(term) => StrPart::Term(self.term(term, at)),
            constant => constant,
        };
        let parts = parts.into_iter().map(prepare).collect();
        summed(parts, |parts| Term::Str(format, parts))
    }

    /// What an array is made of. A comma that only lists is run through once and needs no tick.
    fn items(&mut self, items: Tree<'s>, at: At) -> Tree<'s> {
        match items {
            Term::BinOp(left, BinaryOp::Comma, right) => {
                let listed = listed(*left, *right).into_iter().map(|item| self.term(item, at)).collect();
                balanced(listed, &|left, right| Term::BinOp(Box::new(left), BinaryOp::Comma, Box::new(right)))
            }
            other => self.term(other, at),
        }
    }

    /// `key: value`, or `key` alone for a member of the input, or `$name` for a variable.
    fn member(&mut self, key: Tree<'s>, value: Option<Tree<'s>>, at: At) -> (Tree<'s>, Option<Tree<'s>>) {
        match (key, value) {
            (Term::Var(name), None) => match self.binding(name) {
                Some(binding) => {
                    let value = self.read(binding, Vec::new());
                    (Term::Str(None, vec![StrPart::Str(binding)]), Some(value))
                }
                None => (Term::Var(name), None),
            },
            (key, None) if at == At::Root => {
                let value = Term::Path(Box::new(Term::Id), Path::from(Part::Index(key.clone())));
                (self.term(key, at), Some(self.term(value, at)))
            }
            (key, None) => (self.term(key, at), None),
            (key, Some(value)) => (self.term(key, at), Some(self.term(value, at))),
        }
    }

    fn binary(&mut self, left: Tree<'s>, op: BinaryOp<&'s str>, right: Tree<'s>, at: At) -> Tree<'s> {
        match op {
            BinaryOp::Pipe(None) => {
                let same_input = matches!(left, Term::Id);
                let left = self.term(left, at);
                let right = self.term(right, if same_input { at } else { At::Within });
                if same_input { right } else { piped(left, right) }
            }
            BinaryOp::Pipe(Some(pattern)) => {
                let left = Box::new(self.term(left, at));
                let (pattern, right) = self.bound(pattern, |this| this.term(right, at));
                Term::BinOp(left, BinaryOp::Pipe(Some(pattern)), Box::new(right))
            }
            BinaryOp::Comma => {
                let listed = listed(left, right).into_iter().map(|item| self.term(item, at)).collect();
                let tick = self.tick();
                balanced(listed, &|left, right| {
                    let right = piped(tick.clone(), right);
                    Term::BinOp(Box::new(left), BinaryOp::Comma, Box::new(right))
                })
            }
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                let (left, right) = (self.term(left, At::Within), self.term(right, At::Within));
                self.on_input(Term::BinOp(Box::new(left), op, Box::new(right)), at)
            }
            BinaryOp::Alt | BinaryOp::Or | BinaryOp::And | BinaryOp::Math(_) | BinaryOp::Cmp(_) => {
                Term::BinOp(Box::new(self.term(left, at)), op, Box::new(self.term(right, at)))
            }
        }
    }

    /// A pattern, and what sees the variables it binds.
    fn bound<T>(
        &mut self,
        pattern: Pattern<&'s str>,
        inner: impl FnOnce(&mut Self) -> T,
    ) -> (Pattern<&'s str>, T) {
        let before = self.variables.len();
        let mut variables = Vec::new();
        let pattern = self.pattern(pattern, &mut variables);
        self.variables.append(&mut variables);
        // Every variable is one level of running code.
        let levels = self.variables.len() - before;
        self.depth += levels;
        let inner = inner(self);
        self.depth -= levels;
        self.variables.truncate(before);
        (pattern, inner)
    }

    fn pattern(&mut self, pattern: Pattern<&'s str>, variables: &mut Vec<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(name) => {
                variables.push(name);
                Pattern::Var(name)
            }
            Pattern::Arr(items) => {
                Pattern::Arr(items.into_iter().map(|item| self.pattern(item, variables)).collect())
            }
            Pattern::Obj(members) => {
                let prepare = |(key, value)| (self.term(key, At::Within), self.pattern(value, variables));
                Pattern::Obj(members.into_iter().map(prepare).collect())
            }
        }
    }

    fn fold(
        &mut self,
        name: &'s str,
        over: Tree<'s>,
        pattern: Pattern<&'s str>,
        arguments: Vec<Tree<'s>>,
        at: At,
    ) -> Tree<'s> {
        let over = Box::new(self.term(over, at));
        let mut arguments = arguments.into_iter();
        let start = arguments.next().map(|start| self.term(start, at));
        let (pattern, steps) =
            self.bound(pattern, |this| arguments.map(|step| this.term(step, At::Within)).collect::<Vec<_>>());
        Term::Fold(name, over, pattern, start.into_iter().chain(steps).collect())
    }

    fn conditional(
        &mut self,
        branches: Vec<(Tree<'s>, Tree<'s>)>,
        otherwise: Option<Box<Tree<'s>>>,
        at: At,
    ) -> Tree<'s> {
        let levels = branches.len();
        let prepare = |(condition, then)| (self.term(condition, at), self.term(then, at));
        let branches = branches.into_iter().map(prepare).collect();
        // Each branch runs within the one before.
        let otherwise =
            self.nested(levels - 1, |this| this.term(otherwise.map_or(Term::Id, |term| *term), at));
        Term::IfThenElse(branches, Some(Box::new(otherwise)))
    }

    fn local(&mut self, defs: Vec<Def<&'s str>>, body: Tree<'s>, at: At) -> Tree<'s> {
        let functions = self.functions.len();
        let mut prepared = Vec::with_capacity(defs.len());
        for def in defs {
            let def = self.definition(def);
            self.functions.push((def.name, def.args.len()));
            prepared.push(def);
        }
        let body = self.term(body, at);
        self.functions.truncate(functions);
        Term::Def(prepared, Box::new(body))
    }

    fn call(&mut self, name: &'s str, arguments: Vec<Tree<'s>>, at: At) -> Tree<'s> {
        let signature = (name, arguments.len());
        let own = self.functions.contains(&signature);
        if name == MAIN && !own {
            // The program itself goes by that name among the definitions.
            self.refusal.get_or_insert_with(|| format!("unknown function `{name}`"));
        }
        self.calls.insert(signature);
        let mut nests = false;
        for open in self.open.iter_mut().filter(|open| open.signature == signature) {
            open.recursive = true;
            nests |= open.takes_filters;
        }
        let levels = arguments.len();
        let call = self.nested(levels, |this| {
            Term::Call(name, arguments.into_iter().map(|argument| this.term(argument, At::Within)).collect())
        });
        if nests {
            return self.called(NEST, vec![call]);
        }
        if self.bindings.is_some() && levels == 0 && self.parameters.contains(&name) {
            return self.ticked(call);
        }
        if !own && INDIFFERENT.contains(&signature) { call } else { self.on_input(call, at) }
    }

    fn path(&mut self, from: Tree<'s>, path: Path<Tree<'s>>, at: At) -> Tree<'s> {
        let levels = path.0.len();
        self.nested(levels, |this| {
            let of_input = matches!(from, Term::Id) && at == At::Root;
            let prepare = |(part, opt)| (this.part(part, at), opt);
            let mut parts: Vec<_> = path.0.into_iter().map(prepare).collect();
            if of_input
                && let Some((Part::Index(Term::Str(None, text)), _)) = parts.first()
                && let [StrPart::Str(binding)] = text[..]
                && constant_key(&parts[0]).is_some()
            {
                let rest = parts.split_off(1);
                return this.read(binding, rest);
            }
            if let Term::Var(name) = from
                && let Some(binding) = this.binding(name)
            {
                return this.read(binding, parts);
            }
            places::path(this.term(from, at), parts)
        })
    }

    fn part(&mut self, part: Part<Tree<'s>>, at: At) -> Part<Tree<'s>> {
        match part {
            Part::Index(index) => Part::Index(self.term(index, at)),
            Part::Range(from, to) => {
                Part::Range(from.map(|from| self.term(from, at)), to.map(|to| self.term(to, at)))
            }
        }
    }
}
