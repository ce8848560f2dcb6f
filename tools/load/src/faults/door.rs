//! A door in front of a service of this machine: open, shut (nobody gets in, and who was in is thrown out), or silent (who comes
//! in gets no answer).

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Open,
    Shut,
    Silent,
}

/// The door. Stays where it is until the process ends.
pub(super) struct Door {
    pub(super) port: u16,
    within: Arc<Mutex<Within>>,
}

struct Within {
    stand: Stand,
    /// Everybody who is in, both ends.
    streams: Vec<TcpStream>,
}

impl Door {
    /// In front of this address (`host:port`); open.
    pub(super) fn before(address: String) -> std::io::Result<Door> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let within = Arc::new(Mutex::new(Within { stand: Stand::Open, streams: Vec::new() }));
        let shared = Arc::clone(&within);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who cannot be let through is sent away.
                let _ = admit(stream, &address, &shared);
            }
        });
        Ok(Door { port, within })
    }

    /// Changes how it stands, and throws out who is in.
    pub(super) fn set(&self, stand: Stand) {
        let mut within = self.within.lock().unwrap_or_else(PoisonError::into_inner);
        within.stand = stand;
        for stream in within.streams.drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn admit(stream: TcpStream, address: &str, within: &Mutex<Within>) -> std::io::Result<()> {
    let mut within = within.lock().unwrap_or_else(PoisonError::into_inner);
    match within.stand {
        Stand::Shut => Ok(()),
        Stand::Silent => {
            within.streams.push(stream);
            Ok(())
        }
        Stand::Open => {
            let other = TcpStream::connect(address)?;
            for (from, to) in [(&stream, &other), (&other, &stream)] {
                let (from, to) = (from.try_clone()?, to.try_clone()?);
                thread::spawn(move || carry(from, to));
            }
            within.streams.extend([stream, other]);
            Ok(())
        }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
