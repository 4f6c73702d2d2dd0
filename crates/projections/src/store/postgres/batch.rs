//! What a batch does to one table, each key once: one statement cannot touch a row twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Change, Merge, Row, Table, Value};

/// The deletes come first: what was put before a delete is gone, what is put after it is put anew. Of a table whose rows are
/// written once they come last: no such row is put anew.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) deletes: BTreeSet<Value>,
    /// In the order of the keys, so that two writers lock rows in the same order.
    pub(super) puts: Vec<Row>,
}

#[derive(Default)]
struct Gathered {
    deletes: BTreeSet<Value>,
    puts: BTreeMap<Vec<Value>, Row>,
    /// For tables whose rows are written once.
    appended: Vec<Row>,
}

impl Batch {
    pub(super) fn by_table(changes: Vec<Change>) -> Vec<(&'static Table, Self)> {
        let mut tables: BTreeMap<&'static str, (&'static Table, Gathered)> = BTreeMap::new();
        for change in changes {
            let table = match &change {
                Change::Put { table, .. } | Change::Delete { table, .. } => *table,
            };
            let (_, gathered) = tables.entry(table.name).or_insert_with(|| (table, Gathered::default()));
            match change {
                Change::Put { row, .. } => gathered.put(table, row),
                Change::Delete { key, .. } => gathered.delete(key),
            }
        }
        let batches = tables.into_values().map(|(table, gathered)| (table, gathered.into_batch()));
        batches.collect()
    }
}

impl Gathered {
    fn put(&mut self, table: &'static Table, row: Row) {
        if table.appended {
            self.appended.push(row);
            return;
        }
        let key = row.0.iter().take(table.key_columns).cloned().collect();
        match self.puts.remove(&key) {
            Some(before) => self.puts.insert(key, merged(table, before, row)),
            None => self.puts.insert(key, row),
        };
    }

    fn delete(&mut self, key: Value) {
        self.puts.remove(&vec![key.clone()]);
        self.deletes.insert(key);
    }

    fn into_batch(self) -> Batch {
        let Self { deletes, puts, appended } = self;
        Batch { deletes, puts: puts.into_values().chain(appended).collect() }
    }
}

/// As the engine would merge them, one after the other.
fn merged(table: &Table, before: Row, after: Row) -> Row {
    let values = table.columns.iter().zip(before.0.into_iter().zip(after.0));
    let values = values.map(|(column, (before, after))| match (column.merge, before, after) {
        (Merge::Add, Value::Integer(before), Value::Integer(after)) => {
            Value::Integer(before.saturating_add(after))
        }
        (Merge::Earliest, Value::Integer(before), Value::Integer(after)) => Value::Integer(before.min(after)),
        (Merge::Latest, Value::Integer(before), Value::Integer(after)) => Value::Integer(before.max(after)),
        (Merge::Add | Merge::Earliest | Merge::Latest | Merge::Replace, _, after) => after,
    });
    Row(values.collect())
}
