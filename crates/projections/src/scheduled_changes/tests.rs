//! One list of what is ahead: planned changes, and the revocations that keys hold.

use domain::{
    api_key::{ApiKeyCommand, CancelRevocation, ExpireKey, ReinstateKey, RevokeKey, SuspendKey},
    scheduled_change::{
        BeginChange, CancelChange, RecordApplied, RecordEnded, RecordFailed, ScheduledChangeCommand,
    },
};

use super::*;
use crate::{
    ReadModel,
    queries::{
        Page,
        changes::{self, ChangeFilter},
    },
    testing::{
        Engine, History, at, change, client, issue, key, on_every_engine, plan_suspension, project,
        read_model,
    },
};

on_every_engine!(
    a_plan_is_pending_and_due_at_its_time,
    a_change_that_has_happened_is_due_at_its_end,
    what_is_cancelled_refused_or_over_is_not_due,
    a_keys_planned_revocation_is_in_the_same_list,
    a_planned_revocation_goes_with_its_key,
    changes_are_found_by_what_they_concern,
);

async fn shown(on: Engine, history: &History) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    project(&model, history, 3).await;
    (dir, model)
}

fn keys() -> History {
    let issue_key = |n| ApiKeyCommand::Issue(issue(n));
    History::default().key(1, &issue_key(1)).key(2, &issue_key(2))
}

fn begin(now: i64) -> ScheduledChangeCommand {
    ScheduledChangeCommand::Begin(BeginChange { now: at(now) })
}

fn applied() -> ScheduledChangeCommand {
    ScheduledChangeCommand::RecordApplied(RecordApplied { now: at(101), version: 2, changed: true })
}

fn revoke(n: i64, when: Option<i64>) -> ApiKeyCommand {
    ApiKeyCommand::Revoke(RevokeKey { now: at(n), at: when.map(at), reason: "leaked".parse().unwrap() })
}

async fn a_plan_is_pending_and_due_at_its_time(on: Engine) {
    let (_dir, model) = shown(on, &keys().change(1, &plan_suspension(Some(at(200))))).await;
    let row = changes::get(&model, change(1)).await.unwrap().unwrap();
    assert_eq!((row.status, row.at, row.until), (ChangeStatus::Pending, at(100), Some(at(200))));
    assert_eq!((row.kind.as_str(), row.due_at), ("suspend_key", Some(at(100))));
    assert_eq!((row.client_id, row.key_id, row.policy_id), (Some(client(1)), Some(key(1)), None));
    assert_eq!((row.requested_by.as_str(), row.correlation_id.as_str()), ("bootstrap-admin", "cor-1"));
    assert_eq!(row.change["kind"], "suspend_key");
    assert_eq!(changes::due(&model, at(99), 9).await.unwrap(), []);
    assert_eq!(changes::due(&model, at(100), 9).await.unwrap(), [row]);
    assert_eq!(changes::overdue(&model, at(100)).await.unwrap(), 0);
    assert_eq!(changes::overdue(&model, at(101)).await.unwrap(), 1);
}

async fn a_change_that_has_happened_is_due_at_its_end(on: Engine) {
    let history =
        keys().change(1, &plan_suspension(Some(at(200)))).change(1, &begin(100)).change(1, &applied());
    let history = history.change(2, &plan_suspension(None)).change(2, &begin(100)).change(2, &applied());
    let (_dir, model) = shown(on, &history).await;
    let row = changes::get(&model, change(1)).await.unwrap().unwrap();
    assert_eq!(
        (row.status, row.applied_at, row.due_at),
        (ChangeStatus::Applied, Some(at(101)), Some(at(200)))
    );
    let stays = changes::get(&model, change(2)).await.unwrap().unwrap();
    assert_eq!((stays.status, stays.due_at), (ChangeStatus::Applied, None));
    assert_eq!(changes::due(&model, at(200), 9).await.unwrap(), [row]);
}

async fn what_is_cancelled_refused_or_over_is_not_due(on: Engine) {
    let cancel = CancelChange { now: at(50), reason: "kept".parse().unwrap() };
    let failed = RecordFailed { now: at(101), code: "key_revoked".to_owned(), message: "revoked".to_owned() };
    let ended = RecordEnded { now: at(201), changed: true };
    let history = keys()
        .change(1, &plan_suspension(None))
        .change(1, &ScheduledChangeCommand::Cancel(cancel))
        .change(2, &plan_suspension(None))
        .change(2, &begin(100))
        .change(2, &ScheduledChangeCommand::RecordFailed(failed))
        .change(3, &plan_suspension(Some(at(200))))
        .change(3, &begin(100))
        .change(3, &applied())
        .change(3, &begin(200))
        .change(3, &ScheduledChangeCommand::RecordEnded(ended));
    let (_dir, model) = shown(on, &history).await;
    assert_eq!(changes::due(&model, at(9_999), 9).await.unwrap(), []);
    let all = changes::list(&model, &ChangeFilter::default(), &Page::first(9)).await.unwrap();
    let statuses: Vec<_> = all.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [ChangeStatus::Cancelled, ChangeStatus::Failed, ChangeStatus::Ended]);
    let failure = all[1].failure.clone().unwrap();
    assert_eq!((failure.phase, failure.code.as_str(), failure.at), (Phase::Apply, "key_revoked", at(101)));
    assert_eq!(all[2].ended_at, Some(at(201)));
}

async fn a_keys_planned_revocation_is_in_the_same_list(on: Engine) {
    let (_dir, model) = shown(on, &keys().key(1, &revoke(10, Some(500)))).await;
    let row = changes::get(&model, revocation_of(key(1))).await.unwrap().unwrap();
    assert_eq!((row.kind.as_str(), row.status, row.at), (REVOKE_KEY, ChangeStatus::Pending, at(500)));
    assert_eq!((row.client_id, row.key_id), (Some(client(1)), Some(key(1))));
    assert_eq!((row.version, row.reason.as_str()), (2, "leaked"));
    // Whoever ends keys that are due does this.
    assert_eq!(changes::due(&model, at(9_999), 9).await.unwrap(), []);
    assert_eq!(changes::overdue(&model, at(9_999)).await.unwrap(), 1);
}

async fn a_planned_revocation_goes_with_its_key(on: Engine) {
    let cancel = || CancelRevocation { now: at(20), reason: "kept".parse().unwrap() };
    let suspend = || SuspendKey { reason: "odd".parse().unwrap() };
    let history = keys()
        .key(1, &revoke(10, Some(500)))
        .key(1, &ApiKeyCommand::Suspend(suspend()))
        .key(2, &revoke(10, Some(500)))
        .key(2, &ApiKeyCommand::CancelRevocation(cancel()));
    let (_dir, model) = shown(on, &history).await;
    let get = async |n| changes::get(&model, revocation_of(key(n))).await.unwrap().unwrap();
    assert_eq!((get(1).await.status, get(1).await.version), (ChangeStatus::Pending, 3), "its key's version");
    assert_eq!((get(2).await.status, get(2).await.due_at), (ChangeStatus::Cancelled, None));
    let again = history
        .key(1, &ApiKeyCommand::Expire(ExpireKey { now: at(500) }))
        .key(2, &ApiKeyCommand::Reinstate(ReinstateKey { reason: "so".parse().unwrap() }))
        .key(2, &revoke(30, Some(600)));
    project(&model, &again, 3).await;
    assert_eq!((get(1).await.status, get(1).await.applied_at), (ChangeStatus::Applied, Some(at(500))));
    assert_eq!((get(2).await.status, get(2).await.at), (ChangeStatus::Pending, at(600)));
    let forward = again.key(2, &revoke(40, None));
    project(&model, &forward, 3).await;
    assert_eq!((get(2).await.status, get(2).await.applied_at), (ChangeStatus::Applied, Some(at(40))));
}

async fn changes_are_found_by_what_they_concern(on: Engine) {
    let history = keys().change(1, &plan_suspension(None)).key(2, &revoke(10, Some(50)));
    let (_dir, model) = shown(on, &history).await;
    let found = async |filter: ChangeFilter| {
        let rows = changes::list(&model, &filter, &Page::first(9)).await.unwrap();
        rows.into_iter().map(|row| row.change_id).collect::<Vec<_>>()
    };
    let (planned, revocation) = (change(1), revocation_of(key(2)));
    let of_client = |n| ChangeFilter { client_id: Some(client(n)), ..ChangeFilter::default() };
    assert_eq!(found(of_client(1)).await, [planned]);
    assert_eq!(found(of_client(2)).await, [revocation], "by its key");
    let of_key = ChangeFilter { key_id: Some(key(2)), ..ChangeFilter::default() };
    assert_eq!(found(of_key).await, [revocation]);
    let soon = ChangeFilter { due_before: Some(at(100)), ..ChangeFilter::default() };
    assert_eq!(found(soon).await, [revocation]);
    let applied = ChangeFilter { status: Some(ChangeStatus::Applied), ..ChangeFilter::default() };
    assert_eq!(found(applied).await, []);
    assert_eq!(found(ChangeFilter::default()).await.len(), 2);
}
