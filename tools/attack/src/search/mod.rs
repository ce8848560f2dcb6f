//! `attack search`: the best film against the rules of prompted challenges, and how honest people fare under the same
//! rules. Numbers only: no pixels, so millions of attempts take minutes.

mod evolve;
mod film;
mod person;
mod play;

use clap::Args;
use fastrand::Rng;

use crate::bound::upper_bound;
use evolve::{Candidate, Effort, Tried, search};
use film::{Blind, Script};
use person::Person;
use play::{Conditions, Played, Rules, play};

/// Attempts that one mailbox gets in a day: the default of `MAX_ATTEMPTS_PER_DAY`.
const ATTEMPTS_A_DAY: i32 = 12;
/// The best candidates of a search that are played again.
const FINALISTS: usize = 8;
/// The attacker's camera and network: constant, so that the film can be timed to them.
const ATTACKER: Conditions = Conditions { rate: 25.0, network_ms: (60.0, 60.0) };
/// Frame rates of honest people.
const RATES: [f64; 5] = [8.0, 12.0, 15.0, 25.0, 30.0];
/// Their network: from the end of a round to the next cue.
const NETWORK_MS: (f64, f64) = (50.0, 600.0);
/// Reaction times of most people and of slow ones.
const REACTION_MS: (f64, f64) = (250.0, 900.0);
const SLOW_REACTION_MS: (f64, f64) = (400.0, 1300.0);

/// Search for films that pass prompted challenges without knowing the cues: fixed loops, and curves of random gestures.
///
/// Plays them against the engine's own draw and rounds, as numbers without pixels, and prints how many attempts the best
/// one passes, beside honest people under the same rules.
#[derive(Debug, Args)]
pub(crate) struct SearchOptions {
    /// Only rules whose name contains this text
    #[arg(long, default_value = "")]
    only: String,
    /// Generations of a search
    #[arg(long, default_value_t = 40)]
    generations: u32,
    /// Attempts of each candidate in each generation
    #[arg(long, default_value_t = 1000)]
    tries: u32,
    /// Attempts with the best candidates that are counted
    #[arg(long, default_value_t = 40_000)]
    attempts: u32,
    /// Searches for each kind of film, from different random films
    #[arg(long, default_value_t = 2)]
    searches: u64,
    /// Only people, no search
    #[arg(long)]
    people: bool,
    /// Fail if a bar is missed: the best film passes more than 1 % of attempts or 3 % of days, or less than 99 % of people
    /// pass
    #[arg(long)]
    check: bool,
}

/// Runs the command. Returns whether the bars hold, if asked.
pub(crate) fn run(options: &SearchOptions) -> bool {
    let rules: Vec<Rules> = Rules::ALL.into_iter().filter(|rules| rules.name().contains(&options.only)).collect();
    let mut held = true;
    println!("| rules | people | pass | median | 95 % within |\n|---|---|---|---|---|");
    for &rules in &rules {
        held &= print_people(rules, "usual", REACTION_MS, options.attempts) >= 0.99;
        print_people(rules, "slow", SLOW_REACTION_MS, options.attempts);
    }
    if options.people {
        return held || !options.check;
    }
    println!(
        "\n| rules | best film | attempts | passed | 95 % upper bound | in {ATTEMPTS_A_DAY} attempts | what it shows |\n\
         |---|---|---|---|---|---|---|"
    );
    for &rules in &rules {
        held &= print_best::<Script>(rules, "loop", options);
        held &= print_best::<Blind>(rules, "random curve", options);
    }
    held || !options.check
}

fn print_best<C: Candidate>(rules: Rules, kind: &str, options: &SearchOptions) -> bool {
    let effort = Effort { generations: options.generations, candidates: 96, attempts: options.tries, threads: 2 };
    let mut finalists: Vec<Tried<C>> = Vec::new();
    for seed in 0..options.searches {
        finalists.extend(search::<C>(rules, ATTACKER, effort, seed).into_iter().take(FINALISTS));
    }
    let candidates = finalists.len() as u64;
    std::thread::scope(|scope| {
        let share = finalists.len().div_ceil(effort.threads);
        for (part, finalists) in finalists.chunks_mut(share).enumerate() {
            scope.spawn(move || {
                for (number, tried) in finalists.iter_mut().enumerate() {
                    (tried.attempts, tried.passed) = (0, 0);
                    tried.play(options.attempts / 4, rules, ATTACKER, FRESH + (part * 1000 + number) as u64);
                }
            });
        }
    });
    let Some(best) = finalists.iter_mut().max_by_key(|tried| tried.passed) else { return true };
    // Once more: the luckiest of the finalists has no longer the seeds that it was lucky with.
    (best.attempts, best.passed) = (0, 0);
    best.play(options.attempts, rules, ATTACKER, FRESH + 1_000_000 + candidates);
    let (share, bound) = (f64::from(best.passed) / f64::from(best.attempts), upper_bound(best.passed, best.attempts));
    let a_day = 1.0 - (1.0 - share).powi(ATTEMPTS_A_DAY);
    println!(
        "| {} | {kind} | {} | {} ({:.3} %) | {:.3} % | {:.1} % | {} |",
        rules.name(),
        best.attempts,
        best.passed,
        100.0 * share,
        100.0 * bound,
        100.0 * a_day,
        best.candidate.description()
    );
    share <= 0.01 && a_day <= 0.03
}

/// Seeds from here on are not used by searches.
const FRESH: u64 = 1 << 40;

/// Prints how people fare. Returns the share that passes at the first attempt.
fn print_people(rules: Rules, name: &str, reaction_ms: (f64, f64), attempts: u32) -> f64 {
    let mut rng = Rng::with_seed(7);
    let (mut all, mut times) = (0, Vec::new());
    let mut by_rate = Vec::new();
    for rate in RATES {
        let conditions = Conditions { rate, network_ms: NETWORK_MS };
        let each = attempts / RATES.len() as u32;
        let mut passed = 0;
        for _ in 0..each {
            let mut person = Person::new(reaction_ms, rng.fork());
            let played = play(&mut person, rules, conditions, &mut rng);
            if let Played { passed: true, took_ms, .. } = played {
                passed += 1;
                times.push(took_ms);
            }
        }
        all += passed;
        by_rate.push(format!("{:.1} % at {rate:.0}/s", 100.0 * f64::from(passed) / f64::from(each)));
    }
    times.sort_by(f64::total_cmp);
    let time = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default() / 1000.0;
    let share = f64::from(all) / f64::from(attempts / RATES.len() as u32 * RATES.len() as u32);
    println!(
        "| {} | {name} | {:.2} % ({}) | {:.1} s | {:.1} s |",
        rules.name(),
        100.0 * share,
        by_rate.join(", "),
        time(50),
        time(95)
    );
    share
}
