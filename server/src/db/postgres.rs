//! The PostgreSQL server, which any number of our servers may share.
//!
//! SQLite's single writer makes every transaction true for its whole length. Here, under `read committed`, each statement
//! sees what others committed before it, and a lock taken first does the rest: who waited for it sees all that its holder
//! wrote. See [`Hold`] for what is locked, and why that is enough.
//!
//! Nobody waits in a circle. A transaction has at most one hold, taken before any other lock; the rows that it then writes
//! belong to that hold. Three kinds do not: pictures' hashes and sessions of another user, which are locked in the order of
//! their names, and what is tidied up, where rows that somebody has locked are skipped. Foreign keys lock the user's row only
//! against deletion, which the hold's `for no key update` lets pass.

use std::str::FromStr;

use anyhow::{Context, ensure};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Executor as _, PgConnection, Postgres, Transaction};

use super::{ACQUIRE_TIMEOUT, Connection, Hold, WriteTransaction};
use crate::config::Secret;

/// Most connections of one of our servers. PostgreSQL has 100 unless told otherwise.
const CONNECTIONS: u32 = 10;
/// A request waits as long for a lock as for a connection. A server whose machine vanished in the middle of a transaction
/// leaves its locks to the others after half a minute.
const SETTINGS: &str = "set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '30s'";
/// Names the lock on the counting of registrations, which belongs to no row. Any number that nobody else uses in this
/// database.
const REGISTRATIONS: i64 = 0x626c_696e_6b01;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

#[derive(Clone, Debug)]
pub(super) struct Server(PgPool);

impl Server {
    /// Connects and brings the tables up to date. Of several servers that start at once, one does.
    pub(super) async fn open(url: &Secret) -> anyhow::Result<Self> {
        let mut options = PgConnectOptions::from_str(url.expose()).context("DATABASE_URL cannot be read")?;
        if options.get_application_name().is_none() {
            options = options.application_name("blinkgate");
        }
        let name = name(&options);
        // First without the pool, which would take a server that is not there for one that is about to start.
        let mut first = PgConnection::connect_with(&options)
            .await
            .with_context(|| format!("the database {name} cannot be opened; see DATABASE_URL"))?;
        assert_durability(&mut first).await.with_context(|| format!("the database {name} cannot be used"))?;
        MIGRATIONS
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

    pub(super) async fn write(&self, hold: Hold<'_>) -> sqlx::Result<WriteTransaction> {
        // Said, because a database may have another default.
        let mut transaction = self.0.begin_with("begin isolation level read committed").await?;
        take(&mut transaction, hold).await?;
        Ok(transaction.into())
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// Waits until the transaction has what it asks for.
async fn take(transaction: &mut Transaction<'static, Postgres>, hold: Hold<'_>) -> sqlx::Result<()> {
    let lock = match hold {
        Hold::User(user) => sqlx::query("select id from users where id = $1 for no key update").bind(user),
        Hold::Registrations => sqlx::query("select pg_advisory_xact_lock($1)").bind(REGISTRATIONS),
        Hold::Nothing => return Ok(()),
    };
    lock.execute(&mut **transaction).await?;
    Ok(())
}

/// A commit that was answered must outlast a crash of the machine.
async fn assert_durability(connection: &mut PgConnection) -> anyhow::Result<()> {
    let synchronous: String = sqlx::query_scalar("show synchronous_commit").fetch_one(connection).await?;
    ensure!(synchronous != "off", "it does not wait for its disk (synchronous_commit is off)");
    Ok(())
}

/// What the database is called in messages: all of its address but the log-in.
fn name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{database} at {}", socket.display()),
        None => format!("{database} at {}:{}", options.get_host(), options.get_port()),
    }
}
