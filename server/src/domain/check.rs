//! The words of checks: their states, their gates, what sites are told about them. All are part of the API and never
//! renamed.

use serde::Serialize;

use super::UserStatus;

/// Where a check stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::EnumString, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CheckStatus {
    /// The mailbox is not proven yet.
    Waiting,
    /// The person may begin an attempt.
    Open,
    /// An attempt is being decided.
    Checking,
    /// A live person was seen. Never changes.
    Verified,
    /// No attempts are left. Never changes.
    Failed,
    /// An attempt was accepted, and an operator has yet to look at it.
    Review,
    /// The site ended it.
    Canceled,
    /// Nobody finished it in time.
    Expired,
}

impl CheckStatus {
    /// Whether the person can still do something about it.
    pub fn is_going_on(self) -> bool {
        matches!(self, CheckStatus::Waiting | CheckStatus::Open | CheckStatus::Checking)
    }

    /// How the pages show it to the person; `failure`: whether the last attempt failed.
    pub fn of_person(self, failure: bool) -> UserStatus {
        match self {
            CheckStatus::Verified | CheckStatus::Review => UserStatus::Verified,
            CheckStatus::Failed | CheckStatus::Canceled | CheckStatus::Expired => UserStatus::Failed,
            CheckStatus::Waiting | CheckStatus::Open | CheckStatus::Checking if failure => UserStatus::Failed,
            CheckStatus::Waiting | CheckStatus::Open | CheckStatus::Checking => UserStatus::Pending,
        }
    }
}

/// How the mailbox of a check is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Gate {
    /// By a link that is mailed.
    Link,
    /// By a code that is mailed.
    Code,
    /// By the site, which says so.
    Site,
}

impl Gate {
    /// Whether this server itself proves the mailbox, and so sends a mail.
    pub fn proves_mailbox(self) -> bool {
        self != Gate::Site
    }

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The same in the words of results.
    pub fn mailbox(self) -> &'static str {
        if self.proves_mailbox() { "proven_by_us" } else { "vouched_by_site" }
    }
}

/// What sites are told.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumString, strum::IntoStaticStr, strum::VariantArray,
)]
pub enum SiteEventType {
    /// The check exists.
    #[strum(serialize = "check.created")]
    Created,
    /// Its mailbox was proven, and the person may begin.
    #[strum(serialize = "check.opened")]
    Opened,
    /// An attempt failed and counted, and others are left.
    #[strum(serialize = "check.attempt_failed")]
    AttemptFailed,
    /// A live person was seen.
    #[strum(serialize = "check.verified")]
    Verified,
    /// The last attempt failed.
    #[strum(serialize = "check.failed")]
    Failed,
    /// An attempt was accepted, and an operator has yet to look at it.
    #[strum(serialize = "check.review")]
    Review,
    /// The site ended it.
    #[strum(serialize = "check.canceled")]
    Canceled,
    /// Nobody finished it in time.
    #[strum(serialize = "check.expired")]
    Expired,
    /// An operator took the verification back.
    #[strum(serialize = "check.revoked")]
    Revoked,
    /// Address and pictures are gone.
    #[strum(serialize = "check.redacted")]
    Redacted,
    /// Nothing: an endpoint is tried out.
    #[strum(serialize = "webhook.test")]
    WebhookTest,
}

impl SiteEventType {
    /// The stable name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_only_results_end_a_check() {
        let ends = ["verified", "failed", "review", "canceled", "expired"];
        for status in <CheckStatus as strum::VariantArray>::VARIANTS {
            let word: &str = status.into();
            assert_eq!(word.parse(), Ok(*status));
            assert_eq!(serde_json::to_value(status).unwrap(), word);
            assert_eq!(status.is_going_on(), !ends.contains(&word), "{word}");
        }
        for kind in <SiteEventType as strum::VariantArray>::VARIANTS {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        assert_eq!((Gate::Link.mailbox(), Gate::Site.mailbox()), ("proven_by_us", "vouched_by_site"));
    }
}
