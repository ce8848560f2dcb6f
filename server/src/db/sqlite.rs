//! The SQLite file. It allows one writer at a time, so writers queue here, in order, and never wait for a file lock.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::connection::{ACQUIRE_TIMEOUT, Connection, WriteTransaction};
use super::migrations;
use crate::config::Secret;
use crate::files;

/// How long a statement waits for a lock of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Concurrent connections for reading.
const READERS: u32 = 4;

#[derive(Clone, Debug)]
pub(super) struct File {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl File {
    /// Opens the file, creating it and its folder if absent, and brings its tables up to date.
    pub(super) async fn open(url: &Secret) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::from_str(url.expose())
            .context("DATABASE_URL cannot be read")?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            // Overwrite deleted data in the file: addresses and figures of erased people, sealed uploads. The
            // write-ahead log keeps them until it restarts.
            .pragma("secure_delete", "on")
            .foreign_keys(true);
        let file = options.get_filename().to_owned();
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("the database's folder {} cannot be created", folder.display()))?;
        }
        // Create it here: SQLite gives its other files the mode of this one, and nobody else on the machine may read
        // addresses.
        files::create_private_file(&file)
            .with_context(|| format!("the database {} cannot be written", file.display()))?;
        // A connection to a file does not break while idle, so it is not tested before each use.
        let pool = |size| {
            let options = SqlitePoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
            options.test_before_acquire(false)
        };
        let opened = || format!("the database {} cannot be opened", file.display());
        let db = Self {
            writer: pool(1).connect_with(options.clone()).await.with_context(opened)?,
            readers: pool(READERS).connect_with(options).await.with_context(opened)?,
        };
        db.assert_durability().await.with_context(|| format!("the database {} cannot be used", file.display()))?;
        let mut writer = db.writer.acquire().await.with_context(opened)?;
        migrations::known_to(&mut *writer, migrations::sqlite())
            .await
            .run(&mut *writer)
            .await
            .with_context(|| format!("the tables of {} cannot be brought up to date", file.display()))?;
        drop(writer);
        Ok(db)
    }

    pub(super) async fn read(&self) -> sqlx::Result<Connection> {
        Ok(self.readers.acquire().await?.into())
    }

    /// Starts a transaction on the only writing connection: what it reads stays true until it commits.
    pub(super) async fn write(&self) -> sqlx::Result<WriteTransaction> {
        const BEGIN: &str = "begin immediate";
        match self.writer.begin_with(BEGIN).await {
            // On a full disk SQLite rolls a transaction back by itself. sqlx still counts it as open and would never
            // begin another on this connection.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await?.close().await?;
                Ok(self.writer.begin_with(BEGIN).await?.into())
            }
            begun => Ok(begun?.into()),
        }
    }

    /// Empties the write-ahead log.
    pub(super) async fn forget_deleted(&self) -> sqlx::Result<()> {
        sqlx::query("pragma wal_checkpoint(truncate)").execute(&self.writer).await.map(drop)
    }

    /// Copies a consistent snapshot of the file.
    pub(super) async fn copy_into(&self, file: &Path) -> sqlx::Result<()> {
        sqlx::query("vacuum into $1").bind(file.to_string_lossy()).execute(&self.readers).await.map(drop)
    }

    /// Closes every connection, which also merges the write-ahead log into the file.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Checks that the settings took effect: a network share, for example, may silently refuse the write-ahead log.
    async fn assert_durability(&self) -> anyhow::Result<()> {
        for pool in [&self.writer, &self.readers] {
            let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(pool).await?;
            let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(pool).await?;
            let foreign_keys: i64 = sqlx::query_scalar("pragma foreign_keys").fetch_one(pool).await?;
            ensure!(journal == "wal", "its journal mode is \"{journal}\", but a write-ahead log (wal) is required");
            ensure!(synchronous == 2, "it does not use synchronous = full");
            ensure!(foreign_keys == 1, "it does not enforce foreign keys");
        }
        Ok(())
    }
}
