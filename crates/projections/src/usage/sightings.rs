//! Who presents which secret: a row for each secret version, folded from the rows that are there. Few names are kept of a
//! secret, those seen last, and none beyond its time; its calls are counted for good.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::{
    KeyId, Position, Timestamp,
    usage::{Seen, Sighting, UsageFact},
};
use serde::{Deserialize, Serialize};

use super::{CountFailure, OWNER};
use crate::{
    BadColumn, Change, Column, Columns, Folded, ReadFailure, ReadModel, Row, Stored, Table, Value,
    queries::Select,
    store::{Checkpoint, Commit, Committed},
};

/// So many addresses and so many user agents are kept of a secret.
pub(crate) const NAMES_MAX: usize = 32;
/// So many secrets are looked up in one statement.
const SECRETS_AT_ONCE: usize = 500;
/// So many rows are pruned in one transaction.
const PRUNED_AT_ONCE: u32 = 500;

pub(super) static TABLE: Table = Table {
    name: "secret_sightings",
    key_columns: 2,
    appended: false,
    columns: &[
        Column::text("key_id"),
        Column::integer("secret_version"),
        Column::integer("calls"),
        Column::integer("last_at_us"),
        Column::text("addresses"),
        Column::text("user_agents"),
        Column::integer("oldest_at_us"),
    ],
};

/// The presentations of one genuine secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretSightings {
    pub key_id: KeyId,
    pub secret_version: u32,
    /// Whatever became of them.
    pub calls: u64,
    pub last_at: Timestamp,
    /// Those seen last, the latest first.
    pub addresses: Vec<Name>,
    pub user_agents: Vec<Name>,
}

/// One address, or one user agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// Empty where the gateway was told none.
    pub value: String,
    /// Since it was first seen, or seen again after it was forgotten.
    pub calls: u64,
    pub last_at: Timestamp,
}

impl Stored for SecretSightings {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            key_id: columns.parsed("key_id")?,
            secret_version: columns.count("secret_version")?,
            calls: columns.count("calls")?,
            last_at: columns.time("last_at_us")?,
            addresses: columns.json("addresses")?,
            user_agents: columns.json("user_agents")?,
        })
    }
}

impl Folded for SecretSightings {
    fn row(&self) -> Row {
        Row(vec![
            self.key_id.into(),
            self.secret_version.into(),
            self.calls.into(),
            self.last_at.into(),
            Value::json(&self.addresses),
            Value::json(&self.user_agents),
            self.oldest_at().into(),
        ])
    }
}

impl SecretSightings {
    fn new(key_id: KeyId, secret_version: u32) -> Self {
        let (addresses, user_agents) = (vec![], vec![]);
        Self { key_id, secret_version, calls: 0, last_at: Timestamp::UNIX_EPOCH, addresses, user_agents }
    }

    fn oldest_at(&self) -> Option<Timestamp> {
        self.addresses.iter().chain(&self.user_agents).map(|name| name.last_at).min()
    }

    fn add(&mut self, news: &News<'_>) {
        let News { calls, last_at, sightings } = news;
        self.calls = self.calls.saturating_add(*calls);
        self.last_at = self.last_at.max(*last_at);
        for sighting in sightings {
            see(&mut self.addresses, &sighting.addresses);
            see(&mut self.user_agents, &sighting.user_agents);
        }
    }

    /// Forgets the names that were not seen from then on.
    fn forget(&mut self, before: Timestamp) {
        self.addresses.retain(|name| name.last_at >= before);
        self.user_agents.retain(|name| name.last_at >= before);
    }
}

/// Where there are too many, those that were not seen for longest are forgotten: their calls are the others'.
fn see(names: &mut Vec<Name>, seen: &[Seen]) {
    for Seen { value, calls, last_at } in seen {
        match names.iter_mut().find(|name| name.value == *value) {
            Some(name) => {
                name.calls = name.calls.saturating_add(*calls);
                name.last_at = name.last_at.max(*last_at);
            }
            None => names.push(Name { value: value.clone(), calls: *calls, last_at: *last_at }),
        }
    }
    names.sort_by(|one, other| other.last_at.cmp(&one.last_at).then_with(|| one.value.cmp(&other.value)));
    names.truncate(NAMES_MAX);
}

/// What some batches say of one secret.
#[derive(Debug, Default)]
struct News<'batches> {
    calls: u64,
    last_at: Timestamp,
    sightings: Vec<&'batches Sighting>,
}

/// The same of all secrets.
#[derive(Debug, Default)]
pub(super) struct Presentations<'batches>(BTreeMap<(KeyId, u32), News<'batches>>);

impl<'batches> Presentations<'batches> {
    /// Every call of a genuine secret is in a fact, also where a gateway says no more of it.
    pub(super) fn add_fact(&mut self, fact: &UsageFact) {
        let Some(secret) = fact.secret() else { return };
        let news = self.0.entry(secret).or_default();
        news.calls = news.calls.saturating_add(fact.calls);
        news.last_at = news.last_at.max(fact.last_at);
    }

    pub(super) fn add_sighting(&mut self, sighting: &'batches Sighting) {
        let news = self.0.entry((sighting.key_id, sighting.secret_version)).or_default();
        news.sightings.push(sighting);
    }

    /// The rows as they are then. Read outside the transaction: whoever counts in between moves the checkpoint, and then
    /// these are not written.
    pub(super) async fn into_changes(self, model: &ReadModel) -> Result<Vec<Change>, ReadFailure> {
        let mut changes = Vec::with_capacity(self.0.len());
        let all: Vec<_> = self.0.into_iter().collect();
        for some in all.chunks(SECRETS_AT_ONCE) {
            let mut there = stored(model, some.iter().map(|(secret, _)| *secret)).await?;
            changes.extend(some.iter().map(|(secret, news)| {
                let row = there.remove(secret);
                let mut row = row.unwrap_or_else(|| SecretSightings::new(secret.0, secret.1));
                row.add(news);
                Change::Put { table: &TABLE, row: row.row() }
            }));
        }
        Ok(changes)
    }
}

async fn stored(
    model: &ReadModel,
    secrets: impl Iterator<Item = (KeyId, u32)>,
) -> Result<BTreeMap<(KeyId, u32), SecretSightings>, ReadFailure> {
    let values: Vec<Value> = secrets.flat_map(|(key_id, version)| [key_id.into(), version.into()]).collect();
    let pairs = (1..=values.len() / 2).map(|pair| format!("(${}, ${})", pair * 2 - 1, pair * 2));
    let pairs = pairs.collect::<Vec<_>>().join(", ");
    let select = Select::new(include_str!("sightings/select.sql"), values);
    let select = select.then(&format!("   and (key_id, secret_version) in (values {pairs})"));
    let rows: Vec<SecretSightings> = model.fetch(select).await?;
    Ok(rows.into_iter().map(|row| ((row.key_id, row.secret_version), row)).collect())
}

/// Forgets names that were not seen from then on, until there are none. Moves no checkpoint, but asks for it: only whoever
/// counts may change these rows.
///
/// # Errors
/// When the store failed; what was not pruned is pruned the next time.
pub(crate) async fn prune(
    model: &ReadModel,
    position: Position,
    before: Timestamp,
) -> Result<Committed, CountFailure> {
    loop {
        let select = Select::new(include_str!("sightings/select.sql"), vec![])
            .and("oldest_at_us < {}", before)
            .then(" order by oldest_at_us")
            .limit(PRUNED_AT_ONCE);
        let rows: Vec<SecretSightings> = model.fetch(select).await?;
        if rows.is_empty() {
            return Ok(Committed::Yes);
        }
        let pruned = |mut row: SecretSightings| {
            row.forget(before);
            Change::Put { table: &TABLE, row: row.row() }
        };
        let changes = rows.into_iter().map(pruned).collect();
        let to = Checkpoint { version: OWNER.version, position, leaf: String::new() };
        match model.commit(Commit { owner: OWNER, from: position, to, changes }).await? {
            Committed::Yes => {}
            Committed::Fenced => return Ok(Committed::Fenced),
        }
    }
}

/// Who presented the secrets of a key, the newest version first.
pub(crate) async fn of_key(
    model: &ReadModel,
    id: KeyId,
    versions_max: u32,
) -> Result<Vec<SecretSightings>, ReadFailure> {
    let select = Select::new(include_str!("sightings/select.sql"), vec![])
        .and("key_id = {}", id)
        .then(" order by secret_version desc")
        .limit(versions_max);
    model.fetch(select).await
}
