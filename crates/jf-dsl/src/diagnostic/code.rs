//! Stable codes of diagnostics.

use std::fmt;
use std::str::FromStr;

/// The stable code of a kind of fault, written `JF` and four digits: `JF1xxx` syntax, `JF2xxx` shape, `JF3xxx`
/// references and flow, `JF4xxx` expressions, `JF5xxx` bindings and tasks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

impl Code {
    pub(crate) const fn new(number: u16) -> Self {
        Self(number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JF{:04}", self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text is not `JF` and four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is `JF` followed by four digits")]
pub struct InvalidCode;

impl FromStr for Code {
    type Err = InvalidCode;

    /// Reads a code; the letters may be lower case.
    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        let (letters, digits) = text.split_at_checked(2).ok_or(InvalidCode)?;
        let digits_ok = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
        if !letters.eq_ignore_ascii_case("JF") || !digits_ok {
            return Err(InvalidCode);
        }
        digits.parse().map(Self).map_err(|_| InvalidCode)
    }
}
