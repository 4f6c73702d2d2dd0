//! The rows that events are folded into: as they were loaded, as the events before have left them, and what of them is to be
//! written.

use std::{
    any::Any,
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    fmt,
};

use crate::{
    Change, Poison, Value, binary,
    table::{Folded, InTable, Row, Table},
    value::Field,
};

/// The rows that a batch of events may read, as the events before have left them, by table and key.
#[derive(Debug, Default)]
pub struct Rows {
    tables: Vec<Kept>,
    /// Whether the store has no row that is not here.
    whole: bool,
    /// Whether what is appended is kept as it is copied in.
    encoded: bool,
}

/// Those of one table.
#[derive(Debug)]
struct Kept {
    table: &'static Table,
    rows: HashMap<Value, Slot>,
    /// The keys of what has changed, each once.
    changed: Vec<Value>,
    /// What is written once and never read here.
    appended: Vec<Row>,
    /// The same as it is copied in.
    encoded: Vec<u8>,
}

#[derive(Debug)]
struct Slot {
    row: Option<Warm>,
    changed: bool,
    /// Whether the store may have a row of that key.
    stored: bool,
}

/// A row as it was last needed.
#[derive(Debug)]
enum Warm {
    Row(Row),
    Typed(Box<dyn Typed>),
}

impl Warm {
    fn row(&self) -> Row {
        match self {
            Self::Row(row) => row.clone(),
            Self::Typed(typed) => typed.columns(),
        }
    }

    fn into_row(self) -> Row {
        match self {
            Self::Row(row) => row,
            Self::Typed(typed) => typed.columns(),
        }
    }

    fn read<T: Folded + Clone + 'static>(&self, table: &'static Table) -> Result<Cow<'_, T>, Poison> {
        match self {
            Self::Row(row) => read(table, row).map(Cow::Owned),
            Self::Typed(typed) => match typed.any().downcast_ref() {
                Some(typed) => Ok(Cow::Borrowed(typed)),
                None => read(table, &typed.columns()).map(Cow::Owned),
            },
        }
    }

    fn into_read<T: Folded + 'static>(self, table: &'static Table) -> Result<T, Poison> {
        match self {
            Self::Row(row) => read(table, &row),
            Self::Typed(typed) => match typed.into_any().downcast() {
                Ok(typed) => Ok(*typed),
                // Each table has one type.
                Err(_) => read(table, &Row(vec![])),
            },
        }
    }
}

fn read<T: Folded>(table: &'static Table, row: &Row) -> Result<T, Poison> {
    T::read(&InTable::new(table, row)).map_err(|source| Poison::BadRow { table: table.name, source })
}

/// A row in the type that it is folded in: it becomes columns when it is written, and not with every event.
trait Typed: fmt::Debug + Send + Sync {
    fn columns(&self) -> Row;
    fn any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<T: Folded + fmt::Debug + Send + Sync + 'static> Typed for T {
    fn columns(&self) -> Row {
        self.row()
    }

    fn any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// What is to be written to a table, each row once and in the order of the keys.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(crate) table: &'static Table,
    /// The store has no rows of these keys.
    pub(crate) new: Vec<Row>,
    /// More of those, as they are copied in.
    pub(crate) encoded: Vec<u8>,
    /// The store may have others of these keys.
    pub(crate) changed: Vec<Row>,
    pub(crate) gone: Vec<Value>,
}

impl Rows {
    /// Of tables that are empty. What is appended is kept in Postgres' binary format if `encoded`.
    pub(crate) fn of_nothing(encoded: bool) -> Self {
        Self { tables: vec![], whole: true, encoded }
    }

    /// The row of that key, if there is one and the event named it in its keys.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub(crate) fn get<T: Folded + Clone + 'static>(
        &self,
        table: &'static Table,
        key: &Value,
    ) -> Result<Option<Cow<'_, T>>, Poison> {
        let row = self.slot(table, key).and_then(|slot| slot.row.as_ref());
        row.map(|row| row.read(table)).transpose()
    }

    /// Puts a row in the place of the one of that key.
    pub(crate) fn set<T>(&mut self, table: &'static Table, key: Value, row: T)
    where
        T: Folded + fmt::Debug + Send + Sync + 'static,
    {
        self.put(table, key, Some(Warm::Typed(Box::new(row))));
    }

    /// Puts what is made of a row in its place. It is made of the row itself, so that nothing is to fail where there is
    /// one.
    ///
    /// # Errors
    /// When the row cannot be read, or nothing is made of it.
    pub(crate) fn update<T>(
        &mut self,
        table: &'static Table,
        key: Value,
        make: impl FnOnce(Option<T>) -> Result<Option<T>, Poison>,
    ) -> Result<(), Poison>
    where
        T: Folded + fmt::Debug + Send + Sync + 'static,
    {
        let stored = !self.whole;
        let Some(kept) = self.kept(table) else { return Ok(()) };
        let warm = |row: Option<T>| row.map(|row| Warm::Typed(Box::new(row)));
        match kept.rows.entry(key) {
            Entry::Occupied(mut there) => {
                let before = there.get_mut().row.take().map(|row| row.into_read(table)).transpose()?;
                let row = warm(make(before)?);
                let changed = there.get().changed;
                there.get_mut().row = row;
                there.get_mut().changed = true;
                if !changed {
                    kept.changed.push(there.key().clone());
                }
            }
            Entry::Vacant(none) => {
                let row = warm(make(None)?);
                kept.changed.push(none.key().clone());
                none.insert(Slot { row, changed: true, stored });
            }
        }
        Ok(())
    }

    /// Adds a row of a table whose rows are written once.
    ///
    /// # Errors
    /// When it has not the table's columns.
    pub(crate) fn append(&mut self, table: &'static Table, fields: &[Field<'_>]) -> Result<(), Poison> {
        let encoded = self.encoded;
        let Some(kept) = self.kept(table) else { return Ok(()) };
        if encoded {
            return Ok(binary::encode(&mut kept.encoded, table, fields.iter().copied())?);
        }
        kept.appended.push(Row(fields.iter().map(Into::into).collect()));
        Ok(())
    }

    pub(crate) fn has_loaded(&self, table: &'static Table, key: &Value) -> bool {
        self.slot(table, key).is_some()
    }

    fn slot(&self, table: &'static Table, key: &Value) -> Option<&Slot> {
        self.tables.iter().find(|kept| kept.table.name == table.name)?.rows.get(key)
    }

    fn kept(&mut self, table: &'static Table) -> Option<&mut Kept> {
        let at = match self.tables.iter().position(|kept| kept.table.name == table.name) {
            Some(at) => at,
            None => {
                let (rows, changed, appended, encoded) = (HashMap::new(), vec![], vec![], vec![]);
                self.tables.push(Kept { table, rows, changed, appended, encoded });
                self.tables.len().saturating_sub(1)
            }
        };
        self.tables.get_mut(at)
    }

    /// Takes a row as the store has it.
    pub(crate) fn load(&mut self, table: &'static Table, key: Value, row: Option<Row>) {
        if let Some(kept) = self.kept(table) {
            let stored = row.is_some();
            kept.rows.insert(key, Slot { row: row.map(Warm::Row), changed: false, stored });
        }
    }

    /// Takes rows as the store has them.
    pub(crate) fn load_all(&mut self, loaded: Self) {
        for Kept { table, rows, .. } in loaded.tables {
            for (key, slot) in rows {
                self.load(table, key, slot.row.map(Warm::into_row));
            }
        }
    }

    pub(crate) fn change(&mut self, change: Change) {
        let (Change::Put { table, .. } | Change::Delete { table, .. }) = &change;
        let table = *table;
        match change {
            Change::Put { table: _, row } if table.appended => {
                if let Some(kept) = self.kept(table) {
                    kept.appended.push(row);
                }
            }
            Change::Put { table: _, row } => {
                self.put(table, row.0.first().cloned().unwrap_or(Value::Null), Some(Warm::Row(row)));
            }
            Change::Delete { table: _, key } if table.appended => self.delete_appended(table, key),
            Change::Delete { table: _, key } => self.put(table, key, None),
        }
    }

    /// What is written once does not come again: it is deleted behind what was appended, here and in the store, whatever is
    /// known of either.
    fn delete_appended(&mut self, table: &'static Table, key: Value) {
        self.put(table, key.clone(), None);
        let slot = self.kept(table).and_then(|kept| kept.rows.get_mut(&key));
        if let Some(slot) = slot {
            slot.stored = true;
        }
    }

    fn put(&mut self, table: &'static Table, key: Value, row: Option<Warm>) {
        let stored = !self.whole;
        let Some(kept) = self.kept(table) else { return };
        match kept.rows.get_mut(&key) {
            Some(slot) => {
                slot.row = row;
                if !std::mem::replace(&mut slot.changed, true) {
                    kept.changed.push(key);
                }
            }
            None => {
                kept.changed.push(key.clone());
                kept.rows.insert(key, Slot { row, changed: true, stored });
            }
        }
    }

    /// What is to be written, each row once and in the order of the keys.
    pub(crate) fn into_changes(mut self) -> Vec<Change> {
        let mut changes = vec![];
        for kept in &mut self.tables {
            let (table, mut keys) = (kept.table, std::mem::take(&mut kept.changed));
            changes.extend(kept.appended.drain(..).map(|row| Change::Put { table, row }));
            keys.sort_unstable();
            for key in keys {
                changes.push(match kept.rows.remove(&key).and_then(|slot| slot.row) {
                    Some(row) => Change::Put { table, row: row.into_row() },
                    None => Change::Delete { table, key },
                });
            }
        }
        changes
    }

    /// What is to be written, and is then in the store; the rows stay for the events to come.
    pub(crate) fn write(&mut self) -> Vec<Writing> {
        self.tables.iter_mut().map(Kept::write).collect()
    }

    /// Whether to write what has changed: when it is much, or will not change again.
    pub(crate) fn are_due(&self, rows_max: usize) -> bool {
        let changed: usize = self.tables.iter().map(|kept| kept.changed.len()).sum();
        changed >= rows_max || self.tables.iter().any(Kept::has_appended)
    }

    /// Forgets all rows where they are more than that: those that are needed again are loaded.
    pub(crate) fn forget_above(&mut self, rows_max: usize) {
        if self.tables.iter().map(|kept| kept.rows.len()).sum::<usize>() > rows_max {
            *self = Self { encoded: self.encoded, ..Self::default() };
        }
    }

    /// Whether the store has no row that is not here.
    pub(crate) fn are_whole(&self) -> bool {
        self.whole
    }

    /// Of these keys those whose rows are to be loaded before they can be read, each once.
    pub(crate) fn missing(
        &self,
        keys: impl Iterator<Item = (&'static Table, Value)>,
    ) -> Vec<(&'static Table, Value)> {
        if self.whole {
            return vec![];
        }
        let mut missing: Vec<_> = keys.filter(|(table, key)| !self.has_loaded(table, key)).collect();
        missing.sort_unstable_by(|one, other| (one.0.name, &one.1).cmp(&(other.0.name, &other.1)));
        missing.dedup();
        missing
    }
}

impl Kept {
    fn has_appended(&self) -> bool {
        !self.appended.is_empty() || !self.encoded.is_empty()
    }

    fn write(&mut self) -> Writing {
        let Self { table, rows, changed: keys, appended, encoded } = self;
        let (new, after) = (std::mem::take(appended), Vec::with_capacity(encoded.len()));
        let encoded = std::mem::replace(encoded, after);
        let mut writing = Writing { table, new, encoded, changed: vec![], gone: vec![] };
        keys.sort_unstable();
        for key in keys.drain(..) {
            let Some(slot) = rows.get_mut(&key) else { continue };
            slot.changed = false;
            match (&slot.row, slot.stored) {
                (Some(row), true) => writing.changed.push(row.row()),
                (Some(row), false) => writing.new.push(row.row()),
                (None, true) => writing.gone.push(key),
                (None, false) => {}
            }
            slot.stored = slot.row.is_some();
        }
        writing
    }
}
