//! Given, when, then.

use domain::{operation as o, operation::OperationCommand};

use super::*;
use crate::testing::{
    History, at, folded, item, key, operation, plan_operation, progress_operation, take_operation,
};

fn planned() -> OperationRow {
    OperationRow {
        operation_id: operation(1),
        kind: OperationKind::RevokeKeys,
        status: OperationStatus::Planned,
        source: None,
        reason: Some("because".to_owned()),
        ordered_by: "bootstrap-admin".to_owned(),
        node: None,
        items_total: 2,
        items_done: 0,
        tally: Tally::default(),
        cancelled_because: None,
        export: None,
        rows_written: 0,
        export_made: None,
        version: 1,
        position: Position::new(1),
        planned_at: at(1),
        started_at: None,
        ended_at: None,
        updated_at: at(1),
    }
}

/// After the plan and these commands; `expected` as of position 1.
fn check(commands: &[OperationCommand], expected: OperationRow) {
    let history = History::default().operation(1, &plan_operation(&[1, 2]));
    let history = commands.iter().fold(history, |history, command| history.operation(1, command));
    let last = history.events.last().unwrap();
    let (version, position, updated_at) = (last.sequence, last.position, last.metadata.occurred_at);
    let expected = OperationRow { version, position, updated_at, ..expected };
    assert_eq!(folded::<OperationDirectory>(&history, operation(1)), Some(expected));
}

#[test]
fn a_planned_operation_says_what_it_is_to_do_and_for_whom() {
    check(&[], planned());
}

#[test]
fn progress_is_counted_and_the_last_item_ends_it() {
    let running = OperationRow {
        status: OperationStatus::Running,
        node: Some("n1".to_owned()),
        started_at: Some(at(5)),
        ..planned()
    };
    check(&[take_operation()], running.clone());
    let first = progress_operation(vec![item(1, ItemResult::Applied)]);
    let tally = Tally { applied: 1, ..Tally::default() };
    check(&[take_operation(), first], OperationRow { items_done: 1, tally, ..running.clone() });
    let both = progress_operation(vec![item(1, ItemResult::Applied), item(2, ItemResult::Refused)]);
    let finished = OperationRow {
        status: OperationStatus::Finished,
        items_done: 2,
        tally: Tally { refused: 1, ..tally },
        ended_at: Some(at(6)),
        ..running
    };
    check(&[take_operation(), both], finished);
}

#[test]
fn a_cancelled_operation_says_why() {
    let cancel = o::CancelOperation { now: at(9), reason: "mistaken".parse().unwrap() };
    let cancelled = OperationRow {
        status: OperationStatus::Cancelled,
        cancelled_because: Some("mistaken".to_owned()),
        ended_at: Some(at(9)),
        ..planned()
    };
    check(&[OperationCommand::Cancel(cancel)], cancelled);
}

#[test]
fn the_ids_of_items_sort_as_the_items_do() {
    let id = |number| items::item_id(operation(1), number);
    assert!(id(1) < id(2) && id(9) < id(10) && id(99_999) < id(100_000));
    assert!(item(1, ItemResult::Applied).key_id == Some(key(1)));
}
