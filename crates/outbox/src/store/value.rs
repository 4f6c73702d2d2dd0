//! Values as statements take them: an integer or a text, and each of them with its type where it is none.

use std::fmt::Display;

use domain::{Position, Timestamp};
use serde::Serialize;
use sqlx::{Postgres, Sqlite, postgres::PgArguments, query::Query, sqlite::SqliteArguments};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
}

impl Value {
    /// What prints as its text: an id, a name.
    pub(crate) fn of(it: impl Display) -> Self {
        Self::Text(Some(it.to_string()))
    }

    pub(crate) fn of_some(it: Option<impl Display>) -> Self {
        Self::Text(it.map(|it| it.to_string()))
    }

    pub(crate) fn count(count: u64) -> Self {
        Self::Integer(Some(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// Rows for one statement, as JSON that both engines unfold.
    pub(crate) fn rows(rows: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(rows).map(Some).map(Self::Text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(Some(number.into()))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Integer(Some(at.as_microsecond()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Integer(at.map(Timestamp::as_microsecond))
    }
}

impl From<Position> for Value {
    fn from(position: Position) -> Self {
        Self::count(position.get())
    }
}

pub(super) fn for_sqlite(sql: &str, values: Vec<Value>) -> Query<'_, Sqlite, SqliteArguments<'_>> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Integer(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
    })
}

pub(super) fn for_postgres(sql: &str, values: Vec<Value>) -> Query<'_, Postgres, PgArguments> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Integer(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
    })
}
