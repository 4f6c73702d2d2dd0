//! What is answered where nothing is known.

use std::collections::BTreeSet;

use domain::{Position, access::Reach};
use jiff::tz::TimeZone;
use projections::queries::usage::UsageFilter;
use serde_json::json;

use super::*;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(hours * 3_600).unwrap()
}

/// A report of one row, which stands beside these calls.
fn check(before: Option<Vec<Option<Calls>>>, expected: Option<serde_json::Value>) {
    let query = UsageQuery {
        from: at(10),
        until: at(11),
        granularity: Granularity::Hour,
        zone: TimeZone::UTC,
        group_by: BTreeSet::new(),
        filter: UsageFilter::default(),
        after: None,
        rows_max: 10,
        reach: Reach::Everything,
    };
    let row = UsageRow {
        window_start: at(10),
        window_end: at(11),
        owner_team: None,
        client_id: None,
        key_id: None,
        secret_version: None,
        route_id: None,
        environment: None,
        calls: Calls::default(),
    };
    let (batch_no, position, rows) = (1, Position::START, vec![row]);
    let report = UsageReport { from: at(10), until: at(11), batch_no, position, rows, next: None };
    let compared = before.map(|before| Compared {
        report: report.clone(),
        before,
        before_from: at(9),
        before_until: at(10),
        before_is_cut: false,
    });
    let told = serde_json::to_value(Usage::of(report, compared, vec![], &query)).unwrap();
    assert_eq!(told["items"][0].get("previous").cloned(), expected);
}

#[test]
fn a_window_before_of_which_nothing_is_known_is_null_and_not_zero() {
    check(None, None);
    check(Some(vec![None]), Some(json!(null)));
    let counts = ["allowed", "rate_limited", "quota_exceeded", "unauthenticated", "forbidden", "total"];
    let none: serde_json::Map<_, _> = counts.map(|count| (count.to_owned(), json!(0))).into_iter().collect();
    check(Some(vec![Some(Calls::default())]), Some(json!(none)));
}
