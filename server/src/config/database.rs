//! `DATABASE_URL`: which database, and where.

use std::path::Path;

use super::error::ConfigError;
use super::secret::Secret;
use super::source::Source;

/// Where the database is. The URL may contain a password, so it is never printed.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// An SQLite file.
    Sqlite(Secret),
    /// A PostgreSQL server.
    Postgres(Secret),
}

/// Supported parameters of a PostgreSQL URL. Hosted databases ask for `sslmode=require`.
const PARAMETERS: [&str; 8] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "application_name", "options"];
/// Parameters of other clients that are ignored: we use no channel binding, and our own timeouts apply.
const WITHOUT: [&str; 5] = ["channel_binding", "connect_timeout", "target_session_attrs", "gssencmode", "keepalives"];

impl DatabaseUrl {
    pub(super) fn from_source(source: &Source, data_dir: &Path) -> Result<Self, ConfigError> {
        let Some(url) = source.secret("DATABASE_URL")? else {
            return Ok(Self::Sqlite(Secret::new(&format!("sqlite://{}", data_dir.join("blinkgate.db").display()))));
        };
        Self::parse(&url).map_err(|problem| ConfigError::Unusable { name: "DATABASE_URL", problem })
    }

    /// The returned problem never quotes the URL.
    fn parse(secret: &Secret) -> Result<Self, &'static str> {
        let text = secret.expose();
        if text.starts_with("sqlite:") && !text.contains(":memory:") {
            return Ok(Self::Sqlite(secret.clone()));
        }
        // SQLAlchemy, used by the original system, adds its driver: postgresql+psycopg2://
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        match scheme.split('+').next() {
            Some("postgres" | "postgresql") => postgres(rest),
            _ => Err("must name an SQLite file, like sqlite://data/blinkgate.db, or a PostgreSQL database, like \
                      postgres://user:password@host/blinkgate"),
        }
    }
}

fn postgres(rest: &str) -> Result<DatabaseUrl, &'static str> {
    let mut url = url::Url::parse(&format!("postgres://{rest}")).map_err(|_| {
        "cannot be read; it must look like postgres://user:password@host/blinkgate, with characters such as @, /, ? \
         and # in the password percent-encoded"
    })?;
    let pairs: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(name, _)| !WITHOUT.contains(&name.as_str())).collect();
    if pairs.iter().any(|(name, _)| !PARAMETERS.contains(&name.as_str())) {
        return Err(
            "has an unknown parameter; only sslmode, sslrootcert, sslcert, sslkey, host, port, application_name and \
             options are supported",
        );
    }
    if url.path().trim_start_matches('/').is_empty() {
        return Err("names no database; it must look like postgres://user:password@host/blinkgate");
    }
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(&pairs);
    }
    Ok(DatabaseUrl::Postgres(Secret::new(url.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<String, &'static str> {
        DatabaseUrl::parse(&Secret::new(url)).map(|read| match read {
            DatabaseUrl::Sqlite(url) | DatabaseUrl::Postgres(url) => url.expose().to_owned(),
        })
    }

    #[test]
    fn urls_of_both_databases_are_read() {
        let cases = [
            ("sqlite://data/blinkgate.db", "sqlite://data/blinkgate.db"),
            ("postgres://jo:pw@db/blink", "postgres://jo:pw@db/blink"),
            ("postgresql://jo:p%40w@db:5433/blink", "postgres://jo:p%40w@db:5433/blink"),
            ("postgresql+psycopg2://jo:pw@db/blink?sslmode=require", "postgres://jo:pw@db/blink?sslmode=require"),
            ("postgresql+asyncpg://db/blink", "postgres://db/blink"),
            (
                "postgresql://jo:pw@ep-x.eu.neon.tech/blink?sslmode=require&channel_binding=require",
                "postgres://jo:pw@ep-x.eu.neon.tech/blink?sslmode=require",
            ),
            ("postgres:///blink?host=/run/postgresql", "postgres:///blink?host=%2Frun%2Fpostgresql"),
            ("postgres://db/blink?connect_timeout=10", "postgres://db/blink"),
        ];
        for (url, expected) in cases {
            assert_eq!(read(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn a_problem_is_reported_without_quoting_the_url() {
        let cases = [
            ("mysql://jo:hunter2@db/blink", "must name an SQLite file"),
            ("sqlite::memory:", "must name an SQLite file"),
            ("hunter2", "must name an SQLite file"),
            ("postgres:hunter2", "must name an SQLite file"),
            ("postgresqlx://jo:hunter2@db/blink", "must name an SQLite file"),
            ("postgres://jo:hunter2#@db/blink", "cannot be read"),
            ("postgres://jo:hunter2/3@db/blink", "cannot be read"),
            ("postgres://jo:hunter2@db", "names no database"),
            ("postgres://jo@db/blink?pasword=hunter2", "has an unknown parameter"),
        ];
        for (url, expected) in cases {
            let problem = read(url).unwrap_err();
            assert!(problem.starts_with(expected) && !problem.contains("hunter2"), "{url}: {problem}");
        }
    }

    #[test]
    fn a_url_is_not_printed() {
        for url in ["postgres://jo:hunter2@db/blink", "sqlite://secret-place.db"] {
            let printed = format!("{:?}", DatabaseUrl::parse(&Secret::new(url)));
            assert!(!printed.contains("hunter2") && !printed.contains("secret-place"), "{printed}");
        }
    }
}
