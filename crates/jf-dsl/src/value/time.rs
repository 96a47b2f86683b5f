//! RFC 3339 timestamps.

use jiff::Timestamp;

/// Reads an RFC 3339 timestamp: `2026-01-31T10:00:00Z`, with an optional fraction and `Z` or a numeric offset (STA-076).
///
/// Stricter than the parser of the date library, which takes further forms. A leap second is read as the second before
/// it.
///
/// ```
/// assert!(jf_dsl::parse_rfc3339("2026-01-31T10:00:00.5+02:00").is_some());
/// assert!(jf_dsl::parse_rfc3339("2026-01-31").is_none());
/// ```
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    // `0` stands for any digit.
    const DATE_TIME: &[u8] = b"0000-00-00T00:00:00";
    let fits = |bytes: &[u8], form: &[u8]| {
        bytes.len() == form.len()
            && bytes
                .iter()
                .zip(form)
                .all(|(b, f)| if *f == b'0' { b.is_ascii_digit() } else { b.eq_ignore_ascii_case(f) })
    };
    let (date_time, rest) = text.as_bytes().split_at_checked(DATE_TIME.len())?;
    if !fits(date_time, DATE_TIME) {
        return None;
    }
    let zone = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 || digits > 9 {
                return None;
            }
            &fraction[digits..]
        }
    };
    let zone_ok = match zone {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', offset @ ..] => {
            fits(offset, b"00:00") && &offset[..2] <= b"23".as_slice() && &offset[3..] <= b"59".as_slice()
        }
        _ => false,
    };
    if zone_ok { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::parse_rfc3339;

    #[test]
    fn sta_076_rfc_3339_only() {
        for good in ["2026-01-31T10:00:00Z", "2026-01-31t10:00:00z", "2026-01-31T10:00:00.123456789-00:30"] {
            assert!(parse_rfc3339(good).is_some(), "{good}");
        }
        let bad = [
            "",
            "2026-01-31",
            "2026-01-31 10:00:00Z",
            "2026-01-31T10:00:00",
            "2026-01-31T10:00Z",
            "2026-02-30T10:00:00Z",
            "2026-01-31T10:00:00.Z",
            "2026-01-31T10:00:00+0200",
            "2026-01-31T10:00:00Z[UTC]",
            "+002026-01-31T10:00:00Z",
            "2026-01-31T25:00:00Z",
            "ääää-01-31T10:00:00Z",
        ];
        for bad in bad {
            assert!(parse_rfc3339(bad).is_none(), "{bad}");
        }
        assert_eq!(parse_rfc3339("2026-01-31T10:00:00+02:00").unwrap().to_string(), "2026-01-31T08:00:00Z");
    }
}
