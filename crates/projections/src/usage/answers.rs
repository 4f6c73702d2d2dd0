//! What became of calls, by minute, quarter of an hour and day.

use std::collections::BTreeMap;

use domain::usage::{BUCKETS, ResponseFact};

use super::{DAY_S, QUARTER_S, calls::text};
use crate::{Change, Column, Merge, Row, Table, Value};

macro_rules! windows {
    ($name:literal) => {
        Table {
            name: $name,
            key_columns: 8,
            appended: false,
            columns: &[
                Column::integer("start_s"),
                Column::text("client_id"),
                Column::text("key_id"),
                Column::integer("secret_version"),
                Column::text("route_id"),
                Column::text("environment"),
                Column::text("outcome"),
                Column::text("status"),
                Column::merged("calls", Merge::Add),
                Column::merged("upstream_errors", Merge::Add),
                Column::merged("request_bytes", Merge::Add),
                Column::merged("response_bytes", Merge::Add),
                Column::merged("duration_us", Merge::Add),
                Column::merged("d00", Merge::Add),
                Column::merged("d01", Merge::Add),
                Column::merged("d02", Merge::Add),
                Column::merged("d03", Merge::Add),
                Column::merged("d04", Merge::Add),
                Column::merged("d05", Merge::Add),
                Column::merged("d06", Merge::Add),
                Column::merged("d07", Merge::Add),
                Column::merged("d08", Merge::Add),
                Column::merged("d09", Merge::Add),
                Column::merged("d10", Merge::Add),
                Column::merged("d11", Merge::Add),
                Column::merged("d12", Merge::Add),
                Column::merged("d13", Merge::Add),
                Column::merged("d14", Merge::Add),
                Column::merged("d15", Merge::Add),
                Column::merged("d16", Merge::Add),
                Column::merged("d17", Merge::Add),
                Column::merged("d18", Merge::Add),
                Column::merged("d19", Merge::Add),
                Column::merged("d20", Merge::Add),
                Column::merged("d21", Merge::Add),
                Column::merged("d22", Merge::Add),
                Column::merged("d23", Merge::Add),
                Column::merged("d24", Merge::Add),
                Column::merged("d25", Merge::Add),
                Column::merged("d26", Merge::Add),
                Column::merged("d27", Merge::Add),
                Column::merged("d28", Merge::Add),
                Column::merged("d29", Merge::Add),
                Column::merged("d30", Merge::Add),
                Column::merged("d31", Merge::Add),
            ],
        }
    };
}

pub(super) static MINUTES: Table = windows!("answers_minute");
pub(super) static QUARTERS: Table = windows!("answers_quarter");
/// Days of UTC.
pub(super) static DAYS: Table = windows!("answers_day");

const _: () = assert!(BUCKETS == 32, "a column for each bucket of the histogram");

/// Calls, upstream errors, bytes asked and answered, and the time they took, then the calls of each bucket.
type Measures = [u64; 5 + BUCKETS];

/// What some batches add to the tables, each row once.
#[derive(Debug, Default)]
pub(super) struct Sums {
    minutes: BTreeMap<Vec<Value>, Measures>,
    quarters: BTreeMap<Vec<Value>, Measures>,
    days: BTreeMap<Vec<Value>, Measures>,
}

impl Sums {
    pub(super) fn add(&mut self, fact: &ResponseFact) {
        let measures = measures(fact);
        for (sums, length_s) in
            [(&mut self.minutes, 60), (&mut self.quarters, QUARTER_S), (&mut self.days, DAY_S)]
        {
            let start_s = fact.minute.div_euclid(length_s) * length_s;
            let sum = sums.entry(key(start_s, fact)).or_insert([0; 5 + BUCKETS]);
            for (sum, measure) in sum.iter_mut().zip(measures) {
                *sum = sum.saturating_add(measure);
            }
        }
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = Change> {
        let Self { minutes, quarters, days } = self;
        let of = |table: &'static Table, sums: BTreeMap<Vec<Value>, Measures>| {
            sums.into_iter().map(move |(mut row, measures)| {
                row.extend(measures.map(Value::from));
                Change::Put { table, row: Row(row) }
            })
        };
        of(&MINUTES, minutes).chain(of(&QUARTERS, quarters)).chain(of(&DAYS, days))
    }
}

fn measures(fact: &ResponseFact) -> Measures {
    let ResponseFact {
        calls, upstream_errors, request_bytes, response_bytes, duration_us, durations, ..
    } = fact;
    let mut measures = [0; 5 + BUCKETS];
    let sums = [*calls, *upstream_errors, *request_bytes, *response_bytes, *duration_us];
    measures.iter_mut().zip(sums).for_each(|(measure, sum)| *measure = sum);
    for (bucket, calls) in durations.buckets() {
        if let Some(measure) = measures.get_mut(5 + usize::from(bucket)) {
            *measure = calls;
        }
    }
    measures
}

/// In the order of the columns; '' and 0 stand for none.
fn key(start_s: i64, fact: &ResponseFact) -> Vec<Value> {
    let ResponseFact { client_id, key_id, secret_version, route_id, environment, outcome, status, .. } = fact;
    vec![
        start_s.into(),
        text(client_id.map(|id| id.to_string())),
        text(key_id.map(|id| id.to_string())),
        secret_version.unwrap_or_default().into(),
        text(route_id.map(|id| id.to_string())),
        environment.as_str().into(),
        outcome.as_str().into(),
        status.as_str().into(),
    ]
}
