//! The one spelling of points in time in documents: RFC 3339, UTC, millisecond precision (ENG-021).

use jiff::Timestamp;

/// Writes a timestamp as `2026-01-02T03:04:05.120Z`; finer parts are cut off, never rounded up into the future.
#[must_use]
pub fn format_timestamp(at: Timestamp) -> String {
    let millis = at.as_millisecond();
    let whole = Timestamp::from_millisecond(millis).unwrap_or(at);
    format!("{whole:.3}")
}

/// Serde adapter for [`format_timestamp`], for use with `#[serde(with = "jf_core::rfc3339_millis")]`.
pub mod rfc3339_millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the timestamp with millisecond precision.
    ///
    /// # Errors
    /// Those of the serializer only.
    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::format_timestamp(*at))
    }

    /// Reads any RFC 3339 timestamp.
    ///
    /// # Errors
    /// When the text is not a timestamp.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }

    /// The same for an optional member.
    pub mod option {
        use jiff::Timestamp;
        use serde::{Deserialize, Deserializer, Serializer, de::Error};

        /// Writes the timestamp, or nothing.
        ///
        /// # Errors
        /// Those of the serializer only.
        pub fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, serializer),
                None => serializer.serialize_none(),
            }
        }

        /// Reads an optional RFC 3339 timestamp.
        ///
        /// # Errors
        /// When the text is not a timestamp.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    #[test]
    fn eng_021_timestamps_have_millisecond_precision_in_utc() {
        let at: Timestamp = "2026-01-02T03:04:05.1209Z".parse().expect("valid");
        assert_eq!(super::format_timestamp(at), "2026-01-02T03:04:05.120Z");
        let whole: Timestamp = "2026-01-02T04:04:05+01:00".parse().expect("valid");
        assert_eq!(super::format_timestamp(whole), "2026-01-02T03:04:05.000Z");
    }
}
