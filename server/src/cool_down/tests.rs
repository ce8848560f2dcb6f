use super::*;

const DEFAULT: CoolDown = CoolDown { failures: 5, window_ms: 30 * MINUTE_MS, pause_ms: 30 * MINUTE_MS, per_day: 12 };

fn ended(began_at: i64, ended_as: Ending) -> Attempt {
    Attempt { began_at, ended_at: Some(began_at), ended_as: Some(ended_as) }
}

fn going_on(began_at: i64) -> Attempt {
    Attempt { began_at, ended_at: None, ended_as: None }
}

/// Lets a mailbox begin an attempt whenever it may and `wants` another, every minute. Returns when they began.
fn simulate(
    settings: CoolDown,
    minutes: i64,
    wants: impl Fn(&Standing, &[Attempt], i64) -> Option<Ending>,
) -> Vec<i64> {
    let mut past = Vec::new();
    for now in (0..minutes).map(|minute| minute * MINUTE_MS) {
        // Several attempts a minute: only the limits hold them back.
        loop {
            let standing = standing_after(settings, &past, now);
            let Some(ending) = wants(&standing, &past, now).filter(|_| standing.rest_ms == 0) else { break };
            past.push(ended(now, ending));
        }
    }
    past.iter().map(|attempt| attempt.began_at).collect()
}

/// The most attempts that begin within any 24 hours.
fn most_in_a_day(began: &[i64]) -> usize {
    began.iter().map(|&first| began.iter().filter(|&&at| (first..first + DAY_MS).contains(&at)).count()).max().unwrap()
}

const THREE_DAYS: i64 = 3 * 24 * 60;

#[test]
fn a_mailbox_that_uses_every_attempt_it_gets_has_12_in_any_24_hours() {
    let began = simulate(DEFAULT, THREE_DAYS, |_, _, _| Some(Ending::Counted));
    assert_eq!(most_in_a_day(&began), 12);
    // Five, a pause of half an hour, five, a pause of two hours, and the two that are left of the day; then as many as are
    // a day old.
    let bursts: Vec<(i64, usize)> =
        began.chunk_by(|a, b| a == b).map(|burst| (burst[0] / MINUTE_MS, burst.len())).collect();
    assert_eq!(bursts[..4], [(0, 5), (30, 5), (150, 2), (24 * 60, 5)]);
}

#[test]
fn attempts_that_are_spread_or_left_are_no_more_than_12_in_any_24_hours() {
    // Leaves whatever is free, and never fails so often that a pause begins.
    let left = simulate(DEFAULT, THREE_DAYS, |standing, _, _| match standing.may_leave {
        true => Some(Ending::Free),
        false if standing.attempts_left > 1 => Some(Ending::Counted),
        false => None,
    });
    assert_eq!(most_in_a_day(&left), 12);
    // At a steady pace.
    for every in [7, 8, 10, 30, 60, 72] {
        let paced = simulate(DEFAULT, THREE_DAYS, |_, past, now| {
            let is_due = past.last().is_none_or(|last| now - last.began_at >= every * MINUTE_MS);
            is_due.then_some(Ending::Counted)
        });
        assert!(most_in_a_day(&paced) <= 12, "every {every} minutes: {}", most_in_a_day(&paced));
    }
}

#[test]
fn a_pause_starts_with_the_last_of_enough_failures_within_the_window() {
    let rule = CoolDown { failures: 3, window_ms: 100, pause_ms: 1000, per_day: 12 };
    // When attempts failed; what is left at 510, and until when the mailbox must wait.
    let cases: [(&[i64], u32, i64); 6] = [
        (&[], 3, 0),
        (&[420, 450], 1, 0),
        (&[300, 450], 2, 0),
        (&[400, 450, 500], 0, 1500),
        (&[399, 450, 500], 1, 0),
        (&[0, 110, 120, 150, 500], 0, 1150),
    ];
    for (failed, left, end) in cases {
        let past: Vec<Attempt> = failed.iter().map(|&at| ended(at, Ending::Counted)).collect();
        let standing = standing_after(rule, &past, 510);
        assert_eq!((standing.attempts_left, standing.rest_ms), (left, (end - 510).max(0)), "{failed:?}");
        assert_eq!(standing_after(rule, &past, end.max(510)).rest_ms, 0, "{failed:?}");
    }
}

#[test]
fn a_pause_is_four_times_as_long_as_the_one_before_it_within_a_day_and_never_longer_than_a_day() {
    let rule = CoolDown { failures: 1, window_ms: MINUTE_MS, pause_ms: 30 * MINUTE_MS, per_day: 1000 };
    let mut past = Vec::new();
    let (mut now, mut pauses) = (0, Vec::new());
    for _ in 0..6 {
        past.push(ended(now, Ending::Counted));
        let rest = standing_after(rule, &past, now).rest_ms;
        pauses.push(rest / MINUTE_MS);
        now += rest;
    }
    // When the day-long pause is over, only the one that began with it is a day old.
    assert_eq!(pauses, [30, 120, 480, 1440, 30, 120]);
    past.truncate(2);
    past.push(ended(past[1].began_at + DAY_MS, Ending::Counted));
    assert_eq!(standing_after(rule, &past, past[2].began_at).rest_ms, 30 * MINUTE_MS, "a day later");
}

#[test]
fn two_left_attempts_an_hour_are_free_and_those_that_go_on_count_as_if_left_now() {
    let free = |at| ended(at, Ending::Free);
    let standing = |past: &[Attempt], now| standing_after(DEFAULT, past, now);
    assert!(standing(&[free(0)], 1).may_leave);
    assert!(!standing(&[free(0), free(1)], 2).may_leave);
    assert!(standing(&[free(0), free(1)], HOUR_MS).may_leave, "the first is an hour old");
    assert_eq!(standing(&[free(0), free(1)], 2).attempts_left, 5);
    assert_eq!(standing(&[going_on(0), going_on(1)], 2).attempts_left, 5);
    assert_eq!(standing(&[going_on(0), going_on(1), going_on(2)], 3).attempts_left, 4);
    assert_eq!(standing(&[free(0), going_on(1), going_on(2)], 3).attempts_left, 4);
    assert_eq!(standing(&[ended(0, Ending::Verified)], 1).attempts_left, 5);
}

#[test]
fn zero_failures_turn_pauses_and_the_daily_limit_off() {
    let off = CoolDown { failures: 0, ..DEFAULT };
    let past = vec![ended(1, Ending::Counted); 50];
    let standing = standing_after(off, &past, 1);
    assert_eq!((standing.rest_ms, standing.attempts_left), (0, u32::MAX));
}
