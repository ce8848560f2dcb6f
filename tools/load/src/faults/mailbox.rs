//! A mail server that takes everything and remembers whom it was for.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Mails by receiver.
pub(super) struct Mailbox {
    pub(super) port: u16,
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Mailbox {
    pub(super) fn open() -> std::io::Result<Mailbox> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (port, taken) = (listener.local_addr()?.port(), Arc::new(Mutex::new(BTreeMap::new())));
        let shared = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A conversation that breaks off delivers nothing.
                thread::spawn(move || talk(&stream, &shared));
            }
        });
        Ok(Mailbox { port, taken })
    }

    /// How many mails came for whom.
    pub(super) fn taken(&self) -> BTreeMap<String, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn talk(mut stream: &TcpStream, taken: &Mutex<BTreeMap<String, usize>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    stream.write_all(b"220 mailbox ESMTP\r\n")?;
    let mut receiver = String::new();
    while let Some(line) = lines.next().transpose()? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "RCPT" => {
                receiver = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                for line in lines.by_ref() {
                    if line? == "." {
                        break;
                    }
                }
                *taken.lock().unwrap_or_else(PoisonError::into_inner).entry(receiver.clone()).or_default() += 1;
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}
