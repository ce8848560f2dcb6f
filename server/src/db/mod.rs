//! The database: every SQL statement of the server, one file per table, behind functions named for what they do.
//!
//! Statements are portable (`$1`, `bigint` milliseconds, text), because PostgreSQL joins later with the same ones.
//! Functions are told the time; none reads the clock.

pub mod challenges;
pub mod cues;
pub mod events;
pub mod failures;
pub mod outbox;
pub mod pictures;
pub mod sessions;
pub mod tokens;
pub mod uploads;
pub mod users;

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::config::Secret;
use crate::files;

/// A connection, inside a transaction or not. What every query function takes.
pub type Connection = sqlx::SqliteConnection;

/// A transaction that may write. Rolled back unless committed.
pub type WriteTransaction = sqlx::Transaction<'static, sqlx::Sqlite>;

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read side by side.
const READERS: u32 = 4;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");

/// The database. SQLite has one writer at a time, so writers queue here, in order, and never for a file lock.
#[derive(Clone, Debug)]
pub struct Db {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl Db {
    /// Opens the database, creating file and folder where absent, and brings its tables up to date.
    ///
    /// # Errors
    /// The file cannot be opened or written, is newer than this program, or does not keep what was promised
    /// (write-ahead log, full synchronisation, foreign keys).
    pub async fn open(url: &Secret) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::from_str(url.expose())
            .context("DATABASE_URL cannot be read")?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            // What is deleted is overwritten in the file (in the write-ahead log it stays until that starts anew): uploads
            // hold pictures of faces.
            .pragma("secure_delete", "on")
            .foreign_keys(true);
        let file = options.get_filename().to_owned();
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("the database's folder {} cannot be made", folder.display()))?;
        }
        // Made here, since SQLite gives its own files the mode of this one: addresses are for nobody else on the machine.
        files::create_private_file(&file)
            .with_context(|| format!("the database {} cannot be written", file.display()))?;
        let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
        let opened = || format!("the database {} cannot be opened", file.display());
        let db = Self {
            writer: pool(1).connect_with(options.clone()).await.with_context(opened)?,
            readers: pool(READERS).connect_with(options).await.with_context(opened)?,
        };
        db.assert_durability().await.with_context(|| format!("the database {} cannot be used", file.display()))?;
        MIGRATIONS
            .run(&db.writer)
            .await
            .with_context(|| format!("the tables of {} cannot be brought up to date", file.display()))?;
        Ok(db)
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// No connection became free in time, or none could be opened.
    pub async fn read(&self) -> sqlx::Result<sqlx::pool::PoolConnection<sqlx::Sqlite>> {
        self.readers.acquire().await
    }

    /// A transaction that holds the write lock from its beginning, so that what it reads stays true until it commits.
    ///
    /// # Errors
    /// The lock did not become free in time.
    pub async fn write(&self) -> sqlx::Result<WriteTransaction> {
        self.writer.begin_with("begin immediate").await
    }

    /// Closes every connection, which also folds the write-ahead log back into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Makes sure that the settings took effect: a network share, for one, may refuse the write-ahead log silently.
    async fn assert_durability(&self) -> anyhow::Result<()> {
        for pool in [&self.writer, &self.readers] {
            let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(pool).await?;
            let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(pool).await?;
            let foreign_keys: i64 = sqlx::query_scalar("pragma foreign_keys").fetch_one(pool).await?;
            ensure!(journal == "wal", "its journal is \"{journal}\" where a write-ahead log is needed");
            ensure!(synchronous == 2, "it does not synchronise fully");
            ensure!(foreign_keys == 1, "it does not check foreign keys");
        }
        Ok(())
    }
}

/// Whether the statement failed because of this named constraint or unique column.
fn violates(error: &sqlx::Error, what: &str) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation() && error.message().contains(what))
}
