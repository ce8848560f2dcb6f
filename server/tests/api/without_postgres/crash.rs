//! The program, killed a few times while users submit. `scripts/load --kill` does so more often.

use std::path::Path;

use test_client::crash::CrashTest;

/// A claim's lease.
const LEASE_MS: i64 = 60_000;

#[test]
fn sr_42_a_server_killed_at_random_moments_loses_nobodys_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let pass_leases = || pass_leases(&folder.path().join("data/blinkgate.db"));
    let crash = CrashTest {
        program: Path::new(env!("CARGO_BIN_EXE_blinkgate")),
        models: &Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"),
        folder: folder.path(),
        settings: vec![("ENGINE_RUNTIME", "compact")],
        kills: 5,
        people: 6,
        seed: 42,
        pass_leases: Some(&pass_leases),
    };
    let report = crash.run().unwrap();
    assert!(report.is_whole(), "{report:?}");
}

/// Ends the leases of dead claims, none of which lasts longer than a minute.
fn pass_leases(database: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", database.display())).await.unwrap();
        let longest: Option<i64> =
            sqlx::query_scalar("select max(lease_until) from challenges where state = 'scoring'")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert!(longest.is_none_or(|until| until <= server::clock::now_ms() + LEASE_MS), "{longest:?}");
        let pass = "update challenges set lease_until = lease_until - $1 where state = 'scoring'";
        sqlx::query(pass).bind(LEASE_MS).execute(&pool).await.unwrap();
        pool.close().await;
    });
}
