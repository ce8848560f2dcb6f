//! Ids created by the server: text that sorts by creation time, followed by 80 random bits.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Makes a new id at `now_ms`.
            pub fn new(now_ms: i64) -> Self {
                Self(sortable(now_ms))
            }

            /// Takes an id from a client. It may not exist.
            pub fn from_client(text: &str) -> Self {
                // PostgreSQL text cannot contain NUL, and no id does.
                Self(text.replace('\0', "\u{fffd}"))
            }

            /// Takes an id that was stored before, without parsing it again.
            pub(crate) fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// When the id was created, in milliseconds since 1970. `None` if it is not one of ours.
            pub fn made_at(&self) -> Option<i64> {
                let is_ours = self.0.len() == 32 && self.0.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                i64::from_str_radix(self.0.get(..12)?, 16).ok().filter(|_| is_ours)
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A row of `users`.
    UserId,
    /// A row of `capture_sessions`. Not the secret in the cookie.
    SessionId,
    /// A row of `challenges`.
    ChallengeId,
    /// A row of `verification_events`, and its captures.
    EventId,
    /// A row of `mail_outbox`.
    MailId,
    /// One claim of a challenge.
    LeaseId,
    /// A row of `audit_entries`.
    AuditId,
    /// A row of `admin_keys`. Part of the key.
    AdminKeyId,
    /// A row of `reviews`.
    ReviewId,
    /// A row of `checks`.
    CheckId,
    /// A row of `site_events`.
    SiteEventId,
    /// A row of `endpoints`.
    EndpointId,
    /// A row of `handoffs`.
    HandoffId,
}

/// 32 hexadecimal digits: 48 bits of milliseconds, then 80 random bits.
fn sortable(now_ms: i64) -> String {
    let random: [u8; 10] = super::token::random_bytes();
    format!("{:012x}{}", now_ms & 0xffff_ffff_ffff, hex::encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_do_not_repeat() {
        let earlier = EventId::new(1_700_000_000_000);
        let later = EventId::new(1_700_000_000_001);
        assert!(earlier.as_str() < later.as_str());
        assert_ne!(EventId::new(5), EventId::new(5));
        assert_eq!(earlier.as_str().len(), 32);
        assert_eq!(later.made_at(), Some(1_700_000_000_001));
        for foreign in ["", "0123", "0123456789abcdef0123456789abcdeg", "../../../../../../../../../etc/x"] {
            assert_eq!(EventId::from_client(foreign).made_at(), None, "{foreign}");
        }
    }
}
