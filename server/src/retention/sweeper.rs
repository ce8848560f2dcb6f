//! What every part of the sweep needs.

use crate::config::{CoolDown, DataRetention, Retention};
use crate::erasure::Eraser;

/// Rows in one transaction, so that other writers get their turn.
pub(super) const BATCH: u32 = 100;

/// The parts that the sweep needs of a server.
#[derive(Clone, Copy, Debug)]
pub struct Sweeper<'a> {
    /// Erases users, and holds the database, the captures and the mails.
    pub eraser: Eraser<'a>,
    /// How long captures are kept.
    pub retention: Retention,
    /// How long everything else is kept.
    pub data_retention: DataRetention,
    /// How long attempts count.
    pub cool_down: CoolDown,
}
