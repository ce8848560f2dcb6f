//! A mail server that accepts everything and counts the mails of each recipient.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

pub(super) struct SmtpSink {
    pub(super) port: u16,
    received: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl SmtpSink {
    pub(super) fn start() -> std::io::Result<SmtpSink> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (port, received) = (listener.local_addr()?.port(), Arc::new(Mutex::new(BTreeMap::new())));
        let shared = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A session that breaks off delivers nothing.
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Ok(SmtpSink { port, received })
    }

    /// The number of mails by recipient.
    pub(super) fn received(&self) -> BTreeMap<String, usize> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: &TcpStream, received: &Mutex<BTreeMap<String, usize>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    stream.write_all(b"220 sink ESMTP\r\n")?;
    let mut recipient = String::new();
    while let Some(line) = lines.next().transpose()? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "RCPT" => {
                recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                for line in lines.by_ref() {
                    if line? == "." {
                        break;
                    }
                }
                *received.lock().unwrap_or_else(PoisonError::into_inner).entry(recipient.clone()).or_default() += 1;
                "250 accepted"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}
