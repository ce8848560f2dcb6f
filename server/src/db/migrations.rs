//! The migrations, embedded in the program: what `sqlx::migrate!` would do. See [`row!`](super::row::row) for why sqlx's
//! macros are not used.

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// A file that starts with this is run without a transaction.
const NO_TRANSACTION: &str = "-- no-transaction";

/// SQLite's migrations.
pub(super) fn sqlite() -> Migrator {
    migrator(&include!(concat!(env!("OUT_DIR"), "/migrations_sqlite.rs")))
}

/// PostgreSQL's migrations.
pub(super) fn postgres() -> Migrator {
    migrator(&include!(concat!(env!("OUT_DIR"), "/migrations_postgres.rs")))
}

/// The migrations of these files: version, description and content of each.
fn migrator(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(version, description, sql): &(i64, &'static str, &'static str)| {
        let no_transaction = sql.starts_with(NO_TRANSACTION);
        Migration::new(version, description.into(), MigrationType::Simple, SqlStr::from_static(sql), no_transaction)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    use sqlx::migrate::Migrate as _;
    use sqlx::{Connection as _, SqliteConnection};

    use super::*;

    /// `sha384sum migrations/*/0001*`: what `sqlx::migrate!` stored in the databases of earlier releases.
    const FIRST_OF_SQLITE: &str =
        "5dff3592976cbd9ab659e57ead989d5b423f6656abab15e447ac7cf52d5032505e94819956513128c73e61366d79da64";
    const FIRST_OF_POSTGRES: &str =
        "05ff78d6abd5fb2799568b941a0c5a3d3f887045a4cfaa4f9b5fdf9f9070751d5a07c9666d702e359ac9908a15c0bdc7";

    #[test]
    fn migrations_have_the_versions_descriptions_and_checksums_of_earlier_releases() {
        for (migrator, checksum) in [(sqlite(), FIRST_OF_SQLITE), (postgres(), FIRST_OF_POSTGRES)] {
            let migrations: Vec<_> = migrator.iter().collect();
            assert_eq!((migrations[0].version, &*migrations[0].description), (1, "create first tables"));
            assert_eq!(hex::encode(&migrations[0].checksum), checksum);
            assert!(migrations.len() >= 11);
            for (migration, version) in migrations.into_iter().zip(1..) {
                assert_eq!((migration.version, migration.no_tx), (version, false));
            }
        }
    }

    #[tokio::test]
    async fn a_database_of_an_earlier_release_is_accepted() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlite().run(&mut db).await.unwrap();
        let applied = db.list_applied_migrations("_sqlx_migrations").await.unwrap();
        assert_eq!(applied.len(), sqlite().iter().count());
        assert_eq!((applied[0].version, hex::encode(&applied[0].checksum).as_str()), (1, FIRST_OF_SQLITE));
        sqlite().run(&mut db).await.unwrap();
    }

    #[test]
    fn a_file_can_opt_out_of_the_transaction() {
        let migrator = migrator(&[(2, "second", "-- no-transaction\nvacuum"), (1, "first", "-- vacuum")]);
        let found: Vec<_> = migrator.iter().map(|migration| (&*migration.description, migration.no_tx)).collect();
        assert_eq!(found, [("first", false), ("second", true)]);
    }
}
