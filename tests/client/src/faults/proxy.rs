//! A TCP proxy in front of a service, which can cut the connections or stop answering.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What the proxy does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Forwards them.
    Open,
    /// Closes them.
    Closed,
    /// Accepts them and sends nothing.
    Silent,
}

/// A proxy that runs until the process ends.
pub(super) struct Proxy {
    pub(super) port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    mode: Mode,
    /// Both ends of all connections.
    streams: Vec<TcpStream>,
}

impl Proxy {
    /// An open proxy to this address (`host:port`).
    pub(super) fn to(address: String) -> std::io::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(Mutex::new(State { mode: Mode::Open, streams: Vec::new() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // An error closes the connection.
                let _ = accept(stream, &address, &shared);
            }
        });
        Ok(Proxy { port, state })
    }

    /// Changes the mode and closes all connections.
    pub(super) fn set(&self, mode: Mode) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.mode = mode;
        for stream in state.streams.drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept(stream: TcpStream, address: &str, state: &Mutex<State>) -> std::io::Result<()> {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    match state.mode {
        Mode::Closed => Ok(()),
        Mode::Silent => {
            state.streams.push(stream);
            Ok(())
        }
        Mode::Open => {
            let other = TcpStream::connect(address)?;
            for (from, to) in [(&stream, &other), (&other, &stream)] {
                let (from, to) = (from.try_clone()?, to.try_clone()?);
                thread::spawn(move || forward(from, to));
            }
            state.streams.extend([stream, other]);
            Ok(())
        }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
