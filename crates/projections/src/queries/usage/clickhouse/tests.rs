//! Questions in, statements out; rows in, a report out.

use std::sync::Mutex;

use domain::access::{Limits, Reach};

use super::*;
use crate::testing::{at, client, key, route};

fn query() -> UsageQuery {
    UsageQuery {
        from: at(0),
        until: at(86_400),
        granularity: Granularity::Day,
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        group_by: [UsageDimension::OwnerTeam, UsageDimension::Client, UsageDimension::Route].into(),
        filter: UsageFilter::default(),
        after: None,
        rows_max: 2,
        reach: Reach::Everything,
    }
}

fn asked(query: &UsageQuery) -> Statement {
    let windows = Windows::new((query.from, query.until), query.granularity, &query.zone).unwrap();
    statement(query, &windows)
}

#[test]
fn the_statement_is_the_one_that_was_looked_at() {
    let Statement { sql, parameters } = asked(&query());
    assert_eq!(sql, include_str!("day_by_team.sql").trim_end());
    assert_eq!(parameters, ["Europe/Berlin", "1767225600", "1767312000", "3"]);
}

#[test]
fn filters_reach_and_place_are_parameters() {
    let filter = UsageFilter {
        owner_team: Some("O'Brien".parse().unwrap()),
        client_id: Some(client(1)),
        key_id: Some(key(1)),
        secret_version: Some(3),
        route_id: Some(route(1)),
        environment: Some("prod".parse().unwrap()),
    };
    let limits = |team: Option<&str>, environments: Option<&[&str]>| Limits {
        team: team.map(|name| name.parse().unwrap()),
        environments: environments.map(|names| names.iter().map(|name| name.parse().unwrap()).collect()),
    };
    let reach =
        Reach::Within(vec![limits(Some("Orders"), Some(&["prod", "test"])), limits(None, Some(&["dev"]))]);
    let text = |text: &str| text.to_owned();
    let after = Some(UsagePlace(7, text("T"), text("C"), text("K"), 2, text("R"), text("E")));
    let Statement { sql, parameters } =
        asked(&UsageQuery { filter, reach, after, granularity: Granularity::Minute, ..query() });
    assert_eq!(sql, include_str!("filtered.sql").trim_end());
    assert!(!sql.contains("Brien") && !sql.contains("Orders"), "no value is in the text");
    assert_eq!(parameters.len(), 20);
    assert_eq!(parameters[2], "O'Brien");
}

#[test]
fn nothing_is_in_the_reach_of_nobody() {
    let Statement { sql, .. } = asked(&UsageQuery { reach: Reach::Within(vec![]), ..query() });
    assert!(sql.contains("and 1 = 0\n"), "{sql}");
}

#[test]
fn windows_are_those_of_the_server_s_clocks() {
    let window =
        |granularity| asked(&UsageQuery { granularity, ..query() }).sql.lines().next().unwrap().to_owned();
    for (granularity, expected) in [
        (Granularity::Quarter, "toUnixTimestamp(toStartOfFifteenMinutes(start))"),
        (Granularity::Hour, "toUnixTimestamp(toStartOfHour(start, {p1:String}))"),
        (Granularity::Week, "toUnixTimestamp(toDateTime(toMonday(start, {p1:String}), {p1:String}))"),
        (Granularity::Month, "toUnixTimestamp(toDateTime(toStartOfMonth(start, {p1:String}), {p1:String}))"),
        (Granularity::Total, "toInt64({p1:Int64})"),
    ] {
        assert!(window(granularity).contains(expected), "{}", window(granularity));
    }
}

/// Answers from a list, the last first.
struct Scripted(Mutex<Vec<&'static str>>);

impl ClickHouseServer for Scripted {
    async fn ask(&self, _: Statement) -> Result<String, ReadFailure> {
        Ok(self.0.lock().unwrap().pop().unwrap().to_owned())
    }
}

#[tokio::test]
async fn rows_are_read_into_the_same_report() {
    let rows = r#"{"place":[1767222000,"","","",0,"",""],"allowed":"1","rate_limited":"2","quota_exceeded":"0","unauthenticated":"0","forbidden":"0","total":"3"}
{"place":[1767222000,"Orders","cli_06bz5gpg0000000000000000001","",0,"",""],"allowed":4,"rate_limited":0,"quota_exceeded":0,"unauthenticated":0,"forbidden":0,"total":4}
{"place":[1767308400,"","","",0,"",""],"allowed":"9","rate_limited":"0","quota_exceeded":"0","unauthenticated":"0","forbidden":"0","total":"9"}"#;
    let rows = rows.replace("cli_06bz5gpg0000000000000000001", &client(1).to_string());
    let rows: &'static str = Box::leak(rows.into_boxed_str());
    let server = Scripted(Mutex::new(vec![rows, r#"{"batch_no":"12","position":"7"}"#]));
    let report = ClickHouse { server }.usage(&query()).await.unwrap();
    assert_eq!(
        (report.batch_no, report.position.get(), report.rows.len(), report.next.is_some()),
        (12, 7, 2, true)
    );
    assert_eq!(report.rows[0].window_end, at(82_800));
    assert_eq!(report.rows[1].owner_team.as_deref(), Some("Orders"));
    assert_eq!(report.rows[1].client_id, Some(client(1)));
    assert_eq!(report.rows[0].calls.total + report.rows[1].calls.total, 7);
}
