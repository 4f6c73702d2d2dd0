//! A read model as a pure fold over rows: no I/O, no clock, no engine.

use std::{borrow::Cow, fmt, marker::PhantomData};

use domain::{DomainEvent, Position, Recorded, Timestamp, personal::PersonalValues};
use eventlog::{LogFailure, Replayed};

use crate::{
    BadColumn, Rows, Value,
    binary::Unfit,
    table::{Folded, Row, Table},
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
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Why a projection does not take an event as it lies in the log.
#[derive(Debug, thiserror::Error)]
pub enum Untaken {
    #[error(transparent)]
    Poison(#[from] Poison),
    #[error(transparent)]
    Undecodable(#[from] LogFailure),
}

/// What an event makes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its new form; or, in columns that merge, what is added to it.
    Put { table: &'static Table, row: Row },
    /// It is gone.
    Delete { table: &'static Table, key: Value },
}

/// A read model. Adding one: a file, its table in a migration, and a line in [`ALL`](crate::ALL).
pub trait Projection: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// Raised when the same events would make other rows: they are then made again.
    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static Table];

    /// The aggregates whose events change its rows; none: all, also those to come.
    fn aggregates(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// Whether events of these aggregates change its rows. Of others it need not understand even the form: one that
    /// this program cannot decode does not stop it.
    fn takes(&self, aggregate_type: &str) -> bool {
        self.aggregates().is_none_or(|aggregates| aggregates.contains(&aggregate_type))
    }

    /// Whether its rows have personal values in them.
    fn shows_personal_values(&self) -> bool {
        true
    }

    /// The rows that the event's fold reads.
    fn keys(&self, event: &Recorded) -> Vec<(&'static Table, Value)>;

    /// What the event makes of them, and of others that it does not need to read.
    ///
    /// # Errors
    /// [`Poison`] when the event does not fit the rows.
    fn fold(&self, rows: &Rows, event: &Recorded) -> Result<Vec<Change>, Poison>;

    /// The same into the rows, of an event where it lies, understood as far as the rows need it.
    ///
    /// # Errors
    /// As [`Self::fold`], and when the event cannot be understood; then the rows are as they were.
    fn replay(&self, rows: &mut Rows, event: Replayed<'_>) -> Result<(), Untaken> {
        let changes = self.fold(rows, &event.recorded()?)?;
        changes.into_iter().for_each(|change| rows.change(change));
        Ok(())
    }
}

/// What a directory is told of an event.
pub(crate) struct Fact<'of> {
    pub(crate) position: Position,
    /// The aggregate's version after it.
    pub(crate) sequence: u64,
    pub(crate) occurred_at: Timestamp,
    pub(crate) event: &'of DomainEvent,
    pub(crate) personal: &'of PersonalValues,
}

impl<'of> From<&'of Recorded> for Fact<'of> {
    fn from(recorded: &'of Recorded) -> Self {
        let Recorded { position, sequence, metadata, event, personal, .. } = recorded;
        Self { position: *position, sequence: *sequence, occurred_at: metadata.occurred_at, event, personal }
    }
}

/// The common case: one table, and each event changes at most one row of it.
pub(crate) trait Directory: Send + Sync + 'static {
    type Row: Folded + Clone + fmt::Debug + Send + Sync + 'static;
    const TABLES: [&'static Table; 1];
    /// The types of the aggregates whose events change its rows.
    const AGGREGATES: &'static [&'static str];
    /// Whether the rows have personal values in them.
    const PERSONAL: bool = false;
    /// Raised when the same events would make other rows.
    const VERSION: u32 = 1;

    /// The key of the row that the event changes.
    fn key(event: &DomainEvent) -> Option<Value>;

    /// The row after the event; none when it is gone.
    ///
    /// # Errors
    /// [`Poison`] when there is no row that the event could change, and only then.
    fn fold(row: Option<Self::Row>, fact: &Fact<'_>) -> Result<Option<Self::Row>, Poison>;
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

    fn version(&self) -> u32 {
        D::VERSION
    }

    fn tables(&self) -> &'static [&'static Table] {
        const { &D::TABLES }
    }

    fn aggregates(&self) -> Option<&'static [&'static str]> {
        Some(D::AGGREGATES)
    }

    fn shows_personal_values(&self) -> bool {
        D::PERSONAL
    }

    fn keys(&self, event: &Recorded) -> Vec<(&'static Table, Value)> {
        D::key(&event.event).map(|key| (Self::TABLE, key)).into_iter().collect()
    }

    fn fold(&self, rows: &Rows, event: &Recorded) -> Result<Vec<Change>, Poison> {
        let Some(key) = D::key(&event.event) else { return Ok(vec![]) };
        let before = rows.get::<D::Row>(Self::TABLE, &key)?.map(Cow::into_owned);
        let row = D::fold(before, &event.into())?;
        Ok(vec![match row {
            Some(row) => Change::Put { table: Self::TABLE, row: row.row() },
            None => Change::Delete { table: Self::TABLE, key },
        }])
    }

    fn replay(&self, rows: &mut Rows, event: Replayed<'_>) -> Result<(), Untaken> {
        let known = event.event()?;
        let Some(key) = D::key(&known) else { return Ok(()) };
        let personal = if D::PERSONAL { event.personal_values() } else { PersonalValues::new() };
        let fact = Fact {
            position: event.position(),
            sequence: event.sequence(),
            occurred_at: event.occurred_at()?,
            event: &known,
            personal: &personal,
        };
        Ok(rows.update(Self::TABLE, key, |row| D::fold(row, &fact))?)
    }
}
