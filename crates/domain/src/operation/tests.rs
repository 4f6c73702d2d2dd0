//! Given, when, then. The clock stands at `at(0)` unless a case says otherwise.

use super::*;
use crate::{
    Aggregate, KeyId,
    access::{Limits, Reach},
    given::{at, the},
};

fn check(
    given: impl IntoIterator<Item = OperationEvent>,
    when: OperationCommand,
    then: Result<Vec<OperationEvent>, OperationRefusal>,
) {
    let given: Vec<_> = given.into_iter().collect();
    assert_eq!(Operation::replay(&given).decide(&when), then, "{when:?} after {given:?}");
}

fn key(number: u32) -> KeyId {
    KeyId::from_parts(1, number.into())
}

fn keys(count: u32) -> Vec<KeyId> {
    (1..=count).map(key).collect()
}

fn ordered() -> Ordered {
    Ordered { by: "ada".to_owned(), allowed_by: "role:admin".to_owned() }
}

fn plan(work: Work) -> OperationCommand {
    OperationCommand::Plan(PlanOperation {
        now: at(0),
        work,
        reason: Some(the("because")),
        ordered: ordered(),
    })
}

fn planned(items_total: u32) -> OperationEvent {
    OperationEvent::Planned(Planned {
        kind: OperationKind::RevokeKeys,
        items_total,
        reason: Some(the("because")),
        import: None,
        replay: None,
        export: None,
        ordered: ordered(),
    })
}

fn chosen(key_ids: Vec<KeyId>) -> OperationEvent {
    OperationEvent::KeysChosen(KeysChosen { key_ids })
}

fn take(node: &str, now: i64) -> OperationCommand {
    OperationCommand::Take(TakeOperation { now: at(now), node: the(node) })
}

fn started(node: &str, now: i64) -> OperationEvent {
    OperationEvent::Started(Started { node: the(node), at: at(now) })
}

fn item(number: u32, result: ItemResult) -> Item {
    Item {
        number,
        subject: key(number).to_string(),
        key_id: Some(key(number)),
        result,
        code: None,
        detail: None,
    }
}

fn applied(numbers: std::ops::RangeInclusive<u32>) -> Vec<Item> {
    numbers.map(|number| item(number, ItemResult::Applied)).collect()
}

fn progress(node: &str, now: i64, items: Vec<Item>) -> OperationCommand {
    OperationCommand::Progress(ProgressOperation {
        now: at(now),
        node: the(node),
        items,
        rows: None,
        made: None,
    })
}

fn progressed(node: &str, now: i64, items: Vec<Item>) -> OperationEvent {
    OperationEvent::Progressed(Progressed { node: the(node), at: at(now), items, rows: None })
}

fn finished(now: i64, applied: u32, unchanged: u32, refused: u32) -> OperationEvent {
    OperationEvent::Finished(Finished {
        at: at(now),
        tally: Tally { applied, unchanged, refused },
        export: None,
    })
}

fn cancel() -> OperationCommand {
    OperationCommand::Cancel(CancelOperation { now: at(9), reason: the("mistaken") })
}

fn cancelled() -> OperationEvent {
    OperationEvent::Cancelled(Cancelled { at: at(9), reason: the("mistaken") })
}

#[test]
fn the_keys_are_fixed_with_the_plan() {
    check([], plan(Work::Revoke(keys(2))), Ok(vec![planned(2), chosen(keys(2))]));
    check([planned(2)], plan(Work::Revoke(keys(2))), Err(OperationRefusal::AlreadyPlanned));
}

#[test]
fn many_keys_are_fixed_in_several_events() {
    let all = keys(4_001);
    let state = Operation::replay(&Operation::default().decide(&plan(Work::Revoke(all.clone()))).unwrap());
    assert_eq!(state.run().unwrap().keys, all);
    let events = Operation::default().decide(&plan(Work::Suspend(all))).unwrap();
    assert_eq!(events.len(), 4, "a plan and three stretches");
}

#[test]
fn an_operation_on_nothing_is_finished_at_once() {
    check([], plan(Work::Revoke(vec![])), Ok(vec![planned(0), finished(0, 0, 0, 0)]));
}

#[test]
fn an_operation_has_only_so_many_items() {
    let (given, allowed) = (ITEMS_MAX + 1, ITEMS_MAX);
    let refused = |what| Err(OperationRefusal::TooManyItems { what, given, allowed });
    let rows = u32::try_from(given).unwrap();
    check([], plan(Work::Revoke(keys(rows))), refused("keys"));
    let import = ImportPlan { source: the("kong"), format: the("csv"), node: the("n1") };
    check([], plan(Work::Import { plan: import, rows }), refused("rows"));
}

#[test]
fn one_node_works_on_it_at_a_time() {
    check([planned(2)], take("n1", 0), Ok(vec![started("n1", 0)]));
    check([planned(2), started("n1", 0)], take("n1", 5), Ok(vec![]));
    let held = || Err(OperationRefusal::HeldElsewhere { node: the("n1"), until: at(30) });
    check([planned(2), started("n1", 0)], take("n2", 29), held());
    check([planned(2), started("n1", 0)], progress("n2", 29, applied(1..=1)), held());
}

#[test]
fn a_node_that_says_nothing_loses_it_and_one_that_goes_on_does_not() {
    check([planned(2), started("n1", 0)], take("n2", 30), Ok(vec![started("n2", 30)]));
    let heard = [planned(2), started("n1", 0), progressed("n1", 20, applied(1..=1))];
    check(heard, take("n2", 30), Err(OperationRefusal::HeldElsewhere { node: the("n1"), until: at(50) }));
    let taken = [planned(2), started("n1", 0), started("n2", 30)];
    let late = Err(OperationRefusal::HeldElsewhere { node: the("n2"), until: at(60) });
    check(taken, progress("n1", 31, applied(1..=1)), late);
}

#[test]
fn progress_goes_on_where_it_stands_and_ends_with_the_last_item() {
    let given = [planned(3), started("n1", 0)];
    check(given.clone(), progress("n1", 1, applied(1..=2)), Ok(vec![progressed("n1", 1, applied(1..=2))]));
    let rest = vec![item(3, ItemResult::Refused)];
    let given = given.into_iter().chain([progressed("n1", 1, applied(1..=2))]);
    check(given, progress("n1", 2, rest.clone()), Ok(vec![progressed("n1", 2, rest), finished(2, 2, 0, 1)]));
}

#[test]
fn items_are_dealt_with_once_and_in_their_order() {
    let given = [planned(3), started("n1", 0), progressed("n1", 1, applied(1..=1))];
    for items in [vec![], applied(1..=1), applied(3..=3), applied(2..=4)] {
        check(given.clone(), progress("n1", 2, items), Err(OperationRefusal::NotNext { done: 1 }));
    }
}

#[test]
fn a_cancelled_operation_stops_where_it_is() {
    check([planned(3)], cancel(), Ok(vec![cancelled()]));
    check([planned(3), started("n1", 0)], cancel(), Ok(vec![cancelled()]));
    check([planned(3), cancelled()], cancel(), Ok(vec![]));
    let ended = || Err(OperationRefusal::Ended { kind: OperationKind::RevokeKeys });
    check([planned(3), started("n1", 0), cancelled()], progress("n1", 1, applied(1..=1)), ended());
    check([planned(0), finished(0, 0, 0, 0)], cancel(), ended());
    check([planned(0), finished(0, 0, 0, 0)], take("n1", 1), ended());
}

#[test]
fn nothing_can_be_asked_of_an_operation_that_was_never_planned() {
    for when in [take("n1", 0), progress("n1", 0, applied(1..=1)), cancel()] {
        check([], when, Err(OperationRefusal::NotPlanned));
    }
}

#[test]
fn a_replay_knows_what_it_sent_last() {
    let plan_of = || ReplayPlan {
        webhook_id: crate::WebhookId::from_parts(1, 1),
        from: None,
        until: at(0),
        after_position: None,
        types: [].into(),
        states: ["dead".to_owned()].into(),
    };
    let events = Operation::default().decide(&plan(Work::Replay { plan: plan_of(), deliveries: 2 })).unwrap();
    let [OperationEvent::Planned(planned)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((planned.kind, planned.items_total), (OperationKind::ReplayWebhook, 2));
    let mut state = Operation::replay(&events);
    assert_eq!(state.run().unwrap().replay, Some(plan_of()));
    let progressed = state.decide(&progress("n1", 1, applied(1..=1))).unwrap();
    progressed.iter().for_each(|event| state.apply(event));
    assert_eq!(state.run().unwrap().last.as_ref(), applied(1..=1).last().map(|item| &item.subject));
    let (given, allowed) = (ITEMS_MAX + 1, ITEMS_MAX);
    let refused = Err(OperationRefusal::TooManyItems { what: "deliveries", given, allowed });
    let deliveries = u64::try_from(given).unwrap();
    check([], plan(Work::Replay { plan: plan_of(), deliveries }), refused);
}

fn export_of(within: Option<Vec<Limits>>) -> ExportPlan {
    ExportPlan {
        report: ExportedReport::Usage,
        format: ExportFormat::Csv,
        from: at(0),
        until: at(3_600),
        granularity: "hour".to_owned(),
        time_zone: "UTC".parse().unwrap(),
        group_by: ["client".to_owned()].into(),
        owner_team: None,
        client_id: None,
        key_id: None,
        secret_version: None,
        route_id: None,
        environment: None,
        within,
    }
}

fn export_made() -> ExportMade {
    ExportMade {
        node: the("n1"),
        rows: 7,
        bytes: 700,
        content_hash: "00".repeat(32),
        columns: vec!["window_start".to_owned()],
        from: at(0),
        until: at(3_600),
        batch_no: 3,
        batch_no_last: 3,
        position: crate::Position::new(9),
        kept_until: at(86_400),
    }
}

#[test]
fn an_export_ends_with_its_file() {
    let export = export_of(None);
    let work = Work::Export { plan: export.clone(), stretches: 2 };
    let mut state = Operation::replay(&Operation::default().decide(&plan(work)).unwrap());
    let run = state.run().unwrap();
    assert_eq!((run.items_total, &run.export, &run.made), (2, &Some(export.into()), &None));
    let progress =
        |items, made| ProgressOperation { now: at(1), node: the("n1"), items, rows: Some(7), made };
    let half = OperationCommand::Progress(progress(applied(1..=1), Some(export_made())));
    let events = state.decide(&half).unwrap();
    let [OperationEvent::Progressed(progressed)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(progressed.rows, Some(7));
    events.iter().for_each(|event| state.apply(event));
    assert_eq!(state.run().unwrap().made, None, "there is no file before the last item");
    let rest = OperationCommand::Progress(progress(applied(2..=2), Some(export_made())));
    state.decide(&rest).unwrap().iter().for_each(|event| state.apply(event));
    let Operation::Finished(run) = &state else { panic!("{state:?}") };
    assert_eq!(run.made, Some(export_made().into()));
}

#[test]
fn an_export_of_no_time_has_a_file_all_the_same() {
    let work = Work::Export { plan: export_of(None), stretches: 0 };
    let events = Operation::default().decide(&plan(work)).unwrap();
    let [OperationEvent::Planned(planned)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(planned.items_total, 1);
}

#[test]
fn a_file_is_seen_by_whoever_sees_all_that_is_in_it() {
    let team = |team: &str| Limits { team: Some(the(team)), ..Limits::default() };
    let within = |teams: &[&str]| teams.iter().copied().map(team).collect::<Vec<_>>();
    let check = |file: Option<&[&str]>, now: Option<&[&str]>, expected: bool| {
        let reach = now.map_or(Reach::Everything, |now| Reach::Within(within(now)));
        assert_eq!(export_of(file.map(within)).is_seen_by(&reach), expected, "{file:?} {now:?}");
    };
    check(None, None, true);
    check(Some(&["Payments"]), None, true);
    check(Some(&["Payments"]), Some(&["Travel", "Payments"]), true);
    check(Some(&["Payments", "Travel"]), Some(&["Travel"]), false);
    check(None, Some(&["Payments"]), false);
    check(Some(&["Payments"]), Some(&[]), false);
}
