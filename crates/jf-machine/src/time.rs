//! Times of a run are whole milliseconds, as documents show them; serialised as milliseconds since the epoch.

use jiff::Timestamp;

/// Cuts off what documents do not show: for moments that have come.
pub(crate) fn floor(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Rounds up: for moments to come, so that nothing is ever due early.
pub(crate) fn ceil(at: Timestamp) -> Timestamp {
    let whole = floor(at);
    // Cutting off goes towards zero, hence upwards before 1970.
    if whole >= at {
        return whole;
    }
    whole
        .as_millisecond()
        .checked_add(1)
        .and_then(|next| Timestamp::from_millisecond(next).ok())
        .unwrap_or(at)
}

/// Serde adapter for a time.
pub(crate) mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millisecond())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Serde adapter for an optional time.
pub(crate) mod optional_millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "the signature serde asks for")]
    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::as_millisecond).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let millis = Option::<i64>::deserialize(deserializer)?;
        millis.map(Timestamp::from_millisecond).transpose().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{ceil, floor};
    use jiff::Timestamp;

    #[test]
    fn eng_070_due_times_are_rounded_up() {
        let at = |nanos| Timestamp::from_nanosecond(nanos).unwrap();
        for (exact, down, up) in [(1_000_001, 1, 2), (1_000_000, 1, 1), (999_999, 0, 1), (0, 0, 0)] {
            assert_eq!(floor(at(exact)).as_millisecond(), down, "{exact}");
            assert_eq!(ceil(at(exact)).as_millisecond(), up, "{exact}");
        }
        assert_eq!(ceil(at(-1)).as_millisecond(), 0);
        assert!(ceil(Timestamp::MAX) >= floor(Timestamp::MAX));
    }
}
