//! The server's SQL statements, read from its source, and SQLite's query plans for them.

use std::path::Path;

use server::db::{Db, listing};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use crate::database::{TestDatabase, parsed};

/// The string literals of a source file outside comments, each with the code before it.
fn literals(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut code, mut text, mut is_text) = (String::new(), String::new(), false);
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut chars = lines.flat_map(|line| line.chars().chain(['\n']));
    while let Some(c) = chars.next() {
        match c {
            '"' if is_text => {
                found.push((std::mem::take(&mut code), std::mem::take(&mut text)));
                is_text = false;
            }
            '"' => is_text = true,
            '\\' if is_text => text.extend(chars.next()),
            c if is_text => text.push(c),
            c => code.push(c),
        }
    }
    found
}

/// Every statement of the server as SQLite and as PostgreSQL get it: the literals in its source that begin like statements.
/// Leaves out what is for one database only (`sqlite.rs`, `postgres.rs`).
pub fn statements() -> Vec<[String; 2]> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db");
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.ends_with("sqlite.rs") || path.ends_with("postgres.rs") {
            continue;
        }
        if path.ends_with("listing.rs") {
            // Assembled from its literals, depending on the filters.
            found.extend(listing::texts().into_iter().map(|text| [text.clone(), text]));
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let before = found.len();
        let mut texts = literals(&source).into_iter();
        while let Some((code, text)) = texts.next() {
            if !["select ", "select\n", "insert ", "update ", "delete "].iter().any(|verb| text.starts_with(verb)) {
                continue;
            }
            if code.trim_end().ends_with("locking!(") {
                let (Some((_, lock)), Some((_, after))) = (texts.next(), texts.next()) else { panic!("{text}") };
                found.push([format!("{text}{after}"), format!("{text} {lock} {after}")]);
            } else if code.trim_end().ends_with("sqlite:") {
                // One literal for each database, in this order.
                let Some((_, of_postgres)) = texts.next() else { panic!("{text}") };
                found.push([text, of_postgres]);
            } else {
                found.push([text.clone(), text]);
            }
        }
        let run = source.matches(".query(").count();
        assert!(found.len() - before >= run, "{}: a statement with {run} was not found", path.display());
    }
    found
}

/// Allowed scans: the index, and why. A `limit` ends a scan early; few uploads and mails are left over at any time; operators
/// may wait.
const FROM_ONE_END: [&str; 23] = [
    // Unfinished uploads.
    "SCAN u USING COVERING INDEX sqlite_autoindex_upload_chunks_1",
    // Queued mails.
    "SCAN mail_outbox USING INDEX mail_outbox_due",
    // The newest rows.
    "SCAN verification_events USING INDEX verification_events_newest",
    // The oldest one.
    "SCAN verification_events USING COVERING INDEX verification_events_newest",
    "SCAN audit_entries USING INDEX audit_entries_newest",
    "SCAN audit_entries USING INDEX audit_entries_starts",
    "SCAN e USING INDEX verification_events_newest",
    "SCAN e USING INDEX verification_events_to_review",
    // The few admin keys, to list them and to revoke one by name or ID.
    "SCAN admin_keys USING INDEX admin_keys_one_of_a_name",
    "SCAN admin_keys USING INDEX sqlite_autoindex_admin_keys_1",
    // The few sites, and the few keys that sign results.
    "SCAN sites USING INDEX sqlite_autoindex_sites_1",
    "SCAN signing_keys USING INDEX sqlite_autoindex_signing_keys_1",
    // All rows, to compare them with the trail.
    "SCAN e USING COVERING INDEX verification_events_newest",
    "SCAN a USING COVERING INDEX audit_entries_newest",
    // All rows, to count them for the same purpose.
    "SCAN verification_events USING COVERING INDEX verification_events_by_email",
    "SCAN audit_entries USING COVERING INDEX sqlite_autoindex_audit_entries_1",
    // The first user (in sweeps), and all users to find one for an erasure.
    "SCAN users USING INDEX sqlite_autoindex_users_1",
    // All erased users.
    "SCAN erased_users USING COVERING INDEX sqlite_autoindex_erased_users_1",
    // Rows that the statement has itself listed or counted.
    "SCAN CONSTANT ROW",
    "SCAN new VIRTUAL TABLE INDEX 1:",
    "SCAN 2-ROW VALUES CLAUSE",
    "SCAN asked",
    "SCAN counted",
];

/// Scanning a table makes a request slower with every past user. SQLite's plan depends on the indexes alone, since `analyze` is
/// never run.
mod without_postgres {
    use super::*;

    #[tokio::test]
    async fn no_statement_reads_a_table_that_grows_from_end_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let database = TestDatabase::sqlite(&folder.path().join("blinkgate.db"));
        Db::open(&parsed(database.url())).await.unwrap().close().await;
        let mut db = SqliteConnection::connect(database.url()).await.unwrap();
        let mut searches = 0;
        for [text, _] in statements() {
            let explain = AssertSqlSafe(format!("explain query plan {text}"));
            for step in sqlx::query(explain).fetch_all(&mut db).await.unwrap_or_else(|error| panic!("{error}: {text}"))
            {
                let step: String = step.get("detail");
                searches += usize::from(step.starts_with("SEARCH "));
                assert!(!step.starts_with("SCAN ") || FROM_ONE_END.contains(&step.as_str()), "{step}: {text}");
                let is_listing = text.contains(" as decision from ");
                assert!(
                    !is_listing || !step.contains("TEMP B-TREE"),
                    "rows are sorted although an index has them in order: {text}"
                );
                assert!(!step.contains("AUTOMATIC"), "an index built for this statement: {step}: {text}");
            }
        }
        assert!(searches > 40, "{searches}");
    }
}
