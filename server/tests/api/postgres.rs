//! What both databases must have in common, and what only PostgreSQL can show: several servers that write at once.
//!
//! These tests need TEST_DATABASE_URL, so `cargo test` alone ignores them; `scripts/test` runs them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::json;
use server::db::Db;
use sqlx::{
    AssertSqlSafe, Column, Connection as _, Executor as _, PgConnection, SqlSafeStr, SqliteConnection, Statement,
};

use crate::database::{TestDatabase, parsed, required_postgres_url};
use crate::helpers::{TestServer, challenge_body, cookie_of, join_all, public_key};
use crate::process::{assert_fails, blinkgate};
use crate::statements::statements;
use crate::submit_steps::worthless;

/// Both databases with their tables, and a connection to each.
struct Both {
    sqlite: SqliteConnection,
    postgres: PgConnection,
    _databases: [TestDatabase; 2],
    _folder: tempfile::TempDir,
}

impl Both {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let databases = [TestDatabase::sqlite(&folder.path().join("blinkgate.db")), TestDatabase::postgres()];
        for database in &databases {
            Db::open(&parsed(database.url())).await.unwrap().close().await;
        }
        Self {
            sqlite: SqliteConnection::connect(databases[0].url()).await.unwrap(),
            postgres: PgConnection::connect(databases[1].url()).await.unwrap(),
            _databases: databases,
            _folder: folder,
        }
    }

    /// The rows of one column in either database, without those of sqlx's own table.
    async fn texts(&mut self, sqlite: &'static str, postgres: &'static str) -> [BTreeSet<String>; 2] {
        let of_sqlite: Vec<String> = sqlx::query_scalar(sqlite).fetch_all(&mut self.sqlite).await.unwrap();
        let of_postgres: Vec<String> = sqlx::query_scalar(postgres).fetch_all(&mut self.postgres).await.unwrap();
        [of_sqlite, of_postgres].map(|rows| rows.into_iter().filter(|row| !row.starts_with("_sqlx")).collect())
    }
}

#[track_caller]
fn assert_same([sqlite, postgres]: [BTreeSet<String>; 2], at_least: usize) {
    assert!(sqlite.len() >= at_least, "{sqlite:#?}");
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| one - other;
    assert_eq!(only(&sqlite, &postgres), BTreeSet::new(), "only in SQLite");
    assert_eq!(only(&postgres, &sqlite), BTreeSet::new(), "only in PostgreSQL");
}

#[tokio::test]
#[ignore = "needs TEST_DATABASE_URL"]
async fn both_databases_have_the_same_tables() {
    let mut both = Both::new().await;
    let columns = both.texts(
        "select m.name || '.' || c.name || ' ' || lower(c.type) || iif(c.\"notnull\", ' not null', '')
             || coalesce(' default ' || c.dflt_value, '')
         from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'",
        "select table_name::text || '.' || column_name::text || ' ' || replace(data_type, 'bytea', 'blob')
             || case when is_nullable = 'NO' then ' not null' else '' end
             || coalesce(' default ' || replace(column_default, '::text', ''), '')
         from information_schema.columns where table_schema = current_schema()",
    );
    assert_same(columns.await, 70);

    let indexes = both.texts(
        "select m.name || iif(i.\"unique\", ' unique', '') || iif(i.partial, ' partial', '') || iif(i.origin = 'pk', ' pk', '')
             || ' (' || (select group_concat(c.name, ', ') from pragma_index_info(i.name) c) || ')'
             || iif(i.origin = 'c', ' ' || i.name, '')
         from sqlite_master m, pragma_index_list(m.name) i where m.type = 'table'",
        "select t.relname::text || case when i.indisunique then ' unique' else '' end
             || case when i.indpred is not null then ' partial' else '' end
             || case when i.indisprimary then ' pk' else '' end
             || ' (' || (select string_agg(a.attname::text, ', ' order by k.position)
                         from unnest(i.indkey) with ordinality k (number, position)
                         join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number) || ')'
             || case when con.oid is null then ' ' || x.relname::text else '' end
         from pg_index i join pg_class t on t.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
             left join pg_constraint con on con.conindid = i.indexrelid and con.contype in ('p', 'u')
         where t.relnamespace = current_schema()::text::regnamespace",
    );
    assert_same(indexes.await, 20);

    let references = both.texts(
        "select m.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\"
         from sqlite_master m, pragma_foreign_key_list(m.name) f where m.type = 'table'",
        "select con.conrelid::regclass::text || '.' || a.attname::text || ' -> ' || con.confrelid::regclass::text || '.' || b.attname::text
         from pg_constraint con
             join pg_attribute a on a.attrelid = con.conrelid and a.attnum = con.conkey[1]
             join pg_attribute b on b.attrelid = con.confrelid and b.attnum = con.confkey[1]
         where con.contype = 'f' and con.connamespace = current_schema()::text::regnamespace",
    );
    assert_same(references.await, 8);
}

/// Primary keys, unique keys, foreign keys and checks, by the names that `violates` uses.
#[tokio::test]
#[ignore = "needs TEST_DATABASE_URL"]
async fn constraints_have_the_same_names_in_both_databases() {
    let mut both = Both::new().await;
    let [created, of_postgres] = both
        .texts(
            "select sql from sqlite_master where type = 'table' and name not like '\\_sqlx%' escape '\\'",
            "select conname::text from pg_constraint
             where contype in ('p', 'u', 'f', 'c') and connamespace = current_schema()::text::regnamespace and conrelid::regclass::text not like '\\_sqlx%'",
        )
        .await;
    let named = created.iter().flat_map(|sql| sql.split("constraint ").skip(1));
    let of_sqlite = named.map(|rest| rest.split_whitespace().next().unwrap().to_owned()).collect();
    assert_same([of_sqlite, of_postgres], 25);
}

#[test]
fn migrations_have_the_same_names_for_both_databases() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let [sqlite, postgres] = ["sqlite", "postgres"].map(|folder| -> BTreeSet<String> {
        let files = std::fs::read_dir(migrations.join(folder)).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    });
    assert!(sqlite.len() >= 5 && sqlite == postgres, "{sqlite:?} {postgres:?}");
}

#[tokio::test]
#[ignore = "needs TEST_DATABASE_URL"]
async fn every_statement_is_understood_by_both_databases_and_gives_the_same_columns() {
    let mut both = Both::new().await;
    let statements = statements();
    assert!(statements.len() >= 45, "{}", statements.len());
    for [sqlite, postgres] in statements {
        let text = postgres.clone();
        let sqlite = both.sqlite.prepare(AssertSqlSafe(sqlite).into_sql_str()).await;
        let postgres = both.postgres.prepare(AssertSqlSafe(postgres).into_sql_str()).await;
        let sqlite = sqlite.unwrap_or_else(|error| panic!("{error}: {text}"));
        let postgres = postgres.unwrap_or_else(|error| panic!("{error}: {text}"));
        let names = |columns: Vec<&str>| columns.join(", ");
        let of_sqlite = names(sqlite.columns().iter().map(Column::name).collect());
        let of_postgres = names(postgres.columns().iter().map(Column::name).collect());
        // A column without a name is named after its text in one and after its function in the other; rows are read by
        // position.
        let is_unnamed = of_sqlite.contains('(');
        assert!(is_unnamed || of_sqlite == of_postgres, "{of_sqlite} | {of_postgres}: {text}");
        assert_eq!(sqlite.columns().len(), postgres.columns().len(), "{text}");
    }
}

#[tokio::test]
#[ignore = "needs TEST_DATABASE_URL"]
async fn sslmode_require_encrypts_and_verify_full_requires_a_trusted_certificate() {
    let mut url = url::Url::parse(&required_postgres_url()).unwrap();
    url.query_pairs_mut().append_pair("sslmode", "require");
    let db = Db::open(&parsed(url.as_str())).await.unwrap();
    let encrypted = "select count(*) from pg_stat_ssl where pid = pg_backend_pid() and ssl";
    let (count,): (i64,) = db.read().await.unwrap().query(encrypted).fetch_one().await.unwrap();
    assert_eq!(count, 1);
    db.close().await;
    let strict = url.as_str().replace("sslmode=require", "sslmode=verify-full");
    let error = format!("{:#}", Db::open(&parsed(&strict)).await.unwrap_err());
    assert!(error.contains("certificate"), "{error}");
}

#[test]
#[ignore = "needs TEST_DATABASE_URL"]
fn a_refused_login_is_reported_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let mut url = url::Url::parse(&required_postgres_url()).unwrap();
    url.set_username("nobody-known").unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let mut command = blinkgate(folder.path(), &[("PORT", "0"), ("DATABASE_URL", url.as_str())]);
    let told = assert_fails(&mut command, &["nobody-known", "DATABASE_URL"]);
    assert!(!told.contains("hunter2"), "{told}");
}

/// Three servers on one database and one folder.
async fn three() -> [Arc<TestServer>; 3] {
    let first = TestServer::start().await;
    let (second, third) = (first.beside(&[]).await, first.beside(&[]).await);
    [first, second, third].map(Arc::new)
}

/// Runs `count` tasks concurrently, each on one of the servers in turn.
async fn spread<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    servers: &[Arc<TestServer>; 3],
    count: usize,
    task: impl Fn(Arc<TestServer>, usize) -> F,
) -> Vec<T> {
    let running = (0..count).map(|n| tokio::spawn(task(Arc::clone(&servers[n % 3]), n))).collect();
    join_all(running).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs TEST_DATABASE_URL"]
async fn several_servers_send_each_mail_once() {
    let servers = three().await;
    for n in 0..60 {
        // One network may register 20 addresses per hour and server; there are three servers.
        assert_eq!(servers[n % 3].register(&format!("jo{n}@example.com")).await.status, StatusCode::ACCEPTED);
    }
    // More tasks than mails, and all of them look at the same moment.
    for sent in
        spread(&servers, 90, |server, _| async move { server::mail::deliver_due(&server.app.outbox()).await }).await
    {
        sent.unwrap();
    }
    let mut receivers = BTreeMap::<String, u32>::new();
    for mail in servers[0].mails().await {
        let to = mail.lines().find(|line| line.starts_with("To: ")).unwrap().to_owned();
        *receivers.entry(to).or_default() += 1;
    }
    assert_eq!(receivers.len(), 60);
    assert!(receivers.values().all(|&count| count == 1), "{receivers:?}");
    assert_eq!(servers[0].number("select count(*) from mail_outbox where tries = 1 and sent_at is not null").await, 60);
    assert_eq!(servers[0].number("select count(*) from verification_tokens").await, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs TEST_DATABASE_URL"]
async fn registrations_at_several_servers_at_once_are_counted_together() {
    let servers = three().await;
    let spellings = ["jo@example.com", "JO@example.com", "jo+1@example.com"];
    let answers = spread(&servers, 30, |server, n| async move { server.register(spellings[n / 3 % 3]).await.status });
    assert!(answers.await.iter().all(|status| *status == StatusCode::ACCEPTED));
    assert_eq!(servers[0].mails().await.len(), 1, "one mail a minute for one mailbox");
    assert_eq!(servers[0].number("select count(*) from mail_outbox where tries > 0").await, 1);

    let first = TestServer::with(&[("MAILS_PER_HOUR", "10")]).await;
    let few = [("MAILS_PER_HOUR", "10")];
    let (second, third) = (first.beside(&few).await, first.beside(&few).await);
    let servers = [first, second, third].map(Arc::new);
    let asked =
        spread(&servers, 40, |server, n| async move { server.register(&format!("p{n}@example.com")).await.status });
    let accepted = asked.await.into_iter().filter(|status| *status == StatusCode::ACCEPTED).count();
    assert_eq!((accepted, servers[0].mails().await.len()), (10, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs TEST_DATABASE_URL"]
async fn a_link_opened_at_several_servers_at_once_has_one_session() {
    let servers = three().await;
    let token = servers[0].mailed_token("jo@example.com").await;
    let opened = spread(&servers, 24, |server, _| {
        let token = token.clone();
        async move { server.post("/verify", None, &json!({ "token": token })).await }
    });
    let cookies: Vec<String> = opened.await.iter().map(cookie_of).collect();
    assert_eq!(servers[0].number("select count(*) from capture_sessions").await, 24);
    assert_eq!(servers[0].number("select count(*) from capture_sessions where ended_at is null").await, 1);
    let body = challenge_body(public_key());
    let asked = spread(&servers, 24, |server, n| {
        let (cookie, body) = (cookies[n].clone(), body.clone());
        async move { server.post("/api/challenge", Some(&cookie), &body).await.status.as_u16() }
    });
    let mut statuses = BTreeMap::<u16, u32>::new();
    asked.await.into_iter().for_each(|status| *statuses.entry(status).or_default() += 1);
    assert_eq!(statuses, [(201, 1), (401, 23)].into());

    let single = [("TOKEN_SINGLE_REDEEM", "true")];
    let first = TestServer::with(&single).await;
    let (second, third) = (first.beside(&single).await, first.beside(&single).await);
    let servers = [first, second, third].map(Arc::new);
    let token = servers[0].mailed_token("ann@example.com").await;
    let opened = spread(&servers, 24, |server, _| {
        let token = token.clone();
        async move { server.post("/verify", None, &json!({ "token": token })).await.status }
    });
    assert_eq!(opened.await.into_iter().filter(|status| *status == StatusCode::OK).count(), 1);
    assert_eq!(servers[0].number("select count(*) from capture_sessions").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs TEST_DATABASE_URL"]
async fn challenges_and_submissions_at_several_servers_at_once_count_each_attempt_once() {
    let servers = three().await;
    let cookie = servers[0].open_session("jo@example.com").await;
    for round in 0..4 {
        let asked = spread(&servers, 12, |server, _| {
            let cookie = cookie.clone();
            async move { server.challenge(&cookie).await }
        });
        asked.await;
        let open = "select count(*) from challenges where state in ('issued', 'scoring')";
        assert_eq!(servers[0].number(open).await, 1);
        let open = servers[0].text("select id from challenges where state = 'issued'").await;
        let submission = worthless(&json!({ "challenge_id": open }));
        servers[round % 3].upload(&cookie, "k", &submission).await;
        // In all rounds together, fewer than a session may request from one server.
        let sent = spread(&servers, 21, |server, _| {
            let (cookie, submission) = (cookie.clone(), submission.clone());
            async move { server.finish(&cookie, "k", &submission).await }
        });
        let mut answers = BTreeSet::new();
        for answer in sent.await {
            match answer.status.as_u16() {
                200 => drop(answers.insert(answer.text)),
                _ => answer.assert_problem(409, "submission_in_progress"),
            }
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(servers[0].events().await.len(), round + 1);
        assert_eq!(servers[0].session(&cookie).await["attempts_left"], 4 - round);
        assert_eq!(servers[0].number("select count(*) from attempts").await, round as i64 + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs TEST_DATABASE_URL"]
async fn an_attempt_that_was_left_gets_one_event_from_several_servers_at_once() {
    let prompted = [("CHALLENGE_POLICY", "prompted")];
    let first = TestServer::with(&prompted).await;
    let (second, third) = (first.beside(&prompted).await, first.beside(&prompted).await);
    let servers = [first, second, third].map(Arc::new);
    let cookie = servers[0].open_session("jo@example.com").await;
    for round in 1..4 {
        let challenge = servers[0].challenge(&cookie).await;
        let path = format!("/api/cue/{}", challenge["challenge_id"].as_str().unwrap());
        let first = servers[1].post(&path, Some(&cookie), &json!({ "commitment": null })).await;
        assert_eq!(first.json()["next"], "cue", "{}", first.text);
        servers[0].execute("update challenges set expires_at = issued_at where state = 'issued'").await;
        let looked = spread(&servers, 27, |server, n| {
            let cookie = cookie.clone();
            async move {
                match n / 9 {
                    0 => server.app.verifier().end_lapsed().await.unwrap(),
                    1 => drop(server.session(&cookie).await),
                    _ if n < 21 => drop(server.challenge(&cookie).await),
                    _ => {}
                }
            }
        });
        looked.await;
        assert_eq!(servers[0].events().await.len(), round);
        assert_eq!(servers[0].number("select count(*) from attempts where ended_at is not null").await, round as i64);
    }
    assert_eq!(servers[2].session(&cookie).await["attempts_left"], 4, "two were free");
}
