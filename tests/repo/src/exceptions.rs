//! Rules that no test of this build can hold.

/// A rule that is not held, or not all of it.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The id of the rule.
    pub id: &'static str,
    /// Why, in a sentence of Markdown; links lead from `docs/reference`.
    pub reason: &'static str,
    /// The rest of the rule is held.
    pub in_part: bool,
}

/// All of them, among the rules of pages whose every rule has to be held.
pub const EXCEPTIONS: [Exception; 5] = [
    Exception {
        id: "EXP-032",
        reason: "MAY: further expression engines are for whoever adds one",
        in_part: false,
    },
    Exception {
        id: "CMP-2",
        reason: "speaks of compression, which is off ([decision 0025](../adr/0025-no-compression.md)); that it is off, CMP-1 says",
        in_part: false,
    },
    Exception {
        id: "HS-1",
        reason: "extended CONNECT (RFC 8441) is not offered ([decision 0028](../adr/0028-no-websocket-over-http2.md))",
        in_part: true,
    },
    Exception {
        id: "SP-9",
        reason: "there is one major of the protocol yet, so that nothing can be picked",
        in_part: false,
    },
    Exception {
        id: "ENG-087",
        reason: "MAY: administration of schedules is outside the specification",
        in_part: false,
    },
];

/// That of a rule.
#[must_use]
pub fn exception(id: &str) -> Option<&'static Exception> {
    EXCEPTIONS.iter().find(|exception| exception.id == id)
}
