//! Types that are stored as text. Implements what `#[derive(sqlx::Type)]` would; see [`row!`](super::row::row) for why
//! the derives are not used.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

use super::attempts::Ending;
use super::challenges::ChallengeState;
use crate::domain::{
    AdminKeyId, AuditId, ChallengeId, CheckId, CheckStatus, Decision, EmailAddress, EndReason, EndpointId, EventId,
    Gate, HandoffId, HandoffOutcome, HashedToken, Language, LeaseId, MailId, ReviewId, SessionId, SiteEventId,
    SiteEventType, SiteId, UserId, UserStatus, Way,
};

/// Stores `$name` as the text that `$text` returns for a reference to it.
macro_rules! stored_as {
    ($name:ident, $text:expr) => {
        impl<DB: Database> Type<DB> for $name
        where
            String: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                String::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                String::compatible(info)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            for<'s> &'s str: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                let text: fn(&Self) -> &str = $text;
                text(self).encode_by_ref(buffer)
            }
        }
    };
}

/// Newtypes of text, each with the method that returns the text. They are read back without being parsed again.
macro_rules! texts {
    ($($name:ident::$text:ident,)*) => {$(
        stored_as!($name, Self::$text);

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            String: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                String::decode(value).map(Self::from_stored)
            }
        }
    )*};
}

/// Enums stored as the names that strum gives their variants. Reading another text is an error.
macro_rules! enums {
    ($($name:ident,)*) => {$(
        stored_as!($name, |value| value.into());

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            &'r str: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let text = <&str>::decode(value)?;
                text.parse().map_err(|_| format!("invalid value {text:?} for enum {}", stringify!($name)).into())
            }
        }
    )*};
}

texts! {
    AdminKeyId::as_str,
    AuditId::as_str,
    ChallengeId::as_str,
    CheckId::as_str,
    EmailAddress::expose,
    EndpointId::as_str,
    EventId::as_str,
    HandoffId::as_str,
    HashedToken::as_str,
    Language::as_str,
    LeaseId::as_str,
    MailId::as_str,
    ReviewId::as_str,
    SessionId::as_str,
    SiteEventId::as_str,
    SiteId::as_str,
    UserId::as_str,
}

enums! {
    ChallengeState,
    CheckStatus,
    Decision,
    EndReason,
    Ending,
    Gate,
    HandoffOutcome,
    SiteEventType,
    UserStatus,
    Way,
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, Sqlite, SqliteConnection};

    use super::*;

    /// Stores a value and reads back its text.
    async fn stored<'q, T: Encode<'q, Sqlite> + Type<Sqlite> + 'q>(value: T) -> String {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query_scalar("values ($1)").bind(value).fetch_one(&mut db).await.unwrap()
    }

    async fn read<T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + Send + Unpin>(text: &str) -> Result<T, String> {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query_scalar("values ($1)").bind(text).fetch_one(&mut db).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn enums_are_stored_by_the_names_of_their_variants() {
        for (value, text) in [
            (ChallengeState::Issued, "issued"),
            (ChallengeState::Scoring, "scoring"),
            (ChallengeState::Decided, "decided"),
            (ChallengeState::Superseded, "superseded"),
        ] {
            assert_eq!((stored(value).await.as_str(), read(text).await), (text, Ok(value)));
        }
        for (value, text) in [(Decision::Approve, "approve"), (Decision::Decline, "decline")] {
            assert_eq!((stored(value).await.as_str(), read(text).await), (text, Ok(value)));
            assert_eq!(serde_json::to_value(value).unwrap(), text);
        }
        for (value, text) in
            [(UserStatus::Pending, "PENDING"), (UserStatus::Verified, "VERIFIED"), (UserStatus::Failed, "FAILED")]
        {
            assert_eq!((stored(value).await.as_str(), read(text).await), (text, Ok(value)));
            assert_eq!(serde_json::to_value(value).unwrap(), text);
        }
        let error = read::<Decision>("Approve").await.unwrap_err();
        let expected = "error occurred while decoding column 0: invalid value \"Approve\" for enum Decision";
        assert_eq!(error, expected);
    }

    #[tokio::test]
    async fn texts_are_read_back_as_they_were_stored() {
        let email = EmailAddress::parse("jo@example.com").unwrap();
        assert_eq!(stored(email.clone()).await, "jo@example.com");
        assert_eq!(stored(Some(&email)).await, "jo@example.com");
        assert_eq!(read("jo@example.com").await, Ok(email));
        assert_eq!(read("not parsed").await, Ok(UserId::from_client("not parsed")));
    }
}
