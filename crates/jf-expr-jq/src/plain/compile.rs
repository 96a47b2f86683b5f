//! From the prepared syntax tree of a program to a plain expression, if it is one.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::Math;
use serde_json::Value;

use super::Plain;
use crate::compile::constant_text;
use crate::convert::number_from_jq;
use crate::natives::{LOAD, TICK};
use crate::value::Num;

impl Plain {
    /// The same as a program that was made ready, if it is plain. Local definitions are not, so that every name is that of the library.
    pub(crate) fn compile(term: &Term<&str>) -> Option<Self> {
        let boxed = |term| Self::compile(term).map(Box::new);
        Some(match term {
            Term::Num(text) => Self::Constant(Value::Number(number_from_jq(Num::parse(text)?)?)),
            Term::Str(None, parts) => match constant_text(term) {
                Some(text) => Self::Constant(Value::String(text)),
                None => Self::Text(parts.iter().map(part).collect::<Option<_>>()?),
            },
            Term::Arr(None) => Self::Constant(Value::Array(Vec::new())),
            Term::Arr(Some(items)) => {
                let mut listed = Vec::new();
                list(items, &mut listed)?;
                Self::Array(listed.into())
            }
            Term::Obj(members) => Self::Object(members.iter().map(member).collect::<Option<_>>()?),
            Term::Neg(part) => Self::Negate(boxed(part).filter(|part| part.may_count(Math::Sub))?),
            Term::IfThenElse(branches, Some(otherwise)) => {
                let branch = |(condition, then)| Some((Self::compile(condition)?, Self::compile(then)?));
                let branches = branches.iter().map(|(condition, then)| branch((condition, then)));
                Self::Choice(branches.collect::<Option<_>>()?, boxed(otherwise)?)
            }
            Term::Call(name, arguments) => Self::call(name, arguments)?,
            Term::BinOp(left, BinaryOp::Pipe(None), right) => match &**right {
                Term::Call("not", arguments) if arguments.is_empty() => Self::Not(boxed(left)?),
                // What is plain needs no watching.
                term if matches!(&**left, Term::Call(TICK, _)) => Self::compile(term)?,
                _ => return None,
            },
            Term::BinOp(left, op, right) => Self::binary(op, Self::compile(left)?, Self::compile(right)?)?,
            _ => return None,
        })
    }

    fn call(name: &str, arguments: &[Term<&str>]) -> Option<Self> {
        Some(match (name, arguments) {
            (LOAD, [Term::Num(index)]) => Self::Place(index.parse().ok()?),
            ("null", []) => Self::Constant(Value::Null),
            ("true", []) => Self::Constant(Value::Bool(true)),
            ("false", []) => Self::Constant(Value::Bool(false)),
            _ => return None,
        })
    }

    /// Whether arithmetic may be plain with the result; where it never is, trying would be in vain each time.
    const fn may_count(&self, op: Math) -> bool {
        let adds = matches!(op, Math::Add);
        match self {
            Self::Constant(Value::Bool(_))
            | Self::Compare(..)
            | Self::And(_)
            | Self::Or(_)
            | Self::Not(_) => false,
            Self::Constant(Value::Number(_)) => true,
            Self::Constant(_) | Self::Text(_) | Self::Array(_) | Self::Object(_) => adds,
            Self::Place(_)
            | Self::Calculate(..)
            | Self::Negate(_)
            | Self::Alternative(_)
            | Self::Choice(..) => true,
        }
    }

    fn binary(op: &BinaryOp<&str>, left: Self, right: Self) -> Option<Self> {
        Some(match (op, left, right) {
            (BinaryOp::Math(Math::Add), Self::Object(left), Self::Object(right)) => {
                // A large object came apart when it was prepared. Equal keys: the later one counts, here as there.
                Self::Object(left.into_iter().chain(right).collect())
            }
            (BinaryOp::Math(op), left, right) if left.may_count(*op) && right.may_count(*op) => {
                Self::Calculate(*op, Box::new([left, right]))
            }
            (BinaryOp::Cmp(op), left, right) => Self::Compare(*op, Box::new([left, right])),
            (BinaryOp::And, left, right) => Self::And(Box::new([left, right])),
            (BinaryOp::Or, left, right) => Self::Or(Box::new([left, right])),
            (BinaryOp::Alt, left, right) => Self::Alternative(Box::new([left, right])),
            _ => return None,
        })
    }
}

/// The items of an array that are listed with commas.
fn list(items: &Term<&str>, listed: &mut Vec<Plain>) -> Option<()> {
    match items {
        Term::BinOp(left, BinaryOp::Comma, right) => {
            list(left, listed)?;
            list(right, listed)
        }
        item => {
            listed.push(Plain::compile(item)?);
            Some(())
        }
    }
}

fn member((key, value): &(Term<&str>, Option<Term<&str>>)) -> Option<(String, Plain)> {
    Some((constant_text(key)?, Plain::compile(value.as_ref()?)?))
}

fn part(part: &StrPart<&str, Term<&str>>) -> Option<Plain> {
    match part {
        StrPart::Str(text) => Some(Plain::Constant(Value::String((*text).to_owned()))),
        StrPart::Char(text) => Some(Plain::Constant(Value::String(text.to_string()))),
        StrPart::Term(term) => Plain::compile(term),
    }
}

#[cfg(test)]
mod tests {
    use jf_core::dsl::SiteClass;
    use jf_core::spi::Site;

    use crate::compile::program;

    fn is_plain(source: &str) -> bool {
        let program = program(source, Site::new(SiteClass::Transform)).expect("a program");
        program.plain.is_some()
    }

    #[test]
    fn what_journeys_are_made_of_is_plain() {
        for source in [
            ".context",
            ".context.order.total > 100",
            ".context.payload.decision == \"stop\"",
            "{ orderId: .context.orderId, total: (.context.amount * 2), lines: [.payload.a, 1] }",
            "$context.a and (.context.b | not)",
            "\"order-\\(.context.id)\"",
            "if .context.vip then \"gold\" elif .context.n >= 3 then \"silver\" else null end",
            ".context.discount // 0",
            "{ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1 }",
            "-.context.n",
            "true",
            "[]",
        ] {
            assert!(is_plain(source), "{source}");
        }
    }

    #[test]
    fn what_has_more_results_or_loops_is_not() {
        for source in [
            ".",
            ".context.items[]",
            ".context.items | length",
            ".context | .a",
            ".context.a?",
            "1, 2",
            "[.context[]]",
            "{ (.context.key): 1 }",
            "now",
            "@base64 \"\\(.context)\"",
            "def true: false; true",
            ".context.a = 1",
            "1e999",
        ] {
            assert!(!is_plain(source), "{source}");
        }
    }
}
