//! Why a computation ended early: the evidence was rejected, or the engine failed.

use crate::error::EngineError;
use crate::reason::Reason;

/// Why judging stopped before it had an answer. A rejection is an answer about the evidence; a fault is the engine's
/// own and says nothing about the person.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The evidence was rejected.
    #[error("rejected: {0}")]
    Rejected(Reason),
    /// The engine could not compute an answer.
    #[error(transparent)]
    Fault(#[from] EngineError),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Stop {
        Stop::Rejected(reason)
    }
}

/// The value, or `None` if it was rejected.
///
/// # Errors
/// [`EngineError`] for a fault.
pub(crate) fn unless_rejected<T>(result: Result<T, Stop>) -> Result<Option<T>, EngineError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Rejected(_)) => Ok(None),
        Err(Stop::Fault(error)) => Err(error),
    }
}
