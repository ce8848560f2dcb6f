//! Connections: limited in number, closed if their headers do not arrive in time, drained at shutdown.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

/// Limits on connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Most connections at a time. Further ones wait until one ends.
    pub most: usize,
    /// Longest time for a request's headers to arrive, counted from the end of the request before; also limits idle
    /// time.
    pub headers: Duration,
    /// Bytes buffered per connection in each direction; headers must fit.
    pub buffer: usize,
}

impl ConnectionLimits {
    /// A page opens at most six connections; a reverse proxy opens some dozens in total.
    pub const USUAL: ConnectionLimits =
        ConnectionLimits { most: 1024, headers: Duration::from_secs(20), buffer: 64 * 1024 };
}

/// Serves until `stop`, then finishes the requests in progress.
pub async fn serve(listener: TcpListener, router: Router, limits: ConnectionLimits, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(limits.most));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = &mut stop => break,
        };
        tokio::spawn(serve_connection(stream, peer, router.clone(), limits, connections.watcher(), permit));
    }
    drop(listener);
    connections.shutdown().await;
}

/// Accepts the next connection once there is a permit for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Most likely too many open files; some are released as connections end.
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_secs(1)).await;
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
    _permit: Option<OwnedSemaphorePermit>,
) {
    // Responses are small and written at once, so delaying packets gains nothing.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(limits.buffer)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    // The client that closed it knows, and the error says nothing about the server.
    let _: Result<(), hyper::Error> = watcher.watch(connection).await;
}
