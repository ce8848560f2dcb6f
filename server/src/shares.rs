//! Shares: how many requests each client has in progress, and how many it may have.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use crate::domain::AddressBlock;

/// What each client uses at the same time. Clones share the counts.
#[derive(Clone, Debug)]
pub struct Shares {
    most: usize,
    used: Arc<Mutex<HashMap<AddressBlock, usize>>>,
}

/// One use, until it is dropped.
#[derive(Debug)]
pub struct Share {
    of: AddressBlock,
    used: Arc<Mutex<HashMap<AddressBlock, usize>>>,
}

impl Shares {
    /// `most`: of each client.
    pub fn new(most: usize) -> Self {
        Self { most, used: Arc::default() }
    }

    /// Takes one, unless the client uses all of its share.
    pub fn take(&self, client: AddressBlock) -> Option<Share> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let count = used.entry(client).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Share { of: client, used: Arc::clone(&self.used) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        match used.get_mut(&self.of) {
            Some(count) if *count > 1 => *count -= 1,
            _ => _ = used.remove(&self.of),
        }
    }
}

/// A body that holds something until it has been sent or is dropped.
pub fn hold<T: Unpin + Send + 'static>(body: Body, held: T) -> Body {
    Body::new(Holding { body, _held: held })
}

struct Holding<T> {
    body: Body,
    _held: T,
}

impl<T: Unpin> HttpBody for Holding<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_share_back_and_leaves_nothing_behind() {
        let shares = Shares::new(2);
        let client = |text: &str| AddressBlock::client(text.parse().unwrap());
        let (one, two) = (client("203.0.113.1"), client("203.0.113.2"));
        let (first, second) = (shares.take(one).unwrap(), shares.take(one).unwrap());
        assert!(shares.take(one).is_none() && shares.take(two).is_some(), "each client has its own share");
        let body = hold(Body::from("text"), first);
        assert!(shares.take(one).is_none(), "the response is not sent yet");
        drop(body);
        assert!(shares.take(one).is_some());
        drop(second);
        assert!(shares.used.lock().unwrap().is_empty());
    }
}
