//! A row as it was fetched, read by the names of its columns.

use std::str::FromStr;

use domain::{Position, Timestamp};
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};

use crate::OutboxFailure;

pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

fn bad(column: &'static str) -> OutboxFailure {
    OutboxFailure::Row { column }
}

impl Row {
    pub(crate) fn text_or_none(&self, column: &'static str) -> Result<Option<String>, OutboxFailure> {
        let text = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        text.map_err(|_| bad(column))
    }

    pub(crate) fn integer_or_none(&self, column: &'static str) -> Result<Option<i64>, OutboxFailure> {
        let number = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        number.map_err(|_| bad(column))
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, OutboxFailure> {
        self.text_or_none(column)?.ok_or_else(|| bad(column))
    }

    pub(crate) fn integer(&self, column: &'static str) -> Result<i64, OutboxFailure> {
        self.integer_or_none(column)?.ok_or_else(|| bad(column))
    }

    pub(crate) fn count(&self, column: &'static str) -> Result<u64, OutboxFailure> {
        u64::try_from(self.integer(column)?).map_err(|_| bad(column))
    }

    pub(crate) fn small(&self, column: &'static str) -> Result<u32, OutboxFailure> {
        u32::try_from(self.integer(column)?).map_err(|_| bad(column))
    }

    pub(crate) fn count_or_none(&self, column: &'static str) -> Result<Option<u64>, OutboxFailure> {
        self.integer_or_none(column)?.map(|number| u64::try_from(number).map_err(|_| bad(column))).transpose()
    }

    pub(crate) fn status_or_none(&self, column: &'static str) -> Result<Option<u16>, OutboxFailure> {
        self.integer_or_none(column)?.map(|number| u16::try_from(number).map_err(|_| bad(column))).transpose()
    }

    /// What was written by its `Display`.
    pub(crate) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, OutboxFailure> {
        self.text(column)?.parse().map_err(|_| bad(column))
    }

    pub(crate) fn parsed_or_none<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, OutboxFailure> {
        self.text_or_none(column)?.map(|text| text.parse().map_err(|_| bad(column))).transpose()
    }

    pub(crate) fn time_or_none(&self, column: &'static str) -> Result<Option<Timestamp>, OutboxFailure> {
        let micros = self.integer_or_none(column)?;
        micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|_| bad(column))).transpose()
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, OutboxFailure> {
        self.time_or_none(column)?.ok_or_else(|| bad(column))
    }

    pub(crate) fn position_or_none(&self, column: &'static str) -> Result<Option<Position>, OutboxFailure> {
        let number = self.integer_or_none(column)?;
        number.map(|number| u64::try_from(number).map(Position::new).map_err(|_| bad(column))).transpose()
    }
}
