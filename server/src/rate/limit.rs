//! What is limited, and how much of it there is.

use std::time::Duration;

/// What is limited, and per what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Registrations from one client. An office behind one address registers more than a household.
    Register,
    /// Times that one link is opened, valid or not.
    Redeem,
    /// Invalid links from one client.
    BadToken,
    /// Wrong admin keys from one client.
    BadAdminKey,
    /// Status queries of one session.
    Session,
    /// Challenges of one session.
    Challenge,
    /// Cues of one session. An attempt has up to a dozen rounds.
    Cue,
    /// Challenges of all sessions of one client.
    ChallengeClient,
    /// Chunks of submissions of one session, and progress queries. Five attempts in the smallest chunks that the page
    /// sends, each chunk lost once, need 200.
    Chunk,
    /// Submissions of one session, including those that fail through our fault. A submission rejected for lack of
    /// capacity counts a tenth ([`super::RateLimits::refund`]).
    Submission,
    /// Challenges of one session that were given up.
    GiveUp,
    /// Codes for a phone that one session asks for, and takes back. The page renews one every three quarters of a minute.
    Handoff,
}

impl Limit {
    /// The bucket's size, and the time in which it refills.
    pub(super) fn rule(self) -> (f64, Duration) {
        match self {
            Limit::Register => (20.0, Duration::from_secs(3600)),
            Limit::BadToken | Limit::BadAdminKey => (10.0, Duration::from_secs(60)),
            Limit::Cue => (120.0, Duration::from_secs(600)),
            Limit::Chunk => (400.0, Duration::from_secs(600)),
            Limit::Session => (600.0, Duration::from_secs(600)),
            Limit::Redeem => (100.0, Duration::from_secs(600)),
            Limit::ChallengeClient => (150.0, Duration::from_secs(600)),
            Limit::Challenge | Limit::Submission | Limit::GiveUp | Limit::Handoff => (30.0, Duration::from_secs(600)),
        }
    }
}

/// The limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Seconds until one more is allowed, at least 1.
    pub retry_after_s: u32,
}
