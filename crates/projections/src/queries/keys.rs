//! Keys: one, lists, and those whose time is up.

use domain::{ClientId, Environment, KeyId, Timestamp};

pub use crate::key_directory::{KeyRow, PreviousSecret};
use crate::{
    BadColumn, Columns, KeyStatus, ReadFailure, ReadModel, Stored,
    queries::{Page, Select},
};

/// Which keys; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    pub client_id: Option<ClientId>,
    pub environment: Option<Environment>,
    pub status: Option<KeyStatus>,
    /// Keys without an expiry are left out.
    pub expires_before: Option<Timestamp>,
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
    let KeyFilter { client_id, environment, status, expires_before } = filter;
    let select = Select::new(include_str!("keys/select.sql"), vec![])
        .and_some("k.key_id > {}", page.after.as_deref())
        .and_some("k.client_id = {}", *client_id)
        .and_some("k.environment = {}", environment.clone())
        .and_some("k.status = {}", *status)
        .and_some("k.expires_at_us < {}", *expires_before)
        .then(" order by k.key_id")
        .limit(page.limit);
    Ok(rows(model.fetch(select).await?))
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
