//! What is kept, held to what gateways told.

use std::sync::Arc;

use super::*;
use crate::{ReconcileFailure, Told as Telling, ToldUsage, reconcile as counted_again};

on_every_engine!(
    what_is_counted_once_is_what_was_told,
    a_sum_that_is_not_what_was_told_is_named,
    what_is_not_kept_in_detail_is_compared_by_days,
);

const DAY: i64 = 24 * 60;

/// Batches that are there since then.
struct Told {
    batches: Arc<[ArrivedBatch]>,
    since: Option<Timestamp>,
}

impl ToldUsage for Told {
    fn whole_since(&self) -> Telling<'_, Option<Timestamp>> {
        Box::pin(std::future::ready(Ok(self.since)))
    }

    fn before(&self, at: Timestamp) -> Telling<'_, u64> {
        let before = self.batches.iter().take_while(|arrived| arrived.batch.flushed_at < at);
        Box::pin(std::future::ready(Ok(before.last().map_or(0, |arrived| arrived.batch_no))))
    }

    fn read(&self, after: u64, batches_max: usize) -> Telling<'_, Vec<ArrivedBatch>> {
        let next = self.batches.iter().filter(move |arrived| arrived.batch_no > after);
        let next: Vec<_> = next.take(batches_max).cloned().collect();
        Box::pin(async { Ok(next) })
    }
}

fn told(batches: &[ArrivedBatch]) -> Told {
    Told { batches: batches.into(), since: Some(Timestamp::MIN) }
}

fn batches() -> Vec<ArrivedBatch> {
    let first =
        vec![fact(0, Outcome::Allowed, 3), fact(14, Outcome::RateLimited, 2), fact(DAY, Outcome::Allowed, 5)];
    let late = vec![nobody(fact(1, Outcome::Unauthenticated, 7)), fact(0, Outcome::Allowed, 1)];
    let mut again = batch(3, late.clone());
    again.batch.sequence = 2;
    vec![batch(1, first), batch(2, late), again]
}

async fn what_is_counted_once_is_what_was_told(on: Engine) {
    let batches = batches();
    let (_dir, model) = counted(on, &batches).await;
    let compared = counted_again(&model, &told(&batches), (at(0), at(2 * DAY * 60)), u64::MAX).await.unwrap();
    assert_eq!((compared.differences_total, compared.batch_no), (0, 3), "{compared:?}");
    let calls: Vec<_> =
        compared.grains.iter().map(|grain| (grain.name, grain.calls_kept, grain.windows)).collect();
    let of_each = ["quarter_of_client", "day_of_client", "quarter_of_route", "day_of_route"];
    assert_eq!(calls[..3], [("minute", 18, 4), ("quarter", 18, 2), ("day", 18, 2)]);
    assert_eq!(calls[3..], of_each.map(|name| (name, 18, 2)));
    let first = counted_again(&model, &told(&batches), (at(60), at(120)), u64::MAX).await.unwrap();
    assert_eq!((first.from, first.until), (at(0), at(DAY * 60)), "whole days are compared");
    assert_eq!(first.grains.iter().map(|grain| grain.calls_again).collect::<Vec<_>>(), [13; 7]);
}

async fn a_sum_that_is_not_what_was_told_is_named(on: Engine) {
    let batches = batches();
    let (_dir, model) = counted(on, &batches).await;
    // One call less was told than is kept, and one that nobody has kept.
    let mut other = batches.clone();
    other[0].batch.facts[0].calls = 2;
    other[1].batch.facts.push(fact(14, Outcome::QuotaExceeded, 1));
    let compared = counted_again(&model, &told(&other), (at(0), at(DAY * 60)), u64::MAX).await.unwrap();
    let named: Vec<_> = compared
        .differences
        .iter()
        .map(|one| (one.grain, one.window_start, &*one.outcome, one.kept, one.again))
        .collect();
    let expected = [
        ("minute", at(0), "allowed", 4, 3),
        ("minute", at(14 * 60), "quota_exceeded", 0, 1),
        ("quarter", at(0), "allowed", 4, 3),
        ("quarter", at(0), "quota_exceeded", 0, 1),
        ("day", at(0), "allowed", 4, 3),
        ("day", at(0), "quota_exceeded", 0, 1),
    ];
    assert_eq!((&named[..6], compared.differences_total), (expected.as_slice(), 14));
}

async fn what_is_not_kept_in_detail_is_compared_by_days(on: Engine) {
    let mut arrived = batch(1, vec![fact(0, Outcome::Allowed, 3), fact(500 * DAY, Outcome::Allowed, 5)]);
    arrived.batch.flushed_at = at(500 * DAY * 60);
    let (_dir, model) = counted(on, &[arrived.clone()]).await;
    while model.forget_usage(at(500 * DAY * 60), UsageRetention::default()).await.unwrap() {}
    let compared =
        counted_again(&model, &told(&[arrived]), (at(0), at(501 * DAY * 60)), u64::MAX).await.unwrap();
    assert_eq!(compared.differences_total, 0, "{compared:?}");
    let calls: Vec<_> =
        compared.grains.iter().map(|grain| (grain.name, grain.since, grain.calls_kept)).collect();
    let last = Some(at(500 * DAY * 60));
    assert_eq!(calls[..3], [("minute", last, 5), ("quarter", last, 5), ("day", Some(at(0)), 8)]);
    assert_eq!(calls[3..5], [("quarter_of_client", last, 5), ("day_of_client", Some(at(0)), 8)]);
}

#[tokio::test]
async fn without_every_batch_nothing_is_said() {
    let batches = batches();
    let (_dir, model) = counted(Engine::Sqlite, &batches).await;
    let compare =
        async |source: Told| counted_again(&model, &source, (at(0), at(60)), u64::MAX).await.unwrap_err();
    let cut = Told { since: None, ..told(&batches) };
    assert!(matches!(compare(cut).await, ReconcileFailure::Incomplete));
    let short = compare(told(&batches[..2])).await;
    assert!(matches!(short, ReconcileFailure::Short { found: 2, counted: 3 }), "{short}");
}

#[tokio::test]
async fn what_began_before_the_first_batch_that_is_left_is_compared_from_the_next_day_on() {
    let arrived = |number: u64, day: i64| {
        let mut arrived = batch(number, vec![fact(day * DAY, Outcome::Allowed, number)]);
        arrived.batch.flushed_at = at(day * DAY * 60);
        arrived
    };
    let batches = [arrived(1, 0), arrived(2, 1), arrived(3, 2), arrived(4, 3)];
    let (_dir, model) = counted(Engine::Sqlite, &batches).await;
    let left = Told { since: Some(at(DAY * 60)), ..told(&batches[1..]) };
    let compared = counted_again(&model, &left, (at(0), at(4 * DAY * 60)), u64::MAX).await.unwrap();
    assert_eq!((compared.from, compared.differences_total), (at(2 * DAY * 60), 0), "{compared:?}");
    assert_eq!(compared.grains.iter().map(|grain| grain.calls_again).collect::<Vec<_>>(), [7; 7]);
    let before = counted_again(&model, &left, (at(0), at(2 * DAY * 60)), u64::MAX).await.unwrap_err();
    assert!(matches!(before, ReconcileFailure::Incomplete));
    // The batches of the first two days are not read.
    let few = counted_again(&model, &told(&batches), (at(2 * DAY * 60), at(3 * DAY * 60)), 2).await.unwrap();
    assert_eq!((few.differences_total, few.grains[0].calls_again), (0, 3));
    let many = counted_again(&model, &told(&batches), (at(0), at(DAY * 60)), 3).await.unwrap_err();
    assert!(matches!(many, ReconcileFailure::TooMany { batches: 4, batches_max: 3 }), "{many}");
}

/// Batches that are counted while they are looked at.
struct Moving {
    told: Told,
    model: ReadModel,
}

impl ToldUsage for Moving {
    fn whole_since(&self) -> Telling<'_, Option<Timestamp>> {
        self.told.whole_since()
    }

    fn before(&self, _: Timestamp) -> Telling<'_, u64> {
        Box::pin(async {
            apply(&self.model, Position::new(1), &self.told.batches).await.unwrap();
            Ok(0)
        })
    }

    fn read(&self, after: u64, batches_max: usize) -> Telling<'_, Vec<ArrivedBatch>> {
        self.told.read(after, batches_max)
    }
}

#[tokio::test]
async fn what_is_counted_meanwhile_is_no_difference() {
    let batches = batches();
    let (_dir, model) = counted(Engine::Sqlite, &batches[..1]).await;
    let moving = Moving { told: told(&batches), model: model.clone() };
    let compared = counted_again(&model, &moving, (at(0), at(2 * DAY * 60)), u64::MAX).await.unwrap();
    assert_eq!((compared.batch_no, compared.differences_total), (1, 0), "{compared:?}");
}
