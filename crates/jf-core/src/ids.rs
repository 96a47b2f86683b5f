//! Names of runs, places in their logs, and steps inside them.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jf_dsl::StateId;
use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;

/// A text that is not an id of the wanted kind; says what was expected, never repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: expected {expected}")]
#[non_exhaustive]
pub struct InvalidId {
    /// The kind of id.
    pub what: &'static str,
    /// The form it must have.
    pub expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// Checks the form and takes the text.
            ///
            /// # Errors
            #[doc = concat!("When the text is not ", $expected, ".")]
            pub fn parse(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                let text = text.as_ref();
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { what: $what, expected: $expected })
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = SmolStr::deserialize(deserializer)?;
                Self::parse(text).map_err(serde::de::Error::custom)
            }
        }
    };
}

fn is_url_safe(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

text_id!(
    /// Address of a run (ENG-003). Engines of this project draw 128 random bits; any engine may use its own text of the
    /// same alphabet. An id carries no meaning and grants no rights.
    JourneyId,
    "journey id",
    "1–128 characters of [A-Za-z0-9_-]",
    |text| !text.is_empty() && text.len() <= 128 && is_url_safe(text)
);

text_id!(
    /// Identity of a log (ENG-108): changes when the log may have lost or re-issued numbers, and stays constant otherwise.
    Epoch,
    "epoch",
    "1–32 characters of [A-Za-z0-9_-]",
    |text| !text.is_empty() && text.len() <= 32 && is_url_safe(text)
);

text_id!(
    /// A caller's key for exactly-once commands (ENG-050): 16–255 visible ASCII characters (HTTP-015, IDEM-8).
    IdempotencyKey,
    "idempotency key",
    "16–255 visible ASCII characters",
    |text| (16..=255).contains(&text.len()) && text.bytes().all(|b| (0x21..=0x7e).contains(&b))
);

text_id!(
    /// Name of a schedule. Engines of this project name it after the run and the activation that made it, so that it is the same when
    /// a crash makes it anew.
    ScheduleId,
    "schedule id",
    "1–160 characters of [A-Za-z0-9._-]",
    |text| {
        !text.is_empty()
            && text.len() <= 160
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    }
);

impl JourneyId {
    /// An id from 128 bits of a cryptographic generator, in unpadded base64url: 22 characters (ENG-003).
    ///
    /// # Panics
    /// When the operating system cannot give random bytes; nothing sensible can run on such a host.
    #[must_use]
    pub fn random() -> Self {
        let mut text = [0_u8; 22];
        let length = URL_SAFE_NO_PAD.encode_slice(random_bits(), &mut text);
        debug_assert_eq!(length, Ok(text.len()));
        let text = std::str::from_utf8(&text).expect("base64 is ASCII");
        Self(text.into())
    }
}

/// 128 bits of the operating system's generator, which is asked for many at a time: a thread draws them in order, each once.
fn random_bits() -> [u8; 16] {
    const DRAWN: usize = 32;
    thread_local! {
        static BITS: RefCell<([[u8; 16]; DRAWN], usize)> = const { RefCell::new(([[0; 16]; DRAWN], 0)) };
    }
    BITS.with_borrow_mut(|(bits, left)| {
        if *left == 0 {
            getrandom::fill(bits.as_flattened_mut()).expect("the operating system provides random bytes");
            *left = DRAWN;
        }
        *left -= 1;
        // Taken out, so that nothing of it stays behind.
        std::mem::take(&mut bits[*left])
    })
}

impl Epoch {
    /// A fresh epoch of 72 random bits (12 characters), for engines whose log does not survive a restart.
    ///
    /// # Panics
    /// When the operating system cannot give random bytes.
    #[must_use]
    pub fn random() -> Self {
        let mut bits = [0_u8; 9];
        getrandom::fill(&mut bits).expect("the operating system provides random bytes");
        Self(URL_SAFE_NO_PAD.encode(bits).into())
    }
}

/// The last number of a run's log, with the log's identity (ENG-106). Written `<epoch>.<seq>` in entity tags and event ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// Identity of the log.
    pub epoch: Epoch,
    /// Number of the last event; 1 is the creation.
    pub seq: u64,
}

impl Head {
    /// Head `seq` of the log `epoch`.
    #[must_use]
    pub const fn new(epoch: Epoch, seq: u64) -> Self {
        Self { epoch, seq }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

impl std::str::FromStr for Head {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { what: "head", expected: "<epoch>.<seq>" };
        let (epoch, seq) = text.split_once('.').ok_or_else(|| invalid.clone())?;
        let canonical = !seq.is_empty()
            && seq.bytes().all(|b| b.is_ascii_digit())
            && (seq == "0" || !seq.starts_with('0'));
        match (Epoch::parse(epoch), seq.parse()) {
            (Ok(epoch), Ok(seq)) if canonical => Ok(Self { epoch, seq }),
            _ => Err(invalid),
        }
    }
}

/// One accepted head of a precondition (ENG-054): a number, with or without the epoch it was seen in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeadCondition {
    /// Identity of the log the number belongs to; `None` matches the current one.
    pub epoch: Option<Epoch>,
    /// The wanted head.
    pub seq: u64,
}

impl HeadCondition {
    /// Whether `head` satisfies the condition.
    #[must_use]
    pub fn matches(&self, head: &Head) -> bool {
        self.seq == head.seq && self.epoch.as_ref().is_none_or(|epoch| *epoch == head.epoch)
    }
}

impl From<Head> for HeadCondition {
    fn from(head: Head) -> Self {
        Self { epoch: Some(head.epoch), seq: head.seq }
    }
}

/// A place in a run's log (ENG-108): everything up to and including `after` has been seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The epoch `after` was seen in; `None` means the current one.
    pub epoch: Option<Epoch>,
    /// The last number seen; 0 is "before the first event".
    pub after: u64,
}

impl Cursor {
    /// Before the first event of the current log.
    #[must_use]
    pub const fn beginning() -> Self {
        Self { epoch: None, after: 0 }
    }
}

impl From<Head> for Cursor {
    fn from(head: Head) -> Self {
        Self { epoch: Some(head.epoch), after: head.seq }
    }
}

/// How a request names a step (ENG-040, ENG-041): by state id, or by qualified address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StepRef {
    /// A state id; matched against all active steps in all scopes of the run.
    Id(StateId),
    /// Ids from the top scope down joined by `~`, kept as written.
    Address(Arc<str>),
}

impl StepRef {
    /// Reads a step reference: a text with `~` is an address, anything else a state id (ENG-041).
    ///
    /// # Errors
    /// When the text cannot be the id of a state (DEF-033), so that no definition can contain it.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { what: "step id", expected: "a state id, or ids joined by `~`" };
        if text.contains('~') {
            if text.len() <= 4096 && text.split('~').all(|part| StateId::parse(part).is_ok()) {
                return Ok(Self::Address(text.into()));
            }
            return Err(invalid);
        }
        StateId::parse(text).map(Self::Id).map_err(|_| invalid)
    }
}

impl fmt::Display for StepRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id.as_str()),
            Self::Address(address) => f.write_str(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Epoch, Head, HeadCondition, IdempotencyKey, JourneyId, StepRef};

    #[test]
    fn eng_003_random_ids_have_22_url_safe_characters_and_differ() {
        let (a, b) = (JourneyId::random(), JourneyId::random());
        assert_eq!(a.as_str().len(), 22);
        assert_ne!(a, b);
        assert!(JourneyId::parse(a.as_str()).is_ok());
    }

    #[test]
    fn eng_108_epochs_are_bounded_and_url_safe() {
        assert!(Epoch::parse("e1").is_ok());
        assert!(Epoch::parse("").is_err());
        assert!(Epoch::parse("e.1").is_err());
        assert!(Epoch::parse("x".repeat(33)).is_err());
    }

    #[test]
    fn http_018_heads_round_trip_and_refuse_other_spellings() {
        let head: Head = "e1.9".parse().expect("valid");
        assert_eq!(head.to_string(), "e1.9");
        for bad in
            ["e1", "e1.", ".9", "e1.09", "e1.+9", "e1.-1", "e1.9.9", "e 1.9", "e1.99999999999999999999"]
        {
            assert!(bad.parse::<Head>().is_err(), "{bad}");
        }
    }

    #[test]
    fn idem_8_keys_are_16_to_255_visible_characters() {
        assert!(IdempotencyKey::parse("0123456789abcdef").is_ok());
        assert!(IdempotencyKey::parse("short").is_err());
        assert!(IdempotencyKey::parse("0123456789abcde f").is_err());
        assert!(IdempotencyKey::parse("x".repeat(256)).is_err());
    }

    #[test]
    fn eng_054_a_condition_without_epoch_matches_the_current_log() {
        let head = Head::new(Epoch::parse("e1").expect("valid"), 4);
        assert!(HeadCondition { epoch: None, seq: 4 }.matches(&head));
        assert!(!HeadCondition { epoch: None, seq: 5 }.matches(&head));
        assert!(!HeadCondition { epoch: Epoch::parse("e2").ok(), seq: 4 }.matches(&head));
    }

    #[test]
    fn eng_041_a_tilde_makes_an_address() {
        assert!(matches!(StepRef::parse("wait"), Ok(StepRef::Id(_))));
        assert!(matches!(StepRef::parse("race~a~wait"), Ok(StepRef::Address(_))));
        assert!(StepRef::parse("a b").is_err());
        assert!(StepRef::parse("race~~wait").is_err());
        assert!(StepRef::parse("").is_err());
    }
}
