//! Routes that nobody calls.

use domain::{RouteId, Timestamp};

use super::{Stretch, cut};
use crate::{
    BadColumn, Columns, ReadFailure, ReadModel, Stored,
    queries::{Select, routes::RouteRow},
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

/// Active routes, defined before then, that were not called since, in the order of their definition; at most so many.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    since: Timestamp,
    after: Option<RouteId>,
    limit: u32,
) -> Result<Stretch<QuietRoute, RouteId>, ReadFailure> {
    let select = Select::new(include_str!("routes/select.sql"), vec![since.into()])
        .and_some("r.route_id > {}", after)
        .then(" order by r.route_id")
        .limit(limit.saturating_add(1));
    let rows = model.fetch(select).await?;
    Ok(cut(rows, limit, |quiet: &QuietRoute| quiet.route.route_id))
}
