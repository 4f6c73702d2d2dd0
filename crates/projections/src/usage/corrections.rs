//! Calls that were told late: after the report of their time could have been read.

use std::collections::BTreeMap;

use domain::{Timestamp, usage::UsageBatch};
use jiff::SignedDuration;

use super::{QUARTER_S, calls::text};
use crate::{
    BadColumn, Change, Column, Columns, Merge, ReadFailure, ReadModel, Row, Stored, Table, Value,
    queries::Select,
};

pub(super) static TABLE: Table = Table {
    name: "usage_corrections",
    key_columns: 4,
    appended: false,
    columns: &[
        Column::integer("start_s"),
        Column::integer("batch_no"),
        Column::text("client_id"),
        Column::text("environment"),
        Column::text("node"),
        Column::integer("flushed_at_us"),
        Column::merged("calls", Merge::Add),
    ],
};

/// A quarter of an hour is closed once some gateway has flushed so long after its end. Nodes flush each second, and their
/// clocks are to agree better than this.
const CLOSED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The latest flush of all batches that were counted.
pub(crate) async fn counted_until(model: &ReadModel) -> Result<Option<Timestamp>, ReadFailure> {
    struct Until(Option<Timestamp>);
    impl Stored for Until {
        fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
            columns.time_or_none("flushed_at_us").map(Self)
        }
    }
    let until: Vec<Until> = model.fetch(Select::new(include_str!("counted_until.sql"), vec![])).await?;
    Ok(until.into_iter().find_map(|Until(until)| until))
}

/// What some batches tell of times that were closed before them.
#[derive(Debug)]
pub(super) struct Corrections {
    counted_until: Option<Timestamp>,
    sums: BTreeMap<Vec<Value>, Correction>,
}

#[derive(Debug)]
struct Correction {
    node: String,
    flushed_at: Timestamp,
    calls: u64,
}

impl Corrections {
    pub(super) fn after(counted_until: Option<Timestamp>) -> Self {
        Self { counted_until, sums: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, batch_no: u64, batch: &UsageBatch) {
        let closed_until = self.closed_until();
        for fact in &batch.facts {
            let start_s = fact.minute.div_euclid(QUARTER_S) * QUARTER_S;
            if start_s + QUARTER_S > closed_until {
                continue;
            }
            let client = text(fact.client_id.map(|id| id.to_string()));
            let key = vec![start_s.into(), batch_no.into(), client, fact.environment.as_str().into()];
            let sum = self.sums.entry(key).or_insert_with(|| Correction {
                node: batch.node.clone(),
                flushed_at: batch.flushed_at,
                calls: 0,
            });
            sum.calls = sum.calls.saturating_add(fact.calls);
        }
        self.counted_until = self.counted_until.max(Some(batch.flushed_at));
    }

    /// In Unix seconds: what ended by then is closed.
    fn closed_until(&self) -> i64 {
        let until = self.counted_until.and_then(|until| until.checked_sub(CLOSED_AFTER).ok());
        until.map_or(i64::MIN, Timestamp::as_second)
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = Change> {
        self.sums.into_iter().map(|(mut row, Correction { node, flushed_at, calls })| {
            row.extend([node.into(), flushed_at.into(), calls.into()]);
            Change::Put { table: &TABLE, row: Row(row) }
        })
    }
}
