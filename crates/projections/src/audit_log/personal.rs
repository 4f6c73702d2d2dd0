//! The personal values of entries, in a table of their own: the entries themselves have commitments alone, and erasing a
//! value is deleting its rows here.

use std::collections::{BTreeSet, HashMap};

use domain::{
    DomainEvent,
    erasure::{ErasedValue, ErasureEvent},
    personal::{Personal, PersonalValues},
};
use serde_json::Value as Json;

use super::{AuditEntry, redact};
use crate::{
    BadColumn, Change, Column, Columns, ReadFailure, ReadModel, Stored, Table, Value, queries::Select,
};

/// A value has its row for each event that commits to it: rows are written once, and a rebuild copies them in.
pub(super) static PERSONAL: Table = Table {
    name: "audit_personal",
    key_columns: 2,
    appended: true,
    columns: &[Column::text("commitment"), Column::integer("position"), Column::text("value")],
};

/// What an erasure takes.
pub(super) fn gone(event: &DomainEvent) -> Vec<Change> {
    let DomainEvent::Erasure { id: _, event: ErasureEvent::Erased(erased) } = event else { return vec![] };
    let deleted =
        |value: &ErasedValue| Change::Delete { table: &PERSONAL, key: value.commitment.to_string().into() };
    erased.values.iter().map(deleted).collect()
}

/// Asked for at once: below every engine's bound of parameters.
const AT_ONCE: usize = 500;

/// A value that is left.
struct Left {
    subject_id: String,
    commitment: Personal,
    value: String,
}

impl Stored for Left {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            subject_id: columns.text("subject_id")?,
            commitment: columns.parsed("commitment")?,
            value: columns.text("value")?,
        })
    }
}

/// Entries with the values that are left in the place of their commitments. A commitment is looked up among its own subject's
/// values alone: whoever can write another's commitment somewhere does not read the value by that.
pub(crate) async fn reveal(model: &ReadModel, entries: &mut [AuditEntry]) -> Result<(), ReadFailure> {
    let mut asked = BTreeSet::new();
    for entry in &*entries {
        asked.extend(entry.address.as_deref().and_then(|text| text.parse::<Personal>().ok()));
        collect(&entry.data, &mut asked);
        collect(&entry.changes, &mut asked);
    }
    let asked: Vec<Personal> = asked.into_iter().collect();
    let mut left: HashMap<String, PersonalValues> = HashMap::new();
    for some in asked.chunks(AT_ONCE) {
        let commitments = some.iter().map(|commitment| Value::from(commitment.to_string()));
        let select = Select::new(include_str!("personal/select.sql"), vec![]);
        let found: Vec<Left> = model.fetch(select.and_in("p.commitment in ({})", commitments)).await?;
        for Left { subject_id, commitment, value } in found {
            left.entry(subject_id).or_default().insert(commitment, value.into());
        }
    }
    let none = PersonalValues::new();
    for entry in entries {
        let values = left.get(&entry.subject_id).unwrap_or(&none);
        entry.address = entry.address.take().and_then(|text| {
            let commitment = text.parse::<Personal>().ok()?;
            values.get(&commitment).map(ToString::to_string)
        });
        redact::resolve(&mut entry.data, values);
        redact::resolve(&mut entry.changes, values);
    }
    Ok(())
}

fn collect(value: &Json, found: &mut BTreeSet<Personal>) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => {
            if text.len() == 64 {
                found.extend(text.parse::<Personal>().ok());
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Json::Object(fields) => fields.values().for_each(|field| collect(field, found)),
    }
}
