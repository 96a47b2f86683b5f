//! `spec.errors.envelope`: the one shape in which a definition shows its errors (DEF-173, DEF-174, ENG-026, HTTP-073 to HTTP-075).

use jf_core::spi::{Bindings, Compensated};
use jf_dsl::{EnvelopeFormat, JsonPath, SiteClass, Spec};
use serde_json::{Map, Value};

use crate::link::{Expr, Linker};
use crate::measure::compact_len;
use crate::{Diagnostic, Env, Fact};

/// The linked envelope; without a mapper errors are Problems.
#[derive(Debug)]
pub(crate) struct Envelope(Option<Expr>);

/// What an envelope is made from.
pub(crate) struct Enveloped<'a> {
    /// The canonical Problem, bound as `payload` and as `error` (EXP-011).
    pub(crate) problem: &'a Value,
    pub(crate) context: &'a Value,
    pub(crate) compensated: Option<&'a Compensated>,
}

impl Envelope {
    pub(crate) fn link(spec: &Spec, linker: &mut Linker<'_>) -> Self {
        let envelope = &spec.errors.envelope;
        let mapper = envelope.mapper.as_ref().filter(|_| envelope.format == EnvelopeFormat::Custom);
        let path = JsonPath::root().member("spec").member("errors").member("envelope");
        Self(mapper.and_then(|mapper| linker.mapper(mapper, SiteClass::Errors, &path)))
    }

    /// Whether errors have a shape of their own.
    pub(crate) const fn is_custom(&self) -> bool {
        self.0.is_some()
    }

    /// The members of the shape; `None` when there is none, or the mapper has not made one, of which telemetry learns.
    /// `platform` is asked for only if the mapper looks at it.
    pub(crate) fn shape(
        &self,
        of: &Enveloped<'_>,
        platform: impl FnOnce() -> Value,
        env: &Env<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<Map<String, Value>> {
        let mapper = self.0.as_ref()?;
        let platform = if mapper.reads_platform { platform() } else { Value::Null };
        let bindings = Bindings::new(of.context, &platform).with_payload(of.problem).with_error(of.problem);
        let shaped = mapper.bound.evaluate(&bindings.with_compensated(of.compensated), env.now, env.seed);
        let shaped = shaped.and_then(|shaped| match shaped {
            // It becomes part of the outcome, which is kept like a context.
            Value::Object(_) if compact_len(&shaped, env.limits.depth()).is_none() => {
                Err(mapper.bound.type_mismatch())
            }
            Value::Object(members) => Ok(members),
            _ => Err(mapper.bound.type_mismatch()),
        });
        let failed = |error: jf_core::spi::EvalError| {
            let (site, lang) = ("error envelope", mapper.lang.clone());
            let code = error.code();
            facts.push(Fact::Diagnostic(Diagnostic::ExpressionFailed { state: None, site, lang, code }));
        };
        shaped.map_err(failed).ok()
    }
}
