//! People who attend in real time, with pictures of their own; and recordings of people, played into the camera.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;
use test_client::{Attended, Playing, Served, Studio, Visitor, for_each};

/// At a time: each takes a sixth of a processor.
const AT_ONCE: usize = 6;
const PATIENCE: Duration = Duration::from_secs(60);

/// How many came and how many were verified.
#[derive(Clone, Debug, Serialize)]
pub struct People {
    /// Who attended.
    pub attempts: usize,
    /// Who was verified.
    pub verified: usize,
    /// Why the others were not, and how many.
    pub others: BTreeMap<String, usize>,
}

/// So many people attend, or so many recordings are played.
pub(crate) fn attend_all(
    served: &Served,
    studio: &Studio,
    count: usize,
    recording: Option<Playing>,
    rng: &mut Rng,
) -> anyhow::Result<People> {
    let outbox = served.outbox();
    let first = rng.u32(1 << 22..1 << 23);
    let people: Vec<_> = (first..).zip((0..count).map(|_| rng.fork())).collect();
    let outcomes = for_each(AT_ONCE, &people, |(number, rng)| {
        let (mut visitor, mut rng) = (Visitor::new(&served.site, *number), rng.clone());
        visitor.arrive(&outbox, PATIENCE)?;
        let attended = match recording {
            None => studio.attend(&visitor, &mut rng)?,
            Some(playing) => studio.play(&visitor, playing, &mut rng)?,
        };
        Ok(match attended {
            Attended::Recorded(recorded) => {
                let decided = visitor.submit_until_decided("honest", &recorded.parcel(), PATIENCE)?;
                if decided.verified { None } else { decided.reason }
            }
            Attended::Unreadable(gate) => Some(format!("the face could not be read: {gate:?}")),
            Attended::TimedOut => Some("the time was over".to_owned()),
            Attended::Exhausted => Some("too many gestures were missed".to_owned()),
        })
    })?;
    let mut others = BTreeMap::new();
    outcomes.into_iter().flatten().for_each(|reason| *others.entry(reason).or_default() += 1);
    let verified = count - others.values().sum::<usize>();
    Ok(People { attempts: count, verified, others })
}
