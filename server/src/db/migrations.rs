//! The migrations, embedded in the program: what `sqlx::migrate!` would do. See [`row!`](super::row::row) for why sqlx's
//! macros are not used.

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{AppliedMigration, Migrate, Migration, MigrationType, Migrator};

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

/// Where sqlx notes what was applied.
const TABLE: &str = "_sqlx_migrations";

/// Migrations whose comments were reworded after some databases had them, in their first wording: version and checksum
/// (`sha384sum`). Their statements are the same.
const FIRST_WORDING: [(i64, &str); 5] = [
    // SQLite's, then PostgreSQL's; the last is the same for both.
    (1, "63fb274ac27e1b39e8403c57a88c81b338a38538b3c2ad6ab7adf336a30c4fd5aa097d9ccc8efdc5637c0ae1caac6020"),
    (3, "4913037c28a4d8e735ff96e8f8762e424ef9fa78b7a7a5b89574209080bf366ae8eb1a4c7b5ac70a90f3af981407848e"),
    (1, "daf932c866c02470a96a7475c083ad6f0967a68730dcdaa47860cec57dcc3a4ebf841135fdd0a029bd9329b9bdb0b222"),
    (3, "eaff85fc3d265108bf5822357cbc2c7b82f121251cdfb919c7451bd282bf291263d09e6aa33c57ee7c0334d58e3e4d1e"),
    (6, "2cd6ac1cd6dae60476c455af33555b439e06f845a7be70fcfe3af37fe9205afb4c59699beecab4cd29c3b3fd052b93ba"),
];

/// The migrations as this database knows them: those that it has in their first wording count as applied.
pub(super) async fn known_to(db: &mut impl Migrate, migrator: Migrator) -> Migrator {
    // A new database has no such table yet.
    let applied = db.list_applied_migrations(TABLE).await.unwrap_or_default();
    let is_first_wording = |applied: &AppliedMigration| {
        FIRST_WORDING.contains(&(applied.version, hex::encode(&applied.checksum).as_str()))
    };
    let mut migrations: Vec<Migration> = migrator.iter().cloned().collect();
    for earlier in applied.into_iter().filter(is_first_wording) {
        for migration in migrations.iter_mut().filter(|migration| migration.version == earlier.version) {
            migration.checksum = Cow::Owned(earlier.checksum.to_vec());
        }
    }
    Migrator::with_migrations(migrations)
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
    use sha2::{Digest as _, Sha256};
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

    /// SHA-256 of the checksums of the first 18 migrations, of which no byte may change any more, not even in a comment.
    const RELEASED: [(&str, &str); 2] = [
        ("sqlite", "efc6c0c7ff59ef4a1c383f1ec776a8ccc25634d0b389c4120e918226cabdaa0b"),
        ("postgres", "e0e90f99362c42c965ff5a4e397e02d8e183f48bfa6d6b533327f4ef937cbb53"),
    ];

    #[test]
    fn released_migrations_stay_as_they_are() {
        for ((kind, expected), migrator) in RELEASED.into_iter().zip([sqlite(), postgres()]) {
            let checksums: Vec<u8> =
                migrator.iter().take(18).flat_map(|migration| migration.checksum.to_vec()).collect();
            assert_eq!(hex::encode(Sha256::digest(checksums)), expected, "a released migration of {kind} was changed");
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

    #[tokio::test]
    async fn a_database_with_the_first_wording_is_accepted_and_one_with_other_statements_is_not() {
        let set = |version: i64, checksum: &str| {
            sqlx::query("update _sqlx_migrations set checksum = $1 where version = $2")
                .bind(hex::decode(checksum).unwrap())
                .bind(version)
        };
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        known_to(&mut db, sqlite()).await.run(&mut db).await.unwrap();
        for (version, checksum) in [FIRST_WORDING[0], FIRST_WORDING[1], FIRST_WORDING[4]] {
            set(version, checksum).execute(&mut db).await.unwrap();
        }
        assert!(sqlite().run(&mut db).await.is_err());
        known_to(&mut db, sqlite()).await.run(&mut db).await.unwrap();
        set(3, FIRST_WORDING[0].1).execute(&mut db).await.unwrap();
        assert!(known_to(&mut db, sqlite()).await.run(&mut db).await.is_err());
    }

    #[test]
    fn a_file_can_opt_out_of_the_transaction() {
        let migrator = migrator(&[(2, "second", "-- no-transaction\nvacuum"), (1, "first", "-- vacuum")]);
        let found: Vec<_> = migrator.iter().map(|migration| (&*migration.description, migration.no_tx)).collect();
        assert_eq!(found, [("first", false), ("second", true)]);
    }
}
