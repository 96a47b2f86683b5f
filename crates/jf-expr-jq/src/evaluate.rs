//! A compiled expression at work.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use jaq_core::{Ctx, Exn, Vars};
use jf_core::dsl::SiteClass;
use jf_core::spi::{Bindings, CompiledExpression, EvalContext, EvalError, EvalErrorKind};
use serde_json::Value;

use crate::compile::Program;
use crate::convert::from_jq;
use crate::environment::{Environment, Inputs, Jq};
use crate::error::{eval_error, kind_of};
use crate::limits::meter::{self, Evaluation};
use crate::plain::{self, Room};
use crate::value::Val;

/// A value takes at most this many times its [size](Val::size) as compact JSON: what every byte may become when escaped.
const MOST_ESCAPED: usize = 6;

/// What a predicate may put together without the interpreter.
const PREDICATE_BYTES: usize = 64 * 1024;

pub(crate) struct JaqExpression {
    program: Program,
    /// Whether "no result" is `null` (EXP-023).
    empty_is_null: bool,
}

impl JaqExpression {
    pub(crate) fn new(program: Program, class: SiteClass) -> Self {
        Self { program, empty_is_null: !matches!(class, SiteClass::Predicate | SiteClass::StatusExpr) }
    }

    /// Has a plain program evaluated without the interpreter; `None` where that must be asked.
    fn plainly<T>(
        &self,
        bindings: &Bindings<'_>,
        room: usize,
        read: impl FnOnce(Cow<'_, Value>, &mut Room) -> Option<T>,
    ) -> Option<T> {
        let mut room = Room::for_result(room);
        let inputs = plain::Inputs { bindings, places: &self.program.places };
        let result = self.program.plain.as_ref()?.evaluate(inputs, &mut room)?;
        read(result, &mut room)
    }

    /// Runs the program and reads its one result, within the bounds.
    fn run<T>(
        &self,
        bindings: &Bindings<'_>,
        context: &EvalContext,
        read: impl FnOnce(Val) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let evaluation = Evaluation::begin(context.limits.time);
        // Nothing here is known to panic. Should the interpreter do so after all, it costs this evaluation and not the process.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let inputs = Inputs::new(bindings, &self.program.places, context.now);
            self.result(&inputs).and_then(read)
        }));
        let tripped = meter::tripped();
        drop(evaluation);
        match tripped {
            Some(trip) => Err(eval_error(trip.kind())),
            None => outcome.unwrap_or_else(|_| Err(eval_error(EvalErrorKind::Internal))),
        }
    }

    fn result(&self, inputs: &Inputs<'_>) -> Result<Val, EvalError> {
        let filter = &self.program.filter;
        let environment = Environment::new(&filter.lut, inputs);
        let context = Ctx::<Jq>::new(environment, Vars::new([]));
        let mut results = filter.id.run((context, Val::Null));
        let first = results.next().transpose().map_err(failure)?;
        match (first, results.next().transpose().map_err(failure)?) {
            (Some(result), None) => Ok(result),
            (None, _) if self.empty_is_null => Ok(Val::Null),
            _ => Err(self.type_mismatch()),
        }
    }
}

fn failure(exception: Exn<'_, Val>) -> EvalError {
    eval_error(exception.get_err().map_or(EvalErrorKind::Internal, |error| kind_of(&error)))
}

impl fmt::Debug for JaqExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JaqExpression").field("places", &self.program.places).finish_non_exhaustive()
    }
}

impl CompiledExpression for JaqExpression {
    fn evaluate(&self, bindings: &Bindings<'_>, context: &EvalContext) -> Result<Value, EvalError> {
        let limit = context.limits.output_bytes;
        if let Some(value) = self.plainly(bindings, limit, |result, room| room.own(result)) {
            return Ok(value);
        }
        self.run(bindings, context, |result| {
            let value = from_jq(&result)?;
            if result.size().saturating_mul(MOST_ESCAPED) > limit && !fits(&value, limit) {
                return Err(eval_error(EvalErrorKind::MaxResultSize));
            }
            Ok(value)
        })
    }

    fn type_mismatch(&self) -> EvalError {
        eval_error(EvalErrorKind::TypeMismatch)
    }

    fn reads(&self, binding: &str) -> bool {
        self.program.whole || self.program.places.iter().any(|place| *place.binding == *binding)
    }

    fn evaluate_predicate(&self, bindings: &Bindings<'_>, context: &EvalContext) -> Result<bool, EvalError> {
        if let Some(result) = self.plainly(bindings, PREDICATE_BYTES, |result, _| result.as_bool()) {
            return Ok(result);
        }
        self.run(bindings, context, |result| match result {
            Val::Bool(result) => Ok(result),
            _ => Err(self.type_mismatch()),
        })
    }
}

/// Whether a value is at most that long as compact JSON.
fn fits(value: &Value, limit: usize) -> bool {
    struct Left(usize);

    impl Write for Left {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(left) => self.0 = left,
                None => return Err(io::ErrorKind::FileTooLarge.into()),
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    serde_json::to_writer(Left(limit), value).is_ok()
}
