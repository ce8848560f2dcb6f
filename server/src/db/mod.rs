//! The database: every SQL statement of the server, one file per table, behind functions named for what they do.
//!
//! `DATABASE_URL` selects an SQLite file or a PostgreSQL server. Both run the same statements (`statement.rs`) on
//! tables of the same shape. Functions get the time as an argument; none reads the clock.

pub mod admin_keys;
pub mod admin_sessions;
pub mod attempts;
pub mod audit;
pub mod challenges;
pub mod check_codes;
pub mod check_list;
pub mod check_redaction;
pub mod check_states;
pub mod checkpoints;
pub mod checks;
pub mod claims;
pub mod cues;
pub mod deliveries;
pub mod endpoints;
pub mod erasure;
pub mod events;
pub mod handoffs;
pub mod idempotency;
pub mod leases;
pub mod listing;
pub mod outbox;
pub mod perceptual_hashes;
pub mod pictures;
pub mod retention_queries;
pub mod reviews;
pub mod second_factors;
pub mod sessions;
pub mod signing_keys;
pub mod site_events;
pub mod sites;
pub mod spent_results;
pub mod tokens;
pub mod trail;
pub mod uploads;
pub mod users;

mod connection;
mod migrations;
mod postgres;
mod row;
mod sqlite;
mod statement;
mod stored_text;

use std::path::Path;

pub use connection::{Connection, LockScope, WriteTransaction};
pub use statement::{Row, Sql, Statement, Value};

use crate::config::DatabaseUrl;

/// The database.
#[derive(Clone, Debug)]
pub struct Db(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Sqlite(sqlite::File),
    Postgres(postgres::Server),
}

impl Db {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    /// The database cannot be opened or written, is newer than this program, or is configured so that a commit may be
    /// lost. The message contains no password.
    pub async fn open(url: &DatabaseUrl) -> anyhow::Result<Self> {
        Ok(Self(match url {
            DatabaseUrl::Sqlite(url) => Kind::Sqlite(sqlite::File::open(url).await?),
            DatabaseUrl::Postgres(url) => Kind::Postgres(postgres::Server::open(url).await?),
        }))
    }

    /// A connection for reading.
    pub async fn read(&self) -> sqlx::Result<Connection> {
        match &self.0 {
            Kind::Sqlite(file) => file.read().await,
            Kind::Postgres(server) => server.read().await,
        }
    }

    /// A transaction that may write and holds the lock on `scope`.
    ///
    /// # Errors
    /// The lock or a connection was not available in time.
    pub async fn write(&self, scope: LockScope<'_>) -> sqlx::Result<WriteTransaction> {
        match &self.0 {
            Kind::Sqlite(file) => file.write().await,
            Kind::Postgres(server) => server.write(scope).await,
        }
    }

    /// The time on the database's own clock. For SQLite this is this machine's clock.
    pub async fn clock_ms(&self) -> sqlx::Result<i64> {
        const NOW: Sql = Sql {
            sqlite: "select cast(strftime('%s', 'now') as integer) * 1000",
            postgres: "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
        };
        let (now,): (i64,) = self.read().await?.query(NOW).fetch_one().await?;
        Ok(now)
    }

    /// Removes deleted data from the disk: SQLite overwrites it, also in the write-ahead log, as soon as other readers
    /// allow; PostgreSQL does so when it vacuums.
    pub async fn forget_deleted(&self) -> sqlx::Result<()> {
        match &self.0 {
            Kind::Sqlite(file) => file.forget_deleted().await,
            Kind::Postgres(_) => Ok(()),
        }
    }

    /// Copies a consistent snapshot of the SQLite file into a file that is absent or empty. Others may read and write
    /// meanwhile.
    ///
    /// # Errors
    /// The copy failed, or the database is not SQLite.
    pub async fn copy_into(&self, file: &Path) -> sqlx::Result<()> {
        match &self.0 {
            Kind::Sqlite(own) => own.copy_into(file).await,
            Kind::Postgres(_) => Err(sqlx::Error::Configuration("use pg_dump to copy PostgreSQL".into())),
        }
    }

    /// The PostgreSQL schema that contains our tables; `None` for SQLite.
    pub async fn schema(&self) -> sqlx::Result<Option<String>> {
        const SCHEMA: Sql = Sql { sqlite: "select null as name", postgres: "select current_schema()::text as name" };
        let (schema,) = self.read().await?.query(SCHEMA).fetch_one().await?;
        Ok(schema)
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.0 {
            Kind::Sqlite(file) => file.close().await,
            Kind::Postgres(server) => server.close().await,
        }
    }
}

/// Whether the statement failed because of this unique constraint. PostgreSQL reports its name, SQLite its columns
/// (`table.column`).
fn violates(error: &sqlx::Error, name: &str, columns: &str) -> bool {
    let sqlite = format!("UNIQUE constraint failed: {columns}");
    error.as_database_error().is_some_and(|error| {
        error.is_unique_violation() && (error.constraint() == Some(name) || error.message() == sqlite)
    })
}

/// Converts a stored number to `u32`.
fn number(stored: i64) -> sqlx::Result<u32> {
    u32::try_from(stored).map_err(|error| sqlx::Error::Decode(error.into()))
}
