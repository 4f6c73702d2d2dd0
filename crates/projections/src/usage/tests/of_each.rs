//! Reports that are made of the sums for each client and each route, and of parts, held to those that are made of every row at once.

use std::collections::BTreeMap;

use super::*;
use crate::{
    queries::usage::UsagePlace,
    testing::{History, register},
};

on_every_engine!(
    sums_of_each_say_what_all_rows_say,
    pages_are_the_report_whatever_their_size,
    whoever_counts_without_the_sums_is_not_let_count,
);

const DAY: i64 = 24 * 60;
const ALL: [UsageDimension; 6] = [
    UsageDimension::OwnerTeam,
    UsageDimension::Client,
    UsageDimension::Key,
    UsageDimension::SecretVersion,
    UsageDimension::Route,
    UsageDimension::Environment,
];

/// Facts of 70 days whose dimensions go through their values each at its own pace.
fn facts() -> Vec<UsageFact> {
    let one = |n: u64| {
        let outcome =
            [Outcome::Allowed, Outcome::RateLimited, Outcome::QuotaExceeded][usize::try_from(n % 3).unwrap()];
        let fact = fact(i64::try_from(n * 7_919 % (70 * 96)).unwrap() * 15, outcome, n % 11 + 1);
        let fact = UsageFact {
            client_id: Some(client(n % 7)),
            key_id: Some(key(n % 13)),
            route_id: (!n.is_multiple_of(5)).then(|| route(n % 5)),
            environment: ["prod", "sandbox"][usize::try_from(n % 2).unwrap()].parse().unwrap(),
            ..fact
        };
        if n.is_multiple_of(17) { nobody(fact) } else { fact }
    };
    // Some of them with every outcome.
    let others = (0..60).flat_map(|n| {
        let all = [Outcome::Allowed, Outcome::QuotaExceeded, Outcome::Unauthenticated, Outcome::Forbidden];
        all.map(|outcome| UsageFact { outcome, ..one(n * 9) })
    });
    (0..600).map(one).chain(others).collect()
}

async fn filled(on: Engine) -> (tempfile::TempDir, ReadModel) {
    let batches: Vec<_> =
        (1..).zip(facts().chunks(100).map(<[_]>::to_vec)).map(|(no, facts)| batch(no, facts)).collect();
    // All but two of the clients are in the directory, by which a long window is read in parts.
    let history = [1, 2, 4, 5, 6]
        .into_iter()
        .fold(History::default(), |history, n| history.client(n, &register("Alpha")));
    let (dir, model) = read_model(on).await;
    project(&model, &history, 100).await;
    model.reset(OWNER).await.unwrap();
    apply(&model, Position::START, &batches).await.unwrap();
    (dir, model)
}

fn asked(granularity: Granularity, zone: &str, by: &[UsageDimension]) -> UsageQuery {
    UsageQuery {
        zone: TimeZone::get(zone).unwrap(),
        rows_max: 100_000,
        ..query(3 * DAY + 60, 61 * DAY - 45, granularity, by)
    }
}

/// The rows of a finer report by no more than these.
fn folded(rows: &[UsageRow], by: &[UsageDimension]) -> Vec<UsageRow> {
    let mut all: BTreeMap<(Timestamp, [String; 6]), UsageRow> = BTreeMap::new();
    for row in rows {
        let keep = |dimension| by.contains(&dimension);
        let row = UsageRow {
            owner_team: row.owner_team.clone().filter(|_| keep(UsageDimension::OwnerTeam)),
            client_id: row.client_id.filter(|_| keep(UsageDimension::Client)),
            key_id: row.key_id.filter(|_| keep(UsageDimension::Key)),
            secret_version: row.secret_version.filter(|_| keep(UsageDimension::SecretVersion)),
            route_id: row.route_id.filter(|_| keep(UsageDimension::Route)),
            environment: row.environment.clone().filter(|_| keep(UsageDimension::Environment)),
            ..row.clone()
        };
        let text = |id: Option<String>| id.unwrap_or_default();
        let place = [
            text(row.owner_team.clone()),
            text(row.client_id.map(|id| id.to_string())),
            text(row.key_id.map(|id| id.to_string())),
            text(row.secret_version.map(|version| version.to_string())),
            text(row.route_id.map(|id| id.to_string())),
            text(row.environment.clone()),
        ];
        let calls = row.calls;
        let sum = all.entry((row.window_start, place)).or_insert(UsageRow { calls: Calls::default(), ..row });
        sum.calls.allowed += calls.allowed;
        sum.calls.rate_limited += calls.rate_limited;
        sum.calls.quota_exceeded += calls.quota_exceeded;
        sum.calls.unauthenticated += calls.unauthenticated;
        sum.calls.forbidden += calls.forbidden;
        sum.calls.total += calls.total;
    }
    all.into_values().collect()
}

async fn sums_of_each_say_what_all_rows_say(on: Engine) {
    let (_dir, model) = filled(on).await;
    let by: [&[UsageDimension]; 7] = [
        &ALL[1..],
        &[],
        &[UsageDimension::Client],
        &[UsageDimension::Route],
        &[UsageDimension::Environment],
        &[UsageDimension::OwnerTeam, UsageDimension::Environment],
        &[UsageDimension::Client, UsageDimension::Route],
    ];
    for (granularity, zone) in [
        (Granularity::Total, "UTC"),
        (Granularity::Day, "UTC"),
        (Granularity::Week, "UTC"),
        (Granularity::Month, "Europe/Berlin"),
        (Granularity::Day, "Asia/Kolkata"),
        (Granularity::Hour, "UTC"),
        (Granularity::Quarter, "UTC"),
    ] {
        let finest = report(&model, &asked(granularity, zone, &ALL)).await.unwrap();
        assert!(finest.rows.len() > 60, "{}", finest.rows.len());
        for by in by {
            let told = report(&model, &asked(granularity, zone, by)).await.unwrap();
            assert_eq!(told.rows, folded(&finest.rows, by), "{granularity:?} {zone} {by:?}");
        }
        let filter = UsageFilter { client_id: Some(client(3)), ..UsageFilter::default() };
        let of_one = report(&model, &UsageQuery { filter, ..asked(granularity, zone, &[]) }).await.unwrap();
        let theirs: Vec<_> =
            finest.rows.iter().filter(|row| row.client_id == Some(client(3))).cloned().collect();
        assert_eq!(of_one.rows, folded(&theirs, &[]), "{granularity:?} {zone}");
    }
}

async fn pages_are_the_report_whatever_their_size(on: Engine) {
    let (_dir, model) = filled(on).await;
    for (granularity, by) in [
        (Granularity::Total, &ALL[..]),
        (Granularity::Total, &[UsageDimension::Client, UsageDimension::Route][..]),
        (Granularity::Month, &[UsageDimension::Client, UsageDimension::Key][..]),
        (Granularity::Day, &[UsageDimension::Route][..]),
        (Granularity::Day, &[][..]),
        (Granularity::Quarter, &[UsageDimension::Client][..]),
        (Granularity::Quarter, &ALL[1..]),
    ] {
        let whole = report(&model, &asked(granularity, "UTC", by)).await.unwrap();
        assert!(whole.next.is_none());
        for rows_max in [1, 7, 50] {
            let (mut rows, mut after) = (vec![], None::<UsagePlace>);
            loop {
                let page = report(&model, &UsageQuery { after, rows_max, ..asked(granularity, "UTC", by) })
                    .await
                    .unwrap();
                assert!(page.rows.len() <= usize::try_from(rows_max).unwrap());
                rows.extend(page.rows);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(rows, whole.rows, "{granularity:?} {by:?} by {rows_max}");
        }
    }
}

/// A program of before, which is still running when the tables come, must not leave them short.
async fn whoever_counts_without_the_sums_is_not_let_count(on: Engine) {
    let (_dir, model) = counted(on, &[batch(1, vec![fact(0, Outcome::Allowed, 1)])]).await;
    let before = Owner { version: 1, ..OWNER };
    let to = Checkpoint { version: 1, position: Position::new(2), leaf: String::new() };
    let commit = Commit { owner: before, from: Position::new(1), to, changes: vec![] };
    assert_eq!(model.commit(commit).await.unwrap(), Committed::Fenced);
    let put_back = model.rewind(before).await;
    // One process has the file of the embedded engine: nobody of before is left there.
    assert_eq!(put_back.is_err(), matches!(on, Engine::Postgres));
}
