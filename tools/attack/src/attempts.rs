//! Attempts with a clip, decided by a verifier.

use accuracy::video::WholeClip;
use test_client::for_each;

use crate::clip_set::{AttemptKind, ClipSet, seeded};
use crate::person::Rehearsal;
use crate::verifier::{AttemptResult, Verifier};

/// Makes all attempts of a kind with a clip; none if its person cannot follow cues. Only people who do need a
/// rehearsal.
///
/// # Errors
/// See [`Verifier::attempt`].
pub(crate) fn make_all(
    set: &ClipSet,
    verifier: &dyn Verifier,
    clip: &WholeClip,
    rehearsal: Option<&Rehearsal>,
    kind: AttemptKind,
) -> anyhow::Result<Vec<AttemptResult>> {
    // Drawing a moving photograph takes long.
    let runs = if kind == AttemptKind::Photo { set.runs.div_ceil(2) } else { set.runs };
    let attempt = |&run: &u64| {
        let mut rng = seeded(clip, run, kind);
        let Some(mut camera) = set.camera(clip, rehearsal, kind, &mut rng) else { return Ok(None) };
        verifier.attempt(camera.as_mut(), &mut rng).map(Some)
    };
    let outcomes = for_each(verifier.at_once(), &(0..runs).collect::<Vec<_>>(), attempt)?;
    Ok(outcomes.into_iter().flatten().collect())
}
