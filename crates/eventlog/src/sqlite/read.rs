//! Reads the log: events for followers, leaves for the tree, commands that were given before.

use std::collections::HashMap;

use domain::{EventId, Metadata, Position, Recorded, Timestamp, personal::PersonalValues};
use sqlx::SqlitePool;

use crate::{
    LogFailure, Remembered,
    codec::{Audited, Columns},
    merkle::{self, Tree},
};

const LEAVES_AT_ONCE: u64 = 10_000;
const EVENTS_AT_ONCE: usize = 1_000;

#[derive(sqlx::FromRow)]
struct EventRow {
    position: i64,
    event_no: i64,
    leaf_hash: Vec<u8>,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    event_id: String,
    recorded_at: String,
}

pub(super) async fn events(
    pool: &SqlitePool,
    after: Position,
    events_max: usize,
) -> Result<Vec<Recorded>, LogFailure> {
    let failed = |source: sqlx::Error| LogFailure::Read { after, source: Box::new(source) };
    let rows = rows(pool, after, events_max).await.map_err(failed)?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(vec![]) };
    let mut personal = personal_values(pool, first.event_no, last.event_no).await.map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let values = personal.remove(&row.event_no).unwrap_or_default();
            row.recorded(values)
        })
        .collect()
}

async fn rows(pool: &SqlitePool, after: Position, events_max: usize) -> Result<Vec<EventRow>, sqlx::Error> {
    let until = after.get().saturating_add(u64::try_from(events_max).unwrap_or(u64::MAX));
    sqlx::query_as(include_str!("../sql/select_events.sql"))
        .bind(i64::try_from(after.get()).unwrap_or(i64::MAX))
        .bind(i64::try_from(until).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await
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

impl EventRow {
    fn recorded(self, personal: PersonalValues) -> Result<Recorded, LogFailure> {
        // A row that is not what was written is damage: reading it again will not help.
        let damaged = |what: &'static str| LogFailure::Decode {
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            source: what.into(),
        };
        let columns = Columns {
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
        };
        let metadata: Metadata =
            serde_json::from_str(&self.metadata).map_err(|source| LogFailure::Decode {
                event_type: self.event_type.clone(),
                event_version: self.event_version.clone(),
                source: Box::new(source),
            })?;
        Ok(Recorded {
            position: Position::new(
                u64::try_from(self.position).map_err(|_| damaged("a position is negative"))?,
            ),
            event_id: self.event_id.parse::<EventId>().map_err(|_| damaged("an event id is not one"))?,
            recorded_at: self.recorded_at.parse::<Timestamp>().map_err(|_| damaged("a time is not one"))?,
            sequence: u64::try_from(self.sequence).map_err(|_| damaged("a sequence is negative"))?,
            metadata,
            event: columns.decode()?,
            personal,
            leaf_hash: self
                .leaf_hash
                .as_slice()
                .try_into()
                .map_err(|_| damaged("a leaf hash is not 32 bytes"))?,
        })
    }

    fn audited_leaf(&self) -> [u8; 32] {
        let audited = Audited {
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: u64::try_from(self.sequence).unwrap_or_default(),
            event_id: &self.event_id,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
            metadata: &self.metadata,
            recorded_at: &self.recorded_at,
        };
        merkle::leaf_hash(&audited.bytes())
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
        let failed = |source: sqlx::Error| LogFailure::Read { after: checked, source: Box::new(source) };
        let rows = rows(pool, checked, EVENTS_AT_ONCE).await.map_err(failed)?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            checked = checked.next();
            let in_place = u64::try_from(row.position) == Ok(checked.get());
            if !in_place || row.leaf_hash != row.audited_leaf() {
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
