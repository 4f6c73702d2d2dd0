//! Keys that one order is to be about: found by what is known of them and of their clients.

use std::collections::{BTreeMap, HashMap};

use domain::{ClientId, Environment, KeyId, LabelKey, LabelValue, Timestamp, access::Reach};

use crate::{
    BadColumn, Columns, KeyStatus, ReadFailure, ReadModel, Stored,
    queries::Select,
    queries::select::{Belongs, Places},
};

const KEYS: Belongs = Belongs { team: Some("c.owner_team = {}"), environment: Places::One("k.environment") };

/// Which keys: all of what is given must fit. A key that has ended is never among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeysMatching {
    pub client_id: Option<ClientId>,
    pub owner_team: Option<String>,
    pub environment: Option<Environment>,
    /// Of the client.
    pub labels: BTreeMap<LabelKey, LabelValue>,
    pub issued_before: Option<Timestamp>,
    /// Keys that were issued before it and not used since.
    pub unused_since: Option<Timestamp>,
    pub status: Option<KeyStatus>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// A key that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedKey {
    pub key_id: KeyId,
    pub client_id: ClientId,
    pub name: String,
    pub environment: String,
    pub status: KeyStatus,
    pub owner_team: String,
    pub last_used_at: Option<Timestamp>,
    labels: BTreeMap<LabelKey, LabelValue>,
}

impl Stored for MatchedKey {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            key_id: columns.parsed("key_id")?,
            client_id: columns.parsed("client_id")?,
            name: columns.text("name")?,
            environment: columns.text("environment")?,
            status: columns.parsed("status")?,
            owner_team: columns.text("owner_team")?,
            last_used_at: columns.time_or_none("last_used_at_us")?,
            labels: columns.json("labels")?,
        })
    }
}

/// In the order of their ids, at most so many.
///
/// # Errors
/// When the read model cannot be read.
pub async fn keys(
    model: &ReadModel,
    wanted: &KeysMatching,
    limit: usize,
) -> Result<Vec<MatchedKey>, ReadFailure> {
    let KeysMatching { client_id, owner_team, environment, labels, issued_before, unused_since, .. } = wanted;
    let KeysMatching { status, reach, .. } = wanted;
    let select = Select::new(include_str!("matching/keys.sql"), vec![])
        .and_some("k.client_id = {}", *client_id)
        .and_some("c.owner_team = {}", owner_team.as_deref())
        .and_some("k.environment = {}", environment.clone())
        .and_some("k.issued_at_us < {}", *issued_before)
        .and_some("k.issued_at_us < {}", *unused_since)
        .and_some(
            "not exists (select 1 from key_last_used u where u.key_id = k.key_id and u.last_used_at_us >= {})",
            *unused_since,
        )
        .and_some("k.status = {}", *status)
        .and_within(reach, &KEYS)
        .then(" order by k.key_id");
    let rows: Vec<MatchedKey> = model.fetch(select).await?;
    // Labels are JSON, of which the engines speak different dialects.
    let fits = |row: &MatchedKey| labels.iter().all(|(key, value)| row.labels.get(key) == Some(value));
    Ok(rows.into_iter().filter(fits).take(limit).collect())
}

/// How often each key was called since a moment, to the quarter of an hour. A key that was not is left out.
///
/// # Errors
/// When the read model cannot be read.
pub async fn calls_since(model: &ReadModel, since: Timestamp) -> Result<HashMap<String, u64>, ReadFailure> {
    let start_s = since.as_second().div_euclid(900) * 900;
    let select = Select::new(include_str!("matching/calls.sql"), vec![start_s.into()]);
    let rows: Vec<Calls> = model.fetch(select).await?;
    Ok(rows.into_iter().map(|Calls { key_id, calls }| (key_id, calls)).collect())
}

struct Calls {
    key_id: String,
    calls: u64,
}

impl Stored for Calls {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { key_id: columns.text("key_id")?, calls: columns.count("calls")? })
    }
}
