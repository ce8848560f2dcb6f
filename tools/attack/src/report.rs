//! What is counted, how it is printed, and which bars it has to meet.

use serde::Serialize;

use crate::bound::upper_bound;

/// What came of one kind of attempt.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) attempts: u32,
    pub(crate) accepted: u32,
}

impl Count {
    /// Nothing yet.
    pub(crate) fn new(name: &str) -> Count {
        Count { name: name.to_owned(), attempts: 0, accepted: 0 }
    }

    /// One more.
    pub(crate) fn add(&mut self, accepted: bool) {
        self.attempts += 1;
        self.accepted += u32::from(accepted);
    }

    fn share(&self) -> f64 {
        f64::from(self.accepted) / f64::from(self.attempts.max(1))
    }
}

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) attacks: Vec<Count>,
    pub(crate) honest: Count,
}

impl Report {
    /// Prints a table.
    pub(crate) fn print(&self) {
        println!("| attack | attempts | accepted | at most, with 95 % |\n|---|---|---|---|");
        for count in self.attacks.iter().chain([&self.replays()]).filter(|count| count.attempts > 0) {
            let bound = 100.0 * upper_bound(count.accepted, count.attempts);
            println!("| {} | {} | {} | {bound:.2} % |", count.name, count.attempts, count.accepted);
        }
        let Count { attempts, accepted, .. } = self.honest;
        if attempts > 0 {
            println!("\nPeople who follow the cues: {accepted} of {attempts} accepted.");
        }
    }

    /// Whether recordings are accepted 1.5 % at most and of no clip more than 10 %, nothing else is, and 98 % of people are.
    /// What was never attempted meets no bar.
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
    fn bars_hold_for_what_was_attempted_and_refused_and_for_people_who_were_not() {
        // Two clips played, a forgery, people: attempts and accepted.
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
            let of = |(name, (attempts, accepted)): (&str, _)| Count { name: name.to_owned(), attempts, accepted };
            let mut counts: Vec<Count> = names.into_iter().zip(numbers).map(of).collect();
            let honest = counts.pop().unwrap();
            assert_eq!(Report { attacks: counts, honest }.meets_bars(), expected, "{numbers:?}");
        }
    }
}
