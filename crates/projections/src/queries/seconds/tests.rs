//! Seconds in, the same seconds out, in the order of time.

use domain::{decision::Outcome, usage::UsageFact};

use super::*;
use crate::testing::{Engine, at, client, counted, fact, key, on_every_engine, route};

on_every_engine!(
    seconds_come_in_the_order_of_time_beside_what_became_of_them,
    calls_without_a_key_are_among_what_happened,
    what_is_out_of_reach_or_filtered_out_is_nowhere,
    too_many_rows_are_refused_and_none_is_handed_out,
    more_than_a_page_is_handed_out_once,
);

fn query() -> SecondsQuery {
    let (filter, reach) = (UsageFilter::default(), Reach::Everything);
    SecondsQuery { from: at(60), until: at(3_600), filter, rows_max: ROWS_MAX, reach }
}

fn seconds(of: u64, minute: i64, outcome: Outcome, seconds: Vec<(u8, u64)>) -> UsageFact {
    let calls = seconds.iter().map(|(_, calls)| calls).sum();
    UsageFact { client_id: Some(client(of)), key_id: Some(key(of)), seconds, ..fact(minute, outcome, calls) }
}

async fn all(model: &ReadModel, query: &SecondsQuery) -> Result<(Vec<SecondRow>, Seconds), SecondsFailure> {
    let mut rows = vec![];
    let seconds = read(model, query, |page| rows.extend(page)).await?;
    Ok((rows, seconds))
}

async fn seconds_come_in_the_order_of_time_beside_what_became_of_them(on: Engine) {
    let facts = vec![
        seconds(2, 1, Outcome::Allowed, vec![(3, 2), (59, 1)]),
        seconds(1, 1, Outcome::RateLimited, vec![(3, 4)]),
        seconds(1, 2, Outcome::QuotaExceeded, vec![(0, 1)]),
        // Of these the second is not known, and the others never met a limit.
        UsageFact { calls: 7, ..seconds(1, 2, Outcome::Allowed, vec![]) },
        UsageFact { calls: 9, ..seconds(1, 2, Outcome::Forbidden, vec![]) },
        // Before the range, and behind it.
        seconds(1, 0, Outcome::Allowed, vec![(59, 5)]),
        seconds(1, 60, Outcome::Allowed, vec![(0, 5)]),
    ];
    let (_dir, model) = counted(on, facts, |_| {}).await;
    let (rows, seconds) = all(&model, &query()).await.unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (row.second - at(0).as_second(), row.client_id.unwrap(), row.calls)).collect();
    let (one, two) = (client(1), client(2));
    assert_eq!(told, [(63, one, 4), (63, two, 2), (119, two, 1), (120, one, 1)]);
    assert_eq!((rows[0].key_id, rows[0].route_id), (Some(key(1)), Some(route(1))));
    let happened: Vec<_> =
        seconds.happened.iter().map(|row| (row.client_id.unwrap(), row.allowed, row.refused)).collect();
    assert_eq!(happened, [(one, 7, 5), (two, 3, 0)]);
    assert_eq!((seconds.from, seconds.until, seconds.rows, seconds.batch_no), (at(60), at(3_600), 4, 1));
}

async fn calls_without_a_key_are_among_what_happened(on: Engine) {
    let without_key = |fact| UsageFact { key_id: None, secret_version: None, ..fact };
    let facts = vec![
        without_key(seconds(1, 1, Outcome::Allowed, vec![(3, 2)])),
        without_key(seconds(1, 1, Outcome::RateLimited, vec![(4, 5)])),
        // Nobody knows whose these are.
        UsageFact { client_id: None, calls: 7, ..without_key(seconds(1, 1, Outcome::RateLimited, vec![])) },
    ];
    let (_dir, model) = counted(on, facts, |_| {}).await;
    let (rows, seconds) = all(&model, &query()).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.client_id, row.key_id, row.calls)).collect();
    let one = Some(client(1));
    assert_eq!(told, [(one, None, 2), (one, None, 5)]);
    let happened: Vec<_> =
        seconds.happened.iter().map(|row| (row.client_id, row.allowed, row.refused)).collect();
    assert_eq!(happened, [(one, 2, 5)]);
}

async fn what_is_out_of_reach_or_filtered_out_is_nowhere(on: Engine) {
    let facts =
        vec![seconds(1, 1, Outcome::Allowed, vec![(3, 2)]), seconds(2, 1, Outcome::Allowed, vec![(3, 4)])];
    let (_dir, model) = counted(on, facts, |_| {}).await;
    let filter = UsageFilter { client_id: Some(client(2)), ..UsageFilter::default() };
    let (rows, seconds) = all(&model, &SecondsQuery { filter, ..query() }).await.unwrap();
    assert_eq!((rows.len(), rows[0].calls, seconds.happened.len()), (1, 4, 1));
    let nothing = SecondsQuery { reach: Reach::Within(vec![]), ..query() };
    let (rows, seconds) = all(&model, &nothing).await.unwrap();
    assert_eq!((rows.len(), seconds.rows, seconds.happened.len()), (0, 0, 0));
}

async fn too_many_rows_are_refused_and_none_is_handed_out(on: Engine) {
    let facts = vec![seconds(1, 1, Outcome::Allowed, vec![(1, 1), (2, 1), (3, 1)])];
    let (_dir, model) = counted(on, facts, |_| {}).await;
    assert_eq!(all(&model, &SecondsQuery { rows_max: 3, ..query() }).await.unwrap().0.len(), 3);
    let refused = all(&model, &SecondsQuery { rows_max: 2, ..query() }).await.unwrap_err();
    assert!(matches!(refused, SecondsFailure::TooManyRows { rows_max: 2 }), "{refused}");
}

async fn more_than_a_page_is_handed_out_once(on: Engine) {
    let whole = (0..60).map(|second| (second, 1)).collect::<Vec<_>>();
    // 59 minutes of 6 clients, and a page ends within a second.
    let facts = (1..60).flat_map(|minute| {
        let whole = whole.clone();
        (1..=6).map(move |of| seconds(of, minute, Outcome::Allowed, whole.clone()))
    });
    let (_dir, model) = counted(on, facts.collect(), |_| {}).await;
    let (rows, seconds) = all(&model, &query()).await.unwrap();
    assert_eq!((rows.len(), seconds.rows), (59 * 60 * 6, 59 * 60 * 6));
    assert!(rows.len() > usize::try_from(PAGE_ROWS).unwrap());
    assert!(rows.windows(2).all(|two| (two[0].second, two[0].client_id) < (two[1].second, two[1].client_id)));
}
