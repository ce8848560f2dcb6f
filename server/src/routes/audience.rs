//! Whom an address serves.

/// Whom an address serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody.
    Everybody,
    /// People who are verified.
    People,
    /// Operators.
    Operators,
}
