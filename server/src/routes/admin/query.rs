//! Query parameters of lists: each must be known and appear once, or the request is rejected with its name. Also the
//! opaque cursors that clients send back to continue a list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::Reason;

use crate::clock::{self, DAY_MS};
use crate::db::check_list;
use crate::db::listing::{Cursor, Filter};
use crate::domain::{AttemptStatus, EmailAddress, EventId, ReviewState, SiteId};
use crate::routes::error::ApiError;

/// The parameter that carries a key where `ADMIN_ALLOW_QUERY_KEY` allows it.
pub(super) const QUERY_KEY: &str = "key";
const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;
/// Longest address or pseudonym.
const MAX_EMAIL: usize = 254;
/// How much of an unknown name the error repeats.
const MAX_NAME: usize = 40;
/// Parameters of every list.
const PAGING: [&str; 2] = ["limit", "cursor"];
const FILTERS: [&str; 6] = ["status", "reason", "email", "from", "to", "review"];

/// The pairs of a query, decoded.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned()
}

/// The requested part of a list.
pub(super) struct Page {
    /// Start after this row.
    pub(super) behind: Option<Cursor>,
    /// Rows per response.
    limit: u32,
}

/// The query of a list of events.
pub(super) struct EventQuery {
    pub(super) filter: Filter,
    pub(super) page: Page,
}

/// The query of the CSV table of events.
pub(super) struct TableQuery {
    pub(super) filter: Filter,
    pub(super) behind: Option<Cursor>,
    /// Most rows; `None`: all.
    pub(super) limit: Option<u32>,
}

/// The query of a list of checks, and of their CSV table.
pub(super) struct CheckQuery {
    pub(super) filter: check_list::Filter,
    pub(super) page: Page,
}

impl CheckQuery {
    pub(super) fn read(query: Option<&str>) -> Result<Self, ApiError> {
        let query = Query::read(query, &["site", "status"])?;
        let site = query.parsed("site", SiteId::parse)?.unwrap_or_else(SiteId::of_front_door);
        let status = query.parsed("status", |text| text.parse().ok())?;
        Ok(Self { filter: check_list::Filter { site, status }, page: Page::of(&query)? })
    }
}

impl Page {
    /// Reads the query of a list without filters.
    pub(super) fn read(query: Option<&str>) -> Result<Self, ApiError> {
        Self::of(&Query::read(query, &[])?)
    }

    /// How many rows to read: one more than is shown says whether there are more.
    pub(super) fn wanted(&self) -> u32 {
        self.limit + 1
    }

    /// The rows that are shown, and the cursor of the next page if there is one.
    pub(super) fn cut<T>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> Cursor) -> (Vec<T>, Option<String>) {
        let is_last = rows.len() <= self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| !is_last).map(|row| cursor(&place(row)));
        (rows, next)
    }

    fn of(query: &Query) -> Result<Self, ApiError> {
        let limit = query.parsed("limit", |text| text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)))?;
        Ok(Self { behind: query.parsed("cursor", read_cursor)?, limit: limit.unwrap_or(DEFAULT_LIMIT) })
    }
}

impl EventQuery {
    pub(super) fn read(query: Option<&str>) -> Result<Self, ApiError> {
        let query = Query::read(query, &FILTERS)?;
        Ok(Self { filter: filter(&query)?, page: Page::of(&query)? })
    }
}

impl TableQuery {
    pub(super) fn read(query: Option<&str>) -> Result<Self, ApiError> {
        let query = Query::read(query, &FILTERS)?;
        let limit = query.parsed("limit", |text| text.parse().ok().filter(|&limit: &u32| limit > 0))?;
        Ok(Self { filter: filter(&query)?, behind: query.parsed("cursor", read_cursor)?, limit })
    }
}

/// The text of a cursor, for clients.
fn cursor(Cursor { at, id }: &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{at}.{id}"))
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let place = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (at, id) = place.split_once('.')?;
    // Ids of all kinds have the same format.
    EventId::from_client(id).made_at()?;
    Some(Cursor { at: at.parse().ok()?, id: id.to_owned() })
}

fn filter(query: &Query) -> Result<Filter, ApiError> {
    let status = |text: &str| {
        [AttemptStatus::Verified, AttemptStatus::Failed].into_iter().find(|status| status.as_str() == text)
    };
    Ok(Filter {
        status: query.parsed("status", status)?.map(AttemptStatus::as_str),
        reason: query.parsed("reason", Reason::from_code)?.map(Reason::code),
        email: query.parsed("email", email)?,
        from_ms: query.parsed("from", |text| clock::parse_rfc3339(text).or_else(|| clock::parse_day(text)))?,
        until_ms: query.parsed("to", |text| {
            clock::parse_rfc3339(text).or_else(|| clock::parse_day(text).map(|day| day + DAY_MS))
        })?,
        review: query.parsed("review", ReviewState::from_name)?,
    })
}

/// An address in its stored form, or the pseudonym of an erased user.
fn email(text: &str) -> Option<String> {
    let is_plain = !text.is_empty() && text.chars().count() <= MAX_EMAIL && !text.chars().any(char::is_control);
    let address = EmailAddress::parse(text).map_or_else(|_| text.to_owned(), |address| address.expose().to_owned());
    is_plain.then_some(address)
}

/// Parameters with known names.
struct Query(Vec<(String, String)>);

impl Query {
    /// Accepts paging and the `known` parameters.
    fn read(query: Option<&str>, known: &[&str]) -> Result<Self, ApiError> {
        // A key is not the list's concern; where none is allowed, the request was rejected before.
        let pairs: Vec<_> = pairs(query.unwrap_or_default()).filter(|(name, _)| name != QUERY_KEY).collect();
        for (index, (name, _)) in pairs.iter().enumerate() {
            let is_known = known.contains(&name.as_str()) || PAGING.contains(&name.as_str());
            let is_repeated = pairs[..index].iter().any(|(other, _)| other == name);
            if !is_known || is_repeated {
                return Err(invalid(name));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of this parameter, if present; an error if it is invalid.
    fn parsed<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ApiError> {
        let Some((_, text)) = self.0.iter().find(|(given, _)| given == name) else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| invalid(name))
    }
}

fn invalid(name: &str) -> ApiError {
    ApiError::FilterInvalid { parameter: name.chars().take(MAX_NAME).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(query: &str) -> Option<i64> {
        EventQuery::read(Some(query)).ok().unwrap().filter.until_ms
    }

    #[test]
    fn a_day_is_included_and_an_instant_is_excluded() {
        let midnight = 1_795_737_600_000; // date -u -d 2026-11-27
        assert_eq!(until("to=2026-11-26"), Some(midnight));
        assert_eq!(until("to=2026-11-27T00:00:00Z"), Some(midnight));
        assert_eq!(until("to=2026-11-27T01:00:00%2B01:00"), Some(midnight));
        let from = EventQuery::read(Some("from=2026-11-27")).ok().unwrap().filter.from_ms;
        assert_eq!(from, Some(midnight));
    }

    #[test]
    fn a_cursor_survives_encoding() {
        let place = Cursor { at: 1_795_737_600_000, id: "0123456789abcdef0123456789abcdef".to_owned() };
        assert_eq!(read_cursor(&cursor(&place)), Some(place));
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for other in ["", "!", &encode("1"), &encode("1.x"), &encode("x.0123456789abcdef0123456789abcdef")] {
            assert_eq!(read_cursor(other), None, "{other}");
        }
    }

    #[test]
    fn addresses_are_looked_up_as_they_are_stored() {
        for (text, expected) in [
            ("Jo@Example.COM", Some("Jo@example.com")),
            ("jo@bücher.example", Some("jo@xn--bcher-kva.example")),
            ("erased-0123", Some("erased-0123")),
            ("a\0b", None),
            ("", None),
        ] {
            assert_eq!(email(text).as_deref(), expected, "{text:?}");
        }
    }
}
