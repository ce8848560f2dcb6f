//! A separate database for each test: an SQLite file, or a schema of the PostgreSQL database that TEST_DATABASE_URL names.

use std::collections::BTreeMap;
use std::path::Path;

use server::config::{Config, DatabaseUrl};
use server::db::{Connection, Db, LockScope};
use server::domain::EventId;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::helpers::at_home;
use crate::process::{assert_fails, blinkgate};

pub struct TestDatabase {
    url: String,
    schema: Option<String>,
}

/// The PostgreSQL database for tests, if there is one.
pub fn postgres_url() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// The database of tests that need PostgreSQL; `scripts/test` provides it.
pub fn required_postgres_url() -> String {
    postgres_url().expect("TEST_DATABASE_URL names a PostgreSQL database")
}

pub fn parsed(url: &str) -> DatabaseUrl {
    Config::from_pairs([("DATABASE_URL", url)]).unwrap().database_url
}

impl TestDatabase {
    /// An SQLite database in this file, or a new PostgreSQL schema.
    pub fn new(file: &Path) -> Self {
        match postgres_url() {
            Some(server) => Self::schema(&server),
            None => Self::sqlite(file),
        }
    }

    pub fn sqlite(file: &Path) -> Self {
        Self { url: format!("sqlite://{}", file.display()), schema: None }
    }

    pub fn postgres() -> Self {
        Self::schema(&required_postgres_url())
    }

    fn schema(server: &str) -> Self {
        let schema = format!("test_{}", EventId::new(server::clock::now_ms()));
        run(server, format!("create schema {schema}"));
        let and = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{and}options=-c%20search_path%3D{schema}&application_name={schema}");
        Self { url, schema: Some(schema) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Closes every connection to it.
    pub fn cut_connections(&self) {
        if let Some(schema) = &self.schema {
            run(&required_postgres_url(), cut(schema));
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.schema.is_some()
    }

    /// Every column, by table, without sqlx's own.
    pub async fn columns(&self, db: &mut Connection) -> Vec<(String, String)> {
        let sql = if self.is_postgres() {
            "select table_name::text, column_name::text from information_schema.columns
             where table_schema = current_schema() and table_name not like '\\_sqlx%' order by table_name, ordinal_position"
        } else {
            "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c
             where m.type = 'table' and m.name not like '\\_sqlx%' escape '\\' order by m.name, c.cid"
        };
        db.query(sql).fetch_all().await.unwrap()
    }

    /// Every row of every table, as text.
    pub async fn contents(&self, db: &mut Connection) -> BTreeMap<String, Vec<String>> {
        let quote = if self.is_postgres() { "quote_nullable" } else { "quote" };
        let mut tables = BTreeMap::<String, Vec<String>>::new();
        for (table, column) in self.columns(db).await {
            tables.entry(table).or_default().push(format!("{quote}({column})"));
        }
        let mut contents = BTreeMap::new();
        for (table, columns) in tables {
            let sql: &'static str = format!("select {} from {table} order by 1", columns.join(" || ', ' || ")).leak();
            let rows: Vec<(String,)> = db.query(sql).fetch_all().await.unwrap();
            contents.insert(table, rows.into_iter().map(|(row,)| row).collect());
        }
        contents
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let (Some(schema), Some(server)) = (&self.schema, postgres_url()) {
            // A test may end in the middle of a transaction, together with its runtime, so that nothing rolls it back.
            run(&server, cut(schema) + &format!("; set client_min_messages = warning; drop schema {schema} cascade"));
        }
    }
}

/// The statement that closes every connection of a test's database.
fn cut(schema: &str) -> String {
    format!("select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{schema}'")
}

fn run(server: &str, sql: String) {
    at_home(async || {
        let mut connection = PgConnection::connect(server).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn a_database_newer_than_the_program_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(&folder.path().join("blinkgate.db"));
    let settings = [("PORT", "0"), ("DATABASE_URL", database.url())];
    assert!(blinkgate(folder.path(), &settings).arg("migrate").status().unwrap().success());
    at_home(async || {
        let db = Db::open(&parsed(database.url())).await.unwrap();
        let mut tx = db.write(LockScope::Nothing).await.unwrap();
        let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                     values (9999, 'from the future', true, $1, 0)";
        tx.query(newer).bind(vec![0_u8]).execute().await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
    });
    assert_fails(&mut blinkgate(folder.path(), &settings), &["9999"]);
}
