//! Lists of names, which stores send in pages.

use tokio::sync::mpsc;

use super::error::BlobError;

/// Most names in a page of a list.
pub(super) const PAGE: usize = 1000;

/// The pages of a list, one after another.
pub(super) type Pages = mpsc::Receiver<Result<Vec<String>, BlobError>>;

/// Takes the pages of a list. A store that finds it closed may stop listing.
pub(super) type NameSender = mpsc::Sender<Result<Vec<String>, BlobError>>;
