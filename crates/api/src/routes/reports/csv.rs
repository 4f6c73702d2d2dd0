//! A usage report as CSV. Source: RFC 4180.

use std::{collections::BTreeSet, fmt::Display};

use csv::{Terminator, WriterBuilder};
use projections::queries::usage::{UsageDimension, UsageRow};

/// The report with a line of names, a column for each dimension asked for and one for each outcome.
///
/// # Errors
/// Never in memory; the writer would tell.
pub(super) fn write(rows: &[UsageRow], group_by: &BTreeSet<UsageDimension>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(vec![]);
    let dimensions = group_by.iter().map(|dimension| column(*dimension));
    let outcomes = ["allowed", "rate_limited", "quota_exceeded", "unauthenticated", "forbidden", "total"];
    writer.write_record(["window_start", "window_end"].into_iter().chain(dimensions).chain(outcomes))?;
    for row in rows {
        let windows = [row.window_start.to_string(), row.window_end.to_string()];
        let named = group_by.iter().map(|dimension| cell(row, *dimension));
        writer.write_record(windows.into_iter().chain(named).chain(counts(row)))?;
    }
    writer.into_inner().map_err(|failure| failure.into_error().into())
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

fn cell(row: &UsageRow, dimension: UsageDimension) -> String {
    match dimension {
        UsageDimension::Client => text(row.client_id),
        UsageDimension::Key => text(row.key_id),
        UsageDimension::SecretVersion => {
            row.secret_version.map(|version| version.to_string()).unwrap_or_default()
        }
        UsageDimension::Route => text(row.route_id),
        UsageDimension::Environment => text(row.environment.as_deref()),
    }
}

fn counts(row: &UsageRow) -> [String; 6] {
    [row.allowed, row.rate_limited, row.quota_exceeded, row.unauthenticated, row.forbidden, row.total]
        .map(|count| count.to_string())
}

/// A text that a spreadsheet takes for a text. Numbers do not come here: a negative one stays a number.
fn text(value: Option<impl Display>) -> String {
    let text = value.map(|value| value.to_string()).unwrap_or_default();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
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
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert!(written(formula).contains(&format!("'{formula}")), "{formula}");
        }
        assert!(written("=1,\"x\"").contains("\"'=1,\"\"x\"\"\""));
    }
}
