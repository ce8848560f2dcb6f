//! Statements: one text, bound and run on whichever database the connection leads to.
//!
//! Texts are portable (`$1`, `bigint` milliseconds, text). The one thing that SQLite has no words for is a lock on rows,
//! which it does not need either: [`locking`] tells it to PostgreSQL alone.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Encode, FromRow, PgConnection, Postgres, Sqlite, SqliteConnection, Type};

/// The text of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A statement that locks rows in PostgreSQL: what stands before the lock, the lock, and what stands behind it.
macro_rules! locking {
    ($before:literal, $lock:literal, $after:literal) => {
        $crate::db::statement::Text {
            sqlite: concat!($before, $after),
            postgres: concat!($before, " ", $lock, " ", $after),
        }
    };
}
pub(super) use locking;

/// What can be bound to a statement. Not `u32`, which PostgreSQL does not have: bind `i64::from` of it.
pub trait Value<'v>: Encode<'v, Sqlite> + Type<Sqlite> + Encode<'v, Postgres> + Type<Postgres> {}

impl<'v, T: Encode<'v, Sqlite> + Type<Sqlite> + Encode<'v, Postgres> + Type<Postgres>> Value<'v> for T {}

/// What a row can be read as: a struct with `#[derive(sqlx::FromRow)]`, or a tuple.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Row for T {}

/// A statement on its way to the database.
#[must_use = "a statement does nothing until it is run"]
pub struct Statement<'c>(Kind<'c>);

enum Kind<'c> {
    Sqlite(&'c mut SqliteConnection, Query<'static, Sqlite, SqliteArguments>),
    Postgres(&'c mut PgConnection, Query<'static, Postgres, PgArguments>),
}

impl<'c> Statement<'c> {
    pub(super) fn sqlite(db: &'c mut SqliteConnection, text: Text) -> Self {
        Self(Kind::Sqlite(db, sqlx::query(text.sqlite)))
    }

    pub(super) fn postgres(db: &'c mut PgConnection, text: Text) -> Self {
        Self(Kind::Postgres(db, sqlx::query(text.postgres)))
    }

    /// Gives the next of `$1`, `$2`, ….
    pub fn bind<'v>(self, value: impl Value<'v>) -> Self {
        Self(match self.0 {
            Kind::Sqlite(db, query) => Kind::Sqlite(db, query.bind(value)),
            Kind::Postgres(db, query) => Kind::Postgres(db, query.bind(value)),
        })
    }

    /// Runs it and returns how many rows it changed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn execute(self) -> sqlx::Result<u64> {
        Ok(match self.0 {
            Kind::Sqlite(db, query) => query.execute(db).await?.rows_affected(),
            Kind::Postgres(db, query) => query.execute(db).await?.rows_affected(),
        })
    }

    /// Runs it and returns its first row, if it has one.
    ///
    /// # Errors
    /// What the database says, or a row that is no `T`.
    pub async fn fetch_optional<T: Row>(self) -> sqlx::Result<Option<T>> {
        match self.0 {
            Kind::Sqlite(db, query) => query.fetch_optional(db).await?.map(|row| T::from_row(&row)).transpose(),
            Kind::Postgres(db, query) => query.fetch_optional(db).await?.map(|row| T::from_row(&row)).transpose(),
        }
    }

    /// Runs it and returns its first row.
    ///
    /// # Errors
    /// What the database says, no row, or one that is no `T`.
    pub async fn fetch_one<T: Row>(self) -> sqlx::Result<T> {
        self.fetch_optional().await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Runs it and returns all its rows.
    ///
    /// # Errors
    /// What the database says, or a row that is no `T`.
    pub async fn fetch_all<T: Row>(self) -> sqlx::Result<Vec<T>> {
        match self.0 {
            Kind::Sqlite(db, query) => query.fetch_all(db).await?.iter().map(T::from_row).collect(),
            Kind::Postgres(db, query) => query.fetch_all(db).await?.iter().map(T::from_row).collect(),
        }
    }
}
