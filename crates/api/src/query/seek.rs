//! Pages of sorted lists. A cursor is bound to the question that it is a page of: under other filters or in another order it
//! would leave items out, or show them twice.

use std::fmt::Debug;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use projections::{
    Value,
    queries::order::{Listed, Order, Place, Seek},
};
use sha2::{Digest, Sha256};

use super::{Cursor, Limit, Page};
use crate::problem::{Problem, kinds};

/// One page of a list that was asked for.
pub(crate) struct Sought<Row: Listed> {
    pub(crate) seek: Seek<Row>,
    question: String,
    limit: Limit,
}

impl Cursor {
    /// The page behind this place, with one row more, which tells whether there is another page. `question` is all that
    /// decides which rows are in the list; its text is compared, so that a new release may refuse the cursors of an old one.
    pub(crate) fn seek<Row: Listed>(
        &self,
        sort: Option<Order<Row>>,
        question: &impl Debug,
        limit: Limit,
    ) -> Result<Sought<Row>, Problem> {
        let order = sort.unwrap_or_default();
        let question = fingerprint(&format!("{question:?} {order}"));
        let rows = limit.0.saturating_add(1);
        let seek = match &self.0 {
            None => Some(Seek::first(order, rows)),
            Some(opaque) => place(opaque, &question).and_then(|place| Seek::behind(order, place, rows)),
        };
        let seek = seek.ok_or_else(|| Problem::new(kinds::CURSOR_INVALID))?;
        Ok(Sought { seek, question, limit })
    }
}

impl<Row: Listed> Sought<Row> {
    /// The rows of the page and perhaps one more.
    pub(crate) fn page<View: From<Row>>(&self, mut rows: Vec<Row>) -> Page<View> {
        let items_max = usize::try_from(self.limit.0).unwrap_or(usize::MAX);
        let more = rows.len() > items_max;
        rows.truncate(items_max);
        let last = rows.last().filter(|_| more).map(|row| self.cursor(self.seek.order.place(row)));
        Page { items: rows.into_iter().map(View::from).collect(), next_cursor: last }
    }

    fn cursor(&self, Place(values): Place) -> String {
        let values = values.into_iter().map(|value| match value {
            Value::Null => serde_json::Value::Null,
            Value::Integer(number) => number.into(),
            Value::Text(text) => text.into(),
        });
        let written: Vec<_> = [self.question.as_str().into()].into_iter().chain(values).collect();
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::Value::from(written).to_string())
    }
}

/// The place that a cursor of this question names; none of any other text.
fn place(opaque: &str, question: &str) -> Option<Place> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(opaque).ok()?;
    let written: Vec<serde_json::Value> = serde_json::from_slice(&bytes).ok()?;
    let (of, values) = written.split_first()?;
    let values = values.iter().map(|value| match value {
        serde_json::Value::String(text) => Some(Value::from(text.as_str())),
        serde_json::Value::Number(number) => number.as_i64().map(Value::from),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    });
    let values = values.collect::<Option<Vec<_>>>()?;
    (of.as_str() == Some(question)).then_some(Place(values))
}

fn fingerprint(question: &str) -> String {
    let digest = Sha256::digest(question.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest.get(..9).unwrap_or_default())
}
