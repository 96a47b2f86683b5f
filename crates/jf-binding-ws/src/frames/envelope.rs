//! What every client frame has: readable JSON, a correlation id, a type, and a payload within its limits.

use std::fmt;

use jf_core::{EngineError, EngineErrorKind, JsonFault};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use smol_str::SmolStr;

use super::members::{Fault, Member, Members, is_readable};

/// Correlation id of a request (ORD-2): `[A-Za-z0-9._~:-]{1,64}`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub(crate) struct RequestId(SmolStr);

impl RequestId {
    fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~:-".contains(&b);
        ((1..=64).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A frame that is answered by an `error`, with what the error is about.
#[derive(Debug)]
pub(crate) struct Refused {
    /// `None` also where an id cannot be echoed.
    pub(crate) id: Option<RequestId>,
    /// The run, as the frame names it.
    pub(crate) run: Option<String>,
    pub(crate) error: EngineError,
}

impl Refused {
    pub(crate) fn new(id: Option<RequestId>, error: EngineError) -> Self {
        Self { id, run: None, error }
    }
}

/// Limits that concern one frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameLimits {
    /// Bytes of a payload (LIM-1).
    pub(crate) payload_bytes: usize,
    /// Containers inside each other in a payload (LIM-2).
    pub(crate) payload_depth: usize,
    /// Entries of `hello.resume` that are more than a name (LIM-5).
    pub(crate) resumed: usize,
}

/// Who is asked for the memory that a payload takes, as [`jf_core::read_json`] asks.
pub(crate) type Take<'a> = dyn FnMut(usize) -> Result<(), EngineError> + 'a;

/// A frame whose envelope can be relied on; the members that depend on the type are still unread.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) id: Option<RequestId>,
    pub(crate) frame_type: SmolStr,
    pub(crate) members: Members<'a>,
    /// The payload, or why it cannot be taken.
    pub(crate) payload: Option<Result<Value, EngineError>>,
    pub(crate) limits: FrameLimits,
}

impl<'a> Envelope<'a> {
    /// Reads a text message (LIM-2, ORD-2).
    ///
    /// # Errors
    /// `malformed-frame`, with the id if the frame has a usable one.
    pub(crate) fn read(text: &'a str, limits: FrameLimits, take: &mut Take<'_>) -> Result<Self, Refused> {
        let mut members = Members::split(text).map_err(|fault| unreadable(text, fault))?;
        members.check(PAYLOAD).map_err(|fault| unreadable(text, fault))?;
        let payload = match members.take(PAYLOAD) {
            None => None,
            Some(member) => {
                let payload = read_payload(&member, limits, take);
                Some(payload.map_err(|fault| unreadable(text, fault))?)
            }
        };
        let twice = members
            .duplicate()
            .or_else(|| (payload.is_some() && members.get(PAYLOAD).is_some()).then_some(PAYLOAD));
        let twice = twice.map(str::to_owned);
        let id = match members.take(ID) {
            Some(_) if twice.as_deref() == Some(ID) => None,
            Some(member) => Some(read_id(member.value)?),
            None => None,
        };
        if let Some(name) = twice {
            let detail = format!("the member `{}` occurs more than once", shortened(&name));
            return Err(Refused::new(id, malformed(detail)));
        }
        let frame_type = match members.take(TYPE) {
            Some(member) => {
                serde_json::from_str::<SmolStr>(member.value).ok().filter(|text| !text.is_empty())
            }
            None => None,
        };
        let Some(frame_type) = frame_type else {
            return Err(Refused::new(id, malformed("the member `type` must be a string that is not empty")));
        };
        Ok(Self { id, frame_type, members, payload, limits })
    }

    /// The text of the member that names a run.
    pub(crate) fn run(&self) -> Option<&'a str> {
        self.members.get("journeyId")
    }
}

const ID: &str = "id";
const TYPE: &str = "type";
const PAYLOAD: &str = "payload";

/// An `Err` inside tells that the payload is refused, outside that the frame is not JSON.
fn read_payload(
    member: &Member<'_>,
    limits: FrameLimits,
    take: &mut Take<'_>,
) -> Result<Result<Value, EngineError>, Fault> {
    let text = member.value;
    let refusal = if text.len() > limits.payload_bytes {
        let detail = format!("the payload has more than {} bytes", limits.payload_bytes);
        EngineError::new(EngineErrorKind::TooLarge).with_detail(detail)
    } else if member.depth > limits.payload_depth {
        EngineError::invalid_input(format!(
            "the payload is nested deeper than {} levels",
            limits.payload_depth
        ))
    } else {
        match jf_core::read_json(text, limits.payload_depth, text.len(), take) {
            Ok(value) => return Ok(Ok(value)),
            Err(JsonFault::Text(_)) => return Err(Fault::Unreadable),
            Err(JsonFault::NoRoom(refusal)) => refusal,
        }
    };
    if is_readable(text) { Ok(Err(refusal)) } else { Err(Fault::Unreadable) }
}

fn read_id(value: &str) -> Result<RequestId, Refused> {
    let text = serde_json::from_str::<String>(value);
    if let Some(id) = text.as_deref().ok().and_then(RequestId::parse) {
        return Ok(id);
    }
    let detail = "the member `id` must be a string of 1 to 64 characters out of A-Z a-z 0-9 . _ ~ : -";
    let shown = text.unwrap_or_else(|_| value.to_owned());
    Err(Refused::new(None, malformed(detail).with("requestId", shortened(&shown))))
}

/// The text is read once more, as a whole, to tell its author the place.
fn unreadable(text: &str, fault: Fault) -> Refused {
    let error = serde_json::from_str::<IgnoredAny>(text).err().filter(|_| fault == Fault::Unreadable);
    let detail = match (fault, error) {
        (Fault::NotAnObject, _) => "a frame is one JSON object".to_owned(),
        (Fault::Unreadable, None) => "the message is not valid JSON".to_owned(),
        (Fault::Unreadable, Some(error)) => {
            format!("the message is not valid JSON: {}", jf_core::explain_json(text, &error))
        }
    };
    Refused::new(None, malformed(detail))
}

pub(super) fn malformed(detail: impl Into<String>) -> EngineError {
    EngineError::new(EngineErrorKind::MalformedFrame).with_detail(detail)
}

/// Text of a client for an error message: at most 64 characters.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(64) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

#[cfg(test)]
mod tests {
    use jf_core::{EngineError, EngineErrorKind};
    use serde_json::json;

    use super::{Envelope, FrameLimits, Refused};

    const LIMITS: FrameLimits = FrameLimits { payload_bytes: 300, payload_depth: 128, resumed: 2 };

    fn read(text: &str) -> Result<Envelope<'_>, Refused> {
        Envelope::read(text, LIMITS, &mut |_| Ok(()))
    }

    fn slug(refused: &Refused) -> &'static str {
        refused.error.kind().slug()
    }

    #[test]
    fn ord_2_an_id_is_taken_or_refused_without_being_echoed_as_id() {
        let id = |text: &str| read(text).unwrap().id.map(|id| id.as_str().to_owned());
        assert_eq!(id(r#"{"type":"ping"}"#), None);
        assert_eq!(id(r#"{"type":"ping","id":"A-z.0_~:"}"#).as_deref(), Some("A-z.0_~:"));
        for bad in ["5", "\"\"", "\"a b\"", "\"ä\"", "null", "[]", &format!("\"{}\"", "x".repeat(65))] {
            let refused = read(&format!(r#"{{"type":"ping","id":{bad}}}"#)).unwrap_err();
            assert_eq!((slug(&refused), refused.id.is_none()), ("malformed-frame", true), "{bad}");
            let shown = refused.error.problem().extensions["requestId"].as_str().unwrap();
            assert!(shown.chars().count() <= 65, "{shown}");
        }
        let refused = read(r#"{"type":"ping","id":5}"#).unwrap_err();
        assert_eq!(refused.error.problem().extensions["requestId"], "5");
    }

    #[test]
    fn lim_2_duplicates_are_malformed_and_keep_the_id_when_it_is_clear() {
        let refused = read(r#"{"type":"ping","id":"1","type":"ping"}"#).unwrap_err();
        assert_eq!((slug(&refused), refused.id.unwrap().as_str()), ("malformed-frame", "1"));
        let refused = read(r#"{"type":"x","id":"1","payload":1,"payload":2}"#).unwrap_err();
        assert_eq!((slug(&refused), refused.id.unwrap().as_str()), ("malformed-frame", "1"));
        let refused = read(r#"{"type":"ping","id":"1","id":"2"}"#).unwrap_err();
        assert_eq!((slug(&refused), refused.id), ("malformed-frame", None));
    }

    #[test]
    fn lim_2_a_type_is_a_string_that_is_not_empty() {
        for text in [r#"{"id":"1"}"#, r#"{"id":"1","type":""}"#, r#"{"id":"1","type":7}"#] {
            let refused = read(text).unwrap_err();
            assert_eq!((slug(&refused), refused.id.unwrap().as_str()), ("malformed-frame", "1"), "{text}");
        }
    }

    #[test]
    fn lim_2_nesting_of_128_passes_and_129_is_invalid_input() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let payload = |levels| {
            let text = format!(r#"{{"type":"x","payload":{}}}"#, nested(levels));
            read(&text).unwrap().payload.unwrap().map_err(|error| error.kind().slug())
        };
        assert!(payload(128).is_ok());
        assert_eq!(payload(129).unwrap_err(), "invalid-input");
        let text = format!(r#"{{"type":"x","payload":{}}}"#, "[".repeat(100_000));
        assert_eq!(slug(&read(&text).unwrap_err()), "malformed-frame");
    }

    #[test]
    fn lim_1_the_payload_alone_is_measured() {
        let text = |bytes: usize| {
            format!(r#"{{"type":"x","x-pad":"{}","payload":"{}"}}"#, "p".repeat(400), "a".repeat(bytes - 2))
        };
        assert!(read(&text(300)).unwrap().payload.unwrap().is_ok());
        let refused = read(&text(301)).unwrap().payload.unwrap().unwrap_err();
        assert_eq!(refused.kind().slug(), "too-large");
    }

    #[test]
    fn http_026_a_payload_without_room_is_refused_unless_it_is_no_json() {
        let read = |text: &str| {
            let limits = FrameLimits { payload_bytes: 1 << 20, ..LIMITS };
            let no_room = &mut |_| Err(EngineError::new(EngineErrorKind::Unavailable));
            let read = Envelope::read(text, limits, no_room);
            read.map(|envelope| envelope.payload.map(|payload| payload.map_err(|error| error.kind())))
        };
        let refused = Some(Err(EngineErrorKind::Unavailable));
        assert_eq!(read(r#"{"type":"x","payload":1}"#).unwrap(), refused);
        let list = "0,".repeat(100_000);
        assert_eq!(read(&format!(r#"{{"type":"x","payload":[{list}0]}}"#)).unwrap(), refused);
        let broken = read(&format!(r#"{{"type":"x","payload":[{list}]}}"#)).unwrap_err();
        assert_eq!(slug(&broken), "malformed-frame");
        assert_eq!(read(r#"{"type":"x"}"#).unwrap(), None, "nothing is asked for");
    }

    #[test]
    fn enc_3_payload_numbers_pass_as_they_are_and_the_last_of_equal_members_counts() {
        let envelope = read(r#"{"type":"x","payload":{"n":1152921504606846976,"a":1,"a":2}}"#).unwrap();
        assert_eq!(envelope.payload.unwrap().unwrap(), json!({ "n": 1_152_921_504_606_846_976_u64, "a": 2 }));
    }

    #[test]
    fn lim_2_what_is_not_json_has_no_id() {
        for text in
            [r#"{"type":"ping","id":"1""#, r#"{"id":"1","type":"x","payload":{"a":}}"#, r#"[{"id":"1"}]"#]
        {
            let refused = read(text).unwrap_err();
            assert_eq!((slug(&refused), refused.id), ("malformed-frame", None), "{text}");
        }
    }

    #[test]
    fn lim_2_what_is_not_json_is_told_by_its_place() {
        let cases = [
            (r#"{"type":"ping""#, "EOF while parsing an object at line 1, column 14"),
            ("nonsense", "expected ident at line 1, column 2"),
            ("{\"type\":\"x\",\n \"é\":1,\"payload\":{\"a\":}}", "expected value at line 2, column 23"),
            (r#"{"type":"ping"}{"type":"ping"}"#, "trailing characters at line 1, column 16"),
        ];
        for (text, expected) in cases {
            let refused = read(text).unwrap_err();
            let detail = refused.error.problem().detail.clone().unwrap();
            assert_eq!(detail, format!("the message is not valid JSON: {expected}"), "{text}");
        }
    }
}
