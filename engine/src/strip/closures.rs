//! Whether the eye closures that the cells show are those that were counted.

use super::choose::Moment;
use crate::blink::Blink;

/// Cells this close to a moment's eye closures are judged together.
pub(super) const LEAD_MS: u32 = 600;

/// Whether `found`, in the cells, are the eye closures of the moment. What the eyes did before the first of them does not
/// matter.
///
/// A gesture that was asked for must match one to one, so that its cells cannot answer another prompt as well. Without
/// prompts any blink will do, and the cells may show more than the one that was counted: lids that falter read as two
/// blinks where frames are few.
pub(super) fn shows(found: &[Blink], moment: &Moment) -> bool {
    let (Some(first), Some(last)) = (moment.eye_closures.first(), moment.eye_closures.last()) else { return true };
    let within: Vec<&Blink> = found
        .iter()
        .filter(|closure| closure.end_ms >= first.start_ms && closure.start_ms <= last.end_ms + LEAD_MS)
        .collect();
    let overlap = |(a, b): (&&Blink, &Blink)| a.start_ms <= b.end_ms && b.start_ms <= a.end_ms;
    if moment.is_prompted {
        within.len() == moment.eye_closures.len() && within.iter().zip(&moment.eye_closures).all(overlap)
    } else {
        moment.eye_closures.iter().all(|counted| within.iter().any(|shown| overlap((shown, counted))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn closure(start_ms: u32, end_ms: u32) -> Blink {
        Blink { start_ms, closed_ms: start_ms.midpoint(end_ms), end_ms }
    }

    fn moment(is_prompted: bool, eye_closures: &[Blink]) -> Moment {
        let eye_closures = eye_closures.to_vec();
        Moment { frames: 0..0, eye_closures, captures: vec![], turn: None, is_prompted, rows: 1, columns: 8 }
    }

    #[test]
    fn cells_show_the_eye_closures_that_were_counted() {
        let counted = [closure(1000, 1600)];
        let twice = [closure(1000, 1300), closure(1500, 1800)];
        // What was counted, what the cells show, and whether that will do with a prompt and without.
        type Case<'a> = (&'a str, &'a [Blink], &'a [Blink], bool, bool);
        let cases: [Case; 7] = [
            ("the same", &counted, &[closure(1040, 1560)], true, true),
            ("nothing", &counted, &[], false, false),
            ("an earlier one too", &counted, &[closure(500, 800), closure(1040, 1560)], true, true),
            ("faltering lids", &counted, &[closure(1000, 1100), closure(1400, 1600)], false, true),
            ("another just after it", &counted, &[closure(1040, 1560), closure(1800, 2000)], false, true),
            ("another only", &counted, &[closure(1800, 2000)], false, false),
            ("one of two", &twice, &[closure(1040, 1280)], false, false),
        ];
        for (what, counted, found, prompted, natural) in cases {
            assert_eq!(shows(found, &moment(true, counted)), prompted, "{what}, with a prompt");
            assert_eq!(shows(found, &moment(false, counted)), natural, "{what}, without");
        }
    }
}
