//! A stretch of the log by COPY: its positions in one row, then the events by their numbers.
//!
//! Those who append and the sequencer keep numbers and positions close together, so the events of a stretch are a range
//! of numbers, and are read as one: a third of what looking each of them up costs.

use domain::{Position, personal::Personal};
use sqlx::PgPool;

use super::{
    copied::{Copied, Fields},
    fault::fault,
    read,
};
use crate::{
    LogFailure, Stretch, Wanted,
    codec::Columns,
    replay::{Events, Found},
    stored::RawEvent,
};

/// A range of numbers may be so many times as long as the stretch before its events are looked up one by one.
const SPREAD_MAX: i64 = 4;
/// First guesses, to spare copies while a buffer grows.
const PLACE_BYTES: usize = 80;
const EVENT_BYTES: usize = 900;
const PERSONAL_BYTES: usize = 120;

pub(super) async fn stretch(
    pool: &PgPool,
    after: Position,
    until: Position,
    wanted: &Wanted,
) -> Result<Stretch, LogFailure> {
    let failed = |source| fault(source, |source| LogFailure::Read { after, source });
    let places = Places::read(pool, after, until).await.map_err(failed)?;
    let many = places.leaves.len();
    let Some(range) = places.range() else {
        return Ok(Stretch { after, leaves: vec![], found: Found::Stored(vec![]) });
    };
    let rows = Copied::out(pool, &select_events(&range, wanted), many.saturating_mul(EVENT_BYTES)).await;
    let personal = match wanted.personal {
        true => {
            let rows = Copied::out(pool, &select_personal(&range), many.saturating_mul(PERSONAL_BYTES)).await;
            let failed = |source| fault(source, |source| LogFailure::Personal { source });
            Some(rows.map_err(failed)?)
        }
        false => None,
    };
    let Places { numbers, leaves } = places;
    let all = wanted.aggregates.is_none();
    let copied = CopiedEvents { rows: rows.map_err(failed)?, personal, numbers, all };
    Ok(Stretch { after, leaves, found: Found::Copied(copied) })
}

/// The positions of a stretch, as far as there is no gap.
struct Places {
    /// In their order; the second is the place among the leaves.
    numbers: Vec<(i64, usize)>,
    leaves: Vec<[u8; 32]>,
}

impl Places {
    /// One row for all of them: a row costs the server and us more than what is in it.
    async fn read(pool: &PgPool, after: Position, until: Position) -> Result<Self, sqlx::Error> {
        let statement = format!(
            "copy (select array_agg(position), array_agg(event_no), string_agg(leaf_hash, ''::bytea)
                     from (select position, event_no, leaf_hash from log
                            where position > {} and position <= {} order by position) as places
                   having count(*) > 0)
             to stdout (format binary)",
            read::column(after),
            read::column(until)
        );
        let many = usize::try_from(until.get().saturating_sub(after.get())).unwrap_or_default();
        let copied = Copied::out(pool, &statement, many.saturating_mul(PLACE_BYTES)).await?;
        let (mut rows, mut places) = (copied.rows()?, Self { numbers: vec![], leaves: vec![] });
        let Some(columns) = rows.next()? else { return Ok(places) };
        let (positions, numbers, leaves) = (columns.numbers()?, columns.numbers()?, columns.bytes()?);
        let (leaves, _) = leaves.as_chunks();
        let mut expected = after;
        for ((position, number), leaf) in positions.into_iter().zip(numbers).zip(leaves) {
            expected = expected.next();
            if position != read::column(expected) {
                break;
            }
            places.numbers.push((number, places.leaves.len()));
            places.leaves.push(*leaf);
        }
        places.numbers.sort_unstable();
        Ok(places)
    }

    /// What is said of the numbers of these events; none where there is none.
    fn range(&self) -> Option<String> {
        let ((first, _), (last, _)) = (self.numbers.first()?, self.numbers.last()?);
        let many = i64::try_from(self.numbers.len()).unwrap_or(i64::MAX);
        if last.saturating_sub(*first) / SPREAD_MAX <= many {
            return Some(format!("event_no between {first} and {last}"));
        }
        let numbers: Vec<_> = self.numbers.iter().map(|(number, _)| number.to_string()).collect();
        Some(format!("event_no = any('{{{}}}'::bigint[])", numbers.join(",")))
    }
}

/// Uses `events_event_no_key`.
fn select_events(numbers: &str, wanted: &Wanted) -> String {
    let aggregates = wanted.aggregates.as_ref().map_or_else(String::new, |aggregates| {
        format!("and aggregate_type = any('{{{}}}'::text[])", aggregates.join(","))
    });
    format!(
        "copy (select event_no, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                      event_id, recorded_at
                 from events where {numbers} {aggregates} order by event_no)
         to stdout (format binary)"
    )
}

/// What is left of the personal values of a range of numbers. Uses `personal_data_pkey`.
fn select_personal(numbers: &str) -> String {
    format!(
        "copy (select event_no, commitment, value from personal_data where {numbers} order by event_no)
         to stdout (format binary)"
    )
}

/// The events of a stretch as they were copied out, in the order of their numbers.
#[derive(Debug)]
pub(crate) struct CopiedEvents {
    rows: Copied,
    personal: Option<Copied>,
    numbers: Vec<(i64, usize)>,
    /// Whether there is to be one for each number.
    all: bool,
}

impl CopiedEvents {
    pub(crate) fn events(&self, after: Position, leaves: &[[u8; 32]]) -> Result<Events<'_>, LogFailure> {
        let events = self.read(after, leaves);
        events.map_err(|source| fault(source, |source| LogFailure::Read { after, source }))
    }

    fn read(&self, after: Position, leaves: &[[u8; 32]]) -> Result<Events<'_>, sqlx::Error> {
        let (mut rows, mut events) = (self.rows.rows()?, Events::with_capacity(leaves.len()));
        let personal = self.personal.as_ref().map(values).transpose()?.unwrap_or_default();
        let (mut personal, mut numbers) = (personal.as_slice(), self.numbers.as_slice());
        while let Some(columns) = rows.next()? {
            let event_no = columns.number()?;
            let raw = event(columns)?;
            numbers = from(numbers, event_no);
            // What lies between may be of another stretch, or have no position yet.
            let Some((_, place)) = numbers.first().filter(|(number, _)| *number == event_no) else {
                continue;
            };
            let position = after.get().saturating_add(u64::try_from(*place).unwrap_or(u64::MAX));
            let leaf_hash = leaves.get(*place).copied().unwrap_or_default();
            personal = from(personal, event_no);
            let values = personal.iter().take_while(|(number, _)| *number == event_no);
            let raw = RawEvent { position: Position::new(position).next(), leaf_hash, ..raw };
            events.push(raw, values.map(|(_, value)| *value));
        }
        if self.all && events.len() != leaves.len() {
            return Err(sqlx::Error::RowNotFound);
        }
        Ok(events.in_order())
    }
}

/// What is left from a number on.
fn from<T>(mut numbered: &[(i64, T)], number: i64) -> &[(i64, T)] {
    while let Some((_, rest)) = numbered.split_first().filter(|((next, _), _)| *next < number) {
        numbered = rest;
    }
    numbered
}

/// Without its position and its leaf.
fn event<'a>(columns: &mut Fields<'a>) -> Result<RawEvent<'a>, sqlx::Error> {
    let (aggregate_type, aggregate_id) = (columns.text()?, columns.text()?);
    let sequence = u64::try_from(columns.number()?).map_err(|source| sqlx::Error::Decode(source.into()))?;
    let (event_type, event_version, payload) = (columns.text()?, columns.text()?, columns.text()?);
    let (metadata, event_id, recorded_at) = (columns.text()?, columns.text()?, Some(columns.time()?));
    let columns = Columns { aggregate_type, aggregate_id, event_type, event_version, payload };
    let (position, leaf_hash) = (Position::START, [0; 32]);
    Ok(RawEvent { position, leaf_hash, sequence, columns, metadata, event_id, recorded_at })
}

type Value<'a> = (i64, (Personal, &'a str));

fn values(copied: &Copied) -> Result<Vec<Value<'_>>, sqlx::Error> {
    let (mut rows, mut values) = (copied.rows()?, vec![]);
    while let Some(columns) = rows.next()? {
        let (event_no, commitment, value) = (columns.number()?, columns.text()?, columns.text()?);
        if let Ok(commitment) = commitment.parse() {
            values.push((event_no, (commitment, value)));
        }
    }
    Ok(values)
}
