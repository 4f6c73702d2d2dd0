//! From which grain a report is added up: whole days where they will do, else quarters of an hour or minutes, as far back as
//! they are kept.

use super::Windows;
use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, queries::Select, usage::DAY_S};

/// The tables of one kind of fact, from fine to coarse.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grains {
    minutes: &'static str,
    quarters: &'static str,
    days: &'static str,
}

pub(crate) const CALLS: Grains =
    Grains { minutes: "usage_minute", quarters: "usage_quarter", days: "usage_day" };
pub(crate) const ANSWERS: Grains =
    Grains { minutes: "answers_minute", quarters: "answers_quarter", days: "answers_day" };

impl Grains {
    /// What the rows are read from, named `counted`; `$1` and `$2` are the report's ends. Whole days stand for their quarters.
    pub(crate) fn counted(&self, windows: &Windows) -> String {
        let Self { minutes, quarters, days } = self;
        if windows.by_minutes {
            return format!("{minutes} counted");
        }
        let Some((first, end)) = whole_days(windows) else { return format!("{quarters} counted") };
        format!(
            "(select * from {days} where start_s >= {first} and start_s < {end}
        union all
        select * from {quarters} where start_s >= $1 and start_s < {first}
        union all
        select * from {quarters} where start_s >= {end} and start_s < $2) counted"
        )
    }
}

/// The days of UTC that lie in the windows whole.
fn whole_days(windows: &Windows) -> Option<(i64, i64)> {
    let first = (windows.from_s + DAY_S - 1).div_euclid(DAY_S) * DAY_S;
    let end = windows.until_s.div_euclid(DAY_S) * DAY_S;
    (windows.fits_days() && first < end).then_some((first, end))
}

/// The windows as far back as what they are added up from is kept: where details were let go of, they begin later, or with a whole
/// day.
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
    Ok(if is_cut { windows.since(fine_s) } else { windows })
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
