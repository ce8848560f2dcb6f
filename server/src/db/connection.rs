//! Connections to either database, transactions that write, and the locks that they hold.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Postgres, Sqlite, Transaction};

use super::statement::{Sql, Statement};
use crate::domain::UserId;

/// How long a request waits for a connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection, inside a transaction or not. Every query function takes one.
#[derive(Debug)]
pub struct Connection(Kind);

#[derive(Debug)]
enum Kind {
    Sqlite(Lent<Sqlite>),
    Postgres(Lent<Postgres>),
}

#[derive(Debug)]
enum Lent<D: Database> {
    Plain(PoolConnection<D>),
    InTransaction(Transaction<'static, D>),
}

impl<D: Database> Lent<D> {
    fn get(&mut self) -> &mut D::Connection {
        match self {
            Lent::Plain(connection) => connection,
            Lent::InTransaction(transaction) => transaction,
        }
    }

    async fn commit(self) -> sqlx::Result<()> {
        match self {
            Lent::Plain(_) => Ok(()),
            Lent::InTransaction(transaction) => transaction.commit().await,
        }
    }

    async fn rollback(self) -> sqlx::Result<()> {
        match self {
            Lent::Plain(_) => Ok(()),
            Lent::InTransaction(transaction) => transaction.rollback().await,
        }
    }
}

impl Connection {
    /// Prepares a statement: bind its values, then run it.
    pub fn query(&mut self, text: impl Into<Sql>) -> Statement<'_> {
        match &mut self.0 {
            Kind::Sqlite(lent) => Statement::sqlite(lent.get(), text.into()),
            Kind::Postgres(lent) => Statement::postgres(lent.get(), text.into()),
        }
    }

    /// Prepares a statement that was assembled from literals.
    pub(super) fn query_assembled(&mut self, text: String) -> Statement<'_> {
        match &mut self.0 {
            Kind::Sqlite(lent) => Statement::sqlite_assembled(lent.get(), text),
            Kind::Postgres(lent) => Statement::postgres_assembled(lent.get(), text),
        }
    }
}

impl From<PoolConnection<Sqlite>> for Connection {
    fn from(connection: PoolConnection<Sqlite>) -> Self {
        Self(Kind::Sqlite(Lent::Plain(connection)))
    }
}

impl From<PoolConnection<Postgres>> for Connection {
    fn from(connection: PoolConnection<Postgres>) -> Self {
        Self(Kind::Postgres(Lent::Plain(connection)))
    }
}

/// A transaction that may write. Rolled back unless committed.
#[derive(Debug)]
pub struct WriteTransaction(Connection);

impl WriteTransaction {
    /// Commits.
    ///
    /// # Errors
    /// The commit failed. If the connection broke, it may still have succeeded.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self.0.0 {
            Kind::Sqlite(lent) => lent.commit().await,
            Kind::Postgres(lent) => lent.commit().await,
        }
    }

    /// Rolls back at once. A transaction that is dropped keeps its locks for a moment longer.
    ///
    /// # Errors
    /// The connection broke, which rolls back too.
    pub async fn rollback(self) -> sqlx::Result<()> {
        match self.0.0 {
            Kind::Sqlite(lent) => lent.rollback().await,
            Kind::Postgres(lent) => lent.rollback().await,
        }
    }
}

impl From<Transaction<'static, Sqlite>> for WriteTransaction {
    fn from(transaction: Transaction<'static, Sqlite>) -> Self {
        Self(Connection(Kind::Sqlite(Lent::InTransaction(transaction))))
    }
}

impl From<Transaction<'static, Postgres>> for WriteTransaction {
    fn from(transaction: Transaction<'static, Postgres>) -> Self {
        Self(Connection(Kind::Postgres(Lent::InTransaction(transaction))))
    }
}

impl Deref for WriteTransaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

/// What a transaction locks for its whole length, against all servers on the database.
///
/// SQLite has a single writer, which locks everything. In PostgreSQL the transaction waits for this lock. That is
/// enough: every other decision that depends on stored rows is made by a single statement.
#[derive(Clone, Copy, Debug)]
pub enum LockScope<'a> {
    /// Everything that belongs to one user: sessions, links, challenges with their rounds and uploads, attempts. So a
    /// challenge is claimed once, a link opens one session at a time, and no attempt is counted twice or beyond the
    /// limit. Data shared by several users needs no lock, except a mailbox's attempts: a unique index decides between
    /// two equal keys or pictures.
    User(&'a UserId),
    /// The same, and the attempts of the user's mailbox, which several users may share: the second of two concurrent
    /// attempts sees the first.
    Attempts {
        /// The user.
        user: &'a UserId,
        /// The mailbox's key.
        mailbox: &'a str,
    },
    /// The mail counters, per mailbox and overall: the second of two concurrent registrations sees the mail of the
    /// first.
    Registrations,
    /// Nothing: every statement finds and changes its rows in one step, or skips locked rows.
    Nothing,
}
