//! A submission that can be changed and signed again.

use test_client::{Recorded, SubmissionParts};

/// A submission and the key that signs it.
#[derive(Clone)]
pub(crate) struct SignedParts {
    /// The key that was registered with the challenge.
    pub(crate) public_key: [u8; 32],
    /// The secret key that signs.
    pub(crate) secret: [u8; 32],
    pub(crate) parts: SubmissionParts,
}

impl From<&Recorded> for SignedParts {
    fn from(recorded: &Recorded) -> SignedParts {
        SignedParts { public_key: recorded.key.public(), secret: recorded.key.secret(), parts: recorded.sign() }
    }
}
