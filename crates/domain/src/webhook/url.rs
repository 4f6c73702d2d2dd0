//! Where a webhook is told.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{InvalidValue, text::parsed};

const CHARS_MAX: usize = 2_048;

/// An address of HTTP or HTTPS, as it was given. Whether anything may be sent there is the policy of whoever sends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct WebhookUrl(Box<str>);

impl WebhookUrl {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With its port, where one is given: what people know it by. The path may be a secret of whoever receives.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or_default()
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Only the host: what a path or a query knows is not for log lines.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({}…)", self.host())
    }
}

impl FromStr for WebhookUrl {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refused = || {
            InvalidValue::expected(
                "must be a URL of https (or http), at most 2048 printable ASCII characters, without user, password or fragment",
            )
        };
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = text.len() <= CHARS_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || text.contains(['#', '\\', '"', '<', '>']) || rest.is_none() {
            return Err(refused());
        }
        let url = Self(text.into());
        if url.host().is_empty() || url.host().contains('@') { Err(refused()) } else { Ok(url) }
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<WebhookUrl> for String {
    fn from(url: WebhookUrl) -> Self {
        url.0.into()
    }
}

impl<'de> Deserialize<'de> for WebhookUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl JsonSchema for WebhookUrl {
    fn schema_name() -> Cow<'static, str> {
        "WebhookUrl".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r#"^https?://[!$-.0-;=?A-\[\]-~]+(/[!$-;=?-\[\]-~]*)?$"#,
            "maxLength": CHARS_MAX,
        })
    }
}
