//! Connections: limited in number, closed if their headers do not arrive in time or nobody takes what is sent, drained
//! at shutdown.
//!
//! Nobody can use them all up. Each peer has a share. When there are no more, the connection that has kept the server
//! waiting longest makes way for a new one, and where none does, a reserve still answers health checks.

mod activity;
mod limits;
mod stream;
mod table;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::config::TrustedProxies;
use crate::shares;
pub use limits::ConnectionLimits;
use stream::Watched;
use table::{Place, Table};

/// Longest time for the headers of a health check in the reserve.
const RESERVE_HEADERS: Duration = Duration::from_secs(2);
/// The paths that the reserve answers.
const HEALTH: [&str; 2] = ["/health", "/ready"];

/// Serves until `stop`, then finishes the requests in progress.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    proxies: TrustedProxies,
    stop: impl Future<Output = ()>,
) {
    let table = Arc::new(Table::new(limits, proxies));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener, &table) => accepted,
            () = &mut stop => break,
        };
        match table.admit(peer.ip()) {
            Some(place) => {
                tokio::spawn(serve_connection(stream, peer, router.clone(), limits, connections.watcher(), place));
            }
            // Reset, so that nothing of it stays behind in the system.
            None => _ = stream.set_zero_linger(),
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Accepts the next connection.
async fn accept(listener: &TcpListener, table: &Table) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Most likely too many open files; some are released as connections end.
                tracing::error!(%error, "cannot accept connections");
                table.make_way();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection from its first request to its last.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ConnectionLimits,
    watcher: Watcher,
    place: Place,
) {
    // Responses are small and written at once, so delaying packets gains nothing.
    let _ = stream.set_nodelay(true);
    let (activity, is_reserved) = (Arc::clone(&place.activity), place.is_reserved);
    let service = service_fn(move |request: Request<Incoming>| {
        let (busy, router) = (activity.begin(), router.clone());
        async move {
            if is_reserved && !HEALTH.contains(&request.uri().path()) {
                return Ok::<_, Infallible>(no_room());
            }
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let response = router.oneshot(request).await?;
            Ok(response.map(|body| shares::hold(body, busy)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(if is_reserved { RESERVE_HEADERS.min(limits.headers) } else { limits.headers })
        .keep_alive(!is_reserved)
        .max_buf_size(limits.buffer)
        .serve_connection(TokioIo::new(Watched::new(stream, Arc::clone(&place.activity), limits.stalled)), service);
    tokio::select! {
        // The client that closed it knows, and the error says nothing about the server.
        _ = watcher.watch(connection) => {}
        () = place.activity.closed() => {}
    }
}

/// What a connection in the reserve is told unless it asks for the server's health.
fn no_room() -> Response {
    let headers = [(RETRY_AFTER, "2"), (CONNECTION, "close")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, "Too many connections. Try again in a moment.\n").into_response()
}
