//! Connections to either database, and transactions that write.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Database, Postgres, Sqlite, Transaction};

use super::statement::{Statement, Text};

/// A connection, inside a transaction or not. What every query function takes.
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
}

impl Connection {
    /// A statement, to be bound and run.
    pub fn query(&mut self, text: impl Into<Text>) -> Statement<'_> {
        match &mut self.0 {
            Kind::Sqlite(lent) => Statement::sqlite(lent.get(), text.into()),
            Kind::Postgres(lent) => Statement::postgres(lent.get(), text.into()),
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
    /// Makes what was written last.
    ///
    /// # Errors
    /// What the database says. Where the connection broke, nobody knows whether it was written.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self.0.0 {
            Kind::Sqlite(lent) => lent.commit().await,
            Kind::Postgres(lent) => lent.commit().await,
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
