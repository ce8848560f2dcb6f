//! Numbers of two digits: one for the first screen, and three for the phone to choose from.

use subtle::ConstantTimeEq as _;

use crate::domain::random_u32;

/// How many numbers the phone may choose from.
const CHOICES: usize = 3;

/// The right number and its company.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// What the first screen shows: from 10 to 99.
    pub right: u8,
    /// What the phone shows, the right one among them. No two share a digit, so that a glance is enough to tell them
    /// apart.
    pub choices: Vec<u8>,
}

impl Numbers {
    /// Draws them; nothing that the link contains says anything about them.
    pub fn draw() -> Self {
        let mut choices: Vec<u8> = Vec::with_capacity(CHOICES);
        while choices.len() < CHOICES {
            let next = 10 + below(90);
            if !choices.iter().any(|other| share_a_digit(*other, next)) {
                choices.push(next);
            }
        }
        let right = choices[usize::from(below(3))];
        Self { right, choices }
    }

    /// Whether this is the number on the first screen.
    pub fn are_same(shown: i64, chosen: u8) -> bool {
        shown.ct_eq(&i64::from(chosen)).into()
    }
}

fn share_a_digit(one: u8, other: u8) -> bool {
    [one / 10, one % 10].iter().any(|digit| [other / 10, other % 10].contains(digit))
}

/// A random number below `end`, each as likely as any other.
fn below(end: u8) -> u8 {
    let end = u32::from(end);
    let unbiased = u32::MAX - u32::MAX % end;
    loop {
        let drawn = random_u32();
        if drawn < unbiased {
            return u8::try_from(drawn % end).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_numbers_differ_at_a_glance_and_any_place_may_be_right() {
        let mut places = [0_u32; CHOICES];
        for _ in 0..600 {
            let Numbers { right, choices } = Numbers::draw();
            assert!(choices.iter().all(|number| (10..=99).contains(number)), "{choices:?}");
            for (at, one) in choices.iter().enumerate() {
                for other in &choices[at + 1..] {
                    assert!(!share_a_digit(*one, *other), "{choices:?}");
                }
            }
            places[choices.iter().position(|number| *number == right).unwrap()] += 1;
        }
        // One of three places, 600 times: fewer than 130 of any happens once in ten million runs.
        assert!(places.iter().all(|&times| times > 130), "{places:?}");
    }

    #[test]
    fn numbers_that_are_easily_mistaken_for_each_other_share_a_digit() {
        for (one, other) in [(48, 84), (48, 43), (48, 98), (48, 48), (48, 14)] {
            assert!(share_a_digit(one, other), "{one} {other}");
        }
        assert!(!share_a_digit(48, 17));
    }

    #[test]
    fn only_the_shown_number_is_the_same() {
        assert!(Numbers::are_same(42, 42));
        assert!(!Numbers::are_same(42, 24) && !Numbers::are_same(42 + 256, 42));
    }
}
