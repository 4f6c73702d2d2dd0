//! Levels in; when which share was passed, out.

use domain::{
    Position,
    usage::{DecisionsLeftOut, QuotaLevel, UsageBatch},
};
use eventlog::usage::ArrivedBatch;

use super::*;
use crate::{
    testing::{Engine, at, client, on_every_engine, policy, read_model},
    usage::{OWNER, apply},
};

on_every_engine!(
    a_share_is_passed_when_all_nodes_together_have_used_it,
    what_was_passed_stays_as_it_was,
    another_limit_or_a_new_count_is_passed_anew,
    a_batch_that_comes_again_passes_nothing,
    a_list_goes_on_where_it_ended,
    what_is_old_or_too_much_is_forgotten,
);

const DAY: i64 = 86_400;

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

/// The number is the second, too.
fn arrived(batch_no: u64, node: &str, quota_levels: Vec<QuotaLevel>) -> ArrivedBatch {
    let batch = UsageBatch {
        node: node.to_owned(),
        boot: "boot".to_owned(),
        sequence: batch_no,
        flushed_at: at(i64::try_from(batch_no).unwrap()),
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
    apply(&model, Position::START, batches).await.unwrap();
    (dir, model)
}

/// Percentage, second and use of each step, row by row.
async fn passed(model: &ReadModel) -> Vec<Vec<(u8, i64, u64)>> {
    let rows = since(model, at(0), None, 100).await.unwrap();
    let second = |step: &Step| step.at.as_second() - at(0).as_second();
    let steps = |row: MarkRow| row.steps.iter().map(|step| (step.percent, second(step), step.used)).collect();
    rows.into_iter().map(steps).collect()
}

async fn a_share_is_passed_when_all_nodes_together_have_used_it(on: Engine) {
    let batches = [
        arrived(1, "a", vec![level(9)]),
        arrived(2, "b", vec![level(300)]),
        arrived(3, "a", vec![level(200)]),
        arrived(4, "b", vec![level(305)]),
        arrived(5, "b", vec![level(900)]),
    ];
    let expected = vec![vec![(30, 2, 309), (50, 3, 500), (100, 5, 1_100)]];
    // All at once, and one by one.
    let (_dir, model) = given(on, &batches).await;
    assert_eq!(passed(&model).await, expected);
    model.reset(OWNER).await.unwrap();
    for (after, batch) in (0..).zip(&batches) {
        apply(&model, Position::new(after), std::slice::from_ref(batch)).await.unwrap();
    }
    assert_eq!(passed(&model).await, expected);
    let row = since(&model, at(0), None, 1).await.unwrap().remove(0);
    assert_eq!((row.client_id, row.allowed, row.last_at), (Some(client(1)), 1_000, at(5)));
    assert_eq!((row.window_start, row.window_end), (at(0), at(DAY)));
    assert_eq!(known_from(&model).await.unwrap(), Some(at(2)), "the first step");
    assert_eq!(known_from_of(&model, 1).await.unwrap(), Some(at(5)), "there may have been others");
}

async fn what_was_passed_stays_as_it_was(on: Engine) {
    let late = ArrivedBatch {
        batch: UsageBatch { flushed_at: at(1), ..arrived(3, "b", vec![level(100)]).batch },
        batch_no: 3,
    };
    let batches = [arrived(1, "a", vec![level(500)]), arrived(2, "a", vec![level(400)]), late];
    let (_dir, model) = given(on, &batches).await;
    assert_eq!(passed(&model).await, [[(50, 1, 500), (60, 1, 600)]], "the most that a node said holds");
}

async fn another_limit_or_a_new_count_is_passed_anew(on: Engine) {
    let raised = QuotaLevel { policy_revision: 2, allowed: 2_000, ..level(600) };
    let reset = QuotaLevel { epoch: Position::new(9), ..level(100) };
    let batches =
        [arrived(1, "a", vec![level(500)]), arrived(2, "a", vec![raised]), arrived(3, "a", vec![reset])];
    let (_dir, model) = given(on, &batches).await;
    assert_eq!(passed(&model).await, [[(10, 3, 100)], [(30, 2, 600)], [(50, 1, 500)]]);
}

async fn a_batch_that_comes_again_passes_nothing(on: Engine) {
    let first = arrived(1, "a", vec![level(500)]);
    let (_dir, model) = given(on, std::slice::from_ref(&first)).await;
    let again = ArrivedBatch { batch_no: 2, ..first };
    apply(&model, Position::new(1), &[again]).await.unwrap();
    assert_eq!(passed(&model).await, [[(50, 1, 500)]]);
}

async fn a_list_goes_on_where_it_ended(on: Engine) {
    let of = |number, used| QuotaLevel { client_id: Some(client(number)), ..level(used) };
    let batches = [
        arrived(1, "a", (1..=3).map(|number| of(number, 10)).collect()),
        arrived(2, "a", vec![of(1, 20), of(4, 10)]),
    ];
    let (_dir, model) = given(on, &batches).await;
    let (mut seen, mut after) = (vec![], None);
    loop {
        let rows = since(&model, at(0), after.as_ref(), 2).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = Some(After { last_at: last.last_at, mark_key: last.mark_key.clone() });
        seen.extend(rows.into_iter().map(|row| row.client_id.unwrap()));
    }
    seen.sort();
    assert_eq!(seen, [1, 2, 3, 4].map(client));
    assert_eq!(since(&model, at(2), None, 10).await.unwrap().len(), 2);
    assert_eq!(since(&model, at(3), None, 10).await.unwrap(), []);
}

async fn what_is_old_or_too_much_is_forgotten(on: Engine) {
    let of = |number| QuotaLevel { client_id: Some(client(number)), ..level(10) };
    let batches: Vec<_> = (1..=4).map(|number| arrived(number, "a", vec![of(number)])).collect();
    let (_dir, model) = given(on, &batches).await;
    assert_eq!(model.forget_quota_marks(at(40 * DAY), 10).await.unwrap(), 0);
    assert_eq!(model.forget_quota_marks(at(40 * DAY + 2), 10).await.unwrap(), 1, "that of the first second");
    assert_eq!(model.forget_marks_beyond(at(0), 2, 0).await.unwrap(), 0);
    assert_eq!(model.forget_marks_beyond(at(0), 2, 10).await.unwrap(), 1, "two are kept");
    assert_eq!(known_from(&model).await.unwrap(), Some(at(3)));
    assert_eq!(model.forget_quota_marks(at(80 * DAY), 10).await.unwrap(), 2);
    assert_eq!(known_from(&model).await.unwrap(), None);
}
