//! When a member is left out of the document: when it says what is said without it.

/// Whether the value is what an absent member means.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// For booleans that are `true` unless said otherwise.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
pub(crate) const fn is_true(value: &bool) -> bool {
    *value
}

/// For members that may be absent but are always written.
pub(crate) const fn never<T>(_: &T) -> bool {
    false
}
