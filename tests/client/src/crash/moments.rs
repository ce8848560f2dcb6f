//! Moments at which killing the server is most likely to do damage, as seen from outside: by what it writes into its folder
//! and its log, and by the requests and responses.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;

const POLL_INTERVAL: Duration = Duration::from_micros(100);
/// The time from the first write of a capture to the commit, about.
const COMMIT_WINDOW: Duration = Duration::from_millis(12);

/// A moment of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Any, from the first chunk to after the last response.
    Any,
    /// A user requests the decision: the challenge is being claimed.
    Asked,
    /// The user's key file exists, and no capture yet.
    KeyMade,
    /// The first capture is being written.
    Writing,
    /// The captures are being written, or the transaction is being committed.
    Committing,
    /// The log says that an attempt was decided: after the commit, before the response.
    Decided,
    /// A user has the response.
    Answered,
}

/// The moments in the order in which they are tested.
pub(super) const MOMENTS: [Moment; 8] = [
    Moment::Any,
    Moment::Asked,
    Moment::KeyMade,
    Moment::Writing,
    Moment::Committing,
    Moment::Committing,
    Moment::Decided,
    Moment::Answered,
];

impl Moment {
    pub(super) fn name(self) -> &'static str {
        match self {
            Moment::Any => "any",
            Moment::Asked => "asked",
            Moment::KeyMade => "key made",
            Moment::Writing => "writing captures",
            Moment::Committing => "captures or commit",
            Moment::Decided => "committed, not answered",
            Moment::Answered => "answered",
        }
    }
}

/// How many users have requested the decision, and how many have it.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) asked: AtomicUsize,
    pub(super) answered: AtomicUsize,
}

/// Watches a server, from before users submit.
pub(super) struct Watch {
    captures: Folder,
    keys: Folder,
    log: File,
}

impl Watch {
    /// Watches the server with this data folder, whose log is beside the folder.
    pub(super) fn begin(data: &Path) -> std::io::Result<Watch> {
        let mut log = File::open(data.with_file_name("server.log"))?;
        log.seek(SeekFrom::End(0))?;
        Ok(Watch { captures: Folder::new(data.join("captures")), keys: Folder::new(data.join("keys/users")), log })
    }

    /// Waits for the moment. Returns whether it came within `timeout`.
    pub(super) fn wait(&mut self, moment: Moment, timeout: Duration, counts: &Counts, rng: &mut Rng) -> bool {
        let start = Instant::now();
        if moment == Moment::Any {
            std::thread::sleep(timeout.mul_f64(0.6 * rng.f64()));
            return true;
        }
        while !self.has_come(moment, counts) {
            if start.elapsed() > timeout {
                return false;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        if moment == Moment::Committing {
            std::thread::sleep(COMMIT_WINDOW.mul_f64(rng.f64()));
        }
        true
    }

    fn has_come(&mut self, moment: Moment, counts: &Counts) -> bool {
        match moment {
            Moment::Any => true,
            Moment::Asked => counts.asked.load(Ordering::Relaxed) > 0,
            Moment::KeyMade => self.keys.has_changed(),
            Moment::Writing | Moment::Committing => self.captures.has_changed(),
            Moment::Decided => {
                let mut text = Vec::new();
                // What cannot be read now will be next time.
                let _ = self.log.read_to_end(&mut text);
                String::from_utf8_lossy(&text).contains("attempt decided")
            }
            Moment::Answered => counts.answered.load(Ordering::Relaxed) > 0,
        }
    }
}

/// A folder and its subfolders, by their times of modification.
struct Folder {
    root: PathBuf,
    changed_at: Option<SystemTime>,
}

impl Folder {
    fn new(root: PathBuf) -> Folder {
        let changed_at = changed_at(&root);
        Folder { root, changed_at }
    }

    fn has_changed(&self) -> bool {
        changed_at(&self.root) != self.changed_at
    }
}

fn changed_at(root: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(root).ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    // There may be thousands of key files, directly in the folder: its own time is enough.
    let folders = entries.take(3).filter(|path| path.is_dir());
    folders.chain([root.to_owned()]).filter_map(|path| path.metadata().ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_sees_what_the_server_writes_and_not_what_it_wrote_before() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        for name in ["captures/2026", "keys/users"] {
            std::fs::create_dir_all(data.join(name)).unwrap();
        }
        std::fs::write(folder.path().join("server.log"), "attempt decided\n").unwrap();
        let writes: [(Moment, &dyn Fn()); 4] = [
            (Moment::KeyMade, &|| std::fs::write(data.join("keys/users/jo"), "key").unwrap()),
            (Moment::Writing, &|| std::fs::write(data.join("captures/2026/open.jpg"), "picture").unwrap()),
            (Moment::Decided, &|| {
                let mut log = File::options().append(true).open(folder.path().join("server.log")).unwrap();
                std::io::Write::write_all(&mut log, b"attempt decided\n").unwrap();
            }),
            (Moment::Asked, &|| {}),
        ];
        for (moment, write) in writes {
            // Folder times have a resolution of some milliseconds.
            std::thread::sleep(Duration::from_millis(20));
            let (mut watch, counts) = (Watch::begin(&data).unwrap(), Counts::default());
            let mut wait = |counts: &Counts| watch.wait(moment, Duration::from_millis(50), counts, &mut Rng::new());
            assert!(!wait(&counts), "{moment:?} before");
            write();
            counts.asked.store(1, Ordering::Relaxed);
            assert!(wait(&counts), "{moment:?}");
        }
    }
}
