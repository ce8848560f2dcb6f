//! Why a mail was not sent.

/// A mail did not leave. Printed, it may quote a mail server, and so the address: it is for the database, not for the log.
#[derive(Debug)]
pub(super) struct SendError {
    /// What happened.
    pub(super) text: String,
    /// Whether another try makes no sense.
    pub(super) is_final: bool,
    /// What may be logged.
    pub(super) kind: &'static str,
}

impl SendError {
    pub(super) fn unwritable(error: &anyhow::Error) -> Self {
        Self { text: format!("{error:#}"), is_final: true, kind: "the mail could not be written" }
    }
}
