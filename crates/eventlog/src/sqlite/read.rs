//! Reads the log: events for followers, leaves for the tree, commands that were given before.

use std::collections::HashMap;

use domain::{Position, Recorded, personal::PersonalValues};
use sqlx::{FromRow, Row as _, SqlitePool, sqlite::SqliteRow};

use crate::{LogFailure, Remembered, StoredEvent, merkle::Tree};

const LEAVES_AT_ONCE: u64 = 10_000;
const EVENTS_AT_ONCE: usize = 1_000;

pub(super) async fn events(
    pool: &SqlitePool,
    after: Position,
    events_max: usize,
) -> Result<Vec<Recorded>, LogFailure> {
    let failed = |source: sqlx::Error| LogFailure::Read { after, source: Box::new(source) };
    let rows = stored(pool, after, events_max).await?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(vec![]) };
    let mut personal = personal_values(pool, first.event_no, last.event_no).await.map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let values = personal.remove(&row.event_no).unwrap_or_default();
            row.recorded(values)
        })
        .collect()
}

pub(super) async fn stored(
    pool: &SqlitePool,
    after: Position,
    events_max: usize,
) -> Result<Vec<StoredEvent>, LogFailure> {
    let until = after.get().saturating_add(u64::try_from(events_max).unwrap_or(u64::MAX));
    sqlx::query_as(include_str!("../sql/select_events.sql"))
        .bind(i64::try_from(after.get()).unwrap_or(i64::MAX))
        .bind(i64::try_from(until).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await
        .map_err(|source| LogFailure::Read { after, source: Box::new(source) })
}

async fn personal_values(
    pool: &SqlitePool,
    first_event_no: i64,
    last_event_no: i64,
) -> Result<HashMap<i64, PersonalValues>, sqlx::Error> {
    let rows: Vec<(i64, String, String)> = sqlx::query_as(include_str!("../sql/select_personal_data.sql"))
        .bind(first_event_no)
        .bind(last_event_no)
        .fetch_all(pool)
        .await?;
    let mut by_event: HashMap<i64, PersonalValues> = HashMap::new();
    for (event_no, commitment, value) in rows {
        if let Ok(commitment) = commitment.parse() {
            by_event.entry(event_no).or_default().insert(commitment, value.into());
        }
    }
    Ok(by_event)
}

/// By position, for those who have the events from elsewhere.
pub(super) async fn personal(
    pool: &SqlitePool,
    after: Position,
    until: Position,
) -> Result<HashMap<Position, PersonalValues>, LogFailure> {
    let rows: Vec<(i64, String, String)> =
        sqlx::query_as(include_str!("../sql/select_personal_data_by_position.sql"))
            .bind(i64::try_from(after.get()).unwrap_or(i64::MAX))
            .bind(i64::try_from(until.get()).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await
            .map_err(|source| LogFailure::Read { after, source: Box::new(source) })?;
    let mut by_position: HashMap<Position, PersonalValues> = HashMap::new();
    for (position, commitment, value) in rows {
        if let (Ok(position), Ok(commitment)) = (u64::try_from(position), commitment.parse()) {
            by_position.entry(Position::new(position)).or_default().insert(commitment, value.into());
        }
    }
    Ok(by_position)
}

impl FromRow<'_, SqliteRow> for StoredEvent {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let number = |column: &'static str| {
            u64::try_from(row.try_get::<i64, _>(column)?).map_err(|source| sqlx::Error::ColumnDecode {
                index: column.to_owned(),
                source: source.into(),
            })
        };
        let leaf_hash: Vec<u8> = row.try_get("leaf_hash")?;
        Ok(Self {
            position: Position::new(number("position")?),
            event_no: row.try_get("event_no")?,
            leaf_hash: leaf_hash.try_into().map_err(|_: Vec<u8>| sqlx::Error::ColumnDecode {
                index: "leaf_hash".to_owned(),
                source: "a leaf hash is not 32 bytes".into(),
            })?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            sequence: number("sequence")?,
            event_type: row.try_get("event_type")?,
            event_version: row.try_get("event_version")?,
            payload: row.try_get("payload")?,
            metadata: row.try_get("metadata")?,
            event_id: row.try_get("event_id")?,
            recorded_at: row.try_get("recorded_at")?,
        })
    }
}

pub(super) async fn tree(pool: &SqlitePool, size: Position) -> Result<Tree, LogFailure> {
    let mut tree = Tree::default();
    while tree.size() < size.get() {
        let after = Position::new(tree.size());
        let until = size.get().min(tree.size().saturating_add(LEAVES_AT_ONCE));
        let leaves: Vec<(Vec<u8>,)> = sqlx::query_as(include_str!("../sql/select_leaves.sql"))
            .bind(i64::try_from(after.get()).unwrap_or(i64::MAX))
            .bind(i64::try_from(until).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await
            .map_err(|source| LogFailure::Read { after, source: Box::new(source) })?;
        if leaves.is_empty() {
            return Err(LogFailure::Read { after, source: "the log is shorter than that".into() });
        }
        for (leaf,) in leaves {
            let leaf = leaf.as_slice().try_into();
            tree.push(
                leaf.map_err(|_| LogFailure::Read { after, source: "a leaf hash is not 32 bytes".into() })?,
            );
        }
    }
    Ok(tree)
}

pub(super) async fn altered(pool: &SqlitePool, size: Position) -> Result<(u64, Vec<Position>), LogFailure> {
    let (mut checked, mut altered) = (Position::START, vec![]);
    while checked < size {
        let rows = stored(pool, checked, EVENTS_AT_ONCE).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            checked = checked.next();
            if row.position != checked || row.leaf_hash != row.audited_leaf() {
                altered.push(checked);
            }
        }
    }
    Ok((checked.get(), altered))
}

pub(super) async fn recall(pool: &SqlitePool, command_key: &str) -> Result<Option<Remembered>, LogFailure> {
    let row: Option<(Vec<u8>, String, String, i64, i64)> =
        sqlx::query_as(include_str!("../sql/recall_command.sql"))
            .bind(command_key)
            .fetch_optional(pool)
            .await
            .map_err(|source| LogFailure::Recall { source: Box::new(source) })?;
    let damaged = |what: &'static str| LogFailure::Recall { source: what.into() };
    row.map(|(request_digest, aggregate_type, aggregate_id, version, position)| {
        Ok(Remembered {
            request_digest: request_digest
                .as_slice()
                .try_into()
                .map_err(|_| damaged("a digest is not 32 bytes"))?,
            aggregate_type,
            aggregate_id,
            version: u64::try_from(version).map_err(|_| damaged("a version is negative"))?,
            position: Position::new(u64::try_from(position).map_err(|_| damaged("a position is negative"))?),
        })
    })
    .transpose()
}

pub(super) async fn pepper_versions(pool: &SqlitePool) -> Result<Vec<u16>, LogFailure> {
    let failed = |source: sqlx::Error| LogFailure::Read { after: Position::START, source: Box::new(source) };
    let rows: Vec<(i64,)> = sqlx::query_as(include_str!("../sql/select_pepper_versions.sql"))
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    Ok(rows.into_iter().filter_map(|(version,)| u16::try_from(version).ok()).collect())
}
