//! Our own forms: CSV with a heading, and JSON Lines.

use std::collections::BTreeSet;

use domain::{ClientId, Environment, InvalidValue, Name, Scope, secret::ForeignDigest};
use serde::Deserialize;
use serde_json::Value;

use super::{Defaults, ForeignKey, NamedClient, ROW_BYTES_MAX, Read, Row, unreadable};
use crate::{
    problem::Problem,
    values::{Cidr, Moment},
};

const COLUMNS: [&str; 12] = [
    "external_id",
    "client_id",
    "client_name",
    "environment",
    "name",
    "sha256",
    "scopes",
    "not_before",
    "expires_at",
    "allowed_cidrs",
    "hint",
    "created_at",
];
/// Columns whose cells are lists, their items apart by spaces or semicolons.
const LISTS: [&str; 2] = ["scopes", "allowed_cidrs"];
const HINT_CHARS_MAX: usize = 8;
/// What a report calls a row is no longer than a name.
const SUBJECT_CHARS_MAX: usize = 120;

/// One object for each record; an empty cell says nothing.
pub(super) fn csv(text: &str) -> Result<impl Iterator<Item = Read>, Problem> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let heading = reader.headers().map_err(|_| unreadable("its heading cannot be read"))?.clone();
    let mut seen = BTreeSet::new();
    for column in &heading {
        if !COLUMNS.contains(&column) || !seen.insert(column.to_owned()) {
            return Err(unreadable("its heading has an unknown or a repeated column").with("column", column));
        }
    }
    for needed in ["external_id", "sha256"] {
        if !seen.contains(needed) {
            return Err(unreadable("its heading lacks a column that every row needs").with("column", needed));
        }
    }
    let record = move |record: Result<csv::StringRecord, csv::Error>| -> Read {
        let record = record.map_err(|_| "it is no record of CSV".to_owned())?;
        check_length(record.as_slice())?;
        if record.len() != heading.len() {
            return Err(format!("it has {} cells, and the heading {}", record.len(), heading.len()));
        }
        Ok(heading.iter().zip(&record).filter(|(_, cell)| !cell.is_empty()).map(cell).collect())
    };
    Ok(reader.into_records().map(record))
}

fn cell((column, text): (&str, &str)) -> (String, Value) {
    let value = if LISTS.contains(&column) {
        text.split([' ', ';']).filter(|item| !item.is_empty()).collect::<Vec<_>>().into()
    } else {
        text.into()
    };
    (column.to_owned(), value)
}

/// One row a line; empty lines are none.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty())
}

/// What a row of JSON says.
pub(super) fn object(row: &str) -> Read {
    check_length(row)?;
    serde_json::from_str(row).map_err(|_| "it is no object of JSON".to_owned())
}

fn check_length(row: &str) -> Result<(), String> {
    if row.len() > ROW_BYTES_MAX { Err("it is longer than 256 KiB".to_owned()) } else { Ok(()) }
}

/// What a row may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    external_id: Name,
    #[serde(default)]
    client_id: Option<ClientId>,
    #[serde(default)]
    client_name: Option<Name>,
    #[serde(default)]
    environment: Option<Environment>,
    #[serde(default)]
    name: Option<Name>,
    sha256: Digest,
    #[serde(default)]
    scopes: Option<BTreeSet<Scope>>,
    #[serde(default)]
    not_before: Option<Moment>,
    #[serde(default)]
    expires_at: Option<Moment>,
    #[serde(default)]
    allowed_cidrs: Option<Vec<Cidr>>,
    #[serde(default)]
    hint: Option<Hint>,
    #[serde(default)]
    created_at: Option<Moment>,
}

/// In any of the spellings that exports have.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Digest(ForeignDigest);

impl TryFrom<String> for Digest {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse().map(Self)
    }
}

/// The last characters of a secret: too few to help whoever reads them.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Hint(String);

impl TryFrom<String> for Hint {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let given = text.strip_prefix('…').unwrap_or(&text);
        if given.len() <= HINT_CHARS_MAX && given.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(format!("…{given}")))
        } else {
            Err(InvalidValue::expected("must be at most 8 visible ASCII characters"))
        }
    }
}

/// A row of whatever form, once it is spelled as ours.
pub(super) fn row(number: usize, fields: Read, defaults: &Defaults) -> Row {
    let named = fields.as_ref().ok().and_then(|fields| fields.get("external_id")?.as_str());
    let subject = named.filter(|name| !name.is_empty()).map_or_else(
        || format!("row {number}"),
        |name| name.chars().filter(|c| !c.is_control()).take(SUBJECT_CHARS_MAX).collect(),
    );
    let key = fields.and_then(|fields| {
        let said: Said =
            serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| why(&error))?;
        said.key(defaults)
    });
    Row { subject, key }
}

/// Never the value itself: a secret in the wrong field must not come back in a report.
fn why(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let (said, path) = (error.inner().to_string(), error.path().to_string());
    if said.starts_with("invalid type") || said.starts_with("invalid value") {
        format!("`{path}` has a value of a wrong type")
    } else if said.starts_with("unknown field") || said.starts_with("missing field") {
        said.split(", expected").next().unwrap_or_default().to_owned()
    } else {
        format!("`{path}` {said}")
    }
}

impl Said {
    fn key(self, defaults: &Defaults) -> Result<ForeignKey, String> {
        let client = match (self.client_id, self.client_name, defaults.client_id) {
            (Some(_), Some(_), _) => {
                return Err("it names its client twice, by `client_id` and by `client_name`".to_owned());
            }
            (Some(id), None, _) | (None, None, Some(id)) => NamedClient::Id(id),
            (None, Some(name), _) => NamedClient::Name(name.to_string()),
            (None, None, None) => return Err("it names no client".to_owned()),
        };
        let environment = self.environment.or_else(|| defaults.environment.clone());
        let moment = |moment: Option<Moment>| moment.map(|Moment(time)| time);
        Ok(ForeignKey {
            client,
            name: self.name.unwrap_or_else(|| self.external_id.clone()),
            external_id: self.external_id,
            environment: environment.ok_or("it names no environment")?,
            sha256: self.sha256.0,
            scopes: self.scopes,
            not_before: moment(self.not_before),
            expires_at: moment(self.expires_at),
            allowed_cidrs: self.allowed_cidrs.into_iter().flatten().map(|Cidr(range)| range).collect(),
            hint: self.hint.map_or_else(|| "…".to_owned(), |Hint(hint)| hint),
            created_at: moment(self.created_at),
        })
    }
}
