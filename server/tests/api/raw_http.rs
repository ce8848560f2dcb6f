//! Requests written byte by byte onto a TCP connection, as no proper client sends them.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The start of a request, without its length and the end of its headers.
pub const POST: &str =
    "POST /register HTTP/1.1\r\nhost: localhost\r\nx-blinkgate: 1\r\ncontent-type: application/json\r\n";

/// Connects to this port of this machine.
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Longer than any limit of the server; only ends a test that fails.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends all parts, or as many as the server takes, and returns the first line of the response.
pub fn status_line(mut stream: TcpStream, parts: impl Iterator<Item = Vec<u8>>) -> String {
    for part in parts {
        if stream.write_all(&part).is_err() {
            break;
        }
    }
    first_line(&mut stream)
}

/// The first line of the response; empty if the server closes the connection without one.
pub fn first_line(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => answer.push(byte[0]),
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("neither an answer nor an end: {error}"),
        }
    }
    String::from_utf8(answer).unwrap()
}
