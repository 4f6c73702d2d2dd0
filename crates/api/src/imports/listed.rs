//! The rows of a JSON document as they are written: what the document says beside them is made into nothing.

use std::fmt;

use serde::{
    Deserialize, Deserializer as _,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{ROWS_READ_MAX, native, unreadable};
use crate::problem::Problem;

/// Where a document that is an object has its rows, the first of them that it has.
#[derive(Deserialize)]
struct Lists<'text> {
    #[serde(borrow)]
    data: Option<&'text RawValue>,
    #[serde(borrow)]
    keys: Option<&'text RawValue>,
    #[serde(borrow, rename = "Result")]
    result: Option<&'text RawValue>,
}

/// The objects of a JSON document: a list, one under `data`, `keys` or `Result`, or one object a line.
pub(super) fn objects(text: &str) -> Result<Vec<&str>, Problem> {
    let Ok(document) = serde_json::from_str::<&RawValue>(text) else {
        return Ok(native::lines(text).take(ROWS_READ_MAX).collect());
    };
    let document = document.get();
    if document.starts_with('[') {
        return first_of(document);
    }
    let lists = object::<Lists<'_>>(document).map_err(|_| unreadable("it says twice where its rows are"))?;
    let Lists { data, keys, result } =
        lists.ok_or_else(|| unreadable("it is neither a list nor an object"))?;
    match list(data.or(keys).or(result)) {
        Some(list) => first_of(list),
        // `data` of one key: it is the key itself.
        None => Ok(vec![document]),
    }
}

fn first_of(list: &str) -> Result<Vec<&str>, Problem> {
    let mut rows = vec![];
    let found = each(list, |row| {
        if rows.len() < ROWS_READ_MAX {
            rows.push(row);
        }
        Ok(())
    });
    found.map(|()| rows).map_err(|_| broken())
}

/// These members of an object; none of what is no object.
pub(super) fn object<'text, T: Deserialize<'text>>(text: &'text str) -> serde_json::Result<Option<T>> {
    // A list would be taken for the members in their order.
    text.starts_with('{').then(|| serde_json::from_str(text)).transpose()
}

/// A member that is a list.
pub(super) fn list(member: Option<&RawValue>) -> Option<&str> {
    member.map(RawValue::get).filter(|text| text.starts_with('['))
}

/// Shows each item of a list, to its end: an item that nobody keeps costs nothing but a look at its bytes.
pub(super) fn each<'text>(
    list: &'text str,
    found: impl FnMut(&'text str) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    serde_json::Deserializer::from_str(list).deserialize_seq(Each(found))
}

struct Each<F>(F);

impl<'text, F: FnMut(&'text str) -> serde_json::Result<()>> Visitor<'text> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'text>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element::<&'text RawValue>()? {
            (self.0)(item.get()).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

pub(super) fn broken() -> Problem {
    unreadable("its list cannot be read")
}
