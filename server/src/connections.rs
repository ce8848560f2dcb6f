//! Connections: so many at a time, each given up if its headers do not come, all drained at the end.

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

/// What a connection may use, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections at a time. More wait until one ends.
    pub most: usize,
    /// How long the headers of a request may take, counted from the end of the one before: so long may a connection idle.
    pub headers: Duration,
    /// Most bytes that are held for a connection in either direction; headers must fit.
    pub buffer: usize,
}

impl ConnectionLimits {
    /// A page opens six connections at most; a proxy in front, some dozens for everybody.
    pub const USUAL: ConnectionLimits =
        ConnectionLimits { most: 1024, headers: Duration::from_secs(20), buffer: 64 * 1024 };
}

/// Serves until `stop`, then lets end what is under way.
pub async fn serve(listener: TcpListener, router: Router, limits: ConnectionLimits, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(limits.most));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = &mut stop => break,
        };
        tokio::spawn(attend(stream, peer, router.clone(), limits, connections.watcher(), permit));
    }
    drop(listener);
    connections.shutdown().await;
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // It is never closed.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Likely too many open files; they become fewer as connections end.
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection from its first request to its last.
async fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ConnectionLimits,
    watcher: Watcher,
    _permit: Option<OwnedSemaphorePermit>,
) {
    // Answers are small and whole: nothing is gained by waiting for more.
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
    // Whoever broke it off knows it already, and an error says nothing about the server.
    let _: Result<(), hyper::Error> = watcher.watch(connection).await;
}
