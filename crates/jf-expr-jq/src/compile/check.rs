//! What can be said of a program before it runs (EXP-009).

use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::Math;
use jf_core::dsl::SiteClass;
use jf_core::spi::{CompileError, Site};

/// Rejects what can never work at its site. Doubt is no reason.
pub(super) fn check(term: &Term<&str>, site: Site<'_>) -> Result<(), CompileError> {
    if site.class == SiteClass::Predicate
        && let Some(kind) = never_boolean(term)
    {
        return Err(CompileError::new(format!("a predicate yields a boolean, this is always {kind}")));
    }
    Ok(())
}

/// What a program always yields, where that is certain and no boolean.
fn never_boolean(term: &Term<&str>) -> Option<&'static str> {
    match term {
        Term::Num(_) | Term::Neg(_) => Some("a number"),
        Term::Str(..) => Some("a string"),
        Term::Arr(_) => Some("an array"),
        // The input is the object of the bindings.
        Term::Obj(_) | Term::Id => Some("an object"),
        Term::BinOp(left, op, right) => match op {
            BinaryOp::Pipe(pattern) => match **right {
                Term::Id if pattern.is_none() => never_boolean(left),
                Term::Id => None,
                _ => never_boolean(right),
            },
            BinaryOp::Alt => never_boolean(left).and(never_boolean(right)),
            BinaryOp::Math(Math::Sub | Math::Div | Math::Rem) => Some("a number, a string or an array"),
            _ => None,
        },
        Term::IfThenElse(branches, Some(otherwise)) => {
            let branches = branches.iter().map(|(_, then)| then);
            branches.chain([&**otherwise]).map(never_boolean).reduce(Option::and).flatten()
        }
        Term::Def(_, body) => never_boolean(body),
        _ => None,
    }
}
