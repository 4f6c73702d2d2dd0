//! From which tables a report is added up: of sums for each client or each route where they say enough; whole days where they will do, else
//! quarters of an hour or minutes, as far back as they are kept.

use std::ops::Range;

use super::Windows;
use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, queries::Select, usage::DAY_S};

/// The tables of one kind of fact, from fine to coarse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grains {
    minutes: &'static str,
    quarters: &'static str,
    days: &'static str,
}

pub(crate) const CALLS: Grains =
    Grains { minutes: "usage_minute", quarters: "usage_quarter", days: "usage_day" };
pub(crate) const ANSWERS: Grains =
    Grains { minutes: "answers_minute", quarters: "answers_quarter", days: "answers_day" };
// Minutes are not kept long enough to have sums.
const CALLS_OF_CLIENTS: Grains =
    Grains { quarters: "usage_quarter_of_client", days: "usage_day_of_client", ..CALLS };
const CALLS_OF_ROUTES: Grains =
    Grains { quarters: "usage_quarter_of_route", days: "usage_day_of_route", ..CALLS };

/// What a question is about. Environments and outcomes are in every table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// Or the teams that own them.
    pub(crate) clients: bool,
    /// Or the versions of their secrets.
    pub(crate) keys: bool,
    pub(crate) routes: bool,
}

impl About {
    /// The smallest tables of calls that say enough.
    pub(crate) fn calls(self) -> Grains {
        match self {
            Self { keys: true, .. } | Self { clients: true, routes: true, .. } => CALLS,
            Self { clients: true, .. } => CALLS_OF_CLIENTS,
            Self { .. } => CALLS_OF_ROUTES,
        }
    }
}

impl Grains {
    /// What the rows of a part of the report are read from, named `counted`. Whole days stand for their quarters.
    pub(crate) fn counted(&self, windows: &Windows, part: &Range<i64>) -> String {
        let Self { minutes, quarters, days } = self;
        let rows = |table: &str, from_s: i64, until_s: i64| {
            format!("select * from {table} where start_s >= {from_s} and start_s < {until_s}")
        };
        let Range { start, end } = *part;
        if windows.by_minutes {
            return format!("({}) counted", rows(minutes, start, end));
        }
        let first_day = (start + DAY_S - 1).div_euclid(DAY_S) * DAY_S;
        let days_end = end.div_euclid(DAY_S) * DAY_S;
        if !windows.fits_days() || first_day >= days_end {
            return format!("({}) counted", rows(quarters, start, end));
        }
        let mut all = vec![rows(days, first_day, days_end)];
        if start < first_day {
            all.push(rows(quarters, start, first_day));
        }
        if days_end < end {
            all.push(rows(quarters, days_end, end));
        }
        format!("({}) counted", all.join("\n        union all\n        "))
    }
}

/// The windows as far back as what they are added up from is kept: where details were let go of, they begin later, or begin and end with
/// whole days.
///
/// # Errors
/// When the read model cannot be read.
pub(crate) async fn kept(
    model: &ReadModel,
    windows: Windows,
    grains: Grains,
) -> Result<Windows, ReadFailure> {
    let Grains { minutes, quarters, days } = grains;
    let (fine, coarse) = if windows.by_minutes { (minutes, quarters) } else { (quarters, days) };
    let sql = include_str!("kept.sql").replace("{fine}", fine).replace("{coarse}", coarse);
    let Some(Kept { fine_s: Some(fine_s), coarse_s }) = model.fetch_one(Select::new(&sql, vec![])).await?
    else {
        return Ok(windows);
    };
    let is_cut = coarse_s.is_some_and(|coarse_s| coarse_s < fine_s.div_euclid(DAY_S) * DAY_S);
    Ok(if is_cut { windows.kept_since(fine_s) } else { windows })
}

struct Kept {
    fine_s: Option<i64>,
    coarse_s: Option<i64>,
}

impl Stored for Kept {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            fine_s: columns.integer_or_none("fine_s")?,
            coarse_s: columns.integer_or_none("coarse_s")?,
        })
    }
}
