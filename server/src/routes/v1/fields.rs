//! Reads the parameters of a request one by one, so that each error names the one at fault. Unknown ones are errors too:
//! a typing mistake must not go unnoticed.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::routes::error::ApiError;
use crate::routes::whole::Whole;

/// How much of an unknown name the error repeats.
const MAX_NAME: usize = 40;

/// The parameters of a request that were not read yet.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Those of a JSON body. No body is one without parameters.
    pub(super) fn of_body(bytes: &[u8]) -> Result<Self, ApiError> {
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        let Pairs(pairs) = serde_json::from_slice(bytes).map_err(|_| ApiError::BodyMalformed)?;
        Self::of_pairs(pairs.into_iter())
    }

    /// Those of a query.
    pub(super) fn of_query(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned();
        Self::of_pairs(pairs.map(|(name, value)| (name, Value::from(value))))
    }

    /// Of a parameter that is repeated, readers differ in which value counts: it is refused.
    fn of_pairs(pairs: impl Iterator<Item = (String, Value)>) -> Result<Self, ApiError> {
        let mut fields = Map::new();
        for (name, value) in pairs {
            if fields.insert(name.clone(), value).is_some() {
                return Err(invalid(&name));
            }
        }
        Ok(Self(fields))
    }

    /// A text of 1 to `max` characters on one line.
    pub(super) fn text(&mut self, name: &str, max: usize) -> Result<Option<String>, ApiError> {
        self.parsed(name, |text| {
            let is_plain = (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
            is_plain.then(|| text.to_owned())
        })
    }

    /// A text that this function can parse.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => parse(&text).map(Some).ok_or_else(|| invalid(name)),
            Some(_) => Err(invalid(name)),
        }
    }

    /// A whole number within these bounds.
    pub(super) fn number(
        &mut self,
        name: &str,
        within: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, ApiError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => {
                let number = Whole::try_from(number).ok().map(|Whole(number)| number);
                number.filter(|number| within.contains(number)).map(Some).ok_or_else(|| invalid(name))
            }
            Some(_) => Err(invalid(name)),
        }
    }

    /// A list of texts.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<String>, ApiError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(texts)) => {
                texts.iter().map(|text| text.as_str().map(str::to_owned).ok_or_else(|| invalid(name))).collect()
            }
            Some(_) => Err(invalid(name)),
        }
    }

    /// An object of at most `most` texts.
    pub(super) fn texts(&mut self, name: &str, most: usize, max: usize) -> Result<Map<String, Value>, ApiError> {
        let texts = match self.0.remove(name) {
            None | Some(Value::Null) => return Ok(Map::new()),
            Some(Value::Object(texts)) if texts.len() <= most => texts,
            Some(_) => return Err(invalid(name)),
        };
        let fits = |text: &str, max: usize| text.chars().count() <= max && !text.contains('\0');
        let is_text = |(key, value): (&String, &Value)| {
            !key.is_empty() && fits(key, MAX_NAME) && value.as_str().is_some_and(|value| fits(value, max))
        };
        if texts.iter().all(is_text) { Ok(texts) } else { Err(invalid(name)) }
    }

    /// Nothing else may be left.
    pub(super) fn end(self) -> Result<(), ApiError> {
        self.0.keys().next().map_or(Ok(()), |name| Err(invalid(name)))
    }
}

/// The error about this parameter.
pub(super) fn invalid(name: &str) -> ApiError {
    ApiError::RequestInvalid { parameter: name.chars().take(MAX_NAME).collect() }
}

/// The members of a JSON object as they stand in the text, repeated ones too.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = members.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_fault(error: ApiError) -> String {
        match error {
            ApiError::RequestInvalid { parameter } => parameter,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_error_names_the_parameter_at_fault() {
        let read = |json: &str| -> Result<(), ApiError> {
            let mut fields = Fields::of_body(json.as_bytes())?;
            fields.text("a", 3)?;
            fields.number("n", 1..=3)?;
            fields.texts("m", 1, 2)?;
            fields.end()
        };
        for json in [
            "",
            "{}",
            r#"{"a":"äöü","n":3,"m":{"k":"v"}}"#,
            r#"{"a":null,"n":null,"m":null}"#,
            r#"{"n":2.0}"#,
            r#"{"n":2e0}"#,
        ] {
            assert_eq!(read(json), Ok(()), "{json}");
        }
        for (json, name) in [
            (r#"{"a":""}"#, "a"),
            (r#"{"a":"abcd"}"#, "a"),
            (r#"{"a":"a\u0000"}"#, "a"),
            (r#"{"a":1}"#, "a"),
            (r#"{"n":4}"#, "n"),
            (r#"{"n":"1"}"#, "n"),
            (r#"{"n":1.5}"#, "n"),
            (r#"{"n":1e300}"#, "n"),
            (r#"{"m":{"a":"1","b":"2"}}"#, "m"),
            (r#"{"m":{"a":1}}"#, "m"),
            (r#"{"m":{"a":"abc"}}"#, "m"),
            (r#"{"other":1}"#, "other"),
        ] {
            assert_eq!(at_fault(read(json).unwrap_err()), name, "{json}");
        }
        assert_eq!(read("[]"), Err(ApiError::BodyMalformed));
        assert_eq!(at_fault(Fields::of_query(Some("a=1&a=2")).err().unwrap()), "a");
    }

    #[test]
    fn a_repeated_parameter_is_refused_by_name() {
        let body = br#"{"email":"a@example.org","gate":"site","email":"b@example.org"}"#;
        for refused in [Fields::of_body(body), Fields::of_query(Some("email=a&gate=site&email=b"))] {
            let Err(ApiError::RequestInvalid { parameter }) = refused else { panic!("it was taken") };
            assert_eq!(parameter, "email");
        }
        for malformed in [&b"[]"[..], b"1", b"{", b"{\"a\":}"] {
            assert!(matches!(Fields::of_body(malformed), Err(ApiError::BodyMalformed)));
        }
        assert!(Fields::of_body(b"").is_ok_and(|fields| fields.0.is_empty()));
    }
}
