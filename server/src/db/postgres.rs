//! The PostgreSQL server, which any number of our servers may share.
//!
//! SQLite's single writer isolates every transaction. Here, under `read committed`, each statement sees what others
//! committed before it. A lock taken first provides the rest: a transaction that waited for it sees everything that the
//! previous holder wrote. See [`LockScope`] for what is locked, and why that is enough.
//!
//! No deadlocks: a transaction takes at most one such lock, before any other, and then writes only rows that it covers.
//! The lock on attempts consists of two, always taken in the same order, and a transaction takes it for one user only.
//! The exceptions are hashes of pictures and sessions of another user, which are locked in the order of their
//! names, the row of an `Idempotency-Key`, which is always written last, and clean-up, which skips locked rows. Foreign keys lock the user's row only against deletion, which is
//! compatible with `for no key update`.

use std::str::FromStr;

use anyhow::{Context, ensure};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Executor as _, PgConnection, Postgres, Transaction};

use super::connection::{ACQUIRE_TIMEOUT, Connection, LockScope, WriteTransaction};
use super::migrations;
use crate::config::Secret;

/// Connections per server. PostgreSQL allows 100 in total by default.
const CONNECTIONS: u32 = 10;
/// A request waits as long for a lock as for a connection. If a server's machine vanishes during a transaction, its
/// locks are released after half a minute.
const SETTINGS: &str = "set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '30s'";
/// Id of the advisory lock on the mail counters, which belong to no row. Any number that nothing else uses in this
/// database.
const REGISTRATIONS: i64 = 0x626c_696e_6b01;
/// Name space of the advisory locks on the attempts of mailboxes. PostgreSQL keeps locks of two numbers apart from
/// those of one.
const ATTEMPTS: i32 = 0x626c_696e;

#[derive(Clone, Debug)]
pub(super) struct Server(PgPool);

impl Server {
    /// Connects and runs the migrations. If several servers start at once, one of them does.
    pub(super) async fn open(url: &Secret) -> anyhow::Result<Self> {
        let mut options = PgConnectOptions::from_str(url.expose()).context("DATABASE_URL cannot be read")?;
        if options.get_application_name().is_none() {
            options = options.application_name("blinkgate");
        }
        let name = name(&options);
        // First without the pool: it would keep waiting for a server that does not exist.
        let mut first = PgConnection::connect_with(&options)
            .await
            .with_context(|| format!("the database {name} cannot be opened; see DATABASE_URL"))?;
        assert_durability(&mut first).await.with_context(|| format!("the database {name} cannot be used"))?;
        migrations::known_to(&mut first, migrations::postgres())
            .await
            .run(&mut first)
            .await
            .with_context(|| format!("the tables of {name} cannot be brought up to date"))?;
        first.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(|connection, _| Box::pin(async move { connection.execute(SETTINGS).await.map(|_| ()) }));
        Ok(Self(pool.connect_lazy_with(options)))
    }

    pub(super) async fn read(&self) -> sqlx::Result<Connection> {
        Ok(self.0.acquire().await?.into())
    }

    pub(super) async fn write(&self, scope: LockScope<'_>) -> sqlx::Result<WriteTransaction> {
        // Explicit, because a database may have another default.
        let mut transaction = self.0.begin_with("begin isolation level read committed").await?;
        lock(&mut transaction, scope).await?;
        Ok(transaction.into())
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// Waits for the transaction's lock.
async fn lock(transaction: &mut Transaction<'static, Postgres>, scope: LockScope<'_>) -> sqlx::Result<()> {
    if let LockScope::User(user) | LockScope::Attempts { user, .. } = scope {
        let row = sqlx::query("select id from users where id = $1 for no key update").bind(user);
        row.execute(&mut **transaction).await?;
    }
    let lock = match scope {
        LockScope::Attempts { mailbox, .. } => {
            sqlx::query("select pg_advisory_xact_lock($1, hashtext($2))").bind(ATTEMPTS).bind(mailbox)
        }
        LockScope::Registrations => sqlx::query("select pg_advisory_xact_lock($1)").bind(REGISTRATIONS),
        LockScope::User(_) | LockScope::Nothing => return Ok(()),
    };
    lock.execute(&mut **transaction).await?;
    Ok(())
}

/// A confirmed commit must survive a crash of the machine.
async fn assert_durability(connection: &mut PgConnection) -> anyhow::Result<()> {
    let synchronous: String = sqlx::query_scalar("show synchronous_commit").fetch_one(connection).await?;
    ensure!(synchronous != "off", "synchronous_commit is off, so a crash could lose confirmed commits");
    Ok(())
}

/// The database's name in messages: its address without the credentials.
fn name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{database} at {}", socket.display()),
        None => format!("{database} at {}:{}", options.get_host(), options.get_port()),
    }
}
