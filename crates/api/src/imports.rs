//! Uploads of foreign keys: read whole before the first row is acted on, each row on its own.
//!
//! A row that is read takes many times its bytes: rows are found as text, read one by one, and none beyond the first that
//! is too many.
//!
//! What is kept of an upload until its operation has ended is what was understood of it: one line of JSON for each row,
//! the same for every form.

mod foreign;
mod listed;
mod native;

use std::collections::BTreeSet;

use domain::{ClientId, Environment, Name, Scope, Timestamp, operation::ITEMS_MAX, secret::ForeignDigest};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::problem::{Problem, kinds};

/// One more than an operation takes, so that too many are told.
const ROWS_READ_MAX: usize = ITEMS_MAX.saturating_add(1);
/// A longer row is none. Longest may be a session of Tyk, which says what it may do at each API: some hundred bytes for one.
const ROW_BYTES_MAX: usize = 256 * 1024;

/// What a row says, or why it cannot be read.
type Read = Result<Map<String, Value>, String>;

/// How an upload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Csv,
    Jsonl,
    Unkey,
    Kong,
    Tyk,
}

impl Format {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Unkey => "unkey",
            Self::Kong => "kong",
            Self::Tyk => "tyk",
        }
    }

    /// Told by the media type, for those forms that have one.
    pub(crate) fn of_media_type(essence: &str) -> Option<Self> {
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        if is("text/csv") {
            Some(Self::Csv)
        } else if is("application/jsonl") || is("application/x-ndjson") {
            Some(Self::Jsonl)
        } else {
            None
        }
    }
}

/// What rows are taken to say where they are silent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) client_id: Option<ClientId>,
    pub(crate) environment: Option<Environment>,
}

/// One row of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What a report calls it.
    pub(crate) subject: String,
    /// The key to be, or why it cannot be read.
    pub(crate) key: Result<ForeignKey, String>,
}

/// A key of another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForeignKey {
    pub(crate) external_id: Name,
    pub(crate) client: NamedClient,
    pub(crate) name: Name,
    pub(crate) environment: Environment,
    pub(crate) sha256: ForeignDigest,
    pub(crate) scopes: Option<BTreeSet<Scope>>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) allowed_cidrs: Vec<IpNet>,
    pub(crate) hint: String,
    pub(crate) created_at: Option<Timestamp>,
}

/// How a row names its client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamedClient {
    Id(ClientId),
    Name(String),
}

/// Reads an upload. A row that is wrong does not stop those after it; one that has no beginning or end does. Takes a
/// processor for up to a second, and no more rows than [`ROWS_READ_MAX`].
pub(crate) fn read(format: Format, upload: &[u8], defaults: &Defaults) -> Result<Vec<Row>, Problem> {
    let text = std::str::from_utf8(upload).map_err(|_| unreadable("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let objects = || Ok::<_, Problem>(listed::objects(text)?.into_iter().map(native::object));
    let rows: Box<dyn Iterator<Item = Read> + '_> = match format {
        Format::Csv => Box::new(native::csv(text)?),
        Format::Jsonl => Box::new(native::lines(text).map(native::object)),
        Format::Unkey => Box::new(objects()?.map(foreign::of_unkey)),
        Format::Kong => {
            let credentials = foreign::kong_credentials(text)?.into_iter();
            Box::new(credentials.map(foreign::Credential::read).map(foreign::of_kong))
        }
        Format::Tyk => Box::new(objects()?.map(foreign::of_tyk)),
    };
    let numbered = (1_usize..).zip(rows.take(ROWS_READ_MAX));
    Ok(numbered.map(|(number, fields)| native::row(number, fields, defaults)).collect())
}

fn unreadable(why: &str) -> Problem {
    Problem::because(kinds::UPLOAD_UNREADABLE, format!("the upload is not of its form: {why}"))
}

/// As rows are kept until their operation has ended.
pub(crate) fn kept(rows: &[Row]) -> serde_json::Result<Vec<u8>> {
    let mut lines = vec![];
    for row in rows {
        serde_json::to_writer(&mut lines, row)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// What [`kept`] wrote.
pub(crate) fn of_kept(lines: &[u8]) -> serde_json::Result<Vec<Row>> {
    serde_json::Deserializer::from_slice(lines).into_iter().collect()
}

#[cfg(test)]
mod tests;
