//! A read model as a pure fold over rows: no I/O, no clock, no engine.

use std::{collections::BTreeMap, marker::PhantomData};

use domain::Recorded;

use crate::{
    BadColumn, Value,
    table::{Folded, InTable, Row, Stored, Table},
};

/// An event that a projection cannot take. It stops there: a hole in a read model is worse than a late one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Poison {
    #[error("`{table}` has no row for `{subject}`, which the event changes")]
    NoRow { table: &'static str, subject: String },
    #[error("a row of `{table}` cannot be read: {source}")]
    BadRow { table: &'static str, source: BadColumn },
    #[error("the event's data cannot be written as JSON")]
    NotJson,
}

/// What an event makes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its new form; or, in columns that merge, what is added to it.
    Put { table: &'static Table, row: Row },
    /// It is gone.
    Delete { table: &'static Table, key: Value },
}

/// The rows that a batch of events may read, as the events before have left them, by table and key.
#[derive(Debug, Default)]
pub struct Rows(BTreeMap<(&'static str, Value), Slot>);

#[derive(Debug)]
struct Slot {
    table: &'static Table,
    row: Option<Row>,
    changed: bool,
}

impl Rows {
    /// The row of that key, if there is one and the event named it in its keys.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn get<T: Stored>(&self, table: &'static Table, key: &Value) -> Result<Option<T>, Poison> {
        let row = self.0.get(&(table.name, key.clone())).and_then(|slot| slot.row.as_ref());
        let read = |row| T::read(&InTable { table, row });
        row.map(read).transpose().map_err(|source| Poison::BadRow { table: table.name, source })
    }

    pub(crate) fn has_loaded(&self, table: &'static Table, key: &Value) -> bool {
        self.0.contains_key(&(table.name, key.clone()))
    }

    /// Takes a row as the store has it.
    pub(crate) fn load(&mut self, table: &'static Table, key: Value, row: Option<Row>) {
        self.0.insert((table.name, key), Slot { table, row, changed: false });
    }

    pub(crate) fn change(&mut self, change: Change) {
        let (table, key, row) = match change {
            Change::Put { table, row } => (table, row.0.first().cloned().unwrap_or(Value::Null), Some(row)),
            Change::Delete { table, key } => (table, key, None),
        };
        self.0.insert((table.name, key), Slot { table, row, changed: true });
    }

    /// What is to be written, each row once and in the order of the keys.
    pub(crate) fn into_changes(self) -> Vec<Change> {
        let changed = self.0.into_iter().filter(|(_, slot)| slot.changed);
        changed
            .map(|((_, key), Slot { table, row, changed: _ })| match row {
                Some(row) => Change::Put { table, row },
                None => Change::Delete { table, key },
            })
            .collect()
    }
}

/// A read model. Adding one: a file, its table in a migration, and a line in [`ALL`](crate::ALL).
pub trait Projection: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// Raised when the same events would make other rows: they are then made again.
    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static Table];

    /// Whether events of these aggregates change its rows. Of others it need not understand even the form: one that
    /// this program cannot decode does not stop it.
    fn takes(&self, _aggregate_type: &str) -> bool {
        true
    }

    /// The rows that the event's fold reads.
    fn keys(&self, event: &Recorded) -> Vec<(&'static Table, Value)>;

    /// What the event makes of them, and of others that it does not need to read.
    ///
    /// # Errors
    /// [`Poison`] when the event does not fit the rows.
    fn fold(&self, rows: &Rows, event: &Recorded) -> Result<Vec<Change>, Poison>;
}

/// The common case: one table, and each event changes at most one row of it.
pub(crate) trait Directory: Send + Sync + 'static {
    type Row: Folded;
    const TABLES: [&'static Table; 1];
    /// The type of the aggregates whose events change its rows.
    const AGGREGATE: &'static str;

    /// The key of the row that the event changes.
    fn key(event: &Recorded) -> Option<Value>;

    /// The row after the event; none when it is gone.
    ///
    /// # Errors
    /// [`Poison`] when the event does not fit the row.
    fn fold(row: Option<Self::Row>, event: &Recorded) -> Result<Option<Self::Row>, Poison>;
}

/// A directory as the runner sees it.
#[derive(Debug)]
pub(crate) struct DirectoryOf<D>(PhantomData<fn() -> D>);

impl<D: Directory> DirectoryOf<D> {
    pub(crate) const NEW: Self = Self(PhantomData);
    const TABLE: &'static Table = {
        let [table] = D::TABLES;
        table
    };
}

impl<D: Directory> Projection for DirectoryOf<D> {
    fn name(&self) -> &'static str {
        Self::TABLE.name
    }

    fn tables(&self) -> &'static [&'static Table] {
        const { &D::TABLES }
    }

    fn takes(&self, aggregate_type: &str) -> bool {
        aggregate_type == D::AGGREGATE
    }

    fn keys(&self, event: &Recorded) -> Vec<(&'static Table, Value)> {
        D::key(event).map(|key| (Self::TABLE, key)).into_iter().collect()
    }

    fn fold(&self, rows: &Rows, event: &Recorded) -> Result<Vec<Change>, Poison> {
        let Some(key) = D::key(event) else { return Ok(vec![]) };
        let row = D::fold(rows.get(Self::TABLE, &key)?, event)?;
        Ok(vec![match row {
            Some(row) => Change::Put { table: Self::TABLE, row: row.row() },
            None => Change::Delete { table: Self::TABLE, key },
        }])
    }
}
