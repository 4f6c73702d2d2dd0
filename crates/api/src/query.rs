//! Query strings and lists: every parameter known, every page bounded.

mod seek;

use std::{fmt::Display, str::FromStr};

use axum::extract::{FromRequestParts, Query};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::InvalidValue;
use http::request::Parts;
use projections::queries;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use crate::problem::{Problem, kinds};

const ITEMS_DEFAULT: u32 = 50;
const ITEMS_MAX: u32 = 200;

/// The query string as this type, which refuses parameters that it does not know.
#[derive(Clone, Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri).map(|Query(params)| Self(params)).map_err(|rejection| {
            let said = rejection.body_text();
            let said = said.strip_prefix("Failed to deserialize query string: ").unwrap_or(&said);
            Problem::because(kinds::QUERY_INVALID, said.to_owned())
        })
    }
}

/// For operations that take no parameter: whoever gives one expects something that would not happen.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParams {}

/// A parameter in a text form of its own.
pub(crate) fn parsed<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr,
    T::Err: Display,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// How many items a page has at most: 1 to 200, 50 unless given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Limit(u32);

impl Default for Limit {
    fn default() -> Self {
        Self(ITEMS_DEFAULT)
    }
}

impl Limit {
    pub(crate) fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Limit {
    type Error = InvalidValue;
    fn try_from(limit: u32) -> Result<Self, InvalidValue> {
        if (1..=ITEMS_MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(InvalidValue::expected("limit must be a whole number from 1 to 200"))
        }
    }
}

/// The place in a list that a page before has answered, opaque to whoever carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cursor(Option<String>);

impl Cursor {
    /// The page that begins after this place, with one item more, which tells whether there is another page.
    /// The place is the key of an item; what is none of this list is refused.
    pub(crate) fn page<Key: FromStr>(&self, limit: Limit) -> Result<queries::Page, Problem> {
        let refused = || Problem::new(kinds::CURSOR_INVALID);
        let place = self.0.as_ref().map(|opaque| {
            let place =
                BASE64_URL_SAFE_NO_PAD.decode(opaque).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            place.filter(|place| place.parse::<Key>().is_ok()).ok_or_else(refused)
        });
        Ok(queries::Page { after: place.transpose()?, limit: limit.0.saturating_add(1) })
    }

    /// The place itself, of a list that is not paged by the key of its items alone.
    pub(crate) fn place<Place: FromStr>(&self) -> Result<Option<Place>, Problem> {
        let after = self.page::<Place>(Limit::default())?.after;
        after.map(|text| text.parse().map_err(|_| Problem::new(kinds::CURSOR_INVALID))).transpose()
    }
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Give it as `cursor` for the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The items of a page that goes on behind this place.
    pub(crate) fn until(items: Vec<T>, next: Option<impl Display>) -> Self {
        Self { items, next_cursor: next.map(|place| BASE64_URL_SAFE_NO_PAD.encode(place.to_string())) }
    }

    /// The rows of a page and perhaps one more.
    pub(crate) fn of<Row: Into<T>, Key: Display>(
        mut rows: Vec<Row>,
        limit: Limit,
        key: fn(&Row) -> Key,
    ) -> Self {
        let items_max = usize::try_from(limit.0).unwrap_or(usize::MAX);
        let more = rows.len() > items_max;
        rows.truncate(items_max);
        let last =
            rows.last().filter(|_| more).map(|row| BASE64_URL_SAFE_NO_PAD.encode(key(row).to_string()));
        Self { items: rows.into_iter().map(Into::into).collect(), next_cursor: last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct List {
        #[serde(default)]
        limit: Limit,
        #[serde(default, deserialize_with = "parsed")]
        client_id: Option<domain::ClientId>,
    }

    async fn read(query: &str) -> Result<List, u16> {
        let (mut parts, ()) = http::Request::get(format!("/x?{query}")).body(()).unwrap().into_parts();
        let params = Params::<List>::from_request_parts(&mut parts, &()).await;
        params.map(|Params(list)| list).map_err(|problem| problem.status())
    }

    #[tokio::test]
    async fn a_page_is_bounded() {
        assert_eq!(read("").await.unwrap().limit, Limit(50));
        assert_eq!(read("limit=200").await.unwrap().limit, Limit(200));
        for query in ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=5&limit=5"] {
            assert_eq!(read(query).await.unwrap_err(), 400, "{query}");
        }
    }

    #[tokio::test]
    async fn unknown_and_misspelt_parameters_are_refused() {
        let client_id = domain::ClientId::from_parts(1, 2);
        assert_eq!(read(&format!("client_id={client_id}")).await.unwrap().client_id, Some(client_id));
        for query in ["client=cli_1", "client_id=key_1", "client_id=", "%ff=1", "dry_run=true"] {
            assert_eq!(read(query).await.unwrap_err(), 400, "{query}");
        }
    }
}
