//! A stretch of the log by COPY: its positions first, then the events by their numbers.
//!
//! Those who append and the sequencer keep numbers and positions close together, so the events of a stretch are a range
//! of numbers, and are read as one: a third of what looking each of them up costs.

use std::collections::HashMap;

use domain::{
    Position,
    personal::{Personal, PersonalValues},
};
use sqlx::PgPool;

use super::{
    copied::{Copied, Fields},
    fault::fault,
    read,
};
use crate::{LogFailure, Stretch, Wanted, codec::Columns, stored::RawEvent};

/// A range of numbers may be so many times as long as the stretch before its events are looked up one by one.
const SPREAD_MAX: i64 = 4;
/// First guesses, to spare copies while a buffer grows.
const PLACE_BYTES: usize = 64;
const EVENT_BYTES: usize = 800;

pub(super) async fn stretch(
    pool: &PgPool,
    after: Position,
    until: Position,
    wanted: &Wanted,
) -> Result<Stretch, LogFailure> {
    let failed = |source| fault(source, |source| LogFailure::Read { after, source });
    let places = Places::read(pool, after, until).await.map_err(failed)?;
    let mut stretch = Stretch { after, leaves: places.leaves.clone(), events: vec![], undecodable: None };
    let Some(numbers) = places.numbers() else { return Ok(stretch) };
    let events =
        Copied::out(pool, &select_events(&numbers, wanted), places.leaves.len().saturating_mul(EVENT_BYTES))
            .await
            .map_err(failed)?;
    let mut personal = match wanted.personal {
        true => personal(pool, &numbers).await?,
        false => HashMap::new(),
    };
    let events = in_order(&events, &places).map_err(failed)?;
    if wanted.aggregates.is_none() && events.len() != places.leaves.len() {
        return Err(failed(sqlx::Error::RowNotFound));
    }
    stretch.events.reserve(events.len());
    for (event_no, raw) in events {
        let values = personal.remove(&event_no).unwrap_or_default();
        if !stretch.take(raw.position, raw.replayed(values)) {
            break;
        }
    }
    Ok(stretch)
}

/// The positions of a stretch, as far as there is no gap.
struct Places {
    after: Position,
    leaves: Vec<[u8; 32]>,
    /// In the order of the numbers; the second is the place among the leaves.
    numbers: Vec<(i64, usize)>,
}

impl Places {
    async fn read(pool: &PgPool, after: Position, until: Position) -> Result<Self, sqlx::Error> {
        let statement = format!(
            "copy (select position, event_no, leaf_hash from log where position > {} and position <= {} order by position)
             to stdout (format binary)",
            read::column(after),
            read::column(until)
        );
        let many = usize::try_from(until.get().saturating_sub(after.get())).unwrap_or_default();
        let copied = Copied::out(pool, &statement, many.saturating_mul(PLACE_BYTES)).await?;
        let (mut rows, mut places) = (copied.rows()?, Self { after, leaves: vec![], numbers: vec![] });
        let mut expected = after;
        while let Some(columns) = rows.next()? {
            expected = expected.next();
            if columns.number()? != read::column(expected) {
                break;
            }
            places.numbers.push((columns.number()?, places.leaves.len()));
            places
                .leaves
                .push(columns.bytes()?.try_into().map_err(|_| sqlx::Error::Decode("a leaf hash".into()))?);
        }
        places.numbers.sort_unstable();
        Ok(places)
    }

    /// What is said of the numbers of these events; none where there is none.
    fn numbers(&self) -> Option<String> {
        let ((first, _), (last, _)) = (self.numbers.first()?, self.numbers.last()?);
        let many = i64::try_from(self.numbers.len()).unwrap_or(i64::MAX);
        if last.saturating_sub(*first) / SPREAD_MAX <= many {
            return Some(format!("event_no between {first} and {last}"));
        }
        let numbers: Vec<_> = self.numbers.iter().map(|(number, _)| number.to_string()).collect();
        Some(format!("event_no = any('{{{}}}'::bigint[])", numbers.join(",")))
    }

    /// Of an event, where it is one of these.
    fn position(&self, event_no: i64) -> Option<(Position, [u8; 32])> {
        let at = self.numbers.binary_search_by_key(&event_no, |(number, _)| *number).ok()?;
        let (_, place) = self.numbers.get(at)?;
        let position = self.after.get().saturating_add(u64::try_from(*place).ok()?).saturating_add(1);
        Some((Position::new(position), *self.leaves.get(*place)?))
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

/// The events of the stretch by their positions, with their numbers.
fn in_order<'a>(events: &'a Copied, places: &Places) -> Result<Vec<(i64, RawEvent<'a>)>, sqlx::Error> {
    let (mut rows, mut read) = (events.rows()?, Vec::with_capacity(places.leaves.len()));
    while let Some(columns) = rows.next()? {
        let event_no = columns.number()?;
        let (position, leaf_hash) = places.position(event_no).unzip();
        let event = event(columns, position.unwrap_or_default(), leaf_hash.unwrap_or_default())?;
        // What lies between may be of another stretch, or have no position yet.
        if position.is_some() {
            read.push((event_no, event));
        }
    }
    if !read.is_sorted_by_key(|(_, event)| event.position) {
        read.sort_unstable_by_key(|(_, event)| event.position);
    }
    Ok(read)
}

fn event<'a>(
    columns: &mut Fields<'a>,
    position: Position,
    leaf_hash: [u8; 32],
) -> Result<RawEvent<'a>, sqlx::Error> {
    let (aggregate_type, aggregate_id) = (columns.text()?, columns.text()?);
    let sequence = u64::try_from(columns.number()?).map_err(|source| sqlx::Error::Decode(source.into()))?;
    let (event_type, event_version, payload) = (columns.text()?, columns.text()?, columns.text()?);
    let (metadata, event_id, recorded_at) = (columns.text()?, columns.text()?, columns.time()?);
    let columns = Columns { aggregate_type, aggregate_id, event_type, event_version, payload };
    Ok(RawEvent { position, leaf_hash, sequence, columns, metadata, event_id, recorded_at })
}

/// What is left of the personal values of a range of numbers. Uses `personal_data_pkey`.
async fn personal(pool: &PgPool, numbers: &str) -> Result<HashMap<i64, PersonalValues>, LogFailure> {
    let failed = |source| fault(source, |source| LogFailure::Personal { source });
    let statement = format!(
        "copy (select event_no, commitment, value from personal_data where {numbers})
         to stdout (format binary)"
    );
    let copied = Copied::out(pool, &statement, 0).await.map_err(failed)?;
    let (mut rows, mut personal) = (copied.rows().map_err(failed)?, HashMap::<i64, PersonalValues>::new());
    while let Some(columns) = rows.next().map_err(failed)? {
        let (event_no, commitment) = (columns.number().map_err(failed)?, columns.text().map_err(failed)?);
        let value = columns.text().map_err(failed)?;
        if let Ok(commitment) = commitment.parse::<Personal>() {
            personal.entry(event_no).or_default().insert(commitment, value.into());
        }
    }
    Ok(personal)
}
