//! Usage reports: calls by window and by what one asks for, added up by the engine.

mod as_kept;
pub mod clickhouse;
mod compare;
mod corrections;
pub mod csv;
pub(crate) mod detail;
mod parts;
mod place;
mod sql;
mod store;
mod stretches;
pub(crate) mod windows;

use std::{collections::BTreeSet, str::FromStr};

use domain::{ClientId, Environment, KeyId, Name, Position, RouteId, Timestamp, access::Reach};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use compare::{Before, Compared, report_compared};
pub use corrections::{CORRECTIONS_MAX, Correction, corrections};
pub use place::UsagePlace;
pub use store::UsageStore;
pub use stretches::stretches;
pub use windows::{CALENDAR_WINDOWS_MAX, Granularity, TooManyWindows};
pub(crate) use windows::{Windows, instant};

use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, USAGE, queries::Select};

/// What calls are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageDimension {
    /// The team that owns the client today.
    OwnerTeam,
    Client,
    Key,
    SecretVersion,
    Route,
    Environment,
}

/// What a report is to say.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageQuery {
    /// Rounded down to the minute for a report by minutes, to the quarter of an hour for all others.
    pub from: Timestamp,
    /// Before then; rounded up likewise.
    pub until: Timestamp,
    pub granularity: Granularity,
    /// Whose days, weeks and months.
    pub zone: TimeZone,
    pub group_by: BTreeSet<UsageDimension>,
    pub filter: UsageFilter,
    /// Behind which row the report goes on.
    pub after: Option<UsagePlace>,
    pub rows_max: u32,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// Which calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    pub owner_team: Option<Name>,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub secret_version: Option<u32>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsageReport {
    /// What is counted: from then on …
    pub from: Timestamp,
    /// … before then.
    pub until: Timestamp,
    /// Every batch up to this one is counted.
    pub batch_no: u64,
    /// Whose clients are whose is told as the log says up to here.
    pub position: Position,
    /// By window, then by the dimensions asked for. A window without calls has no row.
    pub rows: Vec<UsageRow>,
    /// Where the report goes on; none where this is all of it.
    pub next: Option<UsagePlace>,
}

/// The calls of one window. A dimension is none where it was not asked for, and where the calls had none: an
/// unproven secret has no client, an unmatched path no route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsageRow {
    /// Never before the report's start.
    pub window_start: Timestamp,
    /// Never after the report's end.
    pub window_end: Timestamp,
    pub owner_team: Option<String>,
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub secret_version: Option<u32>,
    pub route_id: Option<RouteId>,
    pub environment: Option<String>,
    pub calls: Calls,
}

/// Calls by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    pub allowed: u64,
    pub rate_limited: u64,
    pub quota_exceeded: u64,
    pub unauthenticated: u64,
    pub forbidden: u64,
    pub total: u64,
}

/// A report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportFailure {
    #[error(transparent)]
    TooManyWindows(#[from] TooManyWindows),
    #[error(transparent)]
    Read(#[from] ReadFailure),
}

/// # Errors
/// When there would be too many windows, the report has no such place to go on behind, or the read model cannot be read.
pub async fn report(model: &ReadModel, query: &UsageQuery) -> Result<UsageReport, ReportFailure> {
    let windows = query.windows()?;
    let windows = detail::kept(model, windows, query.grains()).await?;
    Ok(report_of(model, query, &windows).await?)
}

async fn report_of(
    model: &ReadModel,
    query: &UsageQuery,
    windows: &Windows,
) -> Result<UsageReport, ReadFailure> {
    // Asked first: what comes in between is counted but not claimed.
    let batch_no = model.checkpoint(USAGE).await?.get();
    let position = model.checkpoint(CLIENTS).await?;
    let (counted, more) = page(model, query, windows).await?;
    let next = counted.last().filter(|_| more).map(Counted::place);
    let rows = counted.into_iter().map(|counted| counted.row(windows)).collect();
    let (from, until) = (instant(windows.from_s), instant(windows.until_s));
    Ok(UsageReport { from, until, batch_no, position, rows, next })
}

/// At most as many rows as are asked for, and whether there are more.
async fn page(
    model: &ReadModel,
    query: &UsageQuery,
    windows: &Windows,
) -> Result<(Vec<Counted>, bool), ReadFailure> {
    // One more shows that there are more.
    let wanted = query.rows_max.saturating_add(1);
    let mut counted = if as_kept::is_that(query, windows) {
        as_kept::read(model, query, windows, wanted).await?
    } else {
        added_up(model, query, windows, wanted).await?
    };
    let more = u32::try_from(counted.len()).is_ok_and(|read| read == wanted);
    if more {
        counted.pop();
    }
    Ok((counted, more))
}

/// At most so many rows.
async fn added_up(
    model: &ReadModel,
    query: &UsageQuery,
    windows: &Windows,
    mut wanted: u32,
) -> Result<Vec<Counted>, ReadFailure> {
    let reader = parts::Reader::new(model, query, windows);
    let mut counted: Vec<Counted> = vec![];
    let mut part = Some(reader.first(query).await?);
    while let Some(now) = part.take() {
        let mut rows = model.fetch(query.select(windows, &now, wanted)).await?;
        let read = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        counted.append(&mut rows);
        wanted = wanted.saturating_sub(read);
        if wanted > 0 {
            part = reader.after(now, read.into(), wanted.into()).await?;
        }
    }
    Ok(counted)
}

/// The latest flush of all that was counted; none before the first.
///
/// # Errors
/// When the read model cannot be read.
pub async fn counted_until(model: &ReadModel) -> Result<Option<Timestamp>, ReadFailure> {
    crate::usage::counted_until(model).await
}

/// The read model that says which team owns a client.
const CLIENTS: &str = "client_directory";

impl UsageQuery {
    /// Those that are asked for; none where the report would go on behind a place outside of them.
    fn windows(&self) -> Result<Windows, ReportFailure> {
        let windows = Windows::new((self.from, self.until), self.granularity, &self.zone)?;
        match self.after.as_ref().filter(|UsagePlace(window_s, ..)| !windows.has(*window_s)) {
            Some(place) => Err(ReadFailure::Cursor { cursor: place.to_string() }.into()),
            None => Ok(windows),
        }
    }
}

impl UsageFilter {
    pub(crate) fn and(&self, select: Select) -> Select {
        let Self { owner_team, client_id, key_id, secret_version, route_id, environment } = self;
        select
            .and_some(crate::queries::select::OF_TEAM, owner_team.as_ref().map(|team| team.as_str()))
            .and_some("client_id = {}", *client_id)
            .and_some("key_id = {}", *key_id)
            .and_some("secret_version = {}", *secret_version)
            .and_some("route_id = {}", *route_id)
            .and_some("environment = {}", environment.clone())
    }
}

/// A row as it is kept: '' and 0 stand for none.
struct Counted {
    place: UsagePlace,
    client_id: Option<ClientId>,
    key_id: Option<KeyId>,
    route_id: Option<RouteId>,
    calls: Calls,
}

impl Counted {
    /// From the identifiers in its place.
    fn of(place: UsagePlace, calls: Calls) -> Result<Self, BadColumn> {
        fn named<Id: FromStr>(column: &'static str, text: &str) -> Result<Option<Id>, BadColumn> {
            let bad = |_| BadColumn { column, expected: "an identifier" };
            if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(bad) }
        }
        let UsagePlace(_, _, client, key, _, route, _) = &place;
        Ok(Self {
            client_id: named("client_id", client)?,
            key_id: named("key_id", key)?,
            route_id: named("route_id", route)?,
            calls,
            place,
        })
    }

    fn place(&self) -> UsagePlace {
        self.place.clone()
    }

    fn row(self, windows: &Windows) -> UsageRow {
        let Self { place, client_id, key_id, route_id, calls } = self;
        let UsagePlace(window_s, owner_team, _, _, version, _, environment) = place;
        let (window_start, window_end) = windows.ends(window_s);
        UsageRow {
            window_start,
            window_end,
            owner_team: Some(owner_team).filter(|team| !team.is_empty()),
            client_id,
            key_id,
            secret_version: Some(version).filter(|version| *version != 0),
            route_id,
            environment: Some(environment).filter(|name| !name.is_empty()),
            calls,
        }
    }
}

impl Stored for Counted {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Self::of(UsagePlace::read(columns)?, Calls::read(columns)?)
    }
}

impl Stored for Calls {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            allowed: columns.count("allowed")?,
            rate_limited: columns.count("rate_limited")?,
            quota_exceeded: columns.count("quota_exceeded")?,
            unauthenticated: columns.count("unauthenticated")?,
            forbidden: columns.count("forbidden")?,
            total: columns.count("total")?,
        })
    }
}
