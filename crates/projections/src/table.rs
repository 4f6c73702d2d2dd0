//! A projection's table: its columns, its key, and the statements that follow from them.

use std::cell::Cell;

use crate::{BadColumn, Columns, Value};

/// A table that a projection writes. The migrations create it; a test holds the two together.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    /// The first so many columns.
    pub key_columns: usize,
    /// Each row is written once and never again: then it can be copied in.
    pub appended: bool,
    pub columns: &'static [Column],
}

#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub merge: Merge,
}

/// What an engine with typed parameters is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Text,
}

/// What a written value does to the one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    Replace,
    Add,
    Earliest,
    Latest,
}

impl Column {
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, merge: Merge::Replace }
    }

    #[must_use]
    pub const fn integer(name: &'static str) -> Self {
        Self { name, kind: Kind::Integer, merge: Merge::Replace }
    }

    #[must_use]
    pub const fn merged(name: &'static str, merge: Merge) -> Self {
        Self { name, kind: Kind::Integer, merge }
    }
}

/// A row in the order of its table's columns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row(pub Vec<Value>);

/// A type that is a row of a table.
pub trait Stored: Sized {
    /// # Errors
    /// When a column does not hold what it should.
    fn read(columns: &impl Columns) -> Result<Self, BadColumn>;
}

/// A type that a projection folds into: read, changed, written.
pub(crate) trait Folded: Stored {
    /// In the order of the table's columns.
    fn row(&self) -> Row;
}

/// A row with the table that names its columns.
pub(crate) struct InTable<'row> {
    table: &'static Table,
    row: &'row Row,
    /// Behind the column that was asked for last: most ask in the table's order.
    next: Cell<usize>,
}

impl<'row> InTable<'row> {
    pub(crate) fn new(table: &'static Table, row: &'row Row) -> Self {
        Self { table, row, next: Cell::new(0) }
    }
}

impl Columns for InTable<'_> {
    fn value(&self, column: &'static str) -> Result<Value, BadColumn> {
        let named = |at: &usize| self.table.columns.get(*at).is_some_and(|spec| spec.name == column);
        let next = self.next.get();
        let at = Some(next).filter(named).or_else(|| (0..self.table.columns.len()).find(named));
        let value = at.and_then(|at| self.row.0.get(at));
        self.next.set(at.unwrap_or(next).saturating_add(1));
        value.cloned().ok_or(BadColumn { column, expected: "anything: the table has no such column" })
    }
}

impl Table {
    pub(crate) fn key(&self) -> &'static [Column] {
        self.columns.get(..self.key_columns).unwrap_or_default()
    }

    fn names(columns: &[Column]) -> String {
        columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }

    fn key_is_given(&self) -> String {
        let equal = self.key().iter().zip(1..).map(|(column, at)| format!("{} = ${at}", column.name));
        equal.collect::<Vec<_>>().join(" and ")
    }

    /// One row by its key.
    pub(crate) fn select(&self) -> String {
        format!("select {} from {} where {}", Self::names(self.columns), self.name, self.key_is_given())
    }

    /// Every row in the order of the keys.
    pub(crate) fn select_all(&self) -> String {
        let Self { name, columns, .. } = self;
        format!("select {} from {name} order by {}", Self::names(columns), Self::names(self.key()))
    }

    /// The rows that the first column of the key names: more than one where it is not all of it.
    pub(crate) fn delete(&self) -> String {
        let first = self.columns.first().map_or("", |column| column.name);
        format!("delete from {} where {first} = $1", self.name)
    }

    pub(crate) fn delete_all(&self) -> String {
        format!("delete from {}", self.name)
    }

    /// Writes a row, or merges it into the one that has its key.
    pub(crate) fn upsert(&self) -> String {
        let values = (1..=self.columns.len()).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
        self.insert_or_merge(&format!("values ({values})"))
    }

    /// The same for many rows at once, a typed array for each column. No key may be in it twice.
    pub(crate) fn upsert_many(&self) -> String {
        self.insert_or_merge(&format!("select * from unnest({})", arrays(self.columns, 0)))
    }

    /// The same as a part of a statement that has `before` parameters of its own, written only if that part of it has a
    /// row. A table whose rows are written once takes no second one of a key.
    pub(crate) fn put_many_if(&self, has_a_row: &str, before: usize) -> String {
        let rows = format!(
            "select * from unnest({}) as given where exists (select from {has_a_row})",
            arrays(self.columns, before)
        );
        if self.appended {
            format!("insert into {} ({}) {rows}", self.name, Self::names(self.columns))
        } else {
            self.insert_or_merge(&rows)
        }
    }

    fn insert_or_merge(&self, rows: &str) -> String {
        let Self { name, columns, key_columns, appended: _ } = self;
        let sets = columns.iter().skip(*key_columns).map(|column| {
            let of = column.name;
            match column.merge {
                Merge::Replace => format!("{of} = excluded.{of}"),
                Merge::Add => format!("{of} = {name}.{of} + excluded.{of}"),
                Merge::Earliest => {
                    format!(
                        "{of} = case when excluded.{of} < {name}.{of} then excluded.{of} else {name}.{of} end"
                    )
                }
                Merge::Latest => {
                    format!(
                        "{of} = case when excluded.{of} > {name}.{of} then excluded.{of} else {name}.{of} end"
                    )
                }
            }
        });
        let sets = sets.collect::<Vec<_>>().join(", ");
        let (all, key) = (Self::names(columns), Self::names(self.key()));
        format!("insert into {name} ({all}) {rows} on conflict ({key}) do update set {sets}")
    }

    /// Every row whose key is in an array. Only for keys of one column: no projection reads another.
    pub(crate) fn select_many(&self) -> String {
        format!("select {} from {} where {}", Self::names(self.columns), self.name, self.key_is_in())
    }

    /// The same of several.
    pub(crate) fn delete_many(&self) -> String {
        let first = self.columns.first().map_or_else(String::new, |Column { name, kind, .. }| {
            format!("{name} = any($1::{}[])", kind.sql())
        });
        format!("delete from {} where {first}", self.name)
    }

    fn key_is_in(&self) -> String {
        let conditions = self.key().iter().zip(1..);
        let conditions = conditions
            .map(|(Column { name, kind, .. }, at)| format!("{name} = any(${at}::{}[])", kind.sql()));
        conditions.collect::<Vec<_>>().join(" and ")
    }

    /// Takes rows in Postgres' binary format.
    pub(crate) fn copy_in(&self) -> String {
        format!("copy {} ({}) from stdin (format binary)", self.name, Self::names(self.columns))
    }
}

impl Kind {
    const fn sql(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Text => "text",
        }
    }
}

fn arrays(columns: &[Column], before: usize) -> String {
    let arrays = columns
        .iter()
        .zip(before.saturating_add(1)..)
        .map(|(column, at)| format!("${at}::{}[]", column.kind.sql()));
    arrays.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table {
        name: "t",
        key_columns: 2,
        appended: false,
        columns: &[
            Column::text("a"),
            Column::integer("b"),
            Column::text("c"),
            Column::merged("d", Merge::Add),
            Column::merged("e", Merge::Latest),
        ],
    };

    #[test]
    fn statements_follow_from_the_columns() {
        assert_eq!(TABLE.select(), "select a, b, c, d, e from t where a = $1 and b = $2");
        assert_eq!(TABLE.delete(), "delete from t where a = $1");
        assert_eq!(TABLE.delete_many(), "delete from t where a = any($1::text[])");
        assert_eq!(
            TABLE.upsert(),
            "insert into t (a, b, c, d, e) values ($1, $2, $3, $4, $5) on conflict (a, b) do update set \
             c = excluded.c, d = t.d + excluded.d, e = case when excluded.e > t.e then excluded.e else t.e end"
        );
        assert_eq!(
            TABLE.upsert_many(),
            "insert into t (a, b, c, d, e) select * from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], \
             $5::bigint[]) on conflict (a, b) do update set \
             c = excluded.c, d = t.d + excluded.d, e = case when excluded.e > t.e then excluded.e else t.e end"
        );
        assert_eq!(
            Table { appended: true, ..TABLE }.put_many_if("moved", 5),
            "insert into t (a, b, c, d, e) select * from unnest($6::text[], $7::bigint[], $8::text[], $9::bigint[], \
             $10::bigint[]) as given where exists (select from moved)"
        );
        assert_eq!(TABLE.copy_in(), "copy t (a, b, c, d, e) from stdin (format binary)");
    }
}
