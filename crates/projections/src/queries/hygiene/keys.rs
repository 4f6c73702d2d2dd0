//! Keys that may still be used and perhaps should not be.

use std::{fmt, str::FromStr};

use domain::{ClientId, KeyId, Timestamp};

use super::{Stretch, Whose, cut};
use crate::{
    BadColumn, ClientStatus, Columns, KeyStatus, ReadFailure, ReadModel, Stored,
    queries::Select,
    queries::select::{Belongs, Places},
};

/// So many keys are looked at for one stretch of a list.
const LOOKED_AT_MAX: u32 = 10_000;

/// What is wrong with the keys of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// Issued before then, and no secret of theirs was ever used.
    NeverUsed {
        issued_before: Timestamp,
    },
    /// Last used before then.
    Unused {
        since: Timestamp,
    },
    WithoutExpiry,
    /// Ending by expiry or planned revocation after `now` and before `until`, the nearest end first.
    NearExpiry {
        now: Timestamp,
        until: Timestamp,
    },
    /// Nobody looks after their client: it is archived, its owner's address is erased, or none of its contacts can be
    /// written to.
    Orphaned,
}

/// Why nobody looks after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphanhood {
    ClientArchived,
    OwnerErased,
    NoContact,
}

/// A key of such a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HygieneKey {
    pub key_id: KeyId,
    pub name: String,
    pub client_id: ClientId,
    pub client_name: String,
    pub owner_team: String,
    pub environment: String,
    pub status: KeyStatus,
    pub issued_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// The earlier of expiry and planned revocation.
    pub ends_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Empty where somebody looks after it.
    pub orphanhood: Vec<Orphanhood>,
}

/// A place in any of these lists: behind this key, among those of this client or with this end where the list goes by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    Key(KeyId),
    End(Timestamp, KeyId),
    Client(ClientId, KeyId),
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{key}"),
            Self::End(end, key) => write!(f, "{} {key}", end.as_microsecond()),
            Self::Client(client, key) => write!(f, "{client} {key}"),
        }
    }
}

/// A text that is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPlace;

impl FromStr for KeyPlace {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let Some((first, key)) = text.split_once(' ') else {
            return text.parse().map(Self::Key).map_err(|_| NoPlace);
        };
        let key = key.parse().map_err(|_| NoPlace)?;
        if let Ok(client) = first.parse() {
            return Ok(Self::Client(client, key));
        }
        let end = first.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
        end.map(|end| Self::End(end, key)).ok_or(NoPlace)
    }
}

impl KeyProblem {
    /// Whether a list of such keys has this place.
    #[must_use]
    pub fn has(self, place: &KeyPlace) -> bool {
        match self {
            Self::NeverUsed { .. } | Self::Unused { .. } | Self::WithoutExpiry => {
                matches!(place, KeyPlace::Key(_))
            }
            Self::NearExpiry { .. } => matches!(place, KeyPlace::End(..)),
            Self::Orphaned => matches!(place, KeyPlace::Client(..)),
        }
    }
}

/// A stretch of the list, at most so many keys.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    problem: KeyProblem,
    whose: &Whose,
    after: Option<&KeyPlace>,
    limit: u32,
) -> Result<Stretch<HygieneKey, KeyPlace>, ReadFailure> {
    match problem {
        KeyProblem::NeverUsed { .. } | KeyProblem::Unused { .. } | KeyProblem::WithoutExpiry => {
            by_key(model, problem, whose, after, limit).await
        }
        KeyProblem::NearExpiry { now, until } => by_end(model, (now, until), whose, after, limit).await,
        KeyProblem::Orphaned => by_client(model, whose, after, limit).await,
    }
}

const OWNED: Belongs = Belongs { team: Some("c.owner_team = {}"), environment: Places::One("k.environment") };

fn select(whose: &Whose) -> Select {
    let Whose { client_id, environment, owner_team, reach } = whose;
    Select::new(include_str!("keys/select.sql"), vec![])
        .and_some("k.client_id = {}", *client_id)
        .and_some("k.environment = {}", environment.clone())
        .and_some("c.owner_team = {}", owner_team.as_deref())
        .and_within(reach, &OWNED)
}

/// Along the keys that may still be used, as far as one goes in one go.
async fn by_key(
    model: &ReadModel,
    problem: KeyProblem,
    whose: &Whose,
    after: Option<&KeyPlace>,
    limit: u32,
) -> Result<Stretch<HygieneKey, KeyPlace>, ReadFailure> {
    let after = match after {
        Some(KeyPlace::Key(key)) => Some(*key),
        Some(KeyPlace::End(..) | KeyPlace::Client(..)) | None => None,
    };
    let endless = problem == KeyProblem::WithoutExpiry;
    let last = last_looked_at(model, whose, endless, after).await?;
    let select = select(whose).and_some("k.key_id > {}", after).and_some("k.key_id <= {}", last);
    let select = match problem {
        KeyProblem::NeverUsed { issued_before } => select
            .then("   and not exists (select 1 from key_last_used u where u.key_id = k.key_id)")
            .and("k.issued_at_us < {}", issued_before),
        KeyProblem::Unused { since } => select.and(
            "(select max(u.last_used_at_us) from key_last_used u where u.key_id = k.key_id) < {}",
            since,
        ),
        KeyProblem::WithoutExpiry | KeyProblem::NearExpiry { .. } | KeyProblem::Orphaned => {
            select.then("   and k.expires_at_us is null")
        }
    };
    let rows = model.fetch(select.then(" order by k.key_id").limit(limit.saturating_add(1))).await?;
    let stretch = cut(rows, limit, |key: &HygieneKey| KeyPlace::Key(key.key_id));
    let next = stretch.next.or(last.map(KeyPlace::Key));
    Ok(Stretch { next, ..stretch })
}

struct Id(KeyId);

impl Stored for Id {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        columns.parsed("key_id").map(Self)
    }
}

/// None where the list ends within one go.
async fn last_looked_at(
    model: &ReadModel,
    whose: &Whose,
    endless: bool,
    after: Option<KeyId>,
) -> Result<Option<KeyId>, ReadFailure> {
    let select = Select::new(include_str!("keys/last_looked_at.sql"), vec![])
        .and_some("k.client_id = {}", whose.client_id)
        .and_some("k.key_id > {}", after);
    let select = if endless { select.then("   and k.expires_at_us is null") } else { select };
    let offset = LOOKED_AT_MAX.saturating_sub(1);
    let last: Option<Id> =
        model.fetch_one(select.then(&format!(" order by k.key_id\n limit 1 offset {offset}"))).await?;
    Ok(last.map(|Id(key)| key))
}

async fn by_end(
    model: &ReadModel,
    (now, until): (Timestamp, Timestamp),
    whose: &Whose,
    after: Option<&KeyPlace>,
    limit: u32,
) -> Result<Stretch<HygieneKey, KeyPlace>, ReadFailure> {
    let select = select(whose).and("k.ends_at_us > {}", now).and("k.ends_at_us < {}", until);
    let select = match after {
        Some(KeyPlace::End(end, key)) => select.and_both("(k.ends_at_us, k.key_id) > ({0}, {1})", *end, *key),
        Some(KeyPlace::Key(_) | KeyPlace::Client(..)) | None => select,
    };
    let select = select.then(" order by k.ends_at_us, k.key_id").limit(limit.saturating_add(1));
    let rows = model.fetch(select).await?;
    Ok(cut(rows, limit, |key: &HygieneKey| KeyPlace::End(key.ends_at.unwrap_or(until), key.key_id)))
}

async fn by_client(
    model: &ReadModel,
    whose: &Whose,
    after: Option<&KeyPlace>,
    limit: u32,
) -> Result<Stretch<HygieneKey, KeyPlace>, ReadFailure> {
    let select = select(whose).then(
        "   and (c.status = 'archived' or c.owner_email is null or c.contacts not like '%\"email\":\"%')",
    );
    let select = match after {
        Some(KeyPlace::Client(client, key)) => select.and("c.client_id >= {}", *client).and_both(
            "(c.client_id, k.key_id) > ({0}, {1})",
            *client,
            *key,
        ),
        Some(KeyPlace::Key(_) | KeyPlace::End(..)) | None => select,
    };
    let select = select.then(" order by c.client_id, k.key_id").limit(limit.saturating_add(1));
    let rows = model.fetch(select).await?;
    Ok(cut(rows, limit, |key: &HygieneKey| KeyPlace::Client(key.client_id, key.key_id)))
}

impl Stored for HygieneKey {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let client_status: ClientStatus = columns.parsed("client_status")?;
        let has = |column| columns.count::<u8>(column).map(|is| is == 1);
        let reasons = [
            (Orphanhood::ClientArchived, client_status == ClientStatus::Archived),
            (Orphanhood::OwnerErased, has("owner_erased")?),
            (Orphanhood::NoContact, has("no_contact")?),
        ];
        Ok(Self {
            key_id: columns.parsed("key_id")?,
            name: columns.text("name")?,
            client_id: columns.parsed("client_id")?,
            client_name: columns.text("client_name")?,
            owner_team: columns.text("owner_team")?,
            environment: columns.text("environment")?,
            status: columns.parsed("status")?,
            issued_at: columns.time("issued_at_us")?,
            expires_at: columns.time_or_none("expires_at_us")?,
            ends_at: columns.time_or_none("ends_at_us")?,
            last_used_at: columns.time_or_none("last_used_at_us")?,
            orphanhood: reasons.into_iter().filter(|(_, is)| *is).map(|(reason, _)| reason).collect(),
        })
    }
}
