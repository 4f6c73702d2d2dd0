//! Sessions of people, beside the read models because every process of the API reaches these. No event makes them: what
//! is lost here is signed in for again.

#[cfg(test)]
mod tests;

use domain::Timestamp;

use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored, Value, WriteFailure, queries::Select, store::Owner,
};

/// Nobody follows the log for this; the name is for failures.
static OWNER: Owner = Owner { name: "sessions", version: 1, tables: &[], durable: false };

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    pub session_id: String,
    /// Of the cookie, in hexadecimal.
    pub digest: String,
    /// Of the sign-in that opened it, in hexadecimal.
    pub begun: String,
    pub principal_id: String,
    pub issuer: String,
    pub subject: String,
    /// JSON of whoever stored it.
    pub gives: String,
    pub user_agent: Option<String>,
    pub started_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub ends_at: Timestamp,
}

impl Stored for StoredSession {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            session_id: columns.text("session_id")?,
            digest: columns.text("digest")?,
            begun: columns.text("begun")?,
            principal_id: columns.text("principal_id")?,
            issuer: columns.text("issuer")?,
            subject: columns.text("subject")?,
            gives: columns.text("gives")?,
            user_agent: columns.text_or_none("user_agent")?,
            started_at: columns.time("started_at_us")?,
            last_seen_at: columns.time("last_seen_at_us")?,
            ends_at: columns.time("ends_at_us")?,
        })
    }
}

/// Opens a session; false where its sign-in has opened one already.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(model: &ReadModel, session: StoredSession) -> Result<bool, WriteFailure> {
    let times = [session.started_at, session.last_seen_at, session.ends_at];
    let agent = session.user_agent.map_or(Value::Null, Value::Text);
    let StoredSession { session_id, digest, begun, principal_id, issuer, subject, gives, .. } = session;
    let texts = [session_id, digest, begun, principal_id, issuer, subject, gives];
    let values = texts.map(Value::Text).into_iter().chain([agent]).chain(times.map(Value::from));
    let inserted = change(model, "opening a session", include_str!("sessions/insert.sql"), values);
    Ok(inserted.await? > 0)
}

/// # Errors
/// When the database cannot be read.
pub async fn by_digest(model: &ReadModel, digest: &str) -> Result<Option<StoredSession>, ReadFailure> {
    model.fetch_one(select().and("digest = {}", digest)).await
}

/// # Errors
/// When the database cannot be read.
pub async fn get(model: &ReadModel, session_id: &str) -> Result<Option<StoredSession>, ReadFailure> {
    model.fetch_one(select().and("session_id = {}", session_id)).await
}

/// Of one principal or of all; the newest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    model: &ReadModel,
    principal_id: Option<&str>,
    rows_max: u32,
) -> Result<Vec<StoredSession>, ReadFailure> {
    let select = select().and_some("principal_id = {}", principal_id);
    model.fetch(select.then(" order by started_at_us desc, session_id desc").limit(rows_max)).await
}

/// Somebody was here; an earlier time than the one that is known changes nothing.
///
/// # Errors
/// When the database cannot be written.
pub async fn seen(model: &ReadModel, digest: &str, at: Timestamp) -> Result<(), WriteFailure> {
    let values = [Value::from(at), digest.into()];
    change(model, "keeping when a session was used", include_str!("sessions/seen.sql"), values)
        .await
        .map(drop)
}

/// Ends one; answers whether there was one.
///
/// # Errors
/// When the database cannot be written.
pub async fn end(model: &ReadModel, session_id: &str) -> Result<bool, WriteFailure> {
    let ended = change(model, "ending a session", include_str!("sessions/end.sql"), [session_id.into()]);
    Ok(ended.await? > 0)
}

/// Ends all of a principal; answers how many.
///
/// # Errors
/// When the database cannot be written.
pub async fn end_all(model: &ReadModel, principal_id: &str) -> Result<u64, WriteFailure> {
    change(model, "ending sessions", include_str!("sessions/end_all.sql"), [principal_id.into()]).await
}

/// Drops those that have ended by `now`, or were last used at `idle_since` or before; answers how many.
///
/// # Errors
/// When the database cannot be written.
pub async fn sweep(model: &ReadModel, now: Timestamp, idle_since: Timestamp) -> Result<u64, WriteFailure> {
    let values = [now.into(), idle_since.into()];
    change(model, "dropping ended sessions", include_str!("sessions/sweep.sql"), values).await
}

fn select() -> Select {
    Select::new(include_str!("sessions/select.sql"), vec![])
}

async fn change(
    model: &ReadModel,
    doing: &'static str,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, WriteFailure> {
    model.change(OWNER, doing, sql, values.into_iter().collect()).await
}
