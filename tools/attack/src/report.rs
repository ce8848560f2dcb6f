//! Counts of attempts, how they are printed, and the bars they must meet.

use accuracy::material::GROUPS;
use serde::Serialize;

use crate::bound::upper_bound;
use crate::usual::{self, UsualRange};

/// How many attempts of one kind were made and accepted.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) attempts: u32,
    pub(crate) accepted: u32,
    /// How many of those are marked for review by their signals; only the simulation knows.
    pub(crate) marked: u32,
}

impl Count {
    /// A count of zero.
    pub(crate) fn new(name: &str) -> Count {
        Count { name: name.to_owned(), attempts: 0, accepted: 0, marked: 0 }
    }

    /// Counts one more attempt.
    pub(crate) fn add(&mut self, accepted: bool) {
        self.attempts += 1;
        self.accepted += u32::from(accepted);
    }

    /// The sum of these counts.
    fn sum<'a>(name: &str, counts: impl IntoIterator<Item = &'a Count>) -> Count {
        counts.into_iter().fold(Count::new(name), |sum, count| Count {
            attempts: sum.attempts + count.attempts,
            accepted: sum.accepted + count.accepted,
            marked: sum.marked + count.marked,
            ..sum
        })
    }

    fn share(&self) -> f64 {
        f64::from(self.accepted) / f64::from(self.attempts.max(1))
    }
}

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) attacks: Vec<Count>,
    /// Honest people who follow the cues, one count for each clip.
    pub(crate) honest: Vec<Count>,
    /// The signals of those who were accepted.
    pub(crate) usual: Vec<UsualRange>,
}

impl Report {
    /// Prints a table.
    pub(crate) fn print(&self) {
        println!("| attack | attempts | accepted | 95 % upper bound | marked |\n|---|---|---|---|---|");
        for count in self.attacks.iter().chain([&self.replays()]).filter(|count| count.attempts > 0) {
            let bound = 100.0 * upper_bound(count.accepted, count.attempts);
            println!("| {} | {} | {} | {bound:.2} % | {} |", count.name, count.attempts, count.accepted, count.marked);
        }
        if !self.honest.is_empty() {
            self.print_honest();
            usual::print(&self.usual);
        }
    }

    fn print_honest(&self) {
        println!("\n| honest person in | attempts | accepted | marked |\n|---|---|---|---|");
        let groups = GROUPS.iter().map(|(group, parts)| {
            let is_in = |count: &&Count| parts.iter().any(|part| count.name.contains(part));
            Count::sum(&format!("group: {group}"), self.honest.iter().filter(is_in))
        });
        let all = Count::sum("all", &self.honest);
        for count in self.honest.iter().cloned().chain(groups.filter(|count| count.attempts > 0)).chain([all]) {
            println!("| {} | {} | {} | {} |", count.name, count.attempts, count.accepted, count.marked);
        }
    }

    /// Whether at most 1.5 % of replays and at most 10 % of any clip's replays are accepted, no other attack is, and at least
    /// 98 % of all honest attempts and 80 % of those with each clip are. An attack without attempts meets no bar.
    pub(crate) fn meets_bars(&self) -> bool {
        let (replays, others): (Vec<&Count>, Vec<&Count>) =
            self.attacks.iter().partition(|count| count.name.starts_with("replay"));
        self.replays().share() <= 0.015
            && replays.iter().all(|count| count.share() <= 0.1)
            && others.iter().all(|count| count.attempts > 0 && count.accepted == 0)
            && (self.honest.is_empty() || Count::sum("all", &self.honest).share() >= 0.98)
            && self.honest.iter().all(|count| count.share() >= 0.8)
    }

    fn replays(&self) -> Count {
        Count::sum("replay, all", self.attacks.iter().filter(|count| count.name.starts_with("replay")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_require_attacks_to_be_tried_and_rejected_and_people_to_be_accepted() {
        // Attempts and accepted attempts of two replayed clips, a forgery, and two honest people.
        let cases = [
            ([(20, 0), (180, 0), (28, 0), (100, 98), (100, 98)], true),
            ([(20, 2), (180, 1), (28, 0), (100, 100), (100, 100)], true),
            ([(20, 3), (180, 0), (28, 0), (100, 100), (100, 100)], false),
            ([(20, 2), (180, 2), (28, 0), (100, 100), (100, 100)], false),
            ([(20, 0), (180, 0), (28, 1), (100, 100), (100, 100)], false),
            ([(20, 0), (180, 0), (0, 0), (100, 100), (100, 100)], false),
            ([(20, 0), (180, 0), (28, 0), (100, 97), (100, 98)], false),
            ([(20, 0), (180, 0), (28, 0), (1000, 1000), (5, 3)], false),
        ];
        for (numbers, expected) in cases {
            let names = ["replay: a", "replay: b", "forged: c", "d.mp4", "e.mp4"];
            let count = |(name, (attempts, accepted)): (&str, _)| Count { attempts, accepted, ..Count::new(name) };
            let mut counts: Vec<Count> = names.into_iter().zip(numbers).map(count).collect();
            let honest = counts.split_off(3);
            assert_eq!(Report { attacks: counts, honest, usual: Vec::new() }.meets_bars(), expected, "{numbers:?}");
        }
        let attacks = vec![Count { attempts: 20, ..Count::new("replay: a") }];
        assert!(Report { attacks, honest: Vec::new(), usual: Vec::new() }.meets_bars());
    }
}
