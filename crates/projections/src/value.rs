//! Values and rows between the types of the program and the columns of any engine.

use std::{fmt::Display, str::FromStr};

use domain::{
    AssignmentId, ClientId, Environment, ErasureId, EventId, GrantId, KeyId, LeakId, NotificationRuleId,
    OperationId, PolicyId, Position, PrincipalId, RouteId, ScheduledChangeId, Timestamp, WebhookId,
    ids::DecisionId,
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer as _, value::StringDeserializer},
};

/// What a column holds: the few kinds that every engine has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null,
    Integer(i64),
    Text(String),
}

/// A value where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field<'of> {
    Null,
    Integer(i64),
    Text(&'of str),
}

impl<'of> From<&'of Value> for Field<'of> {
    fn from(value: &'of Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(number) => Self::Integer(*number),
            Value::Text(text) => Self::Text(text),
        }
    }
}

impl From<&Field<'_>> for Value {
    fn from(field: &Field<'_>) -> Self {
        match field {
            Field::Null => Self::Null,
            Field::Integer(number) => Self::Integer(*number),
            Field::Text(text) => (*text).into(),
        }
    }
}

impl<'of> From<Option<&'of str>> for Field<'of> {
    fn from(text: Option<&'of str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// A column that does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the column `{column}` does not hold {expected}")]
pub struct BadColumn {
    pub column: &'static str,
    pub expected: &'static str,
}

/// One row, however it was fetched. Readers ask by name, so that what they read does not depend on an order.
pub trait Columns {
    /// # Errors
    /// When there is no such column.
    fn value(&self, column: &'static str) -> Result<Value, BadColumn>;

    /// # Errors
    /// When it is neither text nor null.
    fn text_or_none(&self, column: &'static str) -> Result<Option<String>, BadColumn> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            Value::Integer(_) => Err(BadColumn { column, expected: "text" }),
        }
    }

    /// # Errors
    /// When it is not text.
    fn text(&self, column: &'static str) -> Result<String, BadColumn> {
        self.text_or_none(column)?.ok_or(BadColumn { column, expected: "text" })
    }

    /// # Errors
    /// When it is neither an integer nor null.
    fn integer_or_none(&self, column: &'static str) -> Result<Option<i64>, BadColumn> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Integer(number) => Ok(Some(number)),
            Value::Text(_) => Err(BadColumn { column, expected: "an integer" }),
        }
    }

    /// # Errors
    /// When it is not an integer from 0 on that fits.
    fn count<N: TryFrom<i64>>(&self, column: &'static str) -> Result<N, BadColumn> {
        self.count_or_none(column)?.ok_or(BadColumn { column, expected: "a count" })
    }

    /// # Errors
    /// When it is neither null nor an integer that fits.
    fn count_or_none<N: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<N>, BadColumn> {
        let number = self.integer_or_none(column)?;
        number.map(N::try_from).transpose().map_err(|_| BadColumn { column, expected: "a count" })
    }

    /// # Errors
    /// When it is not Unix microseconds.
    fn time(&self, column: &'static str) -> Result<Timestamp, BadColumn> {
        self.time_or_none(column)?.ok_or(BadColumn { column, expected: "a time" })
    }

    /// # Errors
    /// When it is neither null nor Unix microseconds.
    fn time_or_none(&self, column: &'static str) -> Result<Option<Timestamp>, BadColumn> {
        let micros = self.integer_or_none(column)?;
        let time = micros.map(Timestamp::from_microsecond).transpose();
        time.map_err(|_| BadColumn { column, expected: "a time" })
    }

    /// A text with a form of its own, such as an identifier.
    ///
    /// # Errors
    /// When it is not of that form.
    fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, BadColumn> {
        self.parsed_or_none(column)?.ok_or(BadColumn { column, expected: "a well-formed text" })
    }

    /// # Errors
    /// When it is neither null nor of that form.
    fn parsed_or_none<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, BadColumn> {
        let parsed = self.text_or_none(column)?.map(|text| text.parse()).transpose();
        parsed.map_err(|_| BadColumn { column, expected: "a well-formed text" })
    }

    /// One word of an enum, as [`Value::word`] wrote it.
    ///
    /// # Errors
    /// When it is not one of the words.
    fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, BadColumn> {
        let word: StringDeserializer<serde::de::value::Error> = self.text(column)?.into_deserializer();
        T::deserialize(word).map_err(|_| BadColumn { column, expected: "a known word" })
    }

    /// # Errors
    /// When it is not JSON of that form.
    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, BadColumn> {
        self.json_or_none(column)?.ok_or(BadColumn { column, expected: "JSON of its form" })
    }

    /// # Errors
    /// When it is neither null nor JSON of that form.
    fn json_or_none<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, BadColumn> {
        let parsed = self.text_or_none(column)?.map(|text| serde_json::from_str(&text)).transpose();
        parsed.map_err(|_| BadColumn { column, expected: "JSON of its form" })
    }
}

impl Value {
    /// A value in JSON; null should it have no such form.
    #[must_use]
    pub fn json(value: &impl Serialize) -> Self {
        serde_json::to_string(value).map_or(Self::Null, Self::Text)
    }

    /// A word of an enum whose words are its JSON strings; null should it not be one.
    #[must_use]
    pub fn word(value: &impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::String(word)) => Self::Text(word),
            Ok(_) | Err(_) => Self::Null,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<u64> for Value {
    /// Saturates: no count here comes near.
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Position> for Value {
    fn from(position: Position) -> Self {
        position.get().into()
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Integer(time.as_microsecond())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

fn shown(value: &impl Display) -> Value {
    Value::Text(value.to_string())
}

macro_rules! shown {
    ($($type:ty),+) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self { shown(&value) }
        })+
    };
}
shown!(ClientId, KeyId, RouteId, PolicyId, AssignmentId, EventId, DecisionId, Environment);
shown!(
    OperationId,
    LeakId,
    ScheduledChangeId,
    PrincipalId,
    GrantId,
    ErasureId,
    WebhookId,
    NotificationRuleId
);
