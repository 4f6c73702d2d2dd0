//! Keys: one, lists, and those whose time is up.

use domain::{ClientId, Environment, KeyId, Scope, Timestamp, access::Reach};
use jiff::SignedDuration;

pub use crate::key_directory::{KeyOrigin, KeyQuarantine, KeyRow, PreviousSecret};
use crate::{
    BadColumn, Columns, KeyStatus, Kind, ReadFailure, ReadModel, Stored,
    queries::select::{Belongs, Places},
    queries::{
        Page, Select,
        clients::LabelFilter,
        order::{Field, Listed, Seek},
        select::quoted,
    },
};

const KEYS: Belongs = Belongs {
    team: Some("k.client_id in (select own.client_id from client_directory own where own.owner_team = {})"),
    environment: Places::One("k.environment"),
};

/// Which keys; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    pub key_id: Option<KeyId>,
    pub client_id: Option<ClientId>,
    pub environment: Option<Environment>,
    pub status: Option<KeyStatus>,
    /// Keys without an expiry are left out.
    pub expires_before: Option<Timestamp>,
    /// Keys without an expiry are left out.
    pub expires_from: Option<Timestamp>,
    pub issued_from: Option<Timestamp>,
    pub issued_before: Option<Timestamp>,
    /// A part of the name, as it is written.
    pub name_contains: Option<String>,
    /// Of the newest secret or the one before.
    pub hint: Option<String>,
    /// Named by the key itself: one that has whatever its client holds is left out.
    pub scope: Option<Scope>,
    /// Of the key's client, as is the team.
    pub label: Option<LabelFilter>,
    pub owner_team: Option<String>,
    /// Last used before then: one that was never used is left out.
    pub used_before: Option<Timestamp>,
    /// Last used then or later.
    pub used_from: Option<Timestamp>,
    /// Whether it was ever used.
    pub used: Option<bool>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// Stands for the time of what has none: such keys come last, backwards first.
const NEVER: i64 = i64::MAX;

impl Listed for KeyRow {
    const FIELDS: &'static [Field<Self>] = &[
        Field { name: "name", sql: "k.name", kind: Kind::Text, value: |row| row.name.as_str().into() },
        Field {
            name: "created_at",
            sql: "k.issued_at_us",
            kind: Kind::Integer,
            value: |row| row.issued_at.into(),
        },
        Field {
            name: "updated_at",
            sql: "k.updated_at_us",
            kind: Kind::Integer,
            value: |row| row.updated_at.into(),
        },
        Field {
            name: "expires_at",
            sql: "coalesce(k.expires_at_us, 9223372036854775807)",
            kind: Kind::Integer,
            value: |row| row.expires_at.map_or(NEVER.into(), Into::into),
        },
    ];
    const KEY: Field<Self> =
        Field { name: "id", sql: "k.key_id", kind: Kind::Text, value: |row| row.key_id.into() };
}

/// A key with the use of its secret versions.
struct UsedKey(KeyRow);

impl Stored for UsedKey {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let mut row = KeyRow::read(columns)?;
        row.last_used_at = columns.time_or_none("last_used_at_us")?;
        if let Some(previous) = &mut row.previous {
            previous.last_used_at = columns.time_or_none("previous_last_used_at_us")?;
        }
        Ok(Self(row))
    }
}

fn rows(keys: Vec<UsedKey>) -> Vec<KeyRow> {
    keys.into_iter().map(|UsedKey(row)| row).collect()
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: KeyId) -> Result<Option<KeyRow>, ReadFailure> {
    let select = Select::new(include_str!("keys/select.sql"), vec![]).and("k.key_id = {}", id);
    Ok(model.fetch_one(select).await?.map(|UsedKey(row)| row))
}

/// In the order of their ids, which is that of their issue.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(model: &ReadModel, filter: &KeyFilter, page: &Page) -> Result<Vec<KeyRow>, ReadFailure> {
    sorted(model, filter, &page.into()).await
}

/// In the order that is asked for.
///
/// # Errors
/// When the read model cannot be read.
pub async fn sorted(
    model: &ReadModel,
    filter: &KeyFilter,
    seek: &Seek<KeyRow>,
) -> Result<Vec<KeyRow>, ReadFailure> {
    let select = filter.narrow(Select::new(include_str!("keys/select.sql"), vec![]));
    Ok(rows(model.fetch(select.page(seek)).await?))
}

const USED_BEFORE: &str =
    "(select max(u.last_used_at_us) from key_last_used u where u.key_id = k.key_id) < {}";
const USED_FROM: &str =
    "exists (select 1 from key_last_used u where u.key_id = k.key_id and u.last_used_at_us >= {})";
const USED: &str = "exists (select 1 from key_last_used u where u.key_id = k.key_id)";
const OF_LABEL: &str =
    "k.client_id in (select c.client_id from client_directory c where replace(c.labels, {}, '') <> c.labels)";
const OF_TEAM: &str = "k.client_id in (select c.client_id from client_directory c where c.owner_team = {})";

impl KeyFilter {
    fn narrow(&self, select: Select) -> Select {
        let Self { key_id, client_id, environment, status, expires_before, expires_from, .. } = self;
        let Self { issued_from, issued_before, .. } = self;
        let select = select
            .and_some("k.key_id = {}", *key_id)
            .and_some("k.client_id = {}", *client_id)
            .and_some("k.environment = {}", environment.clone())
            .and_some("k.status = {}", *status)
            .and_some("k.expires_at_us < {}", *expires_before)
            .and_some("k.expires_at_us >= {}", *expires_from)
            .and_some("k.issued_at_us >= {}", *issued_from)
            .and_some("k.issued_at_us < {}", *issued_before);
        self.narrow_by_use(self.narrow_by_words(select)).and_within(&self.reach, &KEYS)
    }

    fn narrow_by_words(&self, select: Select) -> Select {
        let Self { name_contains, hint, scope, label, owner_team, .. } = self;
        select
            .and_some("replace(k.name, {}, '') <> k.name", name_contains.as_deref())
            .and_some("{} in (k.hint, k.previous_hint)", hint.as_deref())
            .and_some(
                "replace(k.scopes, {}, '') <> k.scopes",
                scope.as_ref().map(|scope| quoted(scope.as_str())),
            )
            .and_some(OF_LABEL, label.as_ref().map(LabelFilter::written))
            .and_some(OF_TEAM, owner_team.as_deref())
    }

    fn narrow_by_use(&self, select: Select) -> Select {
        let Self { used_before, used_from, used, .. } = self;
        let select = select.and_some(USED_BEFORE, *used_before).and_some(USED_FROM, *used_from);
        match used {
            Some(true) => select.and_made(USED),
            Some(false) => select.and_made(&format!("not {USED}")),
            None => select,
        }
    }
}

/// A key whose old secret needs a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    pub key_id: KeyId,
    /// Of the old secret.
    pub version: u32,
    pub last_used_at: Option<Timestamp>,
}

impl Stored for Overlap {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            key_id: columns.parsed("key_id")?,
            version: columns.count("previous_version")?,
            last_used_at: columns.time_or_none("last_used_at_us")?,
        })
    }
}

/// Keys whose old secret is idle for as long as its rotation asked, or still in use with at most so long to its end and
/// not told of yet; those that end first come first.
///
/// # Errors
/// When the read model cannot be read.
pub async fn overlaps(
    model: &ReadModel,
    now: Timestamp,
    near: SignedDuration,
    limit: u32,
) -> Result<Vec<Overlap>, ReadFailure> {
    let near_us = i64::try_from(near.as_micros()).unwrap_or(i64::MAX);
    let select = Select::new(include_str!("keys/overlaps.sql"), vec![now.into(), near_us.into()])
        .then(" order by k.previous_until_us, k.key_id")
        .limit(limit);
    model.fetch(select).await
}

/// Keys whose expiry or planned revocation has come but is not on record yet, longest overdue first.
///
/// # Errors
/// When the read model cannot be read.
pub async fn due(model: &ReadModel, now: Timestamp, limit: u32) -> Result<Vec<KeyRow>, ReadFailure> {
    let select = Select::new(include_str!("keys/select.sql"), vec![])
        .and("k.ends_at_us <= {}", now)
        .then(" order by k.ends_at_us, k.key_id")
        .limit(limit);
    Ok(rows(model.fetch(select).await?))
}

/// Active and suspended keys that expire from then on and before then, in the order of their expiry. A rotation that gave a key
/// another expiry has taken it out, as has a revocation once it is on record; an expiry that has come and is not on record yet has
/// not. Uses `key_directory_by_expiry`: few of many keys expire soon.
///
/// # Errors
/// When the read model cannot be read.
pub async fn expiring(
    model: &ReadModel,
    from: Timestamp,
    until: Timestamp,
    after: Option<(Timestamp, KeyId)>,
    limit: u32,
) -> Result<Vec<KeyRow>, ReadFailure> {
    let select = Select::new(include_str!("keys/select.sql"), vec![])
        .and("k.expires_at_us >= {}", from)
        .and("k.expires_at_us < {}", until)
        .and_made("k.status in ('active', 'suspended')");
    let select = match after {
        Some((expires_at, id)) => select.and_both("(k.expires_at_us, k.key_id) > ({0}, {1})", expires_at, id),
        None => select,
    };
    Ok(rows(model.fetch(select.then(" order by k.expires_at_us, k.key_id").limit(limit)).await?))
}
