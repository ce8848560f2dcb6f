//! Why a mail was not sent.

/// A mail was not sent. `text` may quote a mail server and thus the address: store it in the database, never log it.
#[derive(Debug)]
pub(super) struct SendError {
    /// The full error.
    pub(super) text: String,
    /// Whether retrying is pointless.
    pub(super) is_final: bool,
    /// A description that may be logged.
    pub(super) kind: &'static str,
}

impl SendError {
    pub(super) fn unwritable(error: &anyhow::Error) -> Self {
        Self { text: format!("{error:#}"), is_final: true, kind: "the mail could not be composed" }
    }
}
