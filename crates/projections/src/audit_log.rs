//! Who changed what, when, from where and why: one entry for each event, none left out.

mod client;
mod entry;
mod patch;
pub(crate) mod personal;
mod redact;
mod subject;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use domain::{DomainEvent, Recorded, Timestamp, personal::PersonalValues};
use eventlog::Replayed;

pub(crate) use client::Client;
use client::{CLIENTS, client};
pub(crate) use entry::ENTRIES;
use entry::Entry;
pub use entry::{AuditEntry, Outcome};
use personal::PERSONAL;
pub use redact::shown_event;
use subject::{Changed, SUBJECTS, Subject};

use crate::{Change, Fact, Folded, Poison, Projection, Row, Rows, Table, Untaken, Value, value::Field};

static TABLES: [&Table; 4] = [&ENTRIES, &CLIENTS, &PERSONAL, &SUBJECTS];

pub(crate) struct AuditLog;

impl Projection for AuditLog {
    fn name(&self) -> &'static str {
        ENTRIES.name
    }

    /// 2: with what changed, and commitments in the place of personal values.
    fn version(&self) -> u32 {
        2
    }

    fn tables(&self) -> &'static [&'static Table] {
        &TABLES
    }

    fn keys(&self, recorded: &Recorded) -> Vec<(&'static Table, Value)> {
        let client: Option<Value> = match Client::of(&recorded.event) {
            Client::Known(..) | Client::None => None,
            Client::OfKey(id) => Some(id.into()),
            Client::OfAssignment(id) => Some(id.into()),
            Client::OfChange(id) => Some(id.into()),
        };
        let subject = subject::key(&recorded.event).map(|id| (&SUBJECTS, id.into()));
        client.map(|id| (&CLIENTS, id)).into_iter().chain(subject).collect()
    }

    fn fold(&self, rows: &Rows, recorded: &Recorded) -> Result<Vec<Change>, Poison> {
        let Recorded { position, event_id, recorded_at, metadata, event, personal, .. } = recorded;
        let data = redact::data(event).map_err(|_| Poison::NotJson)?;
        let (client_id, remembered) = client(rows, event)?;
        let (subject, changes) = match subject::key(event) {
            None => (None, Some(NOTHING.to_owned())),
            Some(id) => {
                let before = rows.get::<Subject>(&SUBJECTS, &id.as_str().into())?.map(Cow::into_owned);
                let Changed { after, changes } = subject::change(before, &id, &recorded.into())?;
                (Some(put(id, after)), changes)
            }
        };
        let entry = Entry {
            position: *position,
            event_id: *event_id,
            recorded_at: *recorded_at,
            circumstances: &metadata.into(),
            event,
            client_id,
            data: &data,
            changes: changes.as_deref(),
        };
        let remembered = remembered.map(|belonging| Change::Put { table: &CLIENTS, row: belonging.row() });
        let row = entry.with_fields(|fields| Row(fields.iter().map(Into::into).collect()));
        let values = personal.iter().map(|(commitment, value)| Change::Put {
            table: &PERSONAL,
            row: Row(vec![commitment.to_string().into(), (*position).into(), (&**value).into()]),
        });
        let entry = Change::Put { table: &ENTRIES, row };
        let gone = personal::gone(event);
        Ok(remembered.into_iter().chain(subject).chain(values).chain([entry]).chain(gone).collect())
    }

    /// Most of what is stored is shown as it is.
    fn replay(&self, rows: &mut Rows, lying: Replayed<'_>) -> Result<(), Untaken> {
        let (event, circumstances) = (lying.event()?, lying.circumstances()?);
        let data = match lying.text().and_then(|text| redact::words(&event, text)) {
            Some(words) => words,
            None => redact::data(&event).map_err(|_| Poison::NotJson)?.into(),
        };
        let (client_id, remembered) = client(rows, &event)?;
        let changes = replayed(rows, &lying, circumstances.occurred_at, &event)?;
        let entry = Entry {
            position: lying.position(),
            event_id: lying.event_id()?,
            recorded_at: lying.recorded_at()?,
            circumstances: &circumstances,
            event: &event,
            client_id,
            data: &data,
            changes: changes.as_deref(),
        };
        entry.with_fields(|fields| rows.append(&ENTRIES, fields))?;
        let position = i64::try_from(lying.position().get()).unwrap_or(i64::MAX);
        for (commitment, value) in lying.personal() {
            let commitment = commitment.to_string();
            let fields = [Field::Text(&commitment), Field::Integer(position), Field::Text(value)];
            rows.append(&PERSONAL, &fields)?;
        }
        personal::gone(&event).into_iter().for_each(|change| rows.change(change));
        if let Some(belonging) = remembered {
            rows.set(&CLIENTS, belonging.id.as_str().into(), belonging);
        }
        Ok(())
    }
}

/// The patch of an event that changes nothing.
const NOTHING: &str = "[]";

fn put(id: String, after: Option<Subject>) -> Change {
    match after {
        Some(subject) => Change::Put { table: &SUBJECTS, row: subject.row() },
        None => Change::Delete { table: &SUBJECTS, key: id.into() },
    }
}

/// What an event that is replayed makes of its subject among the rows.
fn replayed(
    rows: &mut Rows,
    lying: &Replayed<'_>,
    occurred_at: Timestamp,
    event: &DomainEvent,
) -> Result<Option<String>, Poison> {
    let Some(id) = subject::key(event) else { return Ok(Some(NOTHING.to_owned())) };
    let (position, sequence, personal) = (lying.position(), lying.sequence(), &PersonalValues::new());
    let fact = Fact { position, sequence, occurred_at, event, personal };
    let mut patch = None;
    rows.update::<Subject>(&SUBJECTS, id.as_str().into(), |before| {
        let Changed { after, changes } = subject::change(before, &id, &fact)?;
        patch = changes;
        Ok(after)
    })?;
    Ok(patch)
}
