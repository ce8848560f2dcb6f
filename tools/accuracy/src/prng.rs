//! Reproducible random numbers: SplitMix64 (Steele, Lea & Flood 2014), seeded by a text.

/// A sequence of pseudo-random numbers.
pub struct Prng(u64);

impl Prng {
    /// The sequence seeded by `text`: the same text always gives the same numbers.
    pub fn named(text: &str) -> Prng {
        // FNV-1a, 64 bits.
        let hash = |h: u64, byte: u8| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        Prng(text.bytes().fold(0xCBF2_9CE4_8422_2325, hash))
    }

    /// A uniform draw from `low` (inclusive) to `high` (exclusive).
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.next() >> 40) as f32 / (1u64 << 24) as f32;
        low + (high - low) * unit
    }

    /// 1 or −1.
    pub fn sign(&mut self) -> f32 {
        if self.next() >> 63 == 0 { 1.0 } else { -1.0 }
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[(self.next() >> 32) as usize % choices.len()]
    }

    /// A draw with mean 0 and standard deviation 1: the sum of twelve uniform draws, close enough to normal for sensor noise.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.between(-0.5, 0.5)).sum()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_splitmix64() {
        let mut zero = Prng(0);
        // The published first values for seed 0.
        assert_eq!([zero.next(), zero.next()], [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4]);
    }

    #[test]
    fn the_same_text_gives_the_same_numbers_and_another_text_different_ones() {
        assert_eq!(Prng::named("").0, 0xCBF2_9CE4_8422_2325);
        assert_eq!(Prng::named("a").0, 0xAF63_DC4C_8601_EC8C);
        assert_eq!(Prng::named("pan/1").next(), Prng::named("pan/1").next());
        assert_ne!(Prng::named("pan/1").next(), Prng::named("pan/2").next());
    }

    #[test]
    fn draws_stay_in_their_range_and_fill_it() {
        let mut rng = Prng::named("range");
        let draws: Vec<f32> = (0..1000).map(|_| rng.between(2.0, 4.0)).collect();
        assert!(draws.iter().all(|d| (2.0..4.0).contains(d)));
        assert!(draws.iter().any(|&d| d < 2.1) && draws.iter().any(|&d| d > 3.9));
    }
}
