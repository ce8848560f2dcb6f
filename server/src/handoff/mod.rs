//! Handing a check over to a phone: the numbers that tie both screens together, the picture of a link, and what the
//! first screen's browser says of itself. Knows no database and no HTTP.

mod numbers;
mod picture;
mod screen;

pub use numbers::Numbers;
pub use picture::picture;
pub use screen::Screen;

/// How long a phone may open a code.
pub const CODE_MS: i64 = 60_000;
/// How long a phone that has opened one may choose: time to read, to compare, and to ask whoever is in doubt.
pub const ANSWER_MS: i64 = 180_000;
/// How long codes that nobody opened are remembered, so that late phones learn that theirs has expired.
pub const REMEMBERED_MS: i64 = 600_000;
