//! From how many addresses clients call: sketches of days put together, by window and by what one asks for.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::{ClientId, Environment, Name, Timestamp, access::Reach, usage::AddressSketch};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{
    ReadModel, USAGE,
    queries::{
        Select,
        select::{OF_TEAM, RECORDED},
        usage::{Granularity, ReportFailure, Windows, instant},
    },
    usage::{DAY_S, addresses::Addresses},
};

/// So many sketches are read at once: 2 MB at most.
const ROWS_AT_ONCE: u32 = if cfg!(test) { 2 } else { 1_000 };

/// What addresses are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressDimension {
    Client,
    Environment,
}

/// What a report is to say. Addresses are kept by days of UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressesQuery {
    /// Rounded down to its day.
    pub from: Timestamp,
    /// Before then; rounded up likewise.
    pub until: Timestamp,
    /// What is finer than a day is a day.
    pub granularity: Granularity,
    pub group_by: BTreeSet<AddressDimension>,
    pub owner_team: Option<Name>,
    pub client_id: Option<ClientId>,
    pub environment: Option<Environment>,
    pub rows_max: u32,
    /// How far whoever asks sees.
    pub reach: Reach,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressesReport {
    /// What is counted: from then on …
    pub from: Timestamp,
    /// … before then.
    pub until: Timestamp,
    /// Every batch up to this one is counted.
    pub batch_no: u64,
    /// By window, then by the dimensions asked for. A window without addresses has no row.
    pub rows: Vec<AddressesRow>,
    /// Whether there were more than `rows_max`.
    pub truncated: bool,
}

/// A dimension is none where it was not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressesRow {
    pub window_start: Timestamp,
    pub window_end: Timestamp,
    pub client_id: Option<ClientId>,
    pub environment: Option<Environment>,
    /// Off by [`AddressSketch::ERROR_PERCENT`] as a rule.
    pub addresses: u64,
}

/// # Errors
/// When there would be too many windows, or the read model cannot be read.
pub async fn report(model: &ReadModel, query: &AddressesQuery) -> Result<AddressesReport, ReportFailure> {
    // Asked first: what comes in between is counted but not claimed.
    let batch_no = model.checkpoint(USAGE).await?.get();
    let windows = Windows::new(query.days(), query.granularity(), &TimeZone::UTC)?;
    let mut folding = Folding::new(&windows, query);
    let mut after = None;
    loop {
        let days: Vec<Addresses> = model.fetch(query.select(&windows, after.as_ref())).await?;
        let Some(last) = days.last().cloned() else { break };
        days.into_iter().for_each(|day| folding.add(day));
        if folding.is_full() {
            break;
        }
        after = Some(last);
    }
    let (from, until) = (instant(windows.from_s), instant(windows.until_s));
    let mut rows = folding.finish();
    let rows_max = usize::try_from(query.rows_max).unwrap_or(usize::MAX);
    let truncated = rows.len() > rows_max;
    rows.truncate(rows_max);
    Ok(AddressesReport { from, until, batch_no, rows, truncated })
}

impl AddressesQuery {
    fn days(&self) -> (Timestamp, Timestamp) {
        let from_s = self.from.as_second().div_euclid(DAY_S) * DAY_S;
        // `as_second` cuts off the fraction, which may be all that reaches into the next day.
        let last = self.until.as_second().saturating_sub(i64::from(self.until.subsec_nanosecond() == 0));
        (instant(from_s), instant((last.div_euclid(DAY_S) + 1) * DAY_S))
    }

    fn granularity(&self) -> Granularity {
        match self.granularity {
            Granularity::Minute | Granularity::Quarter | Granularity::Hour => Granularity::Day,
            longer @ (Granularity::Day | Granularity::Week | Granularity::Month | Granularity::Total) => {
                longer
            }
        }
    }

    /// The next of the sketches, in the order of their days.
    fn select(&self, windows: &Windows, after: Option<&Addresses>) -> Select {
        let select = Select::new(include_str!("../usage/addresses/select.sql"), vec![])
            .and("start_s >= {}", windows.from_s)
            .and("start_s < {}", windows.until_s)
            .and_some(OF_TEAM, self.owner_team.as_ref().map(|team| team.as_str()))
            .and_some("client_id = {}", self.client_id)
            .and_some("environment = {}", self.environment.clone())
            .and_within(&self.reach, &RECORDED);
        let select = match after {
            Some(Addresses { start_s, client_id, environment, .. }) => select.within_rows(
                " where (start_s, client_id, environment) > ",
                vec![(*start_s).into(), (*client_id).into(), environment.clone().into()],
            ),
            None => select,
        };
        select.then(" order by start_s, client_id, environment").limit(ROWS_AT_ONCE)
    }
}

/// Puts days together in their order. No more is held than one window's sketches.
struct Folding<'of> {
    windows: &'of Windows,
    query: &'of AddressesQuery,
    window_s: i64,
    open: BTreeMap<(Option<ClientId>, Option<Environment>), AddressSketch>,
    rows: Vec<AddressesRow>,
}

impl<'of> Folding<'of> {
    fn new(windows: &'of Windows, query: &'of AddressesQuery) -> Self {
        Self { windows, query, window_s: windows.from_s, open: BTreeMap::new(), rows: vec![] }
    }

    fn add(&mut self, Addresses { start_s, client_id, environment, sketch }: Addresses) {
        let window_s = self.windows.window_of(start_s);
        if window_s != self.window_s {
            self.close();
            self.window_s = window_s;
        }
        let asked = |dimension| self.query.group_by.contains(&dimension);
        let client_id = Some(client_id).filter(|_| asked(AddressDimension::Client));
        let environment = Some(environment).filter(|_| asked(AddressDimension::Environment));
        self.open.entry((client_id, environment)).or_default().merge(&sketch);
    }

    fn close(&mut self) {
        let (window_start, window_end) = self.windows.ends(self.window_s);
        let open = std::mem::take(&mut self.open).into_iter();
        self.rows.extend(open.map(|((client_id, environment), sketch)| AddressesRow {
            window_start,
            window_end,
            client_id,
            environment,
            addresses: sketch.size(),
        }));
    }

    /// Whether there are more rows already than are answered.
    fn is_full(&self) -> bool {
        self.rows.len() > usize::try_from(self.query.rows_max).unwrap_or(usize::MAX)
    }

    fn finish(mut self) -> Vec<AddressesRow> {
        self.close();
        self.rows
    }
}
