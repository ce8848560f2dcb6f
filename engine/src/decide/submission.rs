//! What the server issued, and what came back.

use serde::{Deserialize, Serialize};

use crate::prompt::ServedRound;
use crate::transcript::Terms;

/// What came back from the browser.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The compact JWS.
    pub transcript: &'a [u8],
    /// JPEG of the open eyes.
    pub open: &'a [u8],
    /// JPEG of the closed eyes.
    pub closed: &'a [u8],
    /// JPEG of the evidence strip.
    pub strip: &'a [u8],
}

/// What the server issued for a challenge and observed of it. These are plain facts from which anyone can repeat the
/// decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// The terms.
    pub terms: Terms,
    /// The Ed25519 key that was registered for it.
    pub public_key: [u8; 32],
    /// The rounds of a prompted challenge, oldest first.
    pub rounds: Vec<ServedRound>,
    /// Time from issuing the challenge to receiving the submission.
    pub elapsed_ms: u64,
}
