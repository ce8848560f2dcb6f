//! What verifying the trail reports.

use serde::Serialize;

/// A sign of tampering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The entry's number; `None` for a row without an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// The row's id, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// A finding about an entry.
pub(super) fn finding(number: i64, id: Option<&str>, problem: &str) -> Finding {
    Finding { number: Some(number), id: id.map(str::to_owned), problem: problem.to_owned() }
}
