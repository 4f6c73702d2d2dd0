//! Calls that met limits, second by second, and what became of them: what a what-if replays and is put beside.

use domain::{ClientId, Environment, KeyId, RouteId, Timestamp, access::Reach};
use jiff::tz::TimeZone;

use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored, USAGE, Value,
    queries::{
        Select,
        select::RECORDED,
        usage::{Granularity, TooManyWindows, UsageFilter, Windows, detail, instant},
    },
};

/// So many rows are looked at in one answer; a longer range, or more callers, must be narrowed down.
pub const ROWS_MAX: u32 = 1_000_000;
/// Read at once.
const PAGE_ROWS: u32 = 20_000;

#[derive(Clone, Debug, PartialEq)]
pub struct SecondsQuery {
    /// Rounded down to the minute.
    pub from: Timestamp,
    /// Before then; rounded up.
    pub until: Timestamp,
    pub filter: UsageFilter,
    pub rows_max: u32,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// Calls of one second that agree in all else. None where that was not told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondRow {
    /// Since 1970.
    pub second: i64,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub calls: u64,
}

/// What became of calls that met limits, by their minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HappenedRow {
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub allowed: u64,
    /// By a limit.
    pub refused: u64,
}

/// What was read beside the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seconds {
    /// What was looked at: from then on, later than asked for where seconds are not kept so long …
    pub from: Timestamp,
    /// … before then.
    pub until: Timestamp,
    /// Every batch up to this one is counted.
    pub batch_no: u64,
    pub rows: u32,
    /// Seconds not known are in it too.
    pub happened: Vec<HappenedRow>,
}

/// Seconds are not read.
#[derive(Debug, thiserror::Error)]
pub enum SecondsFailure {
    #[error("there are more than {rows_max} rows of seconds in the range")]
    TooManyRows { rows_max: u32 },
    #[error(transparent)]
    TooManyWindows(#[from] TooManyWindows),
    #[error(transparent)]
    Read(#[from] ReadFailure),
}

/// Hands out every row in the order of time, a page after the other: never more than a page is held.
///
/// # Errors
/// When there are too many rows, of which then none is handed out, or the read model cannot be read.
pub async fn read(
    model: &ReadModel,
    query: &SecondsQuery,
    mut take: impl FnMut(Vec<SecondRow>) + Send,
) -> Result<Seconds, SecondsFailure> {
    let windows = Windows::new((query.from, query.until), Granularity::Minute, &TimeZone::UTC)?;
    let windows = detail::kept(model, windows, detail::CALLS).await?;
    let (from_s, until_s) = (windows.from_s.min(windows.until_s), windows.until_s);
    // Asked first: what comes in between is counted but not claimed.
    let batch_no = model.checkpoint(USAGE).await?.get();
    let Some(Counted(rows)) = model.fetch_one(query.count(from_s, until_s)).await? else {
        return Err(SecondsFailure::TooManyRows { rows_max: query.rows_max });
    };
    if rows > query.rows_max {
        return Err(SecondsFailure::TooManyRows { rows_max: query.rows_max });
    }
    let mut after: Option<SecondRow> = None;
    loop {
        let page: Vec<SecondRow> = model.fetch(query.page(from_s, until_s, after.as_ref())).await?;
        let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        after = page.last().cloned();
        take(page);
        if is_last {
            break;
        }
    }
    let happened = model.fetch(query.happened(from_s, until_s)).await?;
    Ok(Seconds { from: instant(from_s), until: instant(until_s), batch_no, rows, happened })
}

impl SecondsQuery {
    fn narrowed(&self, select: Select) -> Select {
        self.filter.and(select).and_within(&self.reach, &RECORDED)
    }

    /// Counts no further than it has to.
    fn count(&self, from_s: i64, until_s: i64) -> Select {
        let counted = Select::new(include_str!("seconds/counted.sql"), vec![from_s.into(), until_s.into()]);
        self.narrowed(counted).limit(self.rows_max.saturating_add(1)).then(") counted")
    }

    fn page(&self, from_s: i64, until_s: i64, after: Option<&SecondRow>) -> Select {
        let from_s = after.map_or(from_s, |row| row.second);
        let page = Select::new(include_str!("seconds/select.sql"), vec![from_s.into(), until_s.into()]);
        let page = self.narrowed(page);
        let page = match after {
            Some(row) => {
                page.within_rows(" where (start_s, client_id, key_id, route_id, environment) > ", row.place())
            }
            None => page,
        };
        page.then(" order by start_s, client_id, key_id, route_id, environment").limit(PAGE_ROWS)
    }

    fn happened(&self, from_s: i64, until_s: i64) -> Select {
        let happened = Select::new(include_str!("seconds/happened.sql"), vec![from_s.into(), until_s.into()]);
        self.narrowed(happened)
            .then(" group by client_id, route_id, environment\n order by client_id, route_id, environment")
    }
}

impl SecondRow {
    /// '' stands for none.
    fn place(&self) -> Vec<Value> {
        let Self { second, client_id, key_id, route_id, environment, calls: _ } = self;
        let text = |id: Option<String>| Value::Text(id.unwrap_or_default());
        vec![
            (*second).into(),
            text(client_id.map(|id| id.to_string())),
            text(key_id.map(|id| id.to_string())),
            text(route_id.map(|id| id.to_string())),
            environment.as_str().into(),
        ]
    }
}

/// '' stands for none.
fn id<Id: std::str::FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>>>(
    columns: &impl Columns,
    column: &'static str,
) -> Result<Option<Id>, BadColumn> {
    if columns.text(column)?.is_empty() { Ok(None) } else { columns.parsed_or_none(column) }
}

impl Stored for SecondRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            second: columns.integer_or_none("start_s")?.unwrap_or_default(),
            client_id: id(columns, "client_id")?,
            key_id: id(columns, "key_id")?,
            route_id: id(columns, "route_id")?,
            environment: columns.parsed("environment")?,
            calls: columns.count("calls")?,
        })
    }
}

impl Stored for HappenedRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            client_id: id(columns, "client_id")?,
            route_id: id(columns, "route_id")?,
            environment: columns.parsed("environment")?,
            allowed: columns.count("allowed")?,
            refused: columns.count("refused")?,
        })
    }
}

struct Counted(u32);

impl Stored for Counted {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.count("rows_found")?))
    }
}

#[cfg(test)]
mod tests;
