//! Where a report goes on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{BadColumn, Columns, Stored};

/// A row's place in its report. Its text is for cursors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsagePlace(
    pub(super) i64,
    pub(super) String,
    pub(super) String,
    pub(super) String,
    pub(super) u32,
    pub(super) String,
    pub(super) String,
);

impl fmt::Display for UsagePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for UsagePlace {
    type Err = serde_json::Error;
    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Stored for UsagePlace {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let text = |column| columns.text_or_none(column).map(Option::unwrap_or_default);
        Ok(Self(
            columns.integer_or_none("window_s")?.unwrap_or_default(),
            text("owner_team")?,
            text("client_id")?,
            text("key_id")?,
            columns.count_or_none("secret_version")?.unwrap_or_default(),
            text("route_id")?,
            text("environment")?,
        ))
    }
}
