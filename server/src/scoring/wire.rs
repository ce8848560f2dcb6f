//! What server and worker say to each other: a message as JSON, behind its length; after a request's message, its parts.
//!
//! ```text
//! worker → server   once: Hello
//! server → worker   Request, then the bytes of its parts, as long as it says
//! worker → server   Answer
//! ```
//!
//! Lengths are 32-bit little-endian. Whoever reads believes no length above its limit: a worker may have been taken over
//! by what it decoded.

use std::io::{self, Read, Write};

use engine::{Decision, Issued};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Job;

/// Most bytes of a message. A decision's record has about a thousand.
const MAX_MESSAGE: u32 = 1 << 20;
/// Most bytes of a part. Sizes were checked when they came in; this only keeps a mistake of ours from taking all memory.
const MAX_PART: usize = 1 << 20;

/// What a worker says first: the name of its weights ([`engine::Networks::id`]), or why it cannot work.
pub(super) type Hello = Result<String, String>;

/// How a worker answers a request: the decision, or why it could not be computed.
pub(super) type Answer = Result<Decision, String>;

#[derive(Serialize, Deserialize)]
struct Request {
    issued: Issued,
    parts: Vec<usize>,
}

/// The bytes that ask for a decision.
pub(super) fn request(job: &Job) -> io::Result<Vec<u8>> {
    let parts = job.parts();
    let mut bytes = Vec::new();
    let message = Request { issued: job.issued.clone(), parts: parts.iter().map(|part| part.len()).collect() };
    write_message(&mut bytes, &message)?;
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    Ok(bytes)
}

/// Reads a request; `None` where there are no more.
///
/// # Errors
/// What comes is no request.
pub(super) fn read_request(from: &mut impl Read) -> io::Result<Option<Job>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut message = vec![0; believed(u32::from_le_bytes(length))?];
    from.read_exact(&mut message)?;
    let Request { issued, parts } = parse(&message)?;
    let mut read_part = |length: usize| {
        let mut part = vec![0; if length <= MAX_PART { length } else { return Err(refused("a part is too long")) }];
        from.read_exact(&mut part).map(|()| part)
    };
    let parts = parts.into_iter().map(&mut read_part).collect::<io::Result<_>>()?;
    Job::from_parts(issued, parts).map(Some).ok_or_else(|| refused("a request has other parts"))
}

/// Writes a message behind its length.
pub(super) fn write_message(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&text)?;
    to.flush()
}

/// Reads a message from a worker.
///
/// # Errors
/// It ends too early, is too long or something else.
pub(super) async fn read_message<M: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<M> {
    let mut text = vec![0; believed(from.read_u32_le().await?)?];
    from.read_exact(&mut text).await?;
    parse(&text)
}

fn believed(length: u32) -> io::Result<usize> {
    if length <= MAX_MESSAGE { Ok(length as usize) } else { Err(refused("a message is too long")) }
}

/// The parser's own words are left out: they may repeat what it read.
fn parse<M: DeserializeOwned>(text: &[u8]) -> io::Result<M> {
    serde_json::from_slice(text).map_err(|_| refused("a message cannot be read"))
}

fn refused(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
