//! Floods of connections, against the program and against its own limits.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use server::connections::{self, ConnectionLimits};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

use crate::helpers::TestServer;
use crate::raw_http::first_line;

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n";

/// A server in this process with these limits, whose only trusted proxy is 127.0.0.9.
struct Served {
    address: SocketAddr,
    serving: JoinHandle<()>,
    _server: TestServer,
}

impl Served {
    async fn with(limits: ConnectionLimits) -> Served {
        let server = TestServer::with(&[("TRUSTED_PROXIES", "127.0.0.9")]).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = server::routes::router(server.app.clone());
        let proxies = server.app.trusted_proxies.clone();
        let serving = tokio::spawn(connections::serve(listener, router, limits, proxies, std::future::pending()));
        Served { address, serving, _server: server }
    }

    async fn open(&self, from: [u8; 4]) -> TcpStream {
        open(self.address, from).await.unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Connects from this address, which is one of this machine's, and takes little at a time.
async fn open(to: SocketAddr, from: [u8; 4]) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(8 * 1024)?;
    socket.bind(SocketAddr::new(Ipv4Addr::from(from).into(), 0))?;
    let stream = socket.connect(to).await?.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(stream)
}

/// Asks for the server's health. Returns the first line of the answer; empty if the connection ends.
fn ask(stream: &mut TcpStream) -> String {
    match stream.write_all(HEALTH) {
        Ok(()) => first_line(stream),
        Err(_) => String::new(),
    }
}

fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let read = stream.read(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_has_its_share_of_the_connections_and_a_trusted_proxy_has_no_such_limit() {
    let served = Served::with(ConnectionLimits { per_peer: 4, ..ConnectionLimits::USUAL }).await;
    for (from, answered) in [([127, 0, 0, 2], 4), ([127, 0, 0, 9], 6)] {
        let mut opened = Vec::new();
        for _ in 0..6 {
            // One that is refused may already be closed.
            opened.extend(open(served.address, from).await);
        }
        let answers =
            tokio::task::spawn_blocking(move || opened.iter_mut().map(ask).collect::<Vec<_>>()).await.unwrap();
        let healthy = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 200 ")).count();
        assert_eq!(healthy, answered, "{from:?}: {answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sr_27_beyond_the_limit_whoever_keeps_the_server_waiting_makes_way() {
    let served = Served::with(ConnectionLimits { most: 2, reserve: 2, ..ConnectionLimits::USUAL }).await;
    let (mut first, mut second) = (served.open([127, 0, 0, 2]).await, served.open([127, 0, 0, 3]).await);
    // Both were only just opened: until one has waited long enough, the reserve says how the server is, and no more.
    let mut early = served.open([127, 0, 0, 4]).await;
    let mut page = served.open([127, 0, 0, 1]).await;
    let (early, page) = tokio::task::spawn_blocking(move || {
        page.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        (ask(&mut early), first_line(&mut page))
    })
    .await
    .unwrap();
    assert!(early.starts_with("HTTP/1.1 200 ") && page.starts_with("HTTP/1.1 503 "), "{early} {page}");
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let mut third = served.open([127, 0, 0, 5]).await;
    let answered = tokio::task::spawn_blocking(move || {
        third.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        first_line(&mut third)
    });
    let answered = answered.await.unwrap();
    assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
    let open = [is_open(&mut first), is_open(&mut second)];
    assert_eq!(open.into_iter().filter(|open| *open).count(), 1, "one made way: {open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_of_its_response_is_cut_off() {
    const STALLED: Duration = Duration::from_millis(500);
    let served = Served::with(ConnectionLimits { stalled: STALLED, ..ConnectionLimits::USUAL }).await;
    let pack = pack_of(&served).await;
    let mut slow = served.open([127, 0, 0, 2]).await;
    slow.write_all(format!("GET {pack} HTTP/1.1\r\nhost: x\r\n\r\n").repeat(24).as_bytes()).unwrap();
    tokio::time::sleep(8 * STALLED).await;
    let received = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let end = slow.read_to_end(&mut bytes);
        (bytes.len(), end.map_err(|error| error.kind()))
    });
    let (received, end) = received.await.unwrap();
    assert!(matches!(end, Ok(_) | Err(ErrorKind::ConnectionReset)), "{end:?}");
    assert!(received < 20 << 20, "the connection ended before all was sent: {received} bytes");
}

/// The address of a large file.
async fn pack_of(served: &Served) -> String {
    let get = async |path: String| {
        let mut stream = served.open([127, 0, 0, 1]).await;
        let read = tokio::task::spawn_blocking(move || {
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        read.await.unwrap()
    };
    let page = get("/camera".to_owned()).await;
    let addresses = page.split('"').find(|part| part.ends_with("/addresses.js")).unwrap().to_owned();
    let addresses = get(addresses).await;
    addresses.split('"').find(|part| part.ends_with("/networks.pack")).unwrap().to_owned()
}

/// Longest answer to a health check that is not stuck behind anything. The target is 50 ms; on a busy machine a test
/// must not fail for a pause of the whole machine.
const PROMPT: Duration = Duration::from_secs(10);

#[cfg(target_os = "linux")]
mod without_postgres {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use tempfile::TempDir;

    use super::*;
    use crate::program::{Program, Visit, database_in};

    const MANY: usize = 1030;

    /// The program, and 1,030 connections to it from one address.
    struct Flooded {
        program: Program,
        folder: TempDir,
        held: Vec<TcpStream>,
    }

    impl Flooded {
        /// Each connection sends these bytes and then nothing more, and never reads.
        async fn with(bytes: &[u8]) -> Flooded {
            let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
            // The program inherits it, as from a service manager.
            setrlimit(Resource::Nofile, Rlimit { current: Some(maximum.map_or(4096, |most| most.min(4096))), maximum })
                .unwrap();
            let folder = tempfile::tempdir().unwrap();
            let program = Program::serve(folder.path(), &[("TRUSTED_PROXIES", "127.0.0.9")]).await;
            let to = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), program.port);
            let mut held = Vec::new();
            for _ in 0..MANY {
                if let Ok(mut stream) = open(to, [127, 0, 0, 66]).await {
                    let _ = stream.write_all(bytes);
                    held.push(stream);
                }
            }
            Flooded { program, folder, held }
        }

        /// Asserts that health checks are answered for this long, and that somebody else is verified meanwhile.
        async fn serves_others(self, time: Duration) {
            let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), self.program.port);
            let until = Instant::now() + time;
            let checking = tokio::spawn(async move {
                let mut slowest = Duration::ZERO;
                while Instant::now() < until {
                    let begun = Instant::now();
                    let mut stream = open(address, [127, 0, 0, 1]).await.unwrap();
                    let line = tokio::task::spawn_blocking(move || ask(&mut stream)).await.unwrap();
                    assert!(line.starts_with("HTTP/1.1 200 "), "{line:?}");
                    slowest = slowest.max(begun.elapsed());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                slowest
            });
            let begun = Instant::now();
            let visit = Visit::begin(&self.program, &database_in(self.folder.path()), "jo@example.com").await;
            visit.upload();
            assert_eq!(visit.decision()["status"], "VERIFIED");
            let verified_in = begun.elapsed();
            let slowest = checking.await.unwrap();
            println!("slowest health check: {slowest:?}; somebody else was verified in {verified_in:?}");
            assert!(slowest < PROMPT, "{slowest:?}");
            drop(self.held);
        }
    }

    fn seconds() -> Duration {
        let given = std::env::var("FLOOD_SECONDS").ok().and_then(|text| text.parse().ok());
        Duration::from_secs(given.unwrap_or(15))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_peer_with_1030_connections_that_never_read_does_not_stop_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::serve(folder.path(), &[]).await;
        let page = program.http.get("/camera").unwrap().text;
        let addresses = page.split('"').find(|part| part.ends_with("/addresses.js")).unwrap();
        let addresses = program.http.get(addresses).unwrap().text;
        let pack = addresses.split('"').find(|part| part.ends_with("/networks.pack")).unwrap();
        let requests = format!("GET {pack} HTTP/1.1\r\nhost: x\r\n\r\n").repeat(12);
        program.stop();
        Flooded::with(requests.as_bytes()).await.serves_others(seconds()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_peer_with_1030_half_requests_does_not_stop_the_server() {
        let half = b"GET / HTTP/1.1\r\nhost: x\r\nx-half: ";
        Flooded::with(half).await.serves_others(seconds()).await;
    }
}
