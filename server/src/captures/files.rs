//! Sealed bytes as files below `DATA_DIR` that only their owner can read.

use std::io;
use std::path::{Path, PathBuf};

use super::error::BlobError;
use super::pages::{NameSender, PAGE};
use crate::files;

/// Files below a folder.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    pub(super) fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.on_disk(name, move |path| files::write_private(prepared(path)?, &bytes)).await
    }

    pub(super) async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, BlobError> {
        self.on_disk(name, move |path| files::write_new_private(prepared(path)?, &bytes)).await
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, BlobError> {
        self.on_disk(name, |path| unless_absent(std::fs::read(path))).await
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), BlobError> {
        self.on_disk(name, |path| unless_absent(std::fs::remove_file(path)).map(drop)).await
    }

    pub(super) async fn send_names(&self, folder: &str, to: &NameSender) -> Result<(), BlobError> {
        let (to, below) = (to.clone(), folder.to_owned());
        self.on_disk(folder, move |path| {
            let mut names = Vec::new();
            gather(path, &below, &mut |name| {
                names.push(name);
                if names.len() == PAGE {
                    send(&to, &mut names)?;
                }
                Ok(())
            })?;
            send(&to, &mut names)
        })
        .await
    }

    /// Runs the work on a thread that may block.
    async fn on_disk<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, BlobError> {
        let path = self.root.join(name);
        let done = tokio::task::spawn_blocking(move || work(&path)).await.map_err(io::Error::other).flatten();
        done.map_err(|error| BlobError::Unavailable(format!("{name}: {error}")))
    }
}

/// Creates the file's folder if necessary.
fn prepared(path: &Path) -> io::Result<&Path> {
    files::create_private_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    Ok(path)
}

fn unless_absent<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        done => done.map(Some),
    }
}

/// Sends the names, and waits until there is room for them.
fn send(to: &NameSender, names: &mut Vec<String>) -> io::Result<()> {
    to.blocking_send(Ok(std::mem::take(names))).map_err(|_| io::ErrorKind::BrokenPipe.into())
}

fn gather(folder: &Path, below: &str, each: &mut impl FnMut(String) -> io::Result<()>) -> io::Result<()> {
    for entry in unless_absent(std::fs::read_dir(folder))?.into_iter().flatten() {
        let entry = entry?;
        let name = format!("{below}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &name, each)?;
        } else {
            each(name)?;
        }
    }
    Ok(())
}
