//! The words of a check that moves to another device. All are stored and never renamed.

use serde::{Deserialize, Serialize};

/// How a device came by the link that hands a check over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Way {
    /// Its camera read the code.
    Qr,
    /// Somebody copied the link.
    Link,
}

impl Way {
    /// The stable name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How an offer to hand a check over ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum HandoffOutcome {
    /// The check went on on the phone.
    HandedOver,
    /// Somebody chose a number that the first screen did not show.
    WrongNumber,
    /// Somebody said that it was not theirs.
    Declined,
    /// The first screen withdrew it.
    TakenBack,
    /// Another phone had opened another code of the same screen.
    Replaced,
}

/// Why a session ended early, if the check went on on another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum EndReason {
    /// A phone took over.
    HandedOver,
    /// The first screen took the check back.
    TakenBack,
}
