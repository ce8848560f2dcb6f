//! Statements: one text that runs on either database.
//!
//! Texts are portable (`$1`, `bigint` milliseconds, text). Row locks are the exception: SQLite has no syntax for them
//! and needs none, so [`locking`] adds them for PostgreSQL only.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Encode, FromRow, PgConnection, Postgres, Sqlite, SqliteConnection, Type};

/// The text of a statement for each database.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A statement that locks rows in PostgreSQL: the text before the lock, the lock, and the text after it.
macro_rules! locking {
    ($before:literal, $lock:literal, $after:literal) => {
        $crate::db::statement::Sql {
            sqlite: concat!($before, $after),
            postgres: concat!($before, " ", $lock, " ", $after),
        }
    };
}
pub(super) use locking;

/// A value that can be bound to a statement. `u32` cannot, because PostgreSQL has no such type: bind `i64::from` of it.
pub trait Value<'v>: Encode<'v, Sqlite> + Type<Sqlite> + Encode<'v, Postgres> + Type<Postgres> {}

impl<'v, T: Encode<'v, Sqlite> + Type<Sqlite> + Encode<'v, Postgres> + Type<Postgres>> Value<'v> for T {}

/// A type that a row can be read into: a struct defined with `row!`, or a tuple.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Row for T {}

/// A prepared statement and its connection.
#[must_use = "a statement does nothing until it is run"]
pub struct Statement<'c>(Kind<'c>);

enum Kind<'c> {
    Sqlite(&'c mut SqliteConnection, Query<'static, Sqlite, SqliteArguments>),
    Postgres(&'c mut PgConnection, Query<'static, Postgres, PgArguments>),
}

impl<'c> Statement<'c> {
    pub(super) fn sqlite(db: &'c mut SqliteConnection, text: Sql) -> Self {
        Self(Kind::Sqlite(db, sqlx::query(text.sqlite)))
    }

    pub(super) fn postgres(db: &'c mut PgConnection, text: Sql) -> Self {
        Self(Kind::Postgres(db, sqlx::query(text.postgres)))
    }

    /// A statement assembled from literals. The only place that asserts a text to be safe: `listing.rs` puts nothing
    /// else into it.
    pub(super) fn sqlite_assembled(db: &'c mut SqliteConnection, text: String) -> Self {
        Self(Kind::Sqlite(db, sqlx::query(AssertSqlSafe(text))))
    }

    /// As [`Statement::sqlite_assembled`], for PostgreSQL.
    pub(super) fn postgres_assembled(db: &'c mut PgConnection, text: String) -> Self {
        Self(Kind::Postgres(db, sqlx::query(AssertSqlSafe(text))))
    }

    /// Binds the next of `$1`, `$2`, ….
    pub fn bind<'v>(self, value: impl Value<'v>) -> Self {
        Self(match self.0 {
            Kind::Sqlite(db, query) => Kind::Sqlite(db, query.bind(value)),
            Kind::Postgres(db, query) => Kind::Postgres(db, query.bind(value)),
        })
    }

    /// Runs it and returns how many rows it changed.
    pub async fn execute(self) -> sqlx::Result<u64> {
        Ok(match self.0 {
            Kind::Sqlite(db, query) => query.execute(db).await?.rows_affected(),
            Kind::Postgres(db, query) => query.execute(db).await?.rows_affected(),
        })
    }

    /// Runs it and returns its first row, if there is one.
    pub async fn fetch_optional<T: Row>(self) -> sqlx::Result<Option<T>> {
        match self.0 {
            Kind::Sqlite(db, query) => query.fetch_optional(db).await?.map(|row| T::from_row(&row)).transpose(),
            Kind::Postgres(db, query) => query.fetch_optional(db).await?.map(|row| T::from_row(&row)).transpose(),
        }
    }

    /// Runs it and returns its first row.
    ///
    /// # Errors
    /// Also [`sqlx::Error::RowNotFound`].
    pub async fn fetch_one<T: Row>(self) -> sqlx::Result<T> {
        self.fetch_optional().await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Runs it and returns all its rows.
    pub async fn fetch_all<T: Row>(self) -> sqlx::Result<Vec<T>> {
        match self.0 {
            Kind::Sqlite(db, query) => query.fetch_all(db).await?.iter().map(T::from_row).collect(),
            Kind::Postgres(db, query) => query.fetch_all(db).await?.iter().map(T::from_row).collect(),
        }
    }
}
