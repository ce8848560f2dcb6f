//! `blinkgate serve` and `blinkgate migrate`: starts the server from its settings, and shuts it down in order.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::app::{App, AppState};
use crate::config::{AdminBind, BaseUrl, BlobStoreConfig, Config, MailSecurity, MailTransport, Retention};
use crate::connections::{self, ConnectionLimits};
use crate::db::Db;
use crate::routes::Audience;
use crate::scoring::{Capacity, Program, ScoringPool};
use crate::{
    checkpoints, checks, clock, erasure, key_uses, logging, mail, metrics, retention, routes, scoring, secrets, starts,
    verification, webhooks,
};

/// How long requests in progress may continue after the signal to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(25);

/// Serves until told to stop.
///
/// # Errors
/// Something that the server needs cannot be used; the message says what, and what to do.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    logging::init(config.log_level, config.log_format);
    metrics::begin();
    // It contains pictures and keys.
    scoring::hide_memory().context("cannot hide this process's memory")?;
    // First, because it is the likeliest step to fail, and nothing has been changed yet.
    let listener = listen(SocketAddr::new(config.host, config.port), "HOST and PORT").await?;
    let for_operators = match config.admin_bind {
        AdminBind::At(address) => Some(listen(address, "ADMIN_BIND").await?),
        AdminBind::WithPages | AdminBind::Nowhere => None,
    };
    let base_url = config.base_url(listener.local_addr()?.port());
    let scoring = start_scoring(&config).await?;
    let app = AppState::build(&config, base_url, scoring).await?;
    announce(&config, &app.base_url, listener.local_addr()?);
    starts::note(&app.db, &config, &app.base_url, clock::now_ms()).await?;
    // Before the first request: a restored backup may have brought back erased users.
    if let Err(error) = erasure::repeat(&app.eraser(), clock::now_ms()).await {
        tracing::warn!(%error, "the check for erased users in a restored backup failed; the next sweep repeats it");
    }
    let workers = [
        tokio::spawn({
            let app = app.clone();
            async move { app.clock_steps.watch().await }
        }),
        tokio::spawn(metrics::run_upkeep()),
        tokio::spawn({
            let app = app.clone();
            async move { mail::run(app.outbox()).await }
        }),
        tokio::spawn(verification::sweep(app.verifier())),
        tokio::spawn(checks::run(app.db.clone())),
        tokio::spawn(webhooks::run(app.db.clone(), app.webhooks.clone())),
        tokio::spawn({
            let app = app.clone();
            async move { retention::run(app.sweeper()).await }
        }),
        tokio::spawn({
            let app = app.clone();
            async move {
                if let Some(courier) = app.courier() {
                    checkpoints::run(courier).await;
                }
            }
        }),
        tokio::spawn({
            let app = app.clone();
            async move { key_uses::run(&app.key_uses, &app.db).await }
        }),
    ];
    serve_until_stopped(listener, for_operators, &config, &app).await;
    workers.iter().for_each(JoinHandle::abort);
    if let Err(error) = app.key_uses.record(&app.db, clock::now_ms()).await {
        tracing::warn!(%error, "refused keys could not be recorded in the trail");
    }
    app.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Migrates the database and exits.
///
/// # Errors
/// The database cannot be opened or changed.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    logging::init(config.log_level, config.log_format);
    Db::open(&config.database_url).await?.close().await;
    tracing::info!("the database is up to date");
    Ok(())
}

async fn listen(address: SocketAddr, settings: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "the port is in use. Stop the program that uses it, or choose another number"
            }
            std::io::ErrorKind::PermissionDenied => "permission denied. Choose a port above 1023",
            std::io::ErrorKind::AddrNotAvailable => "this machine has no such address. Choose one of its addresses",
            _ => "another address may work",
        };
        anyhow!("cannot listen at {address}: {advice} (see {settings}; {error})")
    })
}

/// Starts the workers.
async fn start_scoring(config: &Config) -> anyhow::Result<ScoringPool> {
    let folder = config.models_dir.as_deref().map(std::path::absolute).transpose()?;
    let program = Program::this(config.engine_runtime, folder).context("cannot find this program's executable")?;
    ScoringPool::start(program, Capacity::of_this_machine()).await
}

/// Logs the address, where mails and captures go, and what an operator should know.
fn announce(config: &Config, base_url: &BaseUrl, address: SocketAddr) {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %address, "open {}", base_url.as_str());
    for transport in &config.mail.transports {
        announce_mail(config, transport);
    }
    match &config.captures.store {
        _ if config.retention == Retention::NONE => tracing::info!("captures are not kept"),
        BlobStoreConfig::Files => {
            let folder = config.data_dir.join("captures");
            tracing::info!(folder = %folder.display(), "captures are kept in files, sealed");
        }
        BlobStoreConfig::S3(s3) => tracing::info!(bucket = s3.bucket, "captures are kept in a bucket, sealed"),
        BlobStoreConfig::Cloudinary(cloud) => {
            tracing::info!(cloud = cloud.cloud_name, "captures are kept at Cloudinary, sealed");
        }
    }
    if config.captures.master_key.is_none() && config.retention != Retention::NONE {
        let file = secrets::capture_master_key_path(&config.data_dir);
        tracing::info!(file = %file.display(), "the capture master key is in this file; without it, captures are lost");
    }
    if config.captures.old_master_key.is_some() {
        tracing::info!("CAPTURE_MASTER_KEY_OLD is accepted too; run `blinkgate rotate-master-key`, then remove it");
    }
    for name in &config.unneeded {
        tracing::info!(
            "{name} is not needed: sessions are kept in the database and nothing is signed with it. Remove it"
        );
    }
    match config.admin_bind {
        AdminBind::WithPages => {}
        AdminBind::At(address) => tracing::info!("operators: open http://{address}/admin (ADMIN_BIND)"),
        AdminBind::Nowhere => tracing::info!("/admin and /metrics are not served (ADMIN_BIND)"),
    }
    if config.admin_key.is_none() {
        let file = secrets::admin_key_path(&config.data_dir);
        tracing::info!(file = %file.display(), "the admin key is in this file");
    }
    if config.admin_allow_query_key {
        tracing::warn!("ADMIN_ALLOW_QUERY_KEY: admin keys in addresses end up in the logs of proxies and browsers");
    }
    if !base_url.is_https() && !base_url.is_loopback() {
        tracing::warn!("APP_BASE_URL is not https: browsers will not open the camera, and links are sent unencrypted");
    }
}

fn announce_mail(config: &Config, transport: &MailTransport) {
    match transport {
        MailTransport::File { .. } => {
            let folder = config.data_dir.join("outbox");
            tracing::info!(folder = %folder.display(), "mails are written to files, and their links to this log");
        }
        MailTransport::Smtp(smtp) => {
            let security = match smtp.security {
                MailSecurity::StartTls => "starttls",
                MailSecurity::Tls => "tls",
                MailSecurity::None => "none",
            };
            tracing::info!(server = %smtp.server, port = smtp.port, security, "mails are sent through a mail server");
        }
        MailTransport::Resend(resend) => tracing::info!(sender = %resend.sender, "mails are sent through Resend"),
    }
}

async fn serve_until_stopped(listener: TcpListener, for_operators: Option<TcpListener>, config: &Config, app: &App) {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let told = || {
        let mut stopped = stopped.clone();
        // An error means that the sender is gone, so the server has stopped.
        async move { _ = stopped.wait_for(|stopped| *stopped).await }
    };
    let limits = ConnectionLimits::of_this_process();
    let serve = |listener, audience| {
        let router = routes::router_for(app.clone(), audience);
        connections::serve(listener, router, limits, app.trusted_proxies.clone(), told())
    };
    let for_people = match config.admin_bind {
        AdminBind::WithPages => Audience::Everybody,
        AdminBind::At(_) | AdminBind::Nowhere => Audience::People,
    };
    let serving_operators = async {
        if let Some(listener) = for_operators {
            serve(listener, Audience::Operators).await;
        }
    };
    let stopping = async {
        wait_for_signal().await;
        tracing::info!("stopping");
        let _ = stop.send(true);
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        _ = async { tokio::join!(serve(listener, for_people), serving_operators) } => {}
        () = stopping => tracing::warn!("some requests did not finish in time"),
    }
}

async fn wait_for_signal() {
    let interrupt = async {
        // Without a handler there is nothing to wait for: the signal ends the process directly.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
