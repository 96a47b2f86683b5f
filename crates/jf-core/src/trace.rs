//! Which trace a request belongs to (W3C Trace Context).

use std::fmt;
use std::sync::Arc;

/// Longest `tracestate` that is handed on; a longer one is dropped, which the W3C recommendation allows.
const LONGEST_STATE: usize = 512;

/// Flags that mean something to us or must be handed on as they came: *sampled*, and *random trace id*.
const KNOWN_FLAGS: u8 = 0b11;
const SAMPLED: u8 = 0b01;

/// W3C trace context: a trace, the span in it that caused what follows, and whether the trace is recorded.
///
/// Only its `traceparent` is ever kept with a run (HTTP-016, ENG-105). Values are always valid: ids of the right length that are not all
/// zero.
///
/// ```
/// use jf_core::TraceContext;
///
/// let inbound = TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None).unwrap();
/// let outbound = inbound.child(0x53995c3f42cd8ad8);
/// assert_eq!(outbound.traceparent().as_ref(), "00-4bf92f3577b34da6a3ce929d0e0e4736-53995c3f42cd8ad8-01");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// `version-trace-parent-flags`, in lower-case hexadecimal, possibly with more behind it.
    traceparent: Arc<str>,
    tracestate: Option<Arc<str>>,
}

impl TraceContext {
    /// Takes a `traceparent` if it has the W3C form (version `00`–`fe`, ids not all zero), else nothing: a broken one is as
    /// good as none and must never fail a request. A `tracestate` that no header could carry, or that is longer than 512
    /// characters, is left out.
    #[must_use]
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, len: usize| {
            text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let not_zero = |text: &str| text.bytes().any(|b| b != b'0');
        let shape = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
        let tail = version != "00" || parts.next().is_none();
        let fits = |state: &&str| {
            (1..=LONGEST_STATE).contains(&state.len()) && state.bytes().all(|b| matches!(b, b' '..=b'~'))
        };
        (shape && tail && not_zero(trace) && not_zero(parent)).then(|| Self {
            traceparent: traceparent.into(),
            tracestate: tracestate.filter(fits).map(Into::into),
        })
    }

    /// A trace that begins here. An id of zero, which is none, becomes 1.
    #[must_use]
    pub fn root(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        let (trace_id, span_id, flags) = (trace_id.max(1), span_id.max(1), u8::from(sampled));
        Self {
            traceparent: format!("00-{trace_id:032x}-{span_id:016x}-{flags:02x}").into(),
            tracestate: None,
        }
    }

    /// The same trace with another span in it: what a participant hands on. The flags are kept as far as version `00` knows them, and
    /// the `tracestate` goes along. A span id of zero, which is none, becomes 1.
    #[must_use]
    pub fn child(&self, span_id: u64) -> Self {
        let (trace_id, span_id, flags) = (self.trace_id(), span_id.max(1), self.flags() & KNOWN_FLAGS);
        Self {
            traceparent: format!("00-{trace_id}-{span_id:016x}-{flags:02x}").into(),
            tracestate: self.tracestate.clone(),
        }
    }

    /// The value of the header `traceparent`.
    #[must_use]
    pub const fn traceparent(&self) -> &Arc<str> {
        &self.traceparent
    }

    /// The opaque value of the header `tracestate`.
    #[must_use]
    pub const fn tracestate(&self) -> Option<&Arc<str>> {
        self.tracestate.as_ref()
    }

    /// The trace: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.part(3, 32)
    }

    /// The span that caused what follows: 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> &str {
        self.part(36, 16)
    }

    /// Whether the caller records the trace.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags() & SAMPLED != 0
    }

    fn flags(&self) -> u8 {
        u8::from_str_radix(self.part(53, 2), 16).unwrap_or_default()
    }

    fn part(&self, at: usize, length: usize) -> &str {
        self.traceparent.get(at..at + length).unwrap_or_default()
    }
}

impl fmt::Debug for TraceContext {
    /// Without the `tracestate`, which belongs to others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceContext({})", self.part(0, 55))
    }
}

#[cfg(test)]
mod tests {
    use super::TraceContext;
    use proptest::prelude::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn http_016_only_valid_traceparents_count() {
        assert!(TraceContext::parse(VALID, None).is_some());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert!(TraceContext::parse(bad, None).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_later_version_is_read_and_handed_on_as_the_one_we_speak() {
        let later = TraceContext::parse(&VALID.replacen("00", "cc", 1).replace("-01", "-ff-more"), None);
        let later = later.expect("a later version may have more");
        assert!(later.is_sampled());
        let child = later.child(0xab);
        assert_eq!(&**child.traceparent(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ab-03");
    }

    #[test]
    fn a_state_that_no_header_can_carry_is_dropped_and_the_parent_kept() {
        let with = |state: &str| TraceContext::parse(VALID, Some(state)).expect("the parent is valid");
        assert_eq!(with("a=1,b=2").child(7).tracestate().map(|state| &**state), Some("a=1,b=2"));
        for bad in ["", "a=1\r\nx: y", "a=\u{e9}", &"a".repeat(513)] {
            assert_eq!(with(bad).tracestate(), None);
        }
        assert!(!format!("{:?}", with("secret=1")).contains("secret"));
    }

    proptest! {
        #[test]
        fn what_is_made_here_is_valid(trace: u128, span: u64, next: u64, sampled: bool) {
            let root = TraceContext::root(trace, span, sampled);
            let child = root.child(next);
            for made in [&root, &child] {
                let read = TraceContext::parse(made.traceparent(), None);
                prop_assert_eq!(read.as_ref(), Some(made));
                prop_assert_eq!(made.is_sampled(), sampled);
            }
            prop_assert_eq!(root.trace_id(), child.trace_id());
            prop_assert_eq!(child.span_id(), format!("{:016x}", next.max(1)));
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,80}", state in "\\PC{0,20}") {
            if let Some(read) = TraceContext::parse(&text, Some(&state)) {
                prop_assert!(TraceContext::parse(read.child(1).traceparent(), None).is_some());
            }
        }
    }
}
