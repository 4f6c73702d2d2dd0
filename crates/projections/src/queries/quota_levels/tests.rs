//! Levels in, sums out; and forecasts that are neither early nor wild.

use domain::usage::{DecisionsLeftOut, QuotaLevel, UsageBatch};
use eventlog::usage::ArrivedBatch;
use proptest::prelude::*;

use super::*;
use crate::{
    store::Committed,
    testing::{
        Engine, History, at, client, define_policy, key, on_every_engine, policy, project, read_model, route,
    },
    usage::{OWNER, apply},
};

on_every_engine!(
    the_use_is_the_sum_of_what_the_nodes_said_last,
    a_node_that_forgot_a_little_does_not_make_the_use_fall,
    windows_epochs_and_subjects_are_apart,
    a_batch_that_comes_again_changes_nothing,
    whoever_goes_on_from_the_last_row_misses_nothing,
    a_level_is_forgotten_some_time_after_its_window,
    a_series_names_its_policy_as_it_is_now,
);

const DAY: i64 = 86_400;

/// What a node has used of a thousand a day, as one client of the first policy.
fn level(used: u64) -> QuotaLevel {
    QuotaLevel {
        policy_id: policy(1),
        policy_revision: 1,
        limit: "daily".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        counting: Counting::Client,
        client_id: Some(client(1)),
        key_id: None,
        route_id: None,
        window_start: at(0),
        window_end: at(DAY),
        epoch: Position::START,
        used,
        allowed: 1_000,
    }
}

fn arrived(batch_no: u64, node: &str, quota_levels: Vec<QuotaLevel>) -> ArrivedBatch {
    let batch = UsageBatch {
        node: node.to_owned(),
        boot: "boot".to_owned(),
        sequence: batch_no,
        flushed_at: at(0),
        facts: vec![],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels,
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: DecisionsLeftOut::default(),
    };
    ArrivedBatch { batch_no, batch }
}

async fn given(on: Engine, batches: &[ArrivedBatch]) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    model.reset(OWNER).await.unwrap();
    let (_, committed) = apply(&model, Position::START, batches).await.unwrap();
    assert_eq!(committed, Committed::Yes);
    (dir, model)
}

/// What is used of each series that changed, and in which batch.
async fn changed(model: &ReadModel, batch_no: u64, rows: u32) -> Vec<(u64, u64)> {
    let rows = changed_after(model, batch_no, rows).await.unwrap();
    rows.iter().map(|row| (row.used, row.batch_no)).collect()
}

async fn the_use_is_the_sum_of_what_the_nodes_said_last(on: Engine) {
    let batches = [
        arrived(1, "a", vec![level(10)]),
        arrived(2, "b", vec![level(100)]),
        arrived(3, "a", vec![level(20)]),
        arrived(4, "c", vec![]),
    ];
    // One by one and all at once.
    let (_dir, model) = given(on, &batches[..1]).await;
    apply(&model, Position::new(1), &batches[1..]).await.unwrap();
    let row = changed_after(&model, 0, 10).await.unwrap().remove(0);
    assert_eq!((row.used, row.allowed, row.batch_no), (120, 1_000, 3));
    assert_eq!((row.client_id, row.key_id, row.route_id), (Some(client(1)), None, None));
    assert_eq!((row.window_start, row.window_end, row.epoch), (at(0), at(DAY), Position::START));
    assert_eq!((row.policy_name, row.policy_mode), (None, None));
    assert_eq!(changed(&model, 2, 10).await, [(120, 3)]);
    assert_eq!(changed(&model, 3, 10).await, []);
}

async fn a_node_that_forgot_a_little_does_not_make_the_use_fall(on: Engine) {
    let batches = [arrived(1, "a", vec![level(50)]), arrived(2, "a", vec![level(40)])];
    let (_dir, model) = given(on, &batches).await;
    let again = [arrived(3, "a", vec![level(45)])];
    apply(&model, Position::new(2), &again).await.unwrap();
    assert_eq!(changed(&model, 0, 10).await, [(50, 3)]);
}

async fn windows_epochs_and_subjects_are_apart(on: Engine) {
    let tomorrow = QuotaLevel { window_start: at(DAY), window_end: at(2 * DAY), ..level(1) };
    let month = QuotaLevel { window_end: at(31 * DAY), ..level(2) };
    let reset = QuotaLevel { epoch: Position::new(7), ..level(3) };
    let of_key = QuotaLevel { counting: Counting::Key, key_id: Some(key(1)), ..level(4) };
    let on_route = QuotaLevel { route_id: Some(route(1)), ..level(5) };
    let shared = QuotaLevel { counting: Counting::Shared, client_id: None, ..level(6) };
    let all = vec![level(7), tomorrow, month, reset, of_key, on_route, shared];
    let (_dir, model) = given(on, &[arrived(1, "a", all)]).await;
    let rows = changed_after(&model, 0, 10).await.unwrap();
    let mut used: Vec<u64> = rows.iter().map(|row| row.used).collect();
    used.sort_unstable();
    assert_eq!(used, [1, 2, 3, 4, 5, 6, 7]);
    let of = |used| rows.iter().find(|row| row.used == used).unwrap();
    assert_eq!((of(4).key_id, of(4).client_id), (Some(key(1)), Some(client(1))));
    assert_eq!((of(3).epoch, of(5).route_id), (Position::new(7), Some(route(1))));
    assert_eq!((of(6).counting, of(6).client_id), (Counting::Shared, None));
}

async fn a_batch_that_comes_again_changes_nothing(on: Engine) {
    let first = [arrived(1, "a", vec![level(10)]), arrived(2, "a", vec![level(20)])];
    let (_dir, model) = given(on, &first).await;
    let again = ArrivedBatch { batch_no: 3, ..first[0].clone() };
    apply(&model, Position::new(2), &[again]).await.unwrap();
    assert_eq!(changed(&model, 0, 10).await, [(20, 2)]);
}

async fn whoever_goes_on_from_the_last_row_misses_nothing(on: Engine) {
    let of = |number, used| QuotaLevel { client_id: Some(client(number)), ..level(used) };
    let batches = [
        arrived(1, "a", (1..=5).map(|number| of(number, number)).collect()),
        arrived(2, "a", vec![of(6, 6)]),
        arrived(3, "b", vec![of(1, 100)]),
    ];
    let (_dir, model) = given(on, &batches).await;
    // A batch is not cut, and a series comes with the sum of all nodes whenever one of them has changed.
    assert_eq!(changed(&model, 0, 2).await, [(101, 1), (2, 1), (3, 1), (4, 1), (5, 1)]);
    assert_eq!(changed(&model, 1, 1).await, [(6, 2)]);
    assert_eq!(changed(&model, 2, 1).await, [(101, 3)]);
    assert_eq!(changed(&model, 0, 100).await, [(2, 1), (3, 1), (4, 1), (5, 1), (6, 2), (101, 3)]);
}

async fn a_level_is_forgotten_some_time_after_its_window(on: Engine) {
    let hour = QuotaLevel { window_end: at(3_600), ..level(2) };
    let minute = QuotaLevel { window_end: at(60), ..level(3) };
    let (_dir, model) = given(on, &[arrived(1, "a", vec![level(1), hour, minute])]).await;
    let left = async || changed(&model, 0, 10).await.iter().map(|(used, _)| *used).sum::<u64>();
    assert_eq!(model.forget_quota_levels(at(60 + DAY - 1), 10).await.unwrap(), 0);
    assert_eq!(model.forget_quota_levels(at(60 + DAY), 10).await.unwrap(), 1, "the minute, after a day");
    assert_eq!(left().await, 1 + 2);
    assert_eq!(model.forget_quota_levels(at(41 * 3_600), 10).await.unwrap(), 1, "the hour, after forty");
    assert_eq!(model.forget_quota_levels(at(41 * DAY - 1), 10).await.unwrap(), 0);
    assert_eq!(model.forget_quota_levels(at(41 * DAY), 10).await.unwrap(), 1, "the day, after forty");
    assert_eq!(model.checkpoint(crate::USAGE).await.unwrap(), Position::new(1));
}

async fn a_series_names_its_policy_as_it_is_now(on: Engine) {
    let (_dir, model) = given(on, &[arrived(1, "a", vec![level(1)])]).await;
    let raised = QuotaLevel { policy_revision: 2, allowed: 2_000, ..level(5) };
    apply(&model, Position::new(1), &[arrived(2, "b", vec![raised])]).await.unwrap();
    project(&model, &History::default().policy(1, &define_policy()), 100).await;
    let row = changed_after(&model, 0, 10).await.unwrap().remove(0);
    assert!(row.policy_name.is_some());
    assert_eq!(row.policy_mode, Some(Mode::Enforce));
    assert_eq!((row.used, row.allowed, row.policy_revision), (6, 2_000, 2));
}

#[test]
fn a_forecast_is_a_straight_line_through_the_beginning_and_now() {
    let day = |used, hour: i64| forecast(used, 1_000, at(0), at(DAY), at(hour * 3_600));
    assert_eq!(day(500, 6), Some(at(12 * 3_600)));
    assert_eq!(day(900, 6), Some(at(6 * 3_600 + 2_400)));
    assert_eq!(day(200, 6), None, "not before the window ends");
    assert_eq!(day(19, 2), None, "too little to tell");
    assert_eq!(day(500, 1), None, "too early to tell");
    assert_eq!(day(1_000, 6), None, "it is used up");
    assert_eq!(day(500, 24), None, "the window is over");
    assert_eq!(day(500, -1), None, "it has not begun");
    assert_eq!(forecast(500, 1_000, at(9), at(9), at(9)), None);
}

proptest! {
    /// It lies ahead and in the window, and a caller who goes on as before has no unit left by then and one the second
    /// before.
    #[test]
    fn a_forecast_is_when_the_last_unit_goes(
        used in 0_u64..5_000_000_000, allowed in 1_u64..5_000_000_000, length in 60_i64..40_000_000, now in 0_i64..40_000_000,
    ) {
        let told = forecast(used, allowed, at(0), at(length), at(now));
        let Some(reached) = told else { return Ok(()) };
        prop_assert!(reached > at(now) && reached < at(length));
        prop_assert!(used >= 20 && now * 20 >= length);
        let seconds = i128::from(reached.as_second() - at(0).as_second());
        let by = |seconds: i128| i128::from(used) * seconds / i128::from(now);
        prop_assert!(by(seconds) >= i128::from(allowed));
        prop_assert!(by(seconds - 1) < i128::from(allowed));
    }

    #[test]
    fn who_uses_more_is_told_no_later(
        used in 20_u64..1_000_000, more in 0_u64..1_000_000, allowed in 1_u64..3_000_000, now in 0_i64..DAY,
    ) {
        let of = |used| forecast(used, allowed, at(0), at(DAY), at(now));
        if let (Some(one), Some(other)) = (of(used), of(used + more)) {
            prop_assert!(other <= one);
        }
        if of(used).is_some() && used + more < allowed {
            prop_assert!(of(used + more).is_some());
        }
    }
}
