//! Actions in the audit: one stable word for each.

/// What happened. Words are never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A user was erased.
    UserErased,
    /// Captures had been kept long enough and were removed.
    CapturesExpired,
    /// Transcripts had been kept long enough and were removed.
    RecordsExpired,
    /// Addresses that nobody verified had been kept long enough and were removed.
    AddressesExpired,
    /// Captures that no event names were removed.
    OrphansRemoved,
    /// An operator looked at a capture.
    CaptureViewed,
    /// An operator downloaded the evidence of a decision.
    BundleTaken,
    /// An operator decided whether an address counts as verified.
    EventReviewed,
    /// A key was made.
    KeyAdded,
    /// A key was revoked.
    KeyRevoked,
    /// A key was used, for the first time in a day.
    KeyUsed,
    /// A key was sent in a URL.
    KeyExposed,
    /// A key got a second factor.
    SecondFactorAdded,
    /// A key lost its second factor.
    SecondFactorRemoved,
    /// An operator signed in with a key and a code.
    SignedIn,
    /// A wrong code was entered with a valid key.
    CodeWrong,
    /// Requests with keys that are not valid were refused; how many, in some minutes.
    KeysRefused,
    /// The captures' master key was replaced.
    MasterKeyRotated,
    /// A site was added.
    SiteAdded,
    /// A site was changed.
    SiteChanged,
    /// The address and the pictures of a check were erased.
    CheckRedacted,
    /// A new key signs results.
    SigningKeyRotated,
    /// A server started, with these settings.
    ServerStarted,
    /// Settings differ from those of the start before.
    SettingsChanged,
}

impl Action {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::UserErased => "user_erased",
            Action::CapturesExpired => "captures_expired",
            Action::RecordsExpired => "records_expired",
            Action::AddressesExpired => "addresses_expired",
            Action::OrphansRemoved => "orphans_removed",
            Action::CaptureViewed => "capture_viewed",
            Action::BundleTaken => "bundle_taken",
            Action::EventReviewed => "event_reviewed",
            Action::KeyAdded => "key_added",
            Action::KeyRevoked => "key_revoked",
            Action::KeyUsed => "key_used",
            Action::KeyExposed => "key_exposed",
            Action::SecondFactorAdded => "second_factor_added",
            Action::SecondFactorRemoved => "second_factor_removed",
            Action::SignedIn => "signed_in",
            Action::CodeWrong => "code_wrong",
            Action::KeysRefused => "keys_refused",
            Action::MasterKeyRotated => "master_key_rotated",
            Action::SiteAdded => "site_added",
            Action::SiteChanged => "site_changed",
            Action::CheckRedacted => "check_redacted",
            Action::SigningKeyRotated => "signing_key_rotated",
            Action::ServerStarted => "server_started",
            Action::SettingsChanged => "settings_changed",
        }
    }
}
