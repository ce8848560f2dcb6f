//! Brotli compression at the best quality, once at build time instead of at each request.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, anyhow};
use brotli::enc::BrotliEncoderParams;
use sha2::{Digest as _, Sha256};

use crate::folder::Files;
use crate::table::Sent;

/// The best quality. Decompression is equally fast for all.
const QUALITY: i32 = 11;

/// Window size as a power of two: the largest that browsers must support.
const WINDOW: i32 = 24;

/// Compresses files and caches the results by the hash of their input.
pub(crate) struct Compressor {
    cache: PathBuf,
    used: Mutex<BTreeSet<String>>,
}

impl Compressor {
    pub(crate) fn new(cache: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(cache).with_context(|| format!("{} cannot be created", cache.display()))?;
        Ok(Self { cache: cache.to_owned(), used: Mutex::default() })
    }

    /// Compresses every file, in parallel.
    pub(crate) fn all(&self, files: Files) -> anyhow::Result<Vec<(String, Sent)>> {
        let files: Vec<(String, Vec<u8>)> = files.into_iter().collect();
        let results: Vec<Mutex<Option<anyhow::Result<Sent>>>> = files.iter().map(|_| Mutex::default()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((index, (_, plain))) = take(&next, &files) {
                *results[index].lock().expect("no worker panics") = Some(self.one(plain));
            }
        };
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let pairs = files.into_iter().zip(results);
        pairs
            .map(|((name, _), result)| {
                let result = result.into_inner().expect("no worker panics").ok_or_else(|| anyhow!("skipped"));
                let sent = result.flatten().with_context(|| format!("{name} cannot be compressed"))?;
                Ok((name, sent))
            })
            .collect()
    }

    fn one(&self, plain: &[u8]) -> anyhow::Result<Sent> {
        let sha256 = hex::encode(Sha256::digest(plain));
        let name = format!("{sha256}.q{QUALITY}w{WINDOW}.br");
        let path = self.cache.join(&name);
        let packed = match fs::read(&path) {
            Ok(packed) => packed,
            Err(_) => {
                let packed = brotli(plain)?;
                // Renamed only once complete, because a build may be interrupted.
                let part = path.with_extension("part");
                fs::write(&part, &packed)?;
                fs::rename(&part, &path)?;
                packed
            }
        };
        self.used.lock().expect("no worker panics").insert(name);
        let brotli = (packed.len() < plain.len()).then_some(packed);
        Ok(Sent { path: String::new(), immutable: false, sha256, plain: plain.to_vec(), brotli })
    }

    /// Removes cached results that were not used.
    pub(crate) fn remove_unused(self) -> anyhow::Result<()> {
        let used = self.used.into_inner().expect("no worker panics");
        for name in crate::folder::read_flat(&self.cache)?.into_keys().filter(|name| !used.contains(name)) {
            fs::remove_file(self.cache.join(name))?;
        }
        Ok(())
    }
}

/// The next item that no thread has taken yet.
fn take<'a, T>(next: &AtomicUsize, from: &'a [T]) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    from.get(index).map(|item| (index, item))
}

fn brotli(plain: &[u8]) -> anyhow::Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: QUALITY,
        lgwin: WINDOW,
        size_hint: plain.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &parameters)?;
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_is_reversible_and_cached() {
        let root = tempfile::tempdir().unwrap();
        let text = "the same again and again. ".repeat(100).into_bytes();
        let files = || Files::from([("text".to_owned(), text.clone()), ("short".to_owned(), b"x".to_vec())]);
        let compressor = Compressor::new(root.path()).unwrap();
        let made = compressor.all(files()).unwrap();
        let (names, made): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        assert_eq!(names, ["short", "text"]);
        assert!(made[0].brotli.is_none(), "files that would grow stay plain");
        let packed = made[1].brotli.clone().unwrap();
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &packed[..], &mut back).unwrap();
        assert_eq!(back, text);

        compressor.remove_unused().unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
        let mark = b"kept".to_vec();
        for entry in fs::read_dir(root.path()).unwrap() {
            fs::write(entry.unwrap().path(), &mark).unwrap();
        }
        let again = Compressor::new(root.path()).unwrap();
        assert_eq!(again.all(files()).unwrap()[1].1.brotli, Some(mark), "not compressed a second time");

        let others = Compressor::new(root.path()).unwrap();
        others.all(Files::from([("other".to_owned(), b"other".to_vec())])).unwrap();
        others.remove_unused().unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
