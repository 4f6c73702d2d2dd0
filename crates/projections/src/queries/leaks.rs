//! Reports of leaked secrets: one, and lists.

use domain::{ClientId, KeyId, LeakId, Timestamp, access::Reach, api_key::LeakAction};

pub use crate::leak_directory::LeakRow;
use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored, Value,
    queries::select::{Belongs, Places},
    queries::{Page, Select},
};

/// Which reports; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeakFilter {
    pub key_id: Option<KeyId>,
    pub client_id: Option<ClientId>,
    pub action: Option<LeakAction>,
    pub reported_from: Option<Timestamp>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

const KEYS: Belongs = Belongs {
    team: Some("k.client_id in (select own.client_id from client_directory own where own.owner_team = {})"),
    environment: Places::One("k.environment"),
};

/// A report with whose key it is about.
struct OwnedLeak(LeakRow);

impl Stored for OwnedLeak {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let mut row = LeakRow::read(columns)?;
        row.client_id = columns.parsed_or_none("client_id")?;
        Ok(Self(row))
    }
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: LeakId) -> Result<Option<LeakRow>, ReadFailure> {
    let select = Select::new(include_str!("leaks/select.sql"), vec![]).and("l.leak_id = {}", id);
    Ok(model.fetch_one(select).await?.map(|OwnedLeak(row)| row))
}

/// In the order in which they came. The page goes on after a position of the log.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(model: &ReadModel, filter: &LeakFilter, page: &Page) -> Result<Vec<LeakRow>, ReadFailure> {
    let LeakFilter { key_id, client_id, action, reported_from, reach } = filter;
    let after = page.after.as_ref().and_then(|position| position.parse::<u64>().ok());
    let select = Select::new(include_str!("leaks/select.sql"), vec![])
        .and_some("l.position > {}", after)
        .and_some("l.key_id = {}", *key_id)
        .and_some("k.client_id = {}", *client_id)
        .and_some("l.action = {}", action.as_ref().map(Value::word))
        .and_some("l.reported_at_us >= {}", *reported_from)
        .and_within(reach, &KEYS)
        .then(" order by l.position")
        .limit(page.limit);
    let rows: Vec<OwnedLeak> = model.fetch(select).await?;
    Ok(rows.into_iter().map(|OwnedLeak(row)| row).collect())
}
