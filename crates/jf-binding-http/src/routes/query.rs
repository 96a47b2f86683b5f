//! Query parameters, as every route judges them that has some of its own.

use std::fmt;

use jf_core::EngineError;

/// Refuses what is given more than once, unless it may be.
///
/// # Errors
/// InvalidInput, with the name.
pub(super) fn check_once(
    parameters: &[(String, String)],
    may_repeat: impl Fn(&str) -> bool,
) -> Result<(), EngineError> {
    let mut names = parameters.iter().map(|(name, _)| name).enumerate();
    let is_repeated = |(index, name): &(usize, &String)| {
        !may_repeat(name) && parameters[..*index].iter().any(|(earlier, _)| earlier == *name)
    };
    match names.find(is_repeated) {
        None => Ok(()),
        Some((_, name)) => {
            let detail = format!("the parameter {} is given more than once", Shown(name));
            Err(EngineError::invalid_input(detail))
        }
    }
}

/// A parameter name as it may be repeated to its sender: quoted and cut.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.char_indices().nth(40).map_or(self.0.len(), |(end, _)| end);
        write!(f, "`{}`", self.0[..end].escape_debug())
    }
}
