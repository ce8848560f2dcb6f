//! The protocol between server and worker: each message is JSON, prefixed with its length; a request is followed by its
//! parts.
//!
//! ```text
//! worker → server   once: Hello
//! server → worker   Request, then the bytes of its parts, with the lengths it states
//! worker → server   Answer
//! ```
//!
//! Lengths are 32-bit little-endian. Neither side accepts a length above its limit: a worker may have been taken over
//! by the pictures that it decoded.

use std::io::{self, Read, Write};

use engine::{Decision, Issued};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::limits::Confinement;
use crate::submission::Upload;

/// Longest message, in bytes. A decision's record has about a thousand.
const MAX_MESSAGE: u32 = 1 << 20;
/// Longest part, in bytes. Sizes were checked on arrival; this only keeps a bug of ours from exhausting memory.
const MAX_PART: usize = 1 << 20;

/// A worker's first message: what it is, or why it cannot start.
pub(super) type Hello = Result<Greeting, String>;

/// What a worker is.
#[derive(Serialize, Deserialize)]
pub(super) struct Greeting {
    /// The name of its weights ([`engine::Networks::id`]).
    pub(super) models: String,
    pub(super) confinement: Confinement,
}

/// A worker's answer to a request: the decision, or why it could not be computed.
pub(super) type Answer = Result<Decision, String>;

#[derive(Serialize, Deserialize)]
struct Request<I> {
    issued: I,
    parts: Vec<usize>,
}

/// Encodes a request.
pub(super) fn request(issued: &Issued, upload: &Upload) -> io::Result<Vec<u8>> {
    let parts = upload.parts();
    let mut bytes = Vec::new();
    let message = Request { issued, parts: parts.iter().map(|part| part.len()).collect() };
    write_message(&mut bytes, &message)?;
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    Ok(bytes)
}

/// Reads a request; `None` at the end of the input.
pub(super) fn read_request(from: &mut impl Read) -> io::Result<Option<(Issued, Upload)>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut message = vec![0; accepted(u32::from_le_bytes(length))?];
    from.read_exact(&mut message)?;
    let Request::<Issued> { issued, parts } = parse(&message)?;
    let mut read_part = |length: usize| {
        let mut part = vec![0; if length <= MAX_PART { length } else { return Err(refused("a part is too long")) }];
        from.read_exact(&mut part).map(|()| part)
    };
    let parts = parts.into_iter().map(&mut read_part).collect::<io::Result<_>>()?;
    let upload = Upload::from_parts(parts).ok_or_else(|| refused("a request has the wrong number of parts"))?;
    Ok(Some((issued, upload)))
}

/// Writes a message, prefixed with its length.
pub(super) fn write_message(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&text)?;
    to.flush()
}

/// Reads a message from a worker.
pub(super) async fn read_message<M: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<M> {
    let mut text = vec![0; accepted(from.read_u32_le().await?)?];
    from.read_exact(&mut text).await?;
    parse(&text)
}

fn accepted(length: u32) -> io::Result<usize> {
    if length <= MAX_MESSAGE { Ok(length as usize) } else { Err(refused("a message is too long")) }
}

/// Leaves out the parser's own message, which may quote its input.
fn parse<M: DeserializeOwned>(text: &[u8]) -> io::Result<M> {
    serde_json::from_slice(text).map_err(|_| refused("a message cannot be read"))
}

fn refused(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
