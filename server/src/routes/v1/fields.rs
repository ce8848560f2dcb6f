//! Reads the parameters of a request one by one, so that each error names the one at fault. Unknown ones are errors too:
//! a typing mistake must not go unnoticed.

use serde_json::{Map, Value};

use crate::routes::error::ApiError;

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
        serde_json::from_slice(bytes).map(Self).map_err(|_| ApiError::BodyMalformed)
    }

    /// Those of a query.
    pub(super) fn of_query(query: Option<&str>) -> Result<Self, ApiError> {
        let mut fields = Map::new();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned() {
            if fields.insert(name.clone(), Value::from(value)).is_some() {
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
            Some(value) => {
                value.as_i64().filter(|number| within.contains(number)).map(Some).ok_or_else(|| invalid(name))
            }
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
        for json in ["", "{}", r#"{"a":"äöü","n":3,"m":{"k":"v"}}"#, r#"{"a":null,"n":null,"m":null}"#] {
            assert_eq!(read(json), Ok(()), "{json}");
        }
        for (json, name) in [
            (r#"{"a":""}"#, "a"),
            (r#"{"a":"abcd"}"#, "a"),
            (r#"{"a":"a\u0000"}"#, "a"),
            (r#"{"a":1}"#, "a"),
            (r#"{"n":4}"#, "n"),
            (r#"{"n":"1"}"#, "n"),
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
}
