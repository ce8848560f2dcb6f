//! The database: every SQL statement of the server, one file per table, behind functions named for what they do.
//!
//! `DATABASE_URL` chooses between an SQLite file and a PostgreSQL server; both run the same statements (`statement.rs`)
//! over tables of the same shape. Functions are told the time; none reads the clock.

pub mod admin_keys;
pub mod audit;
pub mod challenges;
pub mod cues;
pub mod erasure;
pub mod events;
pub mod failures;
pub mod fingerprints;
pub mod kept;
pub mod listing;
pub mod outbox;
pub mod pictures;
pub mod reviews;
pub mod sessions;
pub mod tokens;
pub mod trail;
pub mod uploads;
pub mod users;

mod connection;
mod postgres;
mod sqlite;
mod statement;

use std::path::Path;
use std::time::Duration;

pub use connection::{Connection, WriteTransaction};
pub use statement::{Row, Statement, Text, Value};

use crate::config::DatabaseUrl;
use crate::domain::UserId;

/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The database.
#[derive(Clone, Debug)]
pub struct Db(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Sqlite(sqlite::File),
    Postgres(postgres::Server),
}

/// What a transaction has to itself, from its beginning to its end, among all servers on the database.
///
/// SQLite has one writer, so there it has everything. In PostgreSQL it waits for its hold; that is enough, since
/// everything else that it reads in order to write is decided by a single statement.
#[derive(Clone, Copy, Debug)]
pub enum Hold<'a> {
    /// All that is one user's: sessions, links, challenges with their rounds and uploads, attempts. So a challenge is claimed
    /// once, a link opens one session at a time, no attempt is counted twice and none beyond the last. What several users
    /// share needs no hold: a key or a picture that two bring at once is told apart by its unique index, and the failures
    /// of a mailbox are only ever added to.
    User(&'a UserId),
    /// The counting of mails, of a mailbox and of all: of two registrations at once, the second sees the first's mail.
    Registrations,
    /// Nothing: each of its statements finds and changes its rows in one step, or skips those that somebody has locked.
    Nothing,
}

impl Db {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    /// It cannot be opened or written, is newer than this program, or does not keep what was promised (that what is
    /// committed is on the disk). The message holds no password.
    pub async fn open(url: &DatabaseUrl) -> anyhow::Result<Self> {
        Ok(Self(match url {
            DatabaseUrl::Sqlite(url) => Kind::Sqlite(sqlite::File::open(url).await?),
            DatabaseUrl::Postgres(url) => Kind::Postgres(postgres::Server::open(url).await?),
        }))
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// No connection became free in time, or none could be opened.
    pub async fn read(&self) -> sqlx::Result<Connection> {
        match &self.0 {
            Kind::Sqlite(file) => file.read().await,
            Kind::Postgres(server) => server.read().await,
        }
    }

    /// A transaction that may write, with `hold` to itself.
    ///
    /// # Errors
    /// The hold did not become free in time, or no connection did.
    pub async fn write(&self, hold: Hold<'_>) -> sqlx::Result<WriteTransaction> {
        match &self.0 {
            Kind::Sqlite(file) => file.write().await,
            Kind::Postgres(server) => server.write(hold).await,
        }
    }

    /// What the database's own clock shows. SQLite's is this machine's.
    ///
    /// # Errors
    /// What the database says.
    pub async fn clock_ms(&self) -> sqlx::Result<i64> {
        const NOW: Text = Text {
            sqlite: "select cast(strftime('%s', 'now') as integer) * 1000",
            postgres: "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
        };
        let (now,): (i64,) = self.read().await?.query(NOW).fetch_one().await?;
        Ok(now)
    }

    /// Has what was deleted leave the disk: SQLite overwrites it, in the write-ahead log as well, as soon as others' reading lets
    /// it; PostgreSQL does when it vacuums.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget_deleted(&self) -> sqlx::Result<()> {
        match &self.0 {
            Kind::Sqlite(file) => file.forget_deleted().await,
            Kind::Postgres(_) => Ok(()),
        }
    }

    /// Copies the SQLite file, as it is at one moment, into a file that is absent or empty. Others read and write meanwhile.
    ///
    /// # Errors
    /// What the database says; also that it is no file.
    pub async fn copy_into(&self, file: &Path) -> sqlx::Result<()> {
        match &self.0 {
            Kind::Sqlite(own) => own.copy_into(file).await,
            Kind::Postgres(_) => Err(sqlx::Error::Configuration("PostgreSQL is copied by pg_dump".into())),
        }
    }

    /// The schema in which our tables are: PostgreSQL's; nothing where there is only one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn schema(&self) -> sqlx::Result<Option<String>> {
        const SCHEMA: Text = Text { sqlite: "select null as name", postgres: "select current_schema()::text as name" };
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

/// Whether the statement failed because of this unique constraint. PostgreSQL calls it by its name, SQLite by its columns
/// (`table.column`).
fn violates(error: &sqlx::Error, name: &str, columns: &str) -> bool {
    let sqlite = format!("UNIQUE constraint failed: {columns}");
    error.as_database_error().is_some_and(|error| {
        error.is_unique_violation() && (error.constraint() == Some(name) || error.message() == sqlite)
    })
}

/// A small number as it is stored.
fn number(stored: i64) -> sqlx::Result<u32> {
    u32::try_from(stored).map_err(|error| sqlx::Error::Decode(error.into()))
}
