//! Moments at which a death of the server is most likely to cost somebody something, as they are seen from outside: by what it
//! writes into its folder and its log, and by what it is asked and answers.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_micros(100);
/// After the first capture begins to be written, the others and the commit follow within about so much.
const AFTERMATH: Duration = Duration::from_millis(12);

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Any, from the first chunk to after the last answer.
    Any,
    /// Somebody asks for the decision: the challenge is being claimed.
    Asked,
    /// A user's key is there, and no capture yet.
    KeyMade,
    /// The first capture begins to be written.
    Writing,
    /// While the captures are written, between them and the commit, or in it.
    Committing,
    /// The log says that an attempt is decided: after its commit, before its answer.
    Decided,
    /// Somebody has the answer.
    Answered,
}

/// One after the other.
pub(crate) const MOMENTS: [Moment; 8] = [
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
    pub(crate) fn name(self) -> &'static str {
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

/// How many people have asked for the decision, and have one.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) asked: AtomicUsize,
    pub(crate) answered: AtomicUsize,
}

/// Looks at a server from before people submit.
pub(crate) struct Watch {
    captures: Folder,
    keys: Folder,
    log: File,
}

impl Watch {
    /// Of the server with this data folder, whose log lies beside it.
    pub(crate) fn begin(data: &Path) -> std::io::Result<Watch> {
        let mut log = File::open(data.with_file_name("server.log"))?;
        log.seek(SeekFrom::End(0))?;
        Ok(Watch { captures: Folder::new(data.join("captures")), keys: Folder::new(data.join("keys/users")), log })
    }

    /// Waits for the moment; whether it came within `usual`, which is twice what all of it takes.
    pub(crate) fn wait(&mut self, moment: Moment, usual: Duration, counts: &Counts, rng: &mut Rng) -> bool {
        let start = Instant::now();
        if moment == Moment::Any {
            std::thread::sleep(usual.mul_f64(0.6 * rng.f64()));
            return true;
        }
        while !self.is_there(moment, counts) {
            if start.elapsed() > usual {
                return false;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        if moment == Moment::Committing {
            std::thread::sleep(AFTERMATH.mul_f64(rng.f64()));
        }
        true
    }

    fn is_there(&mut self, moment: Moment, counts: &Counts) -> bool {
        match moment {
            Moment::Any => true,
            Moment::Asked => counts.asked.load(Ordering::Relaxed) > 0,
            Moment::KeyMade => self.keys.has_changed(),
            Moment::Writing | Moment::Committing => self.captures.has_changed(),
            Moment::Decided => {
                let mut text = Vec::new();
                // What cannot be read now is read next time.
                let _ = self.log.read_to_end(&mut text);
                String::from_utf8_lossy(&text).contains("attempt decided")
            }
            Moment::Answered => counts.answered.load(Ordering::Relaxed) > 0,
        }
    }
}

/// A folder and those in it, one deep, by when a name came or went.
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
    let years = std::fs::read_dir(root).ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    // Keys lie in the folder itself, thousands of them in the end: its own time is enough.
    let folders = years.take(3).filter(|path| path.is_dir());
    folders.chain([root.to_owned()]).filter_map(|path| path.metadata().ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_writes_is_seen_and_what_it_wrote_before_is_not() {
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
            // Times of folders are counted in steps of some milliseconds.
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
