//! A usage report as CSV.

use std::collections::BTreeSet;

use projections::queries::usage::{UsageDimension, UsageRow};

use crate::csv::{self, Cell};

/// The report with a line of names, a column for each dimension asked for and one for each outcome.
///
/// # Errors
/// Never in memory; the writer would tell.
pub(super) fn write(rows: &[UsageRow], group_by: &BTreeSet<UsageDimension>) -> Result<Vec<u8>, ::csv::Error> {
    let dimensions = group_by.iter().map(|dimension| column(*dimension));
    let outcomes = ["allowed", "rate_limited", "quota_exceeded", "unauthenticated", "forbidden", "total"];
    let names = ["window_start", "window_end"].into_iter().chain(dimensions).chain(outcomes);
    let cells = |row: &UsageRow| {
        let windows = [row.window_start, row.window_end].map(Cell::text);
        let named = group_by.iter().map(|dimension| cell(row, *dimension));
        windows.into_iter().chain(named).chain(counts(row)).collect()
    };
    csv::write(names, rows.iter().map(cells))
}

fn column(dimension: UsageDimension) -> &'static str {
    match dimension {
        UsageDimension::Client => "client_id",
        UsageDimension::Key => "key_id",
        UsageDimension::SecretVersion => "secret_version",
        UsageDimension::Route => "route_id",
        UsageDimension::Environment => "environment",
    }
}

fn cell(row: &UsageRow, dimension: UsageDimension) -> Cell {
    match dimension {
        UsageDimension::Client => Cell::text_or_empty(row.client_id),
        UsageDimension::Key => Cell::text_or_empty(row.key_id),
        UsageDimension::SecretVersion => row.secret_version.map_or(Cell::Empty, Cell::number),
        UsageDimension::Route => Cell::text_or_empty(row.route_id),
        UsageDimension::Environment => Cell::text_or_empty(row.environment.as_deref()),
    }
}

fn counts(row: &UsageRow) -> [Cell; 6] {
    [row.allowed, row.rate_limited, row.quota_exceeded, row.unauthenticated, row.forbidden, row.total]
        .map(Cell::number)
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn row(environment: &str) -> UsageRow {
        UsageRow {
            window_start: Timestamp::UNIX_EPOCH,
            window_end: Timestamp::from_second(60).unwrap(),
            client_id: None,
            key_id: None,
            secret_version: Some(2),
            route_id: None,
            environment: Some(environment.to_owned()),
            allowed: 1,
            rate_limited: 2,
            quota_exceeded: 3,
            unauthenticated: 4,
            forbidden: 5,
            total: 15,
        }
    }

    fn written(environment: &str) -> String {
        let group_by =
            [UsageDimension::Environment, UsageDimension::SecretVersion, UsageDimension::Client].into();
        String::from_utf8(write(&[row(environment)], &group_by).unwrap()).unwrap()
    }

    #[test]
    fn lines_end_in_crlf_and_columns_stand_in_their_order() {
        let expected = "window_start,window_end,client_id,secret_version,environment,\
            allowed,rate_limited,quota_exceeded,unauthenticated,forbidden,total\r\n\
            1970-01-01T00:00:00Z,1970-01-01T00:01:00Z,,2,prod,1,2,3,4,5,15\r\n";
        assert_eq!(written("prod"), expected);
    }

    #[test]
    fn a_text_that_looks_like_a_formula_is_no_formula() {
        assert!(written("=1+1").contains(",'=1+1,"));
    }
}
