//! The rows of a usage report, attached to its letter.
//!
//! They are read when the letter is sent: an outbox with a table in each letter would outgrow all else. What came late in between is
//! among them, and their `batch_no` says so.

use domain::{ClientId, access::Reach};
use projections::queries::usage::{self, Granularity, UsageDimension, UsageFilter, UsageQuery, csv};

use crate::{
    mail::Attachment,
    notices::UsageReport,
    parts::{Failure, Parts},
    timed::unreported,
};

/// Mail servers take ten megabytes; a row has some 170 bytes, which a letter carries as 230.
const ROWS_MAX: u32 = 20_000;

/// By day, route and environment; where that would be too many rows, of the whole time; and where there are still too many routes,
/// by day and environment.
const WAYS: [(Granularity, &[UsageDimension]); 3] = [
    (Granularity::Day, &[UsageDimension::Client, UsageDimension::Route, UsageDimension::Environment]),
    (Granularity::Total, &[UsageDimension::Client, UsageDimension::Route, UsageDimension::Environment]),
    (Granularity::Day, &[UsageDimension::Client, UsageDimension::Environment]),
];

pub(super) async fn of_report(parts: &Parts, told: &UsageReport) -> Result<Attachment, Failure> {
    let UsageReport { client, first_day, last_day, .. } = told;
    // Longer ones are cut into pieces by the rules of mail, which not every program puts together.
    let name = format!("usage-{first_day}-{last_day}.csv");
    let mut bytes = vec![];
    for (granularity, group_by) in WAYS {
        let query = query(told, client.id, granularity, group_by);
        let report = usage::report(&parts.read, &query).await.map_err(unreported)?;
        bytes = csv::page(&report, None, &query, true)?;
        if report.next.is_none() {
            break;
        }
    }
    Ok(Attachment { name, media_type: "text/csv; charset=utf-8; header=present", bytes })
}

fn query(
    told: &UsageReport,
    client_id: ClientId,
    granularity: Granularity,
    group_by: &[UsageDimension],
) -> UsageQuery {
    let UsageReport { environment, time_zone, window_start, window_end, .. } = told;
    UsageQuery {
        from: *window_start,
        until: *window_end,
        granularity,
        zone: time_zone.zone(),
        group_by: group_by.iter().copied().collect(),
        filter: UsageFilter {
            client_id: Some(client_id),
            environment: environment.clone(),
            ..UsageFilter::default()
        },
        after: None,
        rows_max: ROWS_MAX,
        reach: Reach::Everything,
    }
}
