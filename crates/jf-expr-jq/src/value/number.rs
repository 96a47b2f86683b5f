//! Numbers: integers of 64 bits are exact (DEF-006), everything else is a double.

use std::cmp::Ordering;
use std::fmt;

/// The integers that a double holds exactly lie between minus and plus this.
const SAFE: f64 = 9_007_199_254_740_992.0;

/// A number. Every integer of 64 bits has exactly one of the first two forms.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Num {
    /// A signed integer.
    Int(i64),
    /// An integer above `i64::MAX`.
    Big(u64),
    /// Any other number, or a whole one that was written with a fraction.
    Float(f64),
}

impl Num {
    /// The result of a computation: whole numbers become integers as long as that loses nothing.
    pub(crate) fn computed(value: f64) -> Self {
        let negative_zero = value == 0.0 && value.is_sign_negative();
        if value.fract() == 0.0 && value.abs() <= SAFE && !negative_zero {
            Self::Int(value as i64)
        } else {
            Self::Float(value)
        }
    }

    /// The integer, or the nearest double where it needs more than 64 bits.
    pub(crate) fn integer(value: i128) -> Self {
        if let Ok(value) = i64::try_from(value) {
            Self::Int(value)
        } else if let Ok(value) = u64::try_from(value) {
            Self::Big(value)
        } else {
            Self::Float(value as f64)
        }
    }

    /// A number as JSON writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = text.strip_prefix('-').unwrap_or(text);
        if !plain.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        if plain.bytes().all(|b| b.is_ascii_digit())
            && let Ok(value) = text.parse()
        {
            return Some(Self::integer(value));
        }
        text.parse().ok().map(Self::Float)
    }

    /// The integer, when it was one from the start.
    pub(crate) const fn as_integer(self) -> Option<i128> {
        match self {
            Self::Int(n) => Some(n as i128),
            Self::Big(n) => Some(n as i128),
            Self::Float(_) => None,
        }
    }

    /// The nearest double.
    pub(crate) const fn as_f64(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Big(n) => n as f64,
            Self::Float(n) => n,
        }
    }

    /// The number without its fraction, at most as large as `i128` goes. `None` for NaN.
    pub(crate) fn truncated(self) -> Option<i128> {
        match self {
            Self::Float(n) if n.is_nan() => None,
            Self::Float(n) => Some(n as i128),
            _ => self.as_integer(),
        }
    }

    fn calculate(
        self,
        other: Self,
        exact: fn(i128, i128) -> Option<i128>,
        rough: fn(f64, f64) -> f64,
    ) -> Self {
        let integers = self.as_integer().zip(other.as_integer());
        match integers.and_then(|(l, r)| exact(l, r)) {
            Some(result) => Self::integer(result),
            None => Self::computed(rough(self.as_f64(), other.as_f64())),
        }
    }

    pub(crate) fn add(self, other: Self) -> Self {
        self.calculate(other, i128::checked_add, |l, r| l + r)
    }

    pub(crate) fn subtract(self, other: Self) -> Self {
        self.calculate(other, i128::checked_sub, |l, r| l - r)
    }

    pub(crate) fn multiply(self, other: Self) -> Self {
        self.calculate(other, i128::checked_mul, |l, r| l * r)
    }

    /// `None` when the divisor is zero.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        let exact = |l: i128, r| l.checked_rem(r).filter(|rest| *rest == 0).and_then(|_| l.checked_div(r));
        (other.as_f64() != 0.0).then(|| self.calculate(other, exact, |l, r| l / r))
    }

    /// The rest of the division of both numbers without their fractions, with the sign of the dividend. `None` when the divisor is zero.
    pub(crate) fn remainder(self, other: Self) -> Option<Self> {
        match (self.truncated(), other.truncated()) {
            (Some(_), Some(0)) => None,
            (Some(l), Some(r)) => Some(l.checked_rem(r).map_or(Self::Int(0), Self::integer)),
            _ => Some(Self::Float(f64::NAN)),
        }
    }

    pub(crate) fn negate(self) -> Self {
        match self {
            Self::Float(n) => Self::Float(-n),
            _ => self.as_integer().map_or(self, |n| Self::integer(-n)),
        }
    }
}

impl From<i64> for Num {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

/// NaN equals nothing, not even itself.
impl PartialEq for Num {
    fn eq(&self, other: &Self) -> bool {
        !matches!(self, Self::Float(n) if n.is_nan()) && self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Num {}

impl PartialOrd for Num {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A total order, integers compared with doubles exactly; NaN is below everything.
impl Ord for Num {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(l), Self::Int(r)) => l.cmp(r),
            (Self::Float(l), Self::Float(r)) => compare_floats(*l, *r),
            (Self::Float(l), r) => compare_mixed(r.as_integer().unwrap_or_default(), *l).reverse(),
            (l, Self::Float(r)) => compare_mixed(l.as_integer().unwrap_or_default(), *r),
            (l, r) => l.as_integer().cmp(&r.as_integer()),
        }
    }
}

fn compare_floats(l: f64, r: f64) -> Ordering {
    l.partial_cmp(&r).unwrap_or_else(|| r.is_nan().cmp(&l.is_nan()))
}

fn compare_mixed(integer: i128, float: f64) -> Ordering {
    if float.is_nan() {
        return Ordering::Greater;
    }
    // The cast saturates far beyond any integer of 64 bits.
    integer.cmp(&(float as i128)).then_with(|| {
        // Equal up to the fraction, which decides.
        0.0_f64.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal)
    })
}

/// As JSON. What JSON cannot say is written as jq writes it: NaN as `null`, infinities as the largest double.
impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Big(n) => n.fmt(f),
            Self::Float(n) if n.is_nan() => f.write_str("null"),
            Self::Float(n) => match serde_json::Number::from_f64(n.clamp(f64::MIN, f64::MAX)) {
                Some(number) => number.fmt(f),
                None => f.write_str("null"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Num;
    use std::cmp::Ordering;

    #[test]
    fn def_006_arithmetic_on_integers_is_exact_up_to_64_bits() {
        let max = Num::Int(i64::MAX);
        assert!(matches!(max.add(Num::Int(1)), Num::Big(9_223_372_036_854_775_808)));
        assert!(matches!(Num::Big(u64::MAX).subtract(Num::Big(u64::MAX)), Num::Int(0)));
        assert!(matches!(Num::Big(u64::MAX).multiply(Num::Big(u64::MAX)), Num::Float(_)));
        assert!(matches!(Num::Int(i64::MIN).negate(), Num::Big(9_223_372_036_854_775_808)));
        assert!(matches!(Num::Int(10).divide(Num::Int(5)), Some(Num::Int(2))));
        assert!(matches!(Num::Int(1).divide(Num::Int(2)), Some(Num::Float(_))));
        assert!(Num::Int(1).divide(Num::Float(-0.0)).is_none());
        assert!(matches!(Num::Int(i64::MIN).remainder(Num::Int(-1)), Some(Num::Int(0))));
        assert!(Num::Int(1).remainder(Num::Float(0.5)).is_none());
    }

    #[test]
    fn the_order_is_total_and_exact() {
        let ascending = [
            Num::Float(f64::NAN),
            Num::Float(f64::NEG_INFINITY),
            Num::Int(-1),
            Num::Float(-0.5),
            Num::Int(0),
            Num::Float(0.5),
            Num::Int(9_007_199_254_740_992),
            Num::Int(9_007_199_254_740_993),
            Num::Int(i64::MAX),
            Num::Float(9_223_372_036_854_775_808.0),
            Num::Big(u64::MAX),
            Num::Float(f64::INFINITY),
        ];
        for (i, l) in ascending.iter().enumerate() {
            for (j, r) in ascending.iter().enumerate() {
                assert_eq!(l.cmp(r), i.cmp(&j), "{l} {r}");
            }
        }
        assert_eq!(Num::Int(1), Num::Float(1.0));
        assert_ne!(Num::Float(f64::NAN), Num::Float(f64::NAN));
        assert_eq!(Num::Float(-0.0).cmp(&Num::Int(0)), Ordering::Equal);
    }
}
