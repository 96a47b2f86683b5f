//! Why connections are closed (§17): a code and a fixed name, never free text (ERR-5).

use tungstenite::Utf8Bytes;
use tungstenite::protocol::CloseFrame;

/// A reason to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// RFC 6455 was broken.
    Protocol,
    /// A binary message (ENC-1).
    Binary,
    /// A message beyond the limit (LIM-1).
    TooBig,
    /// Text that is not UTF-8 (ENC-1).
    NotUtf8,
    /// A fault of the server.
    Internal,
    /// The platform cannot tell who the client is, through no fault of the client (AUTH-6).
    TryLater,
    /// End of a drain, or of the connection's life.
    Restart,
    /// Malformed frames in number, or `hello` out of place.
    Violation,
    /// The credential has expired or was revoked (AUTH-4).
    Unauthenticated,
    /// The client is another one than before (AUTH-5).
    Forbidden,
    /// The offered subprotocols do not fit (SP-1 `close`).
    Subprotocol,
    /// No credential came in time (IDLE-2).
    HelloTimeout,
    /// Far too many frames (LIM-4).
    RateAbuse,
    /// Nothing arrives any more (HB-1).
    Liveness,
    /// The client does not read (FLOW-6).
    SlowConsumer,
    /// Nothing to do (IDLE-1).
    Idle,
}

impl Close {
    /// Code and name.
    pub(crate) const fn parts(self) -> (u16, &'static str) {
        match self {
            Self::Protocol => (1002, "framing"),
            Self::Binary => (1003, "framing"),
            Self::NotUtf8 => (1007, "framing"),
            Self::TooBig => (1009, "framing"),
            Self::Internal => (1011, "internal"),
            Self::TryLater => (1013, "try-later"),
            Self::Restart => (1012, "restart"),
            Self::Violation => (4400, "protocol-violation"),
            Self::Unauthenticated => (4401, "unauthenticated"),
            Self::Forbidden => (4403, "forbidden"),
            Self::Subprotocol => (4406, "subprotocol"),
            Self::HelloTimeout => (4408, "hello-timeout"),
            Self::RateAbuse => (4429, "rate-abuse"),
            Self::Liveness => (4504, "liveness-timeout"),
            Self::SlowConsumer => (4508, "slow-consumer"),
            Self::Idle => (4510, "idle"),
        }
    }

    pub(crate) fn frame(self) -> CloseFrame {
        let (code, name) = self.parts();
        CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(name) }
    }
}
