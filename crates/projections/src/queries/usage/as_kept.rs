//! Reports whose rows are those of the tables, one for each outcome: they lie in the report's order, and are put together here. The server
//! passes them on as it reads them, with nothing to hash or to sort.

use domain::decision::Outcome;

use super::{Calls, Counted, UsageDimension, UsagePlace, UsageQuery, Windows, parts::Part};
use crate::{BadColumn, Columns, ReadFailure, ReadModel, Stored, queries::Select};

/// Of one window and one set of dimensions there are at most so many rows.
const OUTCOMES: u32 = 5;

/// Whether no two rows of the tables are of one outcome of a row of the report, and both are in one order.
pub(super) fn is_that(query: &UsageQuery, windows: &Windows) -> bool {
    let all = [
        UsageDimension::Client,
        UsageDimension::Key,
        UsageDimension::SecretVersion,
        UsageDimension::Route,
        UsageDimension::Environment,
    ];
    windows.are_as_kept() && query.group_by == all.into()
}

/// At most so many rows. There is nothing to add up, so it is not read in parts: the server follows the primary key until there are enough.
pub(super) async fn read(
    model: &ReadModel,
    query: &UsageQuery,
    windows: &Windows,
    rows_max: u32,
) -> Result<Vec<Counted>, ReadFailure> {
    let wanted = usize::try_from(rows_max).unwrap_or(usize::MAX);
    let (mut counted, mut after) = (Vec::<Counted>::new(), query.after.clone());
    while counted.len() < wanted {
        let left = u32::try_from(wanted - counted.len()).unwrap_or(u32::MAX);
        // Those of one place at least are whole.
        let limit = left.saturating_add(OUTCOMES);
        let kept: Vec<Kept> = model.fetch(select(query, windows, after.as_ref(), limit)).await?;
        let is_all = u32::try_from(kept.len()).is_ok_and(|read| read < limit);
        let mut whole = put_together(kept)?;
        if !is_all {
            // Others of its outcomes may follow.
            whole.pop();
        }
        after = whole.last().map(Counted::place);
        counted.append(&mut whole);
        if is_all {
            break;
        }
    }
    counted.truncate(wanted);
    Ok(counted)
}

fn select(query: &UsageQuery, windows: &Windows, after: Option<&UsagePlace>, limit: u32) -> Select {
    const PLACE: &str = "start_s, client_id, key_id, secret_version, route_id, environment";
    let select = query.rows(windows, &Part::whole(windows), "calls");
    let select = match after {
        Some(place) => select.behind(&format!("   and ({PLACE}) > "), place.values(windows, &query.group_by)),
        None => select,
    };
    select.then(&format!(" order by {PLACE}, outcome")).limit(limit).once()
}

fn put_together(kept: Vec<Kept>) -> Result<Vec<Counted>, ReadFailure> {
    let mut whole = Vec::<Counted>::with_capacity(kept.len());
    for Kept { place, outcome, calls } in kept {
        if whole.last().is_none_or(|last| last.place != place) {
            let next = Counted::of(place, Calls::default());
            whole.push(next.map_err(|source| ReadFailure::Row { source })?);
        }
        if let Some(last) = whole.last_mut() {
            last.calls.add(outcome, calls);
        }
    }
    Ok(whole)
}

/// A row as it lies in its table.
struct Kept {
    place: UsagePlace,
    outcome: Outcome,
    calls: u64,
}

impl Stored for Kept {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            place: UsagePlace::read(columns)?,
            outcome: columns.word("outcome")?,
            calls: columns.count("calls")?,
        })
    }
}

impl Calls {
    fn add(&mut self, outcome: Outcome, calls: u64) {
        let of_outcome = match outcome {
            Outcome::Allowed => &mut self.allowed,
            Outcome::RateLimited => &mut self.rate_limited,
            Outcome::QuotaExceeded => &mut self.quota_exceeded,
            Outcome::Unauthenticated => &mut self.unauthenticated,
            Outcome::Forbidden => &mut self.forbidden,
        };
        *of_outcome = of_outcome.saturating_add(calls);
        self.total = self.total.saturating_add(calls);
    }
}
