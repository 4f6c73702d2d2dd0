//! From how many addresses each client calls in each environment: a sketch for each day of UTC, folded from the one that is there.

use std::collections::BTreeMap;

use domain::{
    ClientId, Environment,
    usage::{AddressFact, AddressSketch},
};

use crate::{
    BadColumn, Change, Column, Columns, ReadFailure, ReadModel, Row, Stored, Table, Value, queries::Select,
};

/// So many rows are looked up in one statement.
const ROWS_AT_ONCE: usize = 300;

pub(super) static TABLE: Table = Table {
    name: "usage_addresses",
    key_columns: 3,
    appended: false,
    columns: &[
        Column::integer("start_s"),
        Column::text("client_id"),
        Column::text("environment"),
        Column::text("sketch"),
    ],
};

/// A day of UTC by its start in Unix seconds, a client and an environment.
type Place = (i64, ClientId, Environment);

/// The addresses of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) start_s: i64,
    pub(crate) client_id: ClientId,
    pub(crate) environment: Environment,
    pub(crate) sketch: AddressSketch,
}

impl Stored for Addresses {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let expected = "a sketch of addresses";
        let sketch = columns.text("sketch")?;
        Ok(Self {
            start_s: columns.integer_or_none("start_s")?.unwrap_or_default(),
            client_id: columns.parsed("client_id")?,
            environment: columns.parsed("environment")?,
            sketch: sketch.parse().map_err(|_| BadColumn { column: "sketch", expected })?,
        })
    }
}

/// What some batches say, each place once.
#[derive(Debug, Default)]
pub(super) struct Sums(BTreeMap<Place, AddressSketch>);

impl Sums {
    pub(super) fn add(&mut self, fact: &AddressFact) {
        let place = (fact.day, fact.client_id, fact.environment.clone());
        self.0.entry(place).or_default().merge(&fact.sketch);
    }

    /// The rows as they are then, of those that change. Read outside the transaction: whoever counts in between moves the checkpoint,
    /// and then these are not written.
    pub(super) async fn into_changes(self, model: &ReadModel) -> Result<Vec<Change>, ReadFailure> {
        let mut changes = vec![];
        let all: Vec<_> = self.0.into_iter().collect();
        for some in all.chunks(ROWS_AT_ONCE) {
            let mut there = stored(model, some.iter().map(|(place, _)| place)).await?;
            for (place, news) in some {
                let mut sketch = there.remove(place).unwrap_or_default();
                if sketch.merge(news) {
                    changes.push(change(place, sketch));
                }
            }
        }
        Ok(changes)
    }
}

fn change((start_s, client_id, environment): &Place, sketch: AddressSketch) -> Change {
    let row =
        vec![(*start_s).into(), (*client_id).into(), environment.clone().into(), String::from(sketch).into()];
    Change::Put { table: &TABLE, row: Row(row) }
}

async fn stored(
    model: &ReadModel,
    places: impl Iterator<Item = &Place>,
) -> Result<BTreeMap<Place, AddressSketch>, ReadFailure> {
    let value = |(start_s, client_id, environment): &Place| -> [Value; 3] {
        [(*start_s).into(), (*client_id).into(), environment.clone().into()]
    };
    let values: Vec<Value> = places.flat_map(value).collect();
    let triples =
        (0..values.len() / 3).map(|at| format!("(${}, ${}, ${})", at * 3 + 1, at * 3 + 2, at * 3 + 3));
    let triples = triples.collect::<Vec<_>>().join(", ");
    let select = Select::new(include_str!("addresses/select.sql"), values);
    let select = select.then(&format!("   and (start_s, client_id, environment) in (values {triples})"));
    let rows: Vec<Addresses> = model.fetch(select).await?;
    let place = |row: Addresses| ((row.start_s, row.client_id, row.environment), row.sketch);
    Ok(rows.into_iter().map(place).collect())
}
