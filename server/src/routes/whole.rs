//! Whole numbers in requests.

use serde::Deserialize;
use serde_json::Number;

/// A whole number. Some languages write 300 as `300.0`, which JSON Schema counts as an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Number", bound = "T: TryFrom<i64>")]
pub(super) struct Whole<T>(pub(super) T);

impl<T: TryFrom<i64>> TryFrom<Number> for Whole<T> {
    type Error = &'static str;

    fn try_from(number: Number) -> Result<Self, Self::Error> {
        let of_decimal = || number.as_f64().filter(|decimal| decimal.fract() == 0.0 && decimal.abs() < i64::MAX as f64);
        let number = number.as_i64().or_else(|| of_decimal().map(|decimal| decimal as i64));
        number.and_then(|number| T::try_from(number).ok()).map(Self).ok_or("not a whole number, or out of range")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_have_a_decimal_point() {
        let read = |json: &str| serde_json::from_str::<Whole<i16>>(json).ok().map(|Whole(number)| number);
        for (json, number) in [("300", 300), ("-1", -1), ("300.0", 300), ("3e2", 300), ("-0.0", 0)] {
            assert_eq!(read(json), Some(number), "{json}");
        }
        for json in ["1.5", "32768.0", "1e300", "18446744073709551615", "\"1\"", "true", "null"] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
