//! Which events a webhook is told of.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{InvalidValue, notice::NoticeName, schema, text::parsed};

/// So many patterns a webhook has at most.
pub const PATTERNS_MAX: usize = 50;

/// What begins the types of notices, which are no events of the log.
const NOTICE: &str = "notice";

/// The type of an event, `api_key.revoked`, all of an aggregate, `api_key.*`, or everything, `*`. Notices have types too:
/// `notice.key_expiring`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct EventPattern(Box<str>);

impl EventPattern {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn matches(&self, event_type: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => event_type.starts_with(beginning),
            None => event_type == &*self.0,
        }
    }

    /// Of a notice of this name.
    #[must_use]
    pub fn type_of(notice: NoticeName) -> String {
        format!("{NOTICE}.{}", notice.as_str())
    }

    /// Whether there is anything that it could match: a misspelt one would be silent for ever.
    fn is_known(text: &str) -> bool {
        if text == "*" {
            return true;
        }
        let Some((aggregate, rest)) = text.split_once('.') else { return false };
        let notices = NoticeName::ALL.iter().map(|name| Self::type_of(*name));
        let mut types = schema::event_types().map(str::to_owned).chain(notices);
        if rest == "*" {
            types.any(|known| known.split('.').next() == Some(aggregate))
        } else {
            types.any(|known| known == text)
        }
    }
}

impl FromStr for EventPattern {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if Self::is_known(text) {
            return Ok(Self(text.into()));
        }
        Err(InvalidValue::expected(
            "must be the type of an event such as `api_key.revoked` or `notice.key_expiring`, all of a kind such as `api_key.*`, or `*`",
        ))
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl TryFrom<String> for EventPattern {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<EventPattern> for String {
    fn from(pattern: EventPattern) -> Self {
        pattern.0.into()
    }
}

impl<'de> Deserialize<'de> for EventPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl JsonSchema for EventPattern {
    fn schema_name() -> Cow<'static, str> {
        "EventPattern".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^(\*|[a-z_]+\.(\*|[a-z_]+))$" })
    }
}
