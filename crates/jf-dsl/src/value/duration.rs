//! ISO-8601 durations in the strict form (STA-076).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::text::written_as_text;

/// A duration of years, months, weeks, days, hours, minutes and seconds, the last part possibly with a fraction, not
/// negative (STA-076). Calendar parts count in UTC.
///
/// The fraction is that share of the length the unit has from the point the whole parts lead to: half a month after
/// the first of February is 14 days.
///
/// ```
/// use jf_dsl::IsoDuration;
///
/// let month: IsoDuration = "P1MT1H".parse().unwrap();
/// let due = month.after("2026-01-31T10:00:00Z".parse().unwrap()).unwrap();
/// assert_eq!(due.to_string(), "2026-02-28T11:00:00Z");
/// assert!("1 month".parse::<IsoDuration>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IsoDuration {
    text: Arc<str>,
    /// Whole parts in the order of [`UNITS`].
    parts: [i64; UNITS.len()],
    /// The unit (index into [`UNITS`]) and the billionths of it.
    fraction: Option<(usize, u32)>,
}

written_as_text!(IsoDuration, "duration", {
    "pattern": "^P(?=[0-9T])([0-9]+([.,][0-9]+)?Y)?([0-9]+([.,][0-9]+)?M)?([0-9]+([.,][0-9]+)?W)?([0-9]+([.,][0-9]+)?D)?\
        (T(?=[0-9])([0-9]+([.,][0-9]+)?H)?([0-9]+([.,][0-9]+)?M)?([0-9]+([.,][0-9]+)?S)?)?$",
    "examples": ["PT15M", "P1DT12H"]
});

/// The text is not a duration in the strict form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDuration {
    /// It is not `P`, then parts in the order Y M W D, then optionally `T` and parts in the order H M S.
    #[error("expected an ISO-8601 duration such as `PT15M` or `P1DT12H`")]
    Form,
    /// It is negative.
    #[error("the duration must not be negative")]
    Negative,
    /// Only the last part may have a fraction.
    #[error("only the last part may have a fraction")]
    Fraction,
    /// A part is larger than calendars reach.
    #[error("the duration is too long")]
    TooLong,
}

const BILLION: i128 = 1_000_000_000;
/// Designators, the date part before the time part; `T` separates them.
const UNITS: [u8; 7] = *b"YMWDHMS";
const FIRST_TIME_UNIT: usize = 4;
/// The longest values that the calendar arithmetic takes, per unit.
const LONGEST: [i64; UNITS.len()] =
    [19_998, 239_976, 1_043_497, 7_304_484, 175_307_616, 10_518_456_960, 631_107_417_600];

impl IsoDuration {
    /// Reads a duration.
    ///
    /// # Errors
    ///
    /// When the text is not in the strict form, is negative, or too long for the calendar.
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, InvalidDuration> {
        let text = text.into();
        let mut duration = Self { text: Arc::clone(&text), parts: [0; UNITS.len()], fraction: None };
        if text.starts_with('-') || text.contains("P-") {
            return Err(InvalidDuration::Negative);
        }
        let mut rest = text.strip_prefix('P').ok_or(InvalidDuration::Form)?;
        let mut next_unit = 0;
        let mut in_time = false;
        loop {
            if !in_time && let Some(time) = rest.strip_prefix('T') {
                in_time = true;
                next_unit = FIRST_TIME_UNIT;
                rest = time;
                if rest.is_empty() {
                    return Err(InvalidDuration::Form);
                }
            }
            if rest.is_empty() {
                break;
            }
            if duration.fraction.is_some() {
                return Err(InvalidDuration::Fraction);
            }
            let (unit, after) = duration.part(rest, next_unit, in_time)?;
            next_unit = unit + 1;
            rest = after;
        }
        if text.len() == 1 { Err(InvalidDuration::Form) } else { Ok(duration) }
    }

    /// Reads one part and returns its unit and what follows it.
    fn part<'a>(
        &mut self,
        text: &'a str,
        next_unit: usize,
        in_time: bool,
    ) -> Result<(usize, &'a str), InvalidDuration> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, mut rest) = text.split_at(digits);
        if number.is_empty() {
            return Err(InvalidDuration::Form);
        }
        let mut billionths = None;
        if let Some(tail) = rest.strip_prefix(['.', ',']) {
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return Err(InvalidDuration::Form);
            }
            billionths = Some(
                tail.bytes()
                    .take(digits)
                    .chain(std::iter::repeat(b'0'))
                    .take(9)
                    .fold(0, |sum, b| sum * 10 + u32::from(b - b'0')),
            );
            rest = &tail[digits..];
        }
        let designator = *rest.as_bytes().first().ok_or(InvalidDuration::Form)?;
        let last = if in_time { UNITS.len() } else { FIRST_TIME_UNIT };
        let unit = (next_unit..last).find(|unit| UNITS[*unit] == designator).ok_or(InvalidDuration::Form)?;
        let whole: i64 = number.parse().map_err(|_| InvalidDuration::TooLong)?;
        if whole > LONGEST[unit] {
            return Err(InvalidDuration::TooLong);
        }
        self.parts[unit] = whole;
        self.fraction = billionths.map(|billionths| (unit, billionths));
        Ok((unit, &rest[1..]))
    }

    /// The duration as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The shortest interval of schedules unless a platform sets another one: a minute (TSK-102).
    #[must_use]
    pub fn schedule_minimum() -> Self {
        Self::parse("PT1M").expect("the text is a duration")
    }

    /// The instant this long after `start`, or `None` when that lies beyond the year 9999.
    #[must_use]
    pub fn after(&self, start: Timestamp) -> Option<Timestamp> {
        self.times_after(1, start)
    }

    /// The instant `times` as long after `start`, or `None` when that lies beyond the year 9999 (ENG-080).
    ///
    /// Each part is multiplied before it is counted from `start`, so that what the calendar takes away is not lost for good: twice a month
    /// after the 31st of January is the 31st of March. For a duration that is not zero the instants grow with `times`.
    ///
    /// ```
    /// use jf_dsl::IsoDuration;
    ///
    /// let month: IsoDuration = "P1M".parse().unwrap();
    /// let anchor = "2026-01-31T10:00:00Z".parse().unwrap();
    /// assert_eq!(month.times_after(1, anchor).unwrap().to_string(), "2026-02-28T10:00:00Z");
    /// assert_eq!(month.times_after(2, anchor).unwrap().to_string(), "2026-03-31T10:00:00Z");
    /// ```
    #[must_use]
    pub fn times_after(&self, times: u64, start: Timestamp) -> Option<Timestamp> {
        let times = i64::try_from(times).ok()?;
        let mut parts = [0; UNITS.len()];
        for (sum, part) in parts.iter_mut().zip(self.parts) {
            *sum = part.checked_mul(times)?;
        }
        let mut fraction = None;
        if let Some((unit, billionths)) = self.fraction {
            let share = i128::from(billionths) * i128::from(times);
            parts[unit] = parts[unit].checked_add(i64::try_from(share / BILLION).ok()?)?;
            fraction = Some((unit, share % BILLION));
        }
        let [years, months, weeks, days, hours, minutes, seconds] = parts;
        let span = Span::new()
            .try_years(years)
            .and_then(|span| span.try_months(months))
            .and_then(|span| span.try_weeks(weeks))
            .and_then(|span| span.try_days(days))
            .and_then(|span| span.try_hours(hours))
            .and_then(|span| span.try_minutes(minutes))
            .and_then(|span| span.try_seconds(seconds))
            .ok()?;
        let whole = start.to_zoned(TimeZone::UTC).checked_add(span).ok()?;
        let Some((unit, billionths)) = fraction else { return Some(whole.timestamp()) };
        let one = Span::new();
        let one = match unit {
            0 => one.years(1),
            1 => one.months(1),
            2 => one.weeks(1),
            3 => one.days(1),
            4 => one.hours(1),
            5 => one.minutes(1),
            _ => one.seconds(1),
        };
        let next = whole.checked_add(one).ok()?.timestamp();
        let from = whole.timestamp().as_nanosecond();
        let share = (next.as_nanosecond() - from) * billionths / BILLION;
        Timestamp::from_nanosecond(from + share).ok()
    }

    /// Whether it is zero or shorter than `least`, both counted from where months are shortest (TSK-102).
    #[must_use]
    pub fn is_shorter_than(&self, least: &Self) -> bool {
        // 2001-02-01T00:00:00Z: the month has 28 days, the year 365.
        let from = Timestamp::from_second(980_985_600).expect("the second is in the range of timestamps");
        match (self.after(from), least.after(from)) {
            (Some(due), least) => due <= from || least.is_some_and(|least| due < least),
            // Longer than the calendar.
            (None, _) => false,
        }
    }
}

impl fmt::Display for IsoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for IsoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl FromStr for IsoDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{InvalidDuration, IsoDuration};

    fn after(duration: &str, start: &str) -> String {
        let start: Timestamp = start.parse().unwrap();
        IsoDuration::parse(duration).unwrap().after(start).unwrap().to_string()
    }

    #[test]
    fn sta_076_strict_form() {
        for good in ["P1Y", "P1Y2M3W4DT5H6M7.5S", "PT0S", "P2W", "PT0.5H", "P0.5D", "PT1,5S"] {
            assert!(IsoDuration::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "P", "PT", "P1", "1D", "p1d", "P1DT", "PT1H1D", "P1H", "P1M1Y", "PT1M1M", "P1D ", "P.5D",
            "PT1.S", "+P1D", "P+1D",
        ] {
            assert_eq!(IsoDuration::parse(bad), Err(InvalidDuration::Form), "{bad}");
        }
        assert_eq!(IsoDuration::parse("-PT1S"), Err(InvalidDuration::Negative));
        assert_eq!(IsoDuration::parse("P-1D"), Err(InvalidDuration::Negative));
        assert_eq!(IsoDuration::parse("PT1.5H1S"), Err(InvalidDuration::Fraction));
        assert_eq!(IsoDuration::parse("P1.5DT1S"), Err(InvalidDuration::Fraction));
        for long in ["P99999Y", "PT99999999999999999999S"] {
            assert_eq!(IsoDuration::parse(long), Err(InvalidDuration::TooLong), "{long}");
        }
    }

    #[test]
    fn sta_076_calendar_parts_count_in_utc() {
        assert_eq!(after("P1Y", "2024-02-29T00:00:00Z"), "2025-02-28T00:00:00Z");
        assert_eq!(after("P1W1DT1S", "2026-12-31T23:59:59Z"), "2027-01-09T00:00:00Z");
        assert_eq!(after("PT0.25S", "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00.25Z");
        assert_eq!(after("P0.5M", "2026-02-01T00:00:00Z"), "2026-02-15T00:00:00Z");
        assert_eq!(after("P1.5D", "2026-02-01T00:00:00Z"), "2026-02-02T12:00:00Z");
    }

    #[test]
    fn tsk_102_intervals_are_compared_where_months_are_shortest() {
        let shorter = |a: &str, b: &str| {
            IsoDuration::parse(a).unwrap().is_shorter_than(&IsoDuration::parse(b).unwrap())
        };
        assert!(shorter("PT59S", "PT1M") && !shorter("PT60S", "PT1M") && !shorter("PT1M", "PT1M"));
        assert!(shorter("PT0S", "PT0S"), "an interval is positive whatever the minimum is");
        assert!(shorter("P1M", "P29D") && !shorter("P1M", "P28D"));
        assert!(!shorter("P19998Y", "PT1M"));
    }

    #[test]
    fn eng_080_multiples_are_counted_from_the_anchor() {
        let times = |duration: &str, times: u64, start: &str| {
            let due = IsoDuration::parse(duration).unwrap().times_after(times, start.parse().unwrap());
            due.map(|due| due.to_string())
        };
        for (duration, n, start, due) in [
            ("P1M", 0, "2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
            ("P1M", 1, "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("P1M", 2, "2026-01-31T10:00:00Z", "2026-03-31T10:00:00Z"),
            ("P1M", 13, "2027-01-31T10:00:00Z", "2028-02-29T10:00:00Z"),
            ("P1Y", 4, "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("P0.5D", 3, "2026-01-01T00:00:00Z", "2026-01-02T12:00:00Z"),
            ("P0.5M", 2, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("P1M1DT1S", 2, "2026-01-31T00:00:00Z", "2026-04-02T00:00:02Z"),
            // The switch to summer time is none in UTC.
            ("P1D", 1, "2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z"),
        ] {
            assert_eq!(times(duration, n, start).as_deref(), Some(due), "{n} times {duration}");
        }
        assert_eq!(times("P1Y", 9_000, "2026-01-01T00:00:00Z"), None);
        assert_eq!(times("PT1S", u64::MAX, "2026-01-01T00:00:00Z"), None);
    }

    #[test]
    fn a_due_time_beyond_the_calendar_is_none() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(IsoDuration::parse("P9000Y").unwrap().after(start), None);
    }

    proptest! {
        /// What a schedule relies upon: its due times come one after the other (ENG-080).
        #[test]
        fn eng_080_multiples_grow(
            text in "P([1-9]Y)?([1-9]M)?([1-9]D)?T([1-9][0-9]?H)?[1-9][0-9]?(\\.[0-9]{1,3})?M|P[0-9](\\.[1-9])M",
            start in 0_i64..4_000_000_000,
            n in 0_u64..100,
        ) {
            let duration = IsoDuration::parse(&*text).unwrap();
            let start = Timestamp::from_second(start).unwrap();
            let (one, next) = (duration.times_after(n, start), duration.times_after(n + 1, start));
            prop_assert!(one.unwrap() < next.unwrap(), "{text} {n} {start}");
        }

        #[test]
        fn sta_076_never_panics_and_never_goes_back(text in "P?[0-9]{0,12}[YMWD]?(T?[0-9]{0,12}([.,][0-9]{0,10})?[HMS]?)?", start in 0i64..4_000_000_000) {
            if let Ok(duration) = IsoDuration::parse(&*text) {
                let start = Timestamp::from_second(start).unwrap();
                if let Some(due) = duration.after(start) {
                    prop_assert!(due >= start);
                }
            }
        }
    }
}
