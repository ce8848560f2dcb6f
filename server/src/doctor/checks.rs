//! One check per part, with the settings of a start.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::report::Finding;
use crate::app::{open_captures, prepare_data_dir};
use crate::config::{AdminBind, BaseUrl, Config, DatabaseUrl, MailTransport};
use crate::db::Db;
use crate::mail::{self, Mailer};
use crate::results::{self, SigningKeys};
use crate::scoring::{Capacity, Confinement, Program, ScoringPool};
use crate::{clock, secrets};

/// No correct clock shows an earlier time: this program was written after 2026-11-01.
const EARLIEST_MS: i64 = 1_793_491_200_000;
/// With a larger difference between servers, leases, links and rate limits fail.
const MAX_CLOCK_DIFFERENCE_MS: i64 = 5_000;
/// A part that does not answer within this time does not work.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn data_folder(config: &Config) -> Finding {
    const PART: &str = "data";
    match prepare_data_dir(&config.data_dir) {
        Ok(()) => Finding::ok(PART, format!("{} is writable", config.data_dir.display())),
        Err(error) => {
            Finding::wrong(PART, format!("{error:#}"), "set DATA_DIR to a folder that this user can write to")
        }
    }
}

/// Also returns the database if it works.
pub(super) async fn database(config: &Config) -> (Finding, Option<Db>) {
    const PART: &str = "database";
    let kind = match &config.database_url {
        DatabaseUrl::Sqlite(_) => "SQLite",
        DatabaseUrl::Postgres(_) => "PostgreSQL",
    };
    let wrong = |seen, remedy| (Finding::wrong(PART, seen, remedy), None);
    match tokio::time::timeout(PATIENCE, Db::open(&config.database_url)).await {
        Ok(Ok(db)) => (Finding::ok(PART, format!("{kind} answers and its tables are up to date")), Some(db)),
        Ok(Err(error)) => wrong(format!("{error:#}"), "check DATABASE_URL and the database's own log"),
        Err(_) => wrong("the database does not answer".to_owned(), "check the host and port in DATABASE_URL"),
    }
}

pub(super) fn admin_key(config: &Config) -> Finding {
    const PART: &str = "admin key";
    let place = match (&config.admin_key, secrets::admin_key_path(&config.data_dir)) {
        (Some(_), _) => "ADMIN_API_KEY is set".to_owned(),
        (None, path) => match secrets::admin_key(&config.data_dir) {
            Ok(_) => format!("in {}", path.display()),
            Err(error) => return Finding::wrong(PART, format!("{error:#}"), "set ADMIN_API_KEY, or fix the file"),
        },
    };
    if config.admin_allow_query_key {
        let seen = format!("{place}; ADMIN_ALLOW_QUERY_KEY allows it in URLs, which proxies and browsers log");
        return Finding::doubtful(PART, seen, "send keys as Authorization: Bearer, and unset ADMIN_ALLOW_QUERY_KEY");
    }
    Finding::ok(PART, place)
}

/// Whether results can be signed: the key can be read, and the database was used with the same one.
pub(super) async fn sites_key(config: &Config, db: Option<&Db>) -> Finding {
    const PART: &str = "key for sites";
    let key = match secrets::sites_key(config) {
        Ok(key) => SigningKeys::new(key),
        Err(error) => return Finding::wrong(PART, format!("{error:#}"), "set SITES_KEY, or fix the file"),
    };
    // Without a database, that is another finding.
    let is_known = match db {
        Some(db) => results_are_ours(db, &key).await,
        None => Ok(true),
    };
    match is_known {
        Ok(true) => {}
        Ok(false) => {
            return Finding::wrong(
                PART,
                "the database's key for results was made with another SITES_KEY".to_owned(),
                "give all servers the SITES_KEY of the first; if it is lost: blinkgate signing-keys rotate --revoke-old",
            );
        }
        Err(error) => return Finding::wrong(PART, error.to_string(), "check the database's own log"),
    }
    let place = match &config.sites_key {
        Some(_) => "SITES_KEY is set".to_owned(),
        None => format!("in {}", secrets::sites_key_path(&config.data_dir).display()),
    };
    Finding::ok(PART, place)
}

async fn results_are_ours(db: &Db, key: &SigningKeys) -> sqlx::Result<bool> {
    results::are_ours(&mut db.read().await?, key).await
}

pub(super) fn base_url(config: &Config, base_url: &BaseUrl) -> Finding {
    const PART: &str = "base URL";
    let url = base_url.as_str();
    let for_people = !matches!(config.mail.transports.as_slice(), [MailTransport::File { .. }]);
    if base_url.is_https() {
        Finding::ok(PART, url.to_owned())
    } else if !base_url.is_loopback() {
        Finding::wrong(
            PART,
            format!("{url} is not https, so browsers will not open the camera"),
            "run the server behind a proxy with TLS, and set APP_BASE_URL to its https address",
        )
    } else if for_people {
        Finding::wrong(
            PART,
            format!("{url} is this machine, but mails are sent to people elsewhere: their links would not work"),
            "set APP_BASE_URL to the public address of this server",
        )
    } else {
        Finding::doubtful(PART, format!("{url}, for development only"), "set APP_BASE_URL before people use the server")
    }
}

pub(super) fn cookie(config: &Config, base_url: &BaseUrl) -> Finding {
    const PART: &str = "cookie";
    match (config.cookie_secure, base_url.is_https()) {
        (Some(true), false) => Finding::wrong(
            PART,
            "SESSION_COOKIE_SECURE is on but APP_BASE_URL is not https, so browsers will not send the cookie"
                .to_owned(),
            "unset SESSION_COOKIE_SECURE, or use https",
        ),
        (Some(false), true) => Finding::doubtful(
            PART,
            "SESSION_COOKIE_SECURE is off although APP_BASE_URL is https".to_owned(),
            "unset SESSION_COOKIE_SECURE",
        ),
        (_, true) => Finding::ok(PART, "requires https".to_owned()),
        (_, false) => Finding::ok(PART, "does not require https, because APP_BASE_URL is not https".to_owned()),
    }
}

pub(super) async fn listening(config: &Config) -> Vec<Finding> {
    let mut findings =
        vec![free("port", (config.host, config.port).into(), "PORT", "choose another HOST or PORT").await];
    match config.admin_bind {
        AdminBind::WithPages => {}
        AdminBind::At(address) => {
            findings.push(free("admin port", address, "ADMIN_BIND", "choose another ADMIN_BIND").await);
        }
        AdminBind::Nowhere => findings.push(Finding::ok("admin port", "/admin and /metrics are not served".to_owned())),
    }
    findings
}

async fn free(part: &'static str, address: SocketAddr, setting: &str, remedy: &str) -> Finding {
    let (host, port) = (address.ip(), address.port());
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(part, format!("{port} on {host} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::doubtful(
            part,
            format!("{port} on {host} is in use"),
            &format!("unless this server itself is running, choose another {setting}"),
        ),
        Err(error) => Finding::wrong(part, format!("{port} on {host}: {error}"), remedy),
    }
}

pub(super) async fn mail(config: &Config) -> Vec<Finding> {
    const PART: &str = "mail";
    let mailer = match Mailer::new(&config.mail, &config.data_dir) {
        Ok(mailer) => mailer,
        Err(error) => return vec![Finding::wrong(PART, format!("{error:#}"), "check the MAIL_… settings")],
    };
    let tried = mailer.probe().await;
    let finding = |probe: mail::ProbeResult| match probe.problem {
        None => Finding::ok(PART, format!("{}: {}", probe.transport, probe.seen)),
        Some(problem) => Finding::wrong(
            PART,
            format!("{}: {problem} ({})", probe.transport, probe.seen),
            "check this transport's settings, then try blinkgate send-test-email",
        ),
    };
    tried.into_iter().map(finding).collect()
}

pub(super) async fn store(config: &Config) -> Finding {
    const PART: &str = "captures";
    match tokio::time::timeout(PATIENCE, open_captures(config)).await {
        Ok(Ok(captures)) => match captures.check().await {
            Ok(()) => Finding::ok(PART, "the store can be written and read".to_owned()),
            Err(error) => Finding::wrong(PART, error.to_string(), "check CAPTURE_STORE and the settings of that store"),
        },
        Ok(Err(error)) => {
            Finding::wrong(PART, format!("{error:#}"), "check CAPTURE_STORE and the settings of that store")
        }
        Err(_) => Finding::wrong(
            PART,
            "the store does not answer".to_owned(),
            "check CAPTURE_STORE and the settings of that store",
        ),
    }
}

/// Also returns how workers are confined if one works.
pub(super) async fn models(config: &Config) -> (Finding, Option<Confinement>) {
    const PART: &str = "models";
    let started = async {
        let folder = config.models_dir.as_deref().map(std::path::absolute).transpose()?;
        let program = Program::this(config.engine_runtime, folder)?;
        ScoringPool::start(program, Capacity { workers: 1, waiting: 0 }).await
    };
    match started.await {
        Ok(pool) => {
            (Finding::ok(PART, format!("a worker has loaded them: {}", pool.models())), Some(pool.confinement()))
        }
        Err(error) => {
            let remedy = "unset MODELS_DIR, or set it to the folder with the model files";
            (Finding::wrong(PART, format!("{error:#}"), remedy), None)
        }
    }
}

pub(super) fn workers(confinement: Confinement) -> Finding {
    const PART: &str = "workers";
    let each = [
        (confinement.no_new_privileges, "they can gain no privileges"),
        (confinement.not_dumpable, "no other process can read their memory"),
    ];
    let texts =
        |is: bool| each.iter().filter(move |(holds, _)| *holds == is).map(|(_, text)| *text).collect::<Vec<_>>();
    match texts(false).as_slice() {
        [] => Finding::ok(PART, texts(true).join("; ")),
        missing => Finding::doubtful(
            PART,
            format!("not on this system: {}", missing.join("; ")),
            "run the server on Linux, or in a virtual machine of its own",
        ),
    }
}

pub(super) async fn clock(db: Option<&Db>) -> Finding {
    const PART: &str = "clock";
    const REMEDY: &str = "set the clock and keep it synchronised (systemd-timesyncd, chrony)";
    let now = clock::now_ms();
    if now < EARLIEST_MS {
        return Finding::wrong(PART, format!("it shows {}, which is in the past", clock::rfc3339(now)), REMEDY);
    }
    let theirs = match db {
        Some(db) => db.clock_ms().await.ok(),
        None => None,
    };
    match theirs {
        Some(theirs) if (theirs - clock::now_ms()).abs() > MAX_CLOCK_DIFFERENCE_MS => Finding::wrong(
            PART,
            format!(
                "it shows {}, but the database's clock shows {}",
                clock::rfc3339(clock::now_ms()),
                clock::rfc3339(theirs)
            ),
            REMEDY,
        ),
        _ => Finding::ok(PART, clock::rfc3339(now)),
    }
}
