//! The jq expression engine: `lang: jq`.
//!
//! In the layers this crate stands beside the other expression engines, above `jf-core`, whose
//! [`ExpressionEngine`](jf_core::spi::ExpressionEngine) it implements. It does no I/O and knows nothing of journeys.
//!
//! ```
//! use jf_core::dsl::SiteClass;
//! use jf_core::spi::{Bindings, EvalContext, EvalLimits, ExpressionEngine, Site};
//! use jf_expr_jq::JaqEngine;
//! use serde_json::json;
//!
//! let engine = JaqEngine;
//! let large = engine.compile(".context.amount > 1000", Site::new(SiteClass::Predicate))?;
//! let summary = engine.compile("{id: .context.id, items: (.context.items | length)}", Site::new(SiteClass::Transform))?;
//!
//! let context = json!({ "id": "order-1", "amount": 1500, "items": ["a", "b"] });
//! let platform = json!({ "environment": "test" });
//! let bindings = Bindings::new(&context, &platform);
//! let evaluation = EvalContext::new(EvalLimits::default(), "2024-05-06T07:08:09Z".parse()?, 0);
//!
//! assert!(large.evaluate_predicate(&bindings, &evaluation)?);
//! assert_eq!(summary.evaluate(&bindings, &evaluation)?, json!({ "id": "order-1", "items": 2 }));
//!
//! let error = engine.compile(".context.items | lenght", Site::new(SiteClass::Transform)).unwrap_err();
//! assert_eq!(error.message, "unknown function `lenght`; did you mean `length`?");
//! assert_eq!(error.range, Some(17..23));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a program sees
//!
//! Its input is one object whose members are the bindings of the site (EXP-017): `.context`, `.payload`, `.error`, `.platform`, and at some
//! sites `.output`, `.outcome`, `.branches`. The same names are variables: `$context` is the context wherever it stands, also where the
//! input is another. Only what a program reads is converted, when it reads it: `.context.amount > 1000` costs the same in a context of any
//! size.
//!
//! # The language
//!
//! The syntax and most filters are those of the interpreter, `jaq`; values and their operations are ours, and JSON:
//!
//! - integers of 64 bits, signed and unsigned, are exact; whole results of computations are integers (`10 / 2` is `5`); dividing by
//!   zero is an error;
//! - members keep their order, also when others are removed;
//! - assignments to what is not there make it: `.a.b[1] = 2` works on `null`;
//! - times are UTC, and `now` is the time of the evaluation, the same throughout (EXP-006);
//! - patterns are those of the `regex` crate: no look-around, no back references, time linear in the text;
//! - what reaches beyond the bindings is not offered (EXP-005): modules, `input`, `env`, `debug`, `halt` and the like.
//!
//! # Bounds
//!
//! Beside the time and the size of the result (EXP-045), which are configured, an evaluation may hold 64 MiB, build values of
//! 16 MiB and 256 levels, and recurse within half the stack of an ordinary thread. Whatever a program tries, it ends soon after its time with
//! `JQ_MAX_EVAL_TIME_EXCEEDED`, `JQ_MAX_RESULT_SIZE_EXCEEDED` or, for the stack, `JQ_RUNTIME_ERROR`, none of which it can catch.
//! A program itself has 64 KiB and 128 levels at most. `docs/adr/0006-bounding-jq.md` tells how, and why so.

mod compile;
mod convert;
mod environment;
mod error;
mod evaluate;
mod limits;
mod natives;
mod plain;
mod value;

pub use compile::JaqEngine;
