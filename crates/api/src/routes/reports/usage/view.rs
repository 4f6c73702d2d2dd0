//! A usage report as JSON.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{ClientId, KeyId, RouteId, Timestamp};
use projections::queries::usage::{
    Calls, Compared, Correction, Granularity, UsageQuery, UsageReport, UsageRow,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::onward::Onward;
use crate::docs::form;

/// Calls by window and by what was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// By window, then by the dimensions. A window without calls has no item.
    items: Vec<UsageItem>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
    /// What is counted: from then on …
    from: Timestamp,
    /// … before then.
    until: Timestamp,
    #[schema(value_type = form::Granularity, inline)]
    granularity: Granularity,
    time_zone: String,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
    /// Which client is whose is told as the log says up to here.
    position: u64,
    /// Where a comparison was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PeriodBefore>,
    /// Calls of this time that were told after their quarter of an hour was closed, those that came last first and at most 100. They are
    /// counted in their own time, so a report that was read before may have said less.
    corrections: Vec<CorrectionItem>,
}

/// The period that each item's `previous` is of, as far as it is known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeriodBefore {
    /// Later than the period before where what it is made of was let go of: `previous` is null beside a window of before. Where whole
    /// days are all that is known, they begin and end it.
    from: Timestamp,
    until: Timestamp,
    /// It had so many rows that some were not looked at: an item may seem to have had no calls then.
    is_cut: bool,
}

/// The calls of one window. A dimension is null where it was not asked for, and where the calls had none: an
/// unproven secret has no client, an unmatched path no route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageItem {
    window_start: Timestamp,
    window_end: Timestamp,
    owner_team: Option<String>,
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<String>)]
    key_id: Option<KeyId>,
    secret_version: Option<u32>,
    #[schema(value_type = Option<String>)]
    route_id: Option<RouteId>,
    environment: Option<String>,
    allowed: u64,
    rate_limited: u64,
    quota_exceeded: u64,
    unauthenticated: u64,
    forbidden: u64,
    total: u64,
    /// Where a comparison was asked for; null where nothing is known of the window before any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CallCounts>)]
    previous: Option<Option<CallCounts>>,
}

/// Calls by what became of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallCounts {
    allowed: u64,
    rate_limited: u64,
    quota_exceeded: u64,
    unauthenticated: u64,
    forbidden: u64,
    total: u64,
}

/// Calls of one quarter of an hour that one batch told late.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CorrectionItem {
    window_start: Timestamp,
    batch_no: u64,
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    environment: String,
    /// The gateway that told it.
    node: String,
    flushed_at: Timestamp,
    calls: u64,
}

impl Usage {
    pub(super) fn of(
        report: UsageReport,
        compared: Option<Compared>,
        corrections: Vec<Correction>,
        query: &UsageQuery,
    ) -> Self {
        let UsageReport { from, until, batch_no, position, rows, next } = report;
        let mut items: Vec<_> = rows.into_iter().map(UsageItem::from).collect();
        let previous = compared.map(|compared| {
            let Compared { before, before_from: from, before_until: until, before_is_cut: is_cut, .. } =
                compared;
            for (item, calls) in items.iter_mut().zip(before) {
                item.previous = Some(calls.map(CallCounts::from));
            }
            PeriodBefore { from, until, is_cut }
        });
        Self {
            items,
            next_cursor: next
                .map(|place| BASE64_URL_SAFE_NO_PAD.encode(Onward::of(query, place).to_string())),
            from,
            until,
            granularity: query.granularity,
            time_zone: query.zone.iana_name().unwrap_or("UTC").to_owned(),
            batch_no,
            position: position.get(),
            previous,
            corrections: corrections.into_iter().map(CorrectionItem::from).collect(),
        }
    }
}

impl From<UsageRow> for UsageItem {
    fn from(row: UsageRow) -> Self {
        let Calls { allowed, rate_limited, quota_exceeded, unauthenticated, forbidden, total } = row.calls;
        Self {
            window_start: row.window_start,
            window_end: row.window_end,
            owner_team: row.owner_team,
            client_id: row.client_id,
            key_id: row.key_id,
            secret_version: row.secret_version,
            route_id: row.route_id,
            environment: row.environment,
            allowed,
            rate_limited,
            quota_exceeded,
            unauthenticated,
            forbidden,
            total,
            previous: None,
        }
    }
}

impl From<Calls> for CallCounts {
    fn from(calls: Calls) -> Self {
        let Calls { allowed, rate_limited, quota_exceeded, unauthenticated, forbidden, total } = calls;
        Self { allowed, rate_limited, quota_exceeded, unauthenticated, forbidden, total }
    }
}

impl From<Correction> for CorrectionItem {
    fn from(correction: Correction) -> Self {
        let Correction { window_start, batch_no, client_id, environment, node, flushed_at, calls } =
            correction;
        Self {
            window_start,
            batch_no,
            client_id,
            environment: environment.to_string(),
            node,
            flushed_at,
            calls,
        }
    }
}

#[cfg(test)]
mod tests;
