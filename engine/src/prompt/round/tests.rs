use super::*;
use crate::thresholds::Thresholds;

const STEP_MS: usize = 10;

/// Start and end of each eye closure, in milliseconds.
type Closures<'a> = &'a [(u32, u32)];

/// Times in milliseconds and the yaw from then on, in degrees. In between the head turns evenly.
type Yaws<'a> = &'a [(u32, i32)];

fn cue(gesture: Gesture) -> Cue {
    Cue { round: 0, step: 0, gesture, delay_ms: 1000, hold_ms: 800 }
}

/// Plays eye closures and a head against a gesture whose cue is received at 0 and due at 1000. The eyes count as
/// closed from 50 ms after the start until 50 ms before the end.
fn play(gesture: Gesture, closures: Closures, yaws: Yaws) -> (Outcome, u32) {
    let limits = Thresholds::V8.prompted;
    let mut round = Round::new(cue(gesture), 0);
    for t_ms in (0..30_000).step_by(STEP_MS) {
        let inside = closures.iter().find(|(start, end)| (*start..*end).contains(&t_ms));
        let state = match inside {
            Some((start, end)) if (start + 50..end - 50).contains(&t_ms) => EyeState::Closed,
            Some((start, _)) if t_ms < start + 50 => EyeState::Closing,
            Some(_) => EyeState::Opening,
            None => EyeState::Open,
        };
        let ended = closures.iter().find(|(_, end)| *end == t_ms);
        let eye_closure =
            ended.map(|&(start_ms, end_ms)| Blink { start_ms, closed_ms: start_ms.midpoint(end_ms), end_ms });
        let update = BlinkUpdate { state, openness: None, blink: None, eye_closure };
        if let Some(outcome) = round.push(t_ms, &update, Some(yaw_at(yaws, t_ms)), &limits) {
            return (outcome, t_ms);
        }
    }
    panic!("the round never ended");
}

fn yaw_at(yaws: Yaws, t_ms: u32) -> i32 {
    let next = yaws.partition_point(|&(t, _)| t <= t_ms);
    match (next.checked_sub(1).map(|i| yaws[i]), yaws.get(next)) {
        (Some((from_ms, from)), Some(&(to_ms, to))) => {
            tenths(from) + tenths(to - from) * (t_ms - from_ms) as i32 / (to_ms - from_ms) as i32
        }
        (Some((_, yaw)), None) | (None, Some(&(_, yaw))) => tenths(yaw),
        (None, None) => 0,
    }
}

#[test]
fn each_gesture_is_told_from_the_others() {
    use Gesture::{Hold, Once, Twice};
    use Outcome::{Done, Early, Missed};
    let once: Closures = &[(1400, 1600)];
    let twice: Closures = &[(1400, 1600), (1900, 2100)];
    let held: Closures = &[(1400, 2700)];
    let cases: [(&str, Gesture, Closures, Outcome); 22] = [
        ("once", Once, once, Done),
        ("a blink too many", Once, twice, Early),
        ("held for once", Once, held, Missed),
        ("once for twice", Twice, once, Missed),
        ("twice", Twice, twice, Done),
        ("three times for twice", Twice, &[(1400, 1600), (1900, 2100), (2400, 2600)], Early),
        ("the second too late", Twice, &[(1400, 1600), (2700, 2900)], Missed),
        ("held for twice", Twice, held, Missed),
        ("held", Hold, held, Done),
        ("blinked and held", Hold, &[(600, 800), (1200, 1350), (1600, 2900)], Done),
        ("held before the cue", Hold, &[(100, 900), (1400, 2700)], Early),
        ("held over the cue", Hold, &[(900, 2000)], Early),
        ("opened before the tone", Hold, &[(1400, 2200)], Missed),
        ("opened with the tone", Hold, &[(1400, 2300)], Missed),
        ("opened long after the tone", Hold, &[(1400, 3900)], Missed),
        ("never opened", Hold, &[(1400, 29_000)], Missed),
        ("once for held", Hold, once, Missed),
        ("nothing", Once, &[], Missed),
        ("too late", Once, &[(2600, 2800)], Missed),
        ("before the cue", Once, &[(400, 600), (1400, 1600)], Early),
        ("over the cue", Once, &[(900, 1100)], Early),
        ("faster than anyone can react", Once, &[(1100, 1300)], Early),
    ];
    for (what, gesture, closures, expected) in cases {
        assert_eq!(play(gesture, closures, &[]).0, expected, "{what}");
    }
}

#[test]
fn a_turn_counts_only_as_it_was_asked_for() {
    use Gesture::{Once, TurnLeft, TurnRight};
    use Outcome::{Done, Early, Missed};
    // The tone sounds 800 ms after the head has turned by 12 degrees.
    let left: Yaws = &[(1400, 0), (1700, 18), (2900, 18), (3200, 0)];
    let cases: [(&str, Gesture, Yaws, Outcome); 16] = [
        ("a turn", TurnLeft, left, Done),
        ("a turn from a camera at the side", TurnLeft, &[(1400, 9), (1700, 30), (2900, 30), (3200, 11)], Done),
        ("a turn that sways", TurnLeft, &[(1200, -4), (1700, 18), (2200, 13), (2900, 15), (3200, 1)], Done),
        ("a turn to the right", TurnRight, &[(1400, 0), (1700, -18), (2900, -18), (3200, 0)], Done),
        ("the wrong way", TurnRight, left, Missed),
        ("the wrong way first", TurnLeft, &[(1300, 0), (1500, -14), (1900, 18), (2900, 18), (3200, 0)], Missed),
        ("too small", TurnLeft, &[(1400, 0), (1700, 10), (2900, 10), (3200, 0)], Missed),
        ("not back", TurnLeft, &[(1400, 0), (1700, 18)], Missed),
        ("halfway back", TurnLeft, &[(1400, 0), (1700, 18), (2900, 18), (3200, 7)], Missed),
        ("back before the tone", TurnLeft, &[(1400, 0), (1700, 18), (1900, 18), (2200, 0)], Missed),
        ("back too late", TurnLeft, &[(1400, 0), (1700, 18), (4200, 18), (4500, 0)], Missed),
        ("too late", TurnLeft, &[(2300, 0), (2600, 18), (3800, 18), (4100, 0)], Missed),
        ("before the cue", TurnLeft, &[(400, 0), (700, 18)], Early),
        ("faster than anyone can react", TurnLeft, &[(1000, 0), (1200, 18)], Early),
        ("while a blink is asked for", Once, left, Missed),
        ("before a blink is asked for", Once, &[(400, 0), (700, 18)], Early),
    ];
    for (what, gesture, yaws, expected) in cases {
        let blinks: Closures = if gesture.is_turn() { &[(600, 800), (1500, 1700)] } else { &[] };
        assert_eq!(play(gesture, blinks, yaws).0, expected, "{what}");
    }
}

#[test]
fn a_head_that_twitches_or_sways_a_little_is_forgiven() {
    use Gesture::{Once, TurnLeft};
    use Outcome::{Done, Early, Missed};
    let twitch: Yaws = &[(1500, 0), (1550, 14), (1650, 14), (1700, 0)];
    let sway: Yaws = &[(600, -4), (700, 4), (800, -4), (900, 4), (1000, 0)];
    let begun = |yaws: &[(u32, i32)]| [sway, yaws, &[(1400, 0), (1700, 18), (2900, 18), (3200, 0)]].concat();
    let cases = [
        ("a twitch in a blink", Once, twitch.to_vec(), Done),
        ("turned over a blink", Once, vec![(1500, 0), (1550, 14), (1850, 14), (1900, 0)], Missed),
        ("a head that sways at rest", TurnLeft, begun(&[]), Done),
        ("and once more when asked", TurnLeft, begun(&[(1050, 6), (1100, 0)]), Done),
        ("and then turns early", TurnLeft, vec![(1050, 0), (1250, 18)], Early),
    ];
    for (what, gesture, yaws, expected) in cases {
        assert_eq!(play(gesture, &[(1400, 1600)], &yaws).0, expected, "{what}");
    }
}

#[test]
fn a_head_that_turns_all_the_time_passes_no_round() {
    let swings: Vec<(u32, i32)> = (0..40).map(|i| (500 * i, if i % 2 == 0 { -14 } else { 14 })).collect();
    for gesture in Gesture::ALL {
        for closures in [&[][..], &[(1400, 1600)], &[(1400, 2700)]] {
            assert_ne!(play(gesture, closures, &swings).0, Outcome::Done, "{gesture:?}");
        }
    }
}

#[test]
fn a_turn_knows_the_samples_that_show_it() {
    let limits = Thresholds::V8.prompted;
    let mut round = Round::new(cue(Gesture::TurnLeft), 0);
    let update = BlinkUpdate { state: EyeState::Open, openness: None, blink: None, eye_closure: None };
    let yaws = [(1400, 0), (1700, 18), (2900, 18), (3200, 0)];
    let mut stages = Vec::new();
    let ended = (0..5000).step_by(50).find(|&t_ms| {
        let outcome = round.push(t_ms, &update, Some(yaw_at(&yaws, t_ms)), &limits);
        stages.push(round.stage());
        outcome == Some(Outcome::Done)
    });
    assert_eq!(ended, Some(3300));
    stages.dedup();
    assert_eq!(stages, [Stage::Waiting, Stage::Asked, Stage::Tone]);
    let turn = round.turn().unwrap();
    assert_eq!((turn.gesture, turn.times()), (Gesture::TurnLeft, [1450, 1700, 3100]));
    assert!(round.eye_closures().is_empty());
}

#[test]
fn a_blink_that_began_before_the_cue_was_received_does_not_count() {
    let cue = Cue { round: 1, step: 0, gesture: Gesture::Once, delay_ms: 1000, hold_ms: 800 };
    let mut round = Round::new(cue, 5000);
    let eye_closure = Some(Blink { start_ms: 4950, closed_ms: 5000, end_ms: 5100 });
    let update = BlinkUpdate { state: EyeState::Open, openness: None, blink: None, eye_closure };
    assert_eq!(round.push(5100, &update, Some(0), &Thresholds::V8.prompted), None);
    assert_eq!(round.stage(), Stage::Waiting);
}

#[test]
fn a_gesture_ends_its_round_once_nothing_can_follow() {
    let limits = Thresholds::V8.prompted;
    assert_eq!(play(Gesture::Once, &[(1400, 1600)], &[]).1, 1600 + limits.quiet_ms);
    assert_eq!(play(Gesture::Hold, &[(1400, 2700)], &[]).1, 2700 + limits.settled_ms);
    let latest_ms = 1000 + limits.max_response_ms + limits.closing_ms;
    assert_eq!(play(Gesture::Once, &[], &[]).1, latest_ms + STEP_MS as u32);
}

#[test]
fn unreadable_eyes_and_a_restless_head_delay_the_cue_and_then_end_the_round() {
    let state = |state| BlinkUpdate { state, openness: None, blink: None, eye_closure: None };
    let (unread, open) = (state(EyeState::Unknown), state(EyeState::Open));
    let limits = Thresholds::V8.prompted;
    let cases = [
        (Gesture::Once, unread, [Some(0), Some(0)]),
        (Gesture::Once, open, [Some(-50), Some(50)]),
        (Gesture::TurnLeft, open, [Some(-50), Some(50)]),
        (Gesture::TurnLeft, open, [Some(210), Some(210)]),
        (Gesture::TurnLeft, open, [None, None]),
    ];
    for (gesture, update, yaws) in cases {
        let mut round = Round::new(cue(gesture), 0);
        assert_eq!(round.push(4900, &update, yaws[0], &limits), None, "{gesture:?}");
        assert_eq!(round.push(5000, &update, yaws[1], &limits), None, "{gesture:?}");
        assert_eq!(round.asked_ms(), None, "{gesture:?}");
        assert_eq!(round.push(9010, &update, None, &limits), Some(Outcome::Missed), "{gesture:?}");
    }
}
