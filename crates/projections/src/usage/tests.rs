//! Batches in, sums out; each batch once.

mod grains;
mod let_go;
mod of_each;
mod reconcile;
mod reports;

use domain::{
    ClientId,
    access::Reach,
    decision::{Outcome, RefusalReason},
    ids::DecisionId,
    usage::{DecisionRecord, DecisionsLeftOut, ShadowFact, UsageBatch, UsageFact},
};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    Projections, RebuildFailure,
    queries::{
        Page,
        decisions::{self, DecisionFilter, DecisionRow},
        keys,
        shadow::{self, ShadowDimension, ShadowQuery},
        usage::{Calls, Granularity, UsageDimension, UsageFilter, UsageQuery, UsageReport, UsageRow, report},
    },
    testing::{
        Engine, at, client, event_log, eventful, fact, key, on_every_engine, policy, project, read_model,
        route,
    },
};

on_every_engine!(
    a_batch_counts_once_however_often_it_comes,
    every_window_length_adds_up_to_the_same,
    windows_are_half_open_and_a_part_of_one_says_so,
    outcomes_are_columns_and_dimensions_rows,
    filters_and_bounds_on_rows_hold,
    the_last_use_is_the_latest_genuine_one,
    a_batch_that_comes_again_under_another_number_counts_once,
    runs_of_gateways_are_told_apart,
    batches_that_are_gone_are_not_counted_away,
    decisions_are_forgotten_a_few_at_a_time,
    decisions_are_kept_once_and_found,
    what_shadowed_policies_would_have_refused_is_added_up,
);

fn nobody(fact: UsageFact) -> UsageFact {
    UsageFact { client_id: None, key_id: None, secret_version: None, route_id: None, ..fact }
}

fn batch(batch_no: u64, facts: Vec<UsageFact>) -> ArrivedBatch {
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    ArrivedBatch {
        batch_no,
        batch: UsageBatch {
            node,
            boot,
            sequence: batch_no,
            flushed_at: at(0),
            facts,
            throttled: vec![],
            responses: vec![],
            shadow: vec![],
            quota_levels: vec![],
            sightings: vec![],
            addresses: vec![],
            decisions: vec![],
            left_out: DecisionsLeftOut::default(),
        },
    }
}

async fn what_shadowed_policies_would_have_refused_is_added_up(on: Engine) {
    let shadow = |minute: i64, limit: Option<&str>, of: u64, calls, refused| ShadowFact {
        minute: at(minute * 60).as_second(),
        client_id: Some(client(of)),
        route_id: None,
        environment: "prod".parse().unwrap(),
        policy_id: policy(1),
        policy_revision: u32::try_from(of).unwrap(),
        limit: limit.map(|name| name.parse().unwrap()),
        calls,
        refused,
    };
    let with = |batch_no, facts: Vec<ShadowFact>| {
        let mut arrived = batch(batch_no, vec![]);
        arrived.batch.shadow = facts;
        arrived
    };
    let first = with(
        1,
        vec![
            shadow(1, None, 1, 10, 4),
            shadow(1, Some("burst"), 1, 10, 3),
            shadow(1, Some("daily"), 1, 10, 2),
            shadow(3, None, 2, 5, 0),
        ],
    );
    let (_dir, model) = counted(on, &[first.clone(), first, with(2, vec![shadow(14, None, 1, 1, 1)])]).await;
    let query = |by: &[ShadowDimension], granularity| ShadowQuery {
        from: at(0),
        until: at(3_600),
        granularity,
        group_by: by.iter().copied().collect(),
        reach: Reach::Everything,
        policy_id: Some(policy(1)),
        client_id: None,
        route_id: None,
        environment: None,
        rows_max: 100,
    };
    let rows = async |query: ShadowQuery| shadow::report(&model, &query).await.unwrap().rows;
    let all = rows(query(&[], Granularity::Total)).await;
    assert_eq!((all.len(), all[0].calls, all[0].refused, all[0].policy_id), (1, 16, 5, None));
    let by = [ShadowDimension::Policy, ShadowDimension::Revision, ShadowDimension::Client];
    let by_client = rows(query(&by, Granularity::Quarter)).await;
    let told = by_client.iter().map(|row| (row.client_id, row.policy_revision, row.calls, row.refused));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(Some(client(1)), Some(1), 11, 5), (Some(client(2)), Some(2), 5, 0)]
    );
    assert_eq!((by_client[0].window_start, by_client[0].window_end), (at(0), at(900)));
    let by_limit = rows(query(&[ShadowDimension::Limit], Granularity::Hour)).await;
    let told = by_limit.iter().map(|row| (row.limit.as_ref().unwrap().as_str(), row.refused));
    assert_eq!(told.collect::<Vec<_>>(), [("burst", 3), ("daily", 2)]);
    let of = ShadowQuery { client_id: Some(client(2)), ..query(&[], Granularity::Total) };
    assert_eq!(rows(of).await[0].calls, 5);
    let none = ShadowQuery { policy_id: Some(policy(2)), ..query(&[], Granularity::Total) };
    assert_eq!(rows(none).await, []);
}

async fn counted(on: Engine, batches: &[ArrivedBatch]) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    model.reset(OWNER).await.unwrap();
    let (_, committed) = apply(&model, Position::START, batches).await.unwrap();
    assert_eq!(committed, Committed::Yes);
    (dir, model)
}

fn query(from: i64, until: i64, granularity: Granularity, by: &[UsageDimension]) -> UsageQuery {
    UsageQuery {
        from: at(from * 60),
        until: at(until * 60),
        granularity,
        group_by: by.iter().copied().collect(),
        zone: TimeZone::UTC,
        reach: Reach::Everything,
        filter: UsageFilter::default(),
        after: None,
        rows_max: 1_000,
    }
}

/// Window starts in minutes and their totals.
fn totals(report: &UsageReport) -> Vec<(i64, u64)> {
    let minute = |row: &UsageRow| (row.window_start.as_second() - at(0).as_second()) / 60;
    report.rows.iter().map(|row| (minute(row), row.calls.total)).collect()
}

async fn a_batch_counts_once_however_often_it_comes(on: Engine) {
    let batches =
        [batch(1, vec![fact(0, Outcome::Allowed, 5)]), batch(2, vec![fact(0, Outcome::Allowed, 7)])];
    let (_dir, model) = counted(on, &batches[..1]).await;
    let one = Position::new(1);
    assert_eq!(apply(&model, one, &batches[..1]).await.unwrap(), (one, Committed::Yes));
    assert_eq!(apply(&model, one, &batches).await.unwrap(), (Position::new(2), Committed::Yes));
    // One that does not know of it counts nothing.
    assert_eq!(apply(&model, one, &batches).await.unwrap(), (one, Committed::Fenced));
    let report = report(&model, &query(0, 15, Granularity::Total, &[])).await.unwrap();
    assert_eq!((report.rows[0].calls.allowed, report.batch_no), (12, 2));
}

async fn every_window_length_adds_up_to_the_same(on: Engine) {
    let facts = [0, 14, 15, 59, 60, 1_439, 1_440].map(|minute| fact(minute, Outcome::Allowed, 1));
    let (_dir, model) = counted(on, &[batch(1, facts.to_vec())]).await;
    let all = |granularity| query(0, 2_880, granularity, &[]);
    for (granularity, expected) in [
        (Granularity::Minute, vec![(0, 1), (14, 1), (15, 1), (59, 1), (60, 1), (1_439, 1), (1_440, 1)]),
        (Granularity::Quarter, vec![(0, 2), (15, 1), (45, 1), (60, 1), (1_425, 1), (1_440, 1)]),
        (Granularity::Hour, vec![(0, 4), (60, 1), (1_380, 1), (1_440, 1)]),
        (Granularity::Day, vec![(0, 6), (1_440, 1)]),
        (Granularity::Total, vec![(0, 7)]),
    ] {
        let report = report(&model, &all(granularity)).await.unwrap();
        assert_eq!(totals(&report), expected, "{granularity:?}");
    }
}

async fn windows_are_half_open_and_a_part_of_one_says_so(on: Engine) {
    let facts = [0, 15, 30, 45, 60].map(|minute| fact(minute, Outcome::Allowed, 1));
    let (_dir, model) = counted(on, &[batch(1, facts.to_vec())]).await;
    let hours = report(&model, &query(15, 60, Granularity::Hour, &[])).await.unwrap();
    assert_eq!(totals(&hours), [(15, 3)]);
    assert_eq!((hours.rows[0].window_start, hours.rows[0].window_end), (at(15 * 60), at(60 * 60)));
    // Bounds within a quarter are widened to it, and the report says what it counts.
    let widened = report(&model, &query(16, 31, Granularity::Total, &[])).await.unwrap();
    assert_eq!((widened.from, widened.until), (at(15 * 60), at(45 * 60)));
    assert_eq!(totals(&widened), [(15, 2)]);
    let nothing = report(&model, &query(15, 15, Granularity::Total, &[])).await.unwrap();
    assert_eq!((nothing.rows, nothing.from), (vec![], nothing.until));
}

async fn outcomes_are_columns_and_dimensions_rows(on: Engine) {
    let facts = vec![
        fact(0, Outcome::Allowed, 1),
        fact(0, Outcome::RateLimited, 2),
        fact(0, Outcome::QuotaExceeded, 4),
        fact(0, Outcome::Forbidden, 8),
        nobody(fact(0, Outcome::Unauthenticated, 16)),
        UsageFact { client_id: Some(client(2)), ..fact(0, Outcome::Allowed, 32) },
    ];
    let (_dir, model) = counted(on, &[batch(1, facts)]).await;
    let report = report(&model, &query(0, 15, Granularity::Total, &[UsageDimension::Client])).await.unwrap();
    let row = |row: &UsageRow| {
        let Calls { allowed, rate_limited, quota_exceeded, unauthenticated, forbidden, total } = row.calls;
        (row.client_id, allowed, [rate_limited, quota_exceeded, unauthenticated, forbidden], total)
    };
    let expected: [(Option<ClientId>, u64, [u64; 4], u64); 3] = [
        (None, 0, [0, 0, 16, 0], 16),
        (Some(client(1)), 1, [2, 4, 0, 8], 15),
        (Some(client(2)), 32, [0; 4], 32),
    ];
    assert_eq!(report.rows.iter().map(row).collect::<Vec<_>>(), expected);
    assert!(report.rows.iter().all(|row| row.key_id.is_none() && row.environment.is_none()));
}

async fn filters_and_bounds_on_rows_hold(on: Engine) {
    let other = UsageFact { route_id: Some(route(2)), ..fact(0, Outcome::Allowed, 2) };
    let facts = vec![fact(0, Outcome::Allowed, 1), other, fact(15, Outcome::Allowed, 4)];
    let (_dir, model) = counted(on, &[batch(1, facts)]).await;
    let all = query(0, 30, Granularity::Quarter, &[UsageDimension::Route]);
    let filtered = UsageQuery {
        filter: UsageFilter {
            owner_team: None,
            client_id: Some(client(1)),
            key_id: Some(key(1)),
            secret_version: Some(1),
            route_id: Some(route(1)),
            environment: Some("prod".parse().unwrap()),
        },
        ..all.clone()
    };
    assert_eq!(totals(&report(&model, &filtered).await.unwrap()), [(0, 1), (15, 4)]);
    let filter = UsageFilter { environment: Some("test".parse().unwrap()), ..UsageFilter::default() };
    let elsewhere = UsageQuery { filter, ..all.clone() };
    assert_eq!(report(&model, &elsewhere).await.unwrap().rows, []);
    let first = report(&model, &UsageQuery { rows_max: 2, ..all.clone() }).await.unwrap();
    let rest =
        report(&model, &UsageQuery { rows_max: 2, after: first.next.clone(), ..all.clone() }).await.unwrap();
    assert_eq!((first.rows.len(), first.next.is_some(), rest.rows.len(), rest.next), (2, true, 1, None));
    let pages: Vec<_> = first.rows.into_iter().chain(rest.rows).collect();
    assert_eq!(pages, report(&model, &all).await.unwrap().rows, "no row twice, and none left out");
}

async fn the_last_use_is_the_latest_genuine_one(on: Engine) {
    let second = UsageFact { secret_version: Some(2), ..fact(20, Outcome::RateLimited, 1) };
    let batches = [
        batch(1, vec![fact(10, Outcome::Allowed, 1), second]),
        batch(2, vec![fact(5, Outcome::Allowed, 1), fact(90, Outcome::Unauthenticated, 1)]),
    ];
    let (_dir, model) = counted(on, &batches[..1]).await;
    project(&model, &eventful(), 100).await;
    let (reached, _) = apply(&model, Position::new(1), &batches[1..]).await.unwrap();
    assert_eq!(reached, Position::new(2));
    let row = keys::get(&model, key(1)).await.unwrap().unwrap();
    assert_eq!(row.last_used_at, Some(at(20 * 60 + 30)));
    assert_eq!(row.previous.unwrap().last_used_at, Some(at(10 * 60 + 30)));
    assert_eq!(keys::get(&model, key(2)).await.unwrap().unwrap().last_used_at, None);
}

/// A batch of some run of some gateway, with so many calls.
fn arrived(batch_no: u64, run: (&str, &str), sequence: u64, calls: u64) -> ArrivedBatch {
    let ArrivedBatch { batch, .. } = batch(batch_no, vec![fact(0, Outcome::Allowed, calls)]);
    let (node, boot) = (run.0.to_owned(), run.1.to_owned());
    ArrivedBatch { batch_no, batch: UsageBatch { node, boot, sequence, ..batch } }
}

async fn total(model: &ReadModel) -> u64 {
    report(model, &query(0, 15, Granularity::Total, &[])).await.unwrap().rows[0].calls.total
}

async fn a_batch_that_comes_again_under_another_number_counts_once(on: Engine) {
    let run = ("node", "boot");
    // The same again within a batch of batches, later, after a newer one, and a whole tail of them.
    let first = [arrived(1, run, 1, 1), arrived(2, run, 1, 1), arrived(3, run, 2, 10)];
    let (_dir, model) = counted(on, &first).await;
    assert_eq!(total(&model).await, 11);
    for (from, again) in [
        (3, vec![arrived(4, run, 2, 10)]),
        (4, vec![arrived(5, run, 1, 1), arrived(6, run, 2, 10), arrived(9, run, 3, 100)]),
        (9, vec![arrived(10, run, 1, 1), arrived(11, run, 2, 10), arrived(12, run, 3, 100)]),
    ] {
        let to = Position::new(again.last().unwrap().batch_no);
        // Delivered twice under the same numbers as well.
        for from in [Position::new(from), to] {
            assert_eq!(apply(&model, from, &again).await.unwrap(), (to, Committed::Yes));
        }
    }
    assert_eq!(total(&model).await, 111);
}

async fn runs_of_gateways_are_told_apart(on: Engine) {
    let runs = [("node", "boot"), ("node", "other"), ("other", "boot"), ("nod", "eboot")];
    let batches: Vec<_> = (1..).zip(runs).map(|(no, run)| arrived(no, run, 1, 1 << no)).collect();
    let (_dir, model) = counted(on, &batches).await;
    assert_eq!(total(&model).await, 2 + 4 + 8 + 16);
    let rows = model.dump(&SEQUENCES).await.unwrap();
    assert_eq!(rows.len(), 4);
}

/// A stream that was lost and begins anew with other numbers, or that has let go of its oldest batches.
struct Stream(tokio::sync::watch::Sender<u64>, Vec<ArrivedBatch>);

impl UsageSource for Stream {
    fn read(&self, after: u64, batches_max: usize) -> Reading<'_> {
        let news = self.1.iter().filter(move |arrived| arrived.batch_no > after).take(batches_max);
        let news = news.cloned().collect();
        Box::pin(async move { Ok(news) })
    }
    fn watch(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.subscribe()
    }
    fn is_whole(&self) -> bool {
        false
    }
}

impl Stream {
    fn of(batches: Vec<ArrivedBatch>) -> Self {
        Self(tokio::sync::watch::Sender::new(batches.last().unwrap().batch_no), batches)
    }
}

async fn batches_that_are_gone_are_not_counted_away(on: Engine) {
    let run = ("node", "boot");
    let long_ago: Vec<_> = (1..=9).map(|no| arrived(no, run, no, 1)).collect();
    let (dir, model) = counted(on, &long_ago).await;
    let log = event_log(dir.path()).await;
    // Eight and nine come again under new numbers, and ten is news.
    let lost = (1..).zip(8..=10).map(|(no, sequence)| arrived(no, run, sequence, 1)).collect();
    let projections = Projections::open(model.clone(), log.clone(), Stream::of(lost)).await.unwrap();
    let (visibility, stop) = (projections.visibility(), CancellationToken::new());
    let watching = async {
        let long = std::time::Duration::from_secs(30);
        assert!(visibility.wait_for_usage(3, long).await);
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(projections.run(stop.clone()), watching);
    ran.unwrap();
    assert_eq!(total(&model).await, 10);
    // Nor does a rebuild count them away.
    let short = Stream::of(vec![arrived(20, run, 11, 1)]);
    let refused = crate::rebuild(&model, &log, &short, Some(NAME), |_, _| {}).await;
    assert!(matches!(refused, Err(RebuildFailure::Incomplete)));
    crate::rebuild(&model, &log, &short, None, |_, _| {}).await.unwrap();
    assert_eq!(total(&model).await, 10);
}

fn record(number: u64, client_number: u64, reason: Option<RefusalReason>) -> DecisionRecord {
    let taken_at = at(i64::try_from(number).unwrap());
    DecisionRecord {
        id: DecisionId::from_parts(u64::try_from(taken_at.as_millisecond()).unwrap(), number.into()),
        at: taken_at,
        environment: "prod".parse().unwrap(),
        outcome: reason.map_or(Outcome::Allowed, RefusalReason::outcome),
        reason,
        client_id: Some(client(client_number)),
        key_id: Some(key(client_number)),
        secret_version: Some(1),
        route_id: None,
        method: "GET".to_owned(),
        network: Some("192.0.2.0/24".parse().unwrap()),
        limits: vec![],
        retry_after_seconds: reason.map(|_| 7),
        position: Position::new(3),
        stale: number == 1,
    }
}

fn deciding(batch_no: u64, decisions: Vec<DecisionRecord>, unproven: u64) -> ArrivedBatch {
    let ArrivedBatch { batch, .. } = batch(batch_no, vec![]);
    let left_out = DecisionsLeftOut { proven: 0, unproven };
    ArrivedBatch { batch_no, batch: UsageBatch { decisions, left_out, ..batch } }
}

async fn decisions_are_kept_once_and_found(on: Engine) {
    let refused = |number, client| record(number, client, Some(RefusalReason::QuotaExceeded));
    let (one, two, three) = (refused(1, 1), record(2, 1, None), refused(3, 2));
    let first = deciding(1, vec![one.clone(), two.clone()], 5);
    let (_dir, model) = counted(on, std::slice::from_ref(&first)).await;
    // The same batch under another number, and one with news.
    let again = ArrivedBatch { batch_no: 2, ..first };
    let news = deciding(3, vec![three.clone()], 6);
    apply(&model, Position::new(1), &[again, news]).await.unwrap();
    let ids = async |filter: DecisionFilter, page: Page| {
        let rows = decisions::list(&model, &filter, &page).await.unwrap();
        rows.into_iter().map(|row| row.record.id).collect::<Vec<_>>()
    };
    let all = Page::first(10);
    assert_eq!(ids(DecisionFilter::default(), all.clone()).await, [three.id, two.id, one.id]);
    let second = Page { after: Some(three.id.to_string()), limit: 1 };
    assert_eq!(ids(DecisionFilter::default(), second).await, [two.id]);
    let of = DecisionFilter { client_id: Some(client(1)), ..DecisionFilter::default() };
    assert_eq!(ids(of, all.clone()).await, [two.id, one.id]);
    let of = DecisionFilter {
        reason: Some(RefusalReason::QuotaExceeded),
        until: Some(at(3)),
        ..DecisionFilter::default()
    };
    assert_eq!(ids(of, all.clone()).await, [one.id]);
    let of =
        DecisionFilter { outcome: Some(Outcome::Allowed), from: Some(at(2)), ..DecisionFilter::default() };
    assert_eq!(ids(of, all).await, [two.id]);
    let row = decisions::get(&model, one.id).await.unwrap().unwrap();
    assert_eq!(row, DecisionRow { record: one, node: "node".to_owned() });
    let left_out = decisions::left_out(&model, None, None).await.unwrap();
    assert_eq!(left_out, DecisionsLeftOut { proven: 0, unproven: 11 });
}

async fn decisions_are_forgotten_a_few_at_a_time(on: Engine) {
    let many = (1..=5).map(|number| record(number, 1, None)).collect();
    let (_dir, model) = counted(on, &[deciding(1, many, 2)]).await;
    let left =
        async || decisions::list(&model, &DecisionFilter::default(), &Page::first(10)).await.unwrap().len();
    assert_eq!((model.forget_decisions(at(4), 2).await.unwrap(), left().await), (2, 3));
    assert_eq!((model.forget_decisions(at(4), 2).await.unwrap(), left().await), (1, 2));
    assert_eq!((model.forget_decisions(at(4), 2).await.unwrap(), left().await), (0, 2));
    let left_out = decisions::left_out(&model, None, None).await.unwrap();
    assert!(left_out.is_none());
    assert_eq!(model.checkpoint(NAME).await.unwrap(), Position::new(1));
}

/// Allowed, forbidden and all calls, as reports of several windows say.
async fn reported(on: Engine, batches: &[ArrivedBatch]) -> Vec<(u64, u64, u64)> {
    let (_dir, model) = counted(on, batches).await;
    let mut sums = vec![];
    for granularity in [Granularity::Minute, Granularity::Quarter, Granularity::Day, Granularity::Total] {
        let by = [UsageDimension::Client, UsageDimension::Route];
        let report = report(&model, &query(0, 3_000, granularity, &by)).await.unwrap();
        let sum = |of: fn(&UsageRow) -> u64| report.rows.iter().map(of).sum::<u64>();
        sums.push((sum(|row| row.calls.allowed), sum(|row| row.calls.forbidden), sum(|row| row.calls.total)));
    }
    model.close().await;
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Trap 12: what the gate counted and what the report says are equal to the unit.
    #[test]
    fn reports_say_what_was_counted(
        facts in proptest::collection::vec((0_i64..3_000, 0_usize..5, 1_u64..50, 0_u64..3), 1..60),
        cut in 0_usize..60,
    ) {
        let facts: Vec<UsageFact> = facts.into_iter().map(|(minute, outcome, calls, n)| {
            let fact = fact(minute, Outcome::ALL[outcome], calls);
            if n == 0 { nobody(fact) } else { UsageFact { client_id: Some(client(n)), ..fact } }
        }).collect();
        let (first, second) = facts.split_at(cut.min(facts.len()));
        let batches = [batch(1, first.to_vec()), batch(2, second.to_vec())];
        let sum = |of: Option<Outcome>| {
            facts.iter().filter(|fact| of.is_none_or(|of| fact.outcome == of)).map(|fact| fact.calls).sum::<u64>()
        };
        let expected = (sum(Some(Outcome::Allowed)), sum(Some(Outcome::Forbidden)), sum(None));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for on in [Engine::Sqlite, Engine::Postgres] {
            let reported = runtime.block_on(reported(on, &batches));
            prop_assert_eq!(reported, vec![expected; 4], "{:?}", on);
        }
    }
}
