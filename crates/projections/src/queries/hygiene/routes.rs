//! Routes that nobody calls.

use domain::{RouteId, Timestamp, access::Reach};

use super::{Stretch, cut};
use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored,
    queries::{Select, routes::RouteRow, select::RECORDED},
};

/// A route with its last call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietRoute {
    pub route: RouteRow,
    /// Whatever became of it.
    pub last_called_at: Option<Timestamp>,
}

impl Stored for QuietRoute {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { route: RouteRow::read(columns)?, last_called_at: columns.time_or_none("last_used_at_us")? })
    }
}

/// Active routes, defined before then, that were not called since, in the order of their definition; at most so many. To
/// somebody who does not see everything, calls beyond their reach are none, and the last one is known to the quarter of an hour, as
/// far back as usage is kept.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    since: Timestamp,
    reach: &Reach,
    after: Option<RouteId>,
    limit: u32,
) -> Result<Stretch<QuietRoute, RouteId>, ReadFailure> {
    let select = match reach {
        Reach::Everything => Select::new(include_str!("routes/select.sql"), vec![since.into()]),
        Reach::Within(_) => {
            let values = vec![since.into(), since.as_second().into()];
            Select::new(include_str!("routes/select_within.sql"), values)
                .within_at("{reach}", reach, "", &RECORDED)
                .and_shared(reach)
        }
    };
    let select =
        select.and_some("r.route_id > {}", after).then(" order by r.route_id").limit(limit.saturating_add(1));
    let rows = model.fetch(select).await?;
    Ok(cut(rows, limit, |quiet: &QuietRoute| quiet.route.route_id))
}
