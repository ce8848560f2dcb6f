//! `blinkgate backup`, taken while users are verified, and restored elsewhere.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use server::db::Db;
use server::domain::EventId;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use test_client::{PersonSimulator, ReadyUser, ServerProcess, UserPool};

use crate::database::{TestDatabase, parsed, required_postgres_url};
use crate::helpers::at_home;

const PROGRAM: &str = env!("CARGO_BIN_EXE_blinkgate");
const PATIENCE: Duration = Duration::from_secs(120);
/// Users who are verified before the backup, and while it is taken.
const EARLY: usize = 3;
const LATE: usize = 9;
/// Tables that only grow in this test.
const TABLES: [&str; 6] =
    ["users", "mail_outbox", "verification_tokens", "capture_sessions", "verification_events", "seen_pictures"];

#[test]
#[ignore = "needs TEST_DATABASE_URL"]
fn sr_46_a_backup_of_postgresql_restores_into_another_database() {
    let folder = tempfile::tempdir().unwrap();
    let (database, server) = (TestDatabase::postgres(), required_postgres_url());
    let name = format!("restored_{}", EventId::new(server::clock::now_ms()));
    let (schema, to) = (schema_of(database.url()), in_database(database.url(), &name));
    run(&server, format!("create database {name}"));
    run(&in_database(&server, &name), format!("create schema {schema}"));
    back_up_and_restore(folder.path(), [database.url(), &to], |backup| {
        let mut restore = Command::new("pg_restore");
        restore.arg(format!("--dbname={to}")).args(["--no-owner", "--exit-on-error"]);
        let output = restore.arg(backup.join("blinkgate.pgdump")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
    run(&server, format!("drop database {name} with (force)"));
}

/// Backs up the server on the first database URL while users are verified. `restore` copies the database to the second URL.
fn back_up_and_restore(folder: &Path, [url, restored_url]: [&str; 2], restore: impl FnOnce(&Path)) {
    let [from, to, backup] = ["from", "to", "backup"].map(|name| folder.join(name));
    for folder in [&from, &to.join("data")] {
        std::fs::create_dir_all(folder).unwrap();
    }
    let settings = |url| [("CHALLENGE_POLICY", "natural"), ("ENGINE_RUNTIME", "compact"), ("DATABASE_URL", url)];
    let served = ServerProcess::start(Path::new(PROGRAM), &from, &settings(url)).unwrap();
    let simulator = PersonSimulator::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")).unwrap();
    let pool = UserPool::new(&served, &simulator, &mut fastrand::Rng::new()).unwrap();
    let people = pool.ready_users(EARLY + LATE).unwrap();
    let (early, late) = people.split_at(EARLY);
    early.iter().for_each(verify);

    let (mut before, mut rows_before) = (BTreeSet::new(), Vec::new());
    std::thread::scope(|scope| {
        for people in late.chunks(LATE / 3) {
            scope.spawn(|| people.iter().for_each(verify));
        }
        while before.len() <= EARLY {
            before = ids(&served.events().unwrap());
        }
        rows_before = rows(url);
        let mut command = Command::new(PROGRAM);
        command.args(["backup", "--with-keys"]).arg(&backup).current_dir(&from).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("DATABASE_URL", url);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let taken: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(taken["keys"].as_u64() >= Some(3) && taken["captures"].as_u64() >= Some(3 * EARLY as u64), "{taken}");
    });
    let (events, rows_after) = (served.events().unwrap(), rows(url));
    let captures = |served: &ServerProcess, event: &Value| -> Vec<Vec<u8>> {
        let names = ["open_capture_ref", "closed_capture_ref", "strip_ref"];
        names.iter().map(|name| served.capture(event[name].as_str().unwrap()).unwrap()).collect()
    };
    let as_they_were: Vec<_> = events.iter().map(|event| captures(&served, event)).collect();
    served.kill().unwrap();

    restore(&backup);
    for name in ["captures", "keys"] {
        crate::erasure::copy(&backup.join(name), &to.join("data").join(name));
    }
    let restored = ServerProcess::start(Path::new(PROGRAM), &to, &settings(restored_url)).unwrap();
    let restored_events = restored.events().unwrap();
    let there = ids(&restored_events);
    assert!(before.is_subset(&there) && there.is_subset(&ids(&events)), "{before:?} {there:?}");
    for event in &restored_events {
        assert_eq!(event["status"], "VERIFIED");
        let place = events.iter().position(|other| other["id"] == event["id"]).unwrap();
        assert_eq!(captures(&restored, event), as_they_were[place], "{event}");
    }
    let restored_rows = rows(restored_url);
    for (table, (there, (before, after))) in
        TABLES.iter().zip(restored_rows.iter().zip(rows_before.iter().zip(&rows_after)))
    {
        assert!((before..=after).contains(&there), "{table}: {before} before, {there} restored, {after} after");
    }
    let verified = number(restored_url, "select count(*) from users where status = 'VERIFIED'");
    assert_eq!(
        verified as usize,
        restored_events.len(),
        "nobody is verified without evidence, and no evidence was lost"
    );
    // The restored server works: another user is verified there.
    verify(&UserPool::new(&restored, &simulator, &mut fastrand::Rng::new()).unwrap().ready_users(1).unwrap()[0]);
    assert_eq!(restored.events().unwrap().len(), restored_events.len() + 1);
}

fn verify(ready: &ReadyUser) {
    let decided = ready.client.submit_until_decided("backup", &ready.submission, PATIENCE).unwrap();
    assert!(decided.verified, "{decided:?}");
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

fn rows(url: &str) -> Vec<i64> {
    TABLES.iter().map(|table| number(url, format!("select count(*) from {table}").leak())).collect()
}

fn number(url: &str, sql: &'static str) -> i64 {
    at_home(async || {
        let db = Db::open(&parsed(url)).await.unwrap();
        let (number,) = db.read().await.unwrap().query(sql).fetch_one().await.unwrap();
        db.close().await;
        number
    })
}

/// The schema that a database URL selects.
fn schema_of(url: &str) -> String {
    let (_, rest) = url.split_once("search_path%3D").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

/// The same URL with another database.
fn in_database(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_path(name);
    url.into()
}

fn run(url: &str, sql: String) {
    at_home(async || {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

mod without_postgres {
    use super::*;

    #[test]
    fn sr_46_a_backup_taken_while_people_are_verified_restores_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let url = |folder: &Path| format!("sqlite://{}", folder.join("data/blinkgate.db").display());
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        back_up_and_restore(folder.path(), [&url(&from), &url(&to)], |backup| {
            std::fs::copy(backup.join("blinkgate.db"), to.join("data/blinkgate.db")).unwrap();
        });
    }

    #[test]
    fn a_backup_without_keys_says_so_and_takes_no_folder_that_holds_something() {
        let folder = tempfile::tempdir().unwrap();
        let back_up = |arguments: &[&str]| {
            let mut command = Command::new(PROGRAM);
            let output = command.arg("backup").args(arguments).current_dir(folder.path()).env_clear().output().unwrap();
            (output.status.success(), String::from_utf8(output.stderr).unwrap())
        };
        std::fs::create_dir_all(folder.path().join("data/keys")).unwrap();
        std::fs::write(folder.path().join("data/keys/capture-master.key"), "secret").unwrap();
        let (is_taken, told) = back_up(&["copy"]);
        assert!(is_taken && told.contains("data/keys") && told.contains("--with-keys"), "{told}");
        assert!(folder.path().join("copy/backup.json").exists() && folder.path().join("copy/blinkgate.db").exists());
        assert!(!folder.path().join("copy/keys").exists());
        let (is_taken, told) = back_up(&["copy"]);
        assert!(!is_taken && told.contains("not empty"), "{told}");
        let (is_taken, told) = back_up(&["other", "--with-keys"]);
        assert!(is_taken && told.contains("holds keys"), "{told}");
        assert!(folder.path().join("other/keys/capture-master.key").exists());
    }
}
