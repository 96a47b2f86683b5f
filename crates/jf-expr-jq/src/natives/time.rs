//! Dates and times. All of them are UTC: the zone of a machine is no business of a journey (EXP-005).

use jaq_core::native::{Fun, bome, unary};
use jf_core::spi::EvalErrorKind;
use jiff::civil::DateTime;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::filter;
use crate::environment::Jq;
use crate::limits::meter;
use crate::value::{Error, Num, Val, ValR, fault, mismatch};

pub(super) fn natives() -> [Fun<Jq>; 6] {
    [
        filter("fromdateiso8601", 0, |cv| bome(from_iso(&cv.1))),
        filter("todateiso8601", 0, |cv| bome(to_iso(&cv.1))),
        filter("gmtime", 0, |cv| {
            bome(timestamp(&cv.1).map(|time| broken_down(time.to_zoned(TimeZone::UTC).datetime())))
        }),
        filter("mktime", 0, |cv| bome(moment(&cv.1).map(|time| seconds(time.timestamp())))),
        filter("strftime", 1, |cv| unary(cv, |value, format| format_time(&value, &format))),
        filter("strptime", 1, |cv| unary(cv, |value, format| parse_time(&value, &format))),
    ]
}

fn invalid<E>(_: E) -> Error {
    fault(EvalErrorKind::Function, "not a time that can be represented")
}

fn text(value: &Val) -> Result<&str, Error> {
    value.as_str().ok_or_else(|| mismatch(format!("{} is not a string", value.type_name())))
}

/// Seconds since 1970, with microseconds if there are any.
fn seconds(time: Timestamp) -> Val {
    if time.subsec_nanosecond() == 0 {
        Val::Num(Num::Int(time.as_second()))
    } else {
        Val::from(time.as_microsecond() as f64 / 1e6)
    }
}

fn timestamp(value: &Val) -> Result<Timestamp, Error> {
    match value {
        Val::Num(Num::Int(seconds)) => Timestamp::from_second(*seconds).map_err(invalid),
        // The cast saturates beyond what a timestamp can be.
        Val::Num(Num::Float(seconds)) if !seconds.is_nan() => {
            Timestamp::from_microsecond((seconds * 1e6) as i64).map_err(invalid)
        }
        Val::Num(_) => Err(invalid(())),
        other => Err(mismatch(format!("{} is not a time", other.type_name()))),
    }
}

fn from_iso(value: &Val) -> ValR {
    text(value)?.parse().map(seconds).map_err(invalid)
}

fn to_iso(value: &Val) -> ValR {
    timestamp(value).map(|time| Val::str(time.to_string()))
}

/// Year, month from 0, day, hour, minute, second, day of the week from Sunday, day of the year from 0.
fn broken_down(time: DateTime) -> Val {
    let second = match time.subsec_nanosecond() {
        0 => Val::from(time.second() as isize),
        nanos => Val::from(f64::from(time.second()) + f64::from(nanos) / 1e9),
    };
    let integers = [
        time.year().into(),
        time.month() as isize - 1,
        time.day() as isize,
        time.hour() as isize,
        time.minute() as isize,
    ];
    let days = [time.weekday().to_sunday_zero_offset() as isize, time.day_of_year() as isize - 1];
    integers.into_iter().map(Val::from).chain([second]).chain(days.into_iter().map(Val::from)).collect()
}

/// A time broken down or in seconds.
fn moment(value: &Val) -> Result<Zoned, Error> {
    let Val::Arr(array) = value else {
        return Ok(timestamp(value)?.to_zoned(TimeZone::UTC));
    };
    let mut parts = [0_i64; 5];
    for (part, item) in parts.iter_mut().zip(array.items()) {
        *part = match item {
            Val::Num(number) => {
                number.truncated().and_then(|n| i64::try_from(n).ok()).ok_or_else(|| invalid(()))?
            }
            _ => return Err(mismatch("a broken down time consists of numbers")),
        };
    }
    let second = match array.items().get(5) {
        Some(Val::Num(second)) => second.as_f64(),
        None if array.items().len() == 5 => 0.0,
        _ => return Err(mismatch("a broken down time consists of six numbers at least")),
    };
    let [year, month, day, hour, minute] = parts;
    let small = |n: i64| i8::try_from(n).map_err(invalid);
    // Casts of doubles saturate; what is out of range is refused below.
    let nanos = ((second - second.floor()) * 1e9) as i32;
    let month = month.checked_add(1).ok_or_else(|| invalid(()))?;
    DateTime::new(
        i16::try_from(year).map_err(invalid)?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        second.floor() as i8,
        nanos,
    )
    .and_then(|time| time.to_zoned(TimeZone::UTC))
    .map_err(invalid)
}

/// A format for times, which is a few letters; a directive can make sixty of one, so that a long one would cost far more than its length.
fn time_format(format: &Val) -> Result<&str, Error> {
    const LONGEST: usize = 4 * 1024;
    let format = text(format)?;
    if format.len() > LONGEST {
        return Err(fault(EvalErrorKind::Function, "the time format is too long"));
    }
    meter::spend_bytes(format.len() * 64)?;
    Ok(format)
}

fn format_time(value: &Val, format: &Val) -> ValR {
    let moment = moment(value)?;
    strtime::format(time_format(format)?, &moment)
        .map(Val::str)
        .map_err(|_| fault(EvalErrorKind::Function, "not a time format"))
}

/// The parts as written. Named zones are refused: what they mean stands in files of the machine.
fn parse_time(value: &Val, format: &Val) -> ValR {
    let unparsed = || fault(EvalErrorKind::Function, "the time does not match the format");
    let parsed = BrokenDownTime::parse(time_format(format)?, text(value)?).map_err(|_| unparsed())?;
    if parsed.iana_time_zone().is_some() {
        return Err(unparsed());
    }
    let time =
        parsed.to_datetime().or_else(|_| Ok(parsed.to_timestamp()?.to_zoned(TimeZone::UTC).datetime()));
    time.map(broken_down).map_err(|_: jiff::Error| unparsed())
}
