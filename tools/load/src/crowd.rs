//! The crowd: people with links, sessions and challenges, as many as are needed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use fastrand::Rng;
use test_client::{Attended, Key, Outbox, Parcel, Served, Site, Studio, Visitor, for_each};

use crate::copies::Copies;

/// A mail may wait behind those of all others.
const MAIL: Duration = Duration::from_secs(120);
/// Frames a second of the challenges.
const RATE: f64 = 25.0;
/// Threads on which people get ready.
const ARRIVING: usize = 8;

/// Makes people who come to one server.
pub struct Crowd {
    site: Site,
    outbox: Outbox,
    copies: Copies,
    next: AtomicU32,
}

/// Somebody at the camera, with what they will send.
pub struct Ready {
    /// Who.
    pub visitor: Visitor,
    /// What.
    pub parcel: Parcel,
    /// From when on what they send can be true.
    pub due: Instant,
}

impl Crowd {
    /// One person attends; all others send copies of that. The server must not prompt.
    ///
    /// # Errors
    /// That person is not through.
    pub fn new(served: &Served, studio: &Studio, rng: &mut Rng) -> anyhow::Result<Crowd> {
        let (outbox, first) = (served.outbox(), rng.u32(..1 << 22));
        let mut model = Visitor::new(&served.site, first);
        model.arrive(&outbox, MAIL)?;
        let Attended::Recorded(recorded) = studio.attend_quickly(&model, rng)? else { bail!("nothing was recorded") };
        let site = served.site.clone();
        Ok(Crowd { site, outbox, copies: Copies::of(&recorded)?, next: AtomicU32::new(first + 1) })
    }

    /// Goes on with a server that was started again on the same data.
    pub fn return_to(&mut self, served: &Served) {
        self.site = served.site.clone();
    }

    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Somebody new, who has done nothing yet.
    pub(crate) fn somebody(&self) -> Visitor {
        Visitor::new(&self.site, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Somebody new comes up to the camera and gets a challenge.
    ///
    /// # Errors
    /// A request is refused.
    pub(crate) fn ready(&self) -> anyhow::Result<Ready> {
        let mut visitor = self.somebody();
        visitor.arrive(&self.outbox, MAIL)?;
        let mut rng = Rng::new();
        let key = Key::draw(&mut rng);
        let terms = visitor.challenge(&key, RATE)?;
        let due = Instant::now() + Duration::from_millis(self.copies.lasted_ms);
        let parcel = self.copies.parcel(&terms, &key, &mut rng)?;
        Ok(Ready { visitor, parcel, due })
    }

    /// So many people with challenges that are due.
    ///
    /// # Errors
    /// Somebody cannot come up to the camera.
    pub fn gather(&self, count: usize) -> anyhow::Result<Vec<Ready>> {
        let ready = for_each(ARRIVING, &vec![(); count], |()| self.ready())?;
        if let Some(last) = ready.iter().map(|ready| ready.due).max() {
            std::thread::sleep(last.saturating_duration_since(Instant::now()));
        }
        Ok(ready)
    }
}
