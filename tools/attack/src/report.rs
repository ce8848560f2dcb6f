//! Counts of attempts, how they are printed, and the bars they must meet.

use serde::Serialize;

use crate::bound::upper_bound;

/// How many attempts of one kind were made and accepted.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) attempts: u32,
    pub(crate) accepted: u32,
}

impl Count {
    /// A count of zero.
    pub(crate) fn new(name: &str) -> Count {
        Count { name: name.to_owned(), attempts: 0, accepted: 0 }
    }

    /// Counts one more attempt.
    pub(crate) fn add(&mut self, accepted: bool) {
        self.attempts += 1;
        self.accepted += u32::from(accepted);
    }

    fn share(&self) -> f64 {
        f64::from(self.accepted) / f64::from(self.attempts.max(1))
    }
}

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) attacks: Vec<Count>,
    pub(crate) honest: Count,
}

impl Report {
    /// Prints a table.
    pub(crate) fn print(&self) {
        println!("| attack | attempts | accepted | 95 % upper bound |\n|---|---|---|---|");
        for count in self.attacks.iter().chain([&self.replays()]).filter(|count| count.attempts > 0) {
            let bound = 100.0 * upper_bound(count.accepted, count.attempts);
            println!("| {} | {} | {} | {bound:.2} % |", count.name, count.attempts, count.accepted);
        }
        let Count { attempts, accepted, .. } = self.honest;
        if attempts > 0 {
            println!("\nHonest people who follow the cues: {accepted} of {attempts} accepted.");
        }
    }

    /// Whether at most 1.5 % of replays and at most 10 % of any clip's replays are accepted, no other attack is, and at least
    /// 98 % of honest people are. An attack without attempts meets no bar.
    pub(crate) fn meets_bars(&self) -> bool {
        let (replays, others): (Vec<&Count>, Vec<&Count>) =
            self.attacks.iter().partition(|count| count.name.starts_with("replay"));
        self.replays().share() <= 0.015
            && replays.iter().all(|count| count.share() <= 0.1)
            && others.iter().all(|count| count.attempts > 0 && count.accepted == 0)
            && (self.honest.attempts == 0 || self.honest.share() >= 0.98)
    }

    fn replays(&self) -> Count {
        let mut all = Count::new("replay, all");
        for count in self.attacks.iter().filter(|count| count.name.starts_with("replay")) {
            all.attempts += count.attempts;
            all.accepted += count.accepted;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_require_attacks_to_be_tried_and_rejected_and_people_to_be_accepted() {
        // Attempts and accepted attempts of two replayed clips, a forgery, and honest people.
        let cases = [
            ([(20, 0), (180, 0), (28, 0), (100, 98)], true),
            ([(20, 2), (180, 1), (28, 0), (100, 100)], true),
            ([(20, 3), (180, 0), (28, 0), (100, 100)], false),
            ([(20, 2), (180, 2), (28, 0), (100, 100)], false),
            ([(20, 0), (180, 0), (28, 1), (100, 100)], false),
            ([(20, 0), (180, 0), (0, 0), (100, 100)], false),
            ([(20, 0), (180, 0), (28, 0), (100, 97)], false),
            ([(20, 0), (180, 0), (28, 0), (0, 0)], true),
        ];
        for (numbers, expected) in cases {
            let names = ["replay: a", "replay: b", "forged: c", "honest"];
            let count = |(name, (attempts, accepted)): (&str, _)| Count { name: name.to_owned(), attempts, accepted };
            let mut counts: Vec<Count> = names.into_iter().zip(numbers).map(count).collect();
            let honest = counts.pop().unwrap();
            assert_eq!(Report { attacks: counts, honest }.meets_bars(), expected, "{numbers:?}");
        }
    }
}
