//! Matches counted blinks with true ones.

use engine::Blink;

/// The counted blinks of a clip compared with the true ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    /// True blinks, each with the counted blink that matches it.
    pub(crate) found: Vec<(Blink, Blink)>,
    /// True blinks that were not counted.
    pub(crate) missed: Vec<Blink>,
    /// Counted blinks that match no true one.
    pub(crate) false_alarms: Vec<Blink>,
}

/// Matches `counted` with `truth`. Only blinks that overlap can match. Pairs with the closest times of deepest closure are
/// matched first, and each blink is matched at most once.
pub(crate) fn compare(truth: &[Blink], counted: &[Blink]) -> Comparison {
    let mut pairs: Vec<(usize, usize)> = (0..truth.len())
        .flat_map(|t| (0..counted.len()).map(move |c| (t, c)))
        .filter(|&(t, c)| overlap(&truth[t], &counted[c]))
        .collect();
    pairs.sort_by_key(|&(t, c)| truth[t].closed_ms.abs_diff(counted[c].closed_ms));
    let mut taken: (Vec<Option<usize>>, Vec<bool>) = (vec![None; truth.len()], vec![false; counted.len()]);
    for (t, c) in pairs {
        if taken.0[t].is_none() && !taken.1[c] {
            (taken.0[t], taken.1[c]) = (Some(c), true);
        }
    }
    let mut comparison = Comparison::default();
    for (&blink, partner) in truth.iter().zip(taken.0) {
        match partner {
            Some(c) => comparison.found.push((blink, counted[c])),
            None => comparison.missed.push(blink),
        }
    }
    comparison.false_alarms =
        counted.iter().zip(taken.1).filter(|(_, taken)| !taken).map(|(&blink, _)| blink).collect();
    comparison
}

fn overlap(a: &Blink, b: &Blink) -> bool {
    a.start_ms <= b.end_ms && b.start_ms <= a.end_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blink(start_ms: u32, closed_ms: u32, end_ms: u32) -> Blink {
        Blink { start_ms, closed_ms, end_ms }
    }

    #[test]
    fn overlapping_blinks_match_and_the_rest_are_missed_or_false() {
        let truth = [blink(100, 150, 300), blink(1000, 1050, 1200)];
        let counted = [blink(280, 290, 400), blink(1201, 1250, 1400)];
        let comparison = compare(&truth, &counted);
        assert_eq!(comparison.found, [(truth[0], counted[0])]);
        assert_eq!(comparison.missed, [truth[1]], "adjacent milliseconds do not overlap");
        assert_eq!(comparison.false_alarms, [counted[1]]);
    }

    #[test]
    fn one_long_blink_counts_once_for_two_short_ones() {
        let truth = [blink(100, 150, 300), blink(320, 370, 500)];
        let counted = [blink(100, 360, 500)];
        let comparison = compare(&truth, &counted);
        assert_eq!(comparison.found, [(truth[1], counted[0])], "the nearer closure");
        assert_eq!(comparison.missed, [truth[0]]);
    }

    #[test]
    fn a_blink_counted_twice_is_found_once_and_false_once() {
        let truth = [blink(100, 200, 400)];
        let counted = [blink(100, 120, 150), blink(160, 210, 380)];
        let comparison = compare(&truth, &counted);
        assert_eq!(comparison.found, [(truth[0], counted[1])]);
        assert_eq!(comparison.false_alarms, [counted[0]]);
    }

    #[test]
    fn closeness_decides_before_order() {
        // A double blink from the material, in which both have the same start.
        let truth = [blink(933, 1033, 1133), blink(933, 1267, 1333)];
        let counted = [blink(1166, 1266, 1400), blink(900, 1030, 1160)];
        let comparison = compare(&truth, &counted);
        assert_eq!(comparison.found, [(truth[0], counted[1]), (truth[1], counted[0])]);
        assert!(comparison.missed.is_empty() && comparison.false_alarms.is_empty());
    }
}
