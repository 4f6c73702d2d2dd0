//! What every engine must keep: rows and checkpoint move together, each event counts once, nothing is skipped.

use domain::{DomainEvent, Position, Recorded};

use super::*;
use crate::{
    ALL, Change, Row, Table, Value,
    testing::{
        Engine, History, client, define_route, dump, eventful, on_every_engine, project, read_model,
        register, rows_of, table,
    },
};

on_every_engine!(
    rows_and_checkpoint_move_together,
    what_was_applied_before_is_ignored,
    a_gap_stops_before_it,
    a_poison_event_stops_before_it,
    a_batch_that_cannot_be_written_leaves_nothing,
    a_checkpoint_that_someone_else_moved_is_left_alone,
    passing_over_an_event_takes_its_leaf_and_no_rows_and_only_once,
    the_size_of_batches_does_not_matter,
    emptying_takes_the_rows_and_the_checkpoint,
    the_migrations_have_the_tables_that_the_projections_name,
);

const CLIENTS: &dyn Projection = ALL[0];

async fn start(model: &ReadModel) -> Checkpoint {
    model.reset(Owner::of(CLIENTS)).await.unwrap();
    Checkpoint { version: 1, ..Checkpoint::default() }
}

/// From a checkpoint that is the store's.
async fn apply(
    model: &ReadModel,
    projection: &dyn Projection,
    checkpoint: Checkpoint,
    batch: &[Recorded],
) -> Result<Applied, WriteFailure> {
    super::apply(model, projection, checkpoint.position, checkpoint, batch).await
}

/// The clients that have a row, and where the stored checkpoint is.
async fn state(model: &ReadModel) -> (Vec<Value>, u64) {
    let rows = model.dump(table("client_directory")).await.unwrap();
    let checkpoint = model.mark("client_directory").await.unwrap().unwrap();
    (rows.into_iter().map(|row| row.0[0].clone()).collect(), checkpoint.position.get())
}

/// Three events: two clients and a route.
fn three() -> Vec<Recorded> {
    History::default().client(1, &register("A")).client(2, &register("B")).route(1, &define_route()).events
}

/// A poison for the client directory: a client that is renamed without ever having been registered.
fn unregistered(history: Vec<Recorded>) -> Vec<Recorded> {
    let mut events = history;
    if let DomainEvent::ApiClient { id, .. } = &mut events[1].event {
        *id = client(9);
    }
    events
}

async fn rows_and_checkpoint_move_together(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let checkpoint = start(&model).await;
    let applied = apply(&model, CLIENTS, checkpoint, &three()).await.unwrap();
    assert!(applied.halt.is_none());
    // The route is not its business, and still it has got past it.
    assert_eq!(state(&model).await, (vec![client(1).into(), client(2).into()], 3));
    assert_eq!(model.mark("client_directory").await.unwrap(), Some(applied.checkpoint));
}

async fn passing_over_an_event_takes_its_leaf_and_no_rows_and_only_once(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let checkpoint = start(&model).await;
    let once = apply(&model, CLIENTS, checkpoint, &three()[..1]).await.unwrap().checkpoint;
    let over = pass_over(&model, CLIENTS, once.clone(), [7; 32]).await.unwrap();
    assert!(over.halt.is_none());
    assert_eq!(state(&model).await, (vec![client(1).into()], 2));
    let expected =
        Checkpoint { version: CLIENTS.version(), position: Position::new(2), leaf: "07".repeat(32) };
    assert_eq!(model.mark("client_directory").await.unwrap(), Some(expected));
    // One who does not know of it moves nothing.
    let late = pass_over(&model, CLIENTS, once, [7; 32]).await.unwrap();
    assert!(matches!(late.halt, Some(Halt::Fenced { .. })));
    assert_eq!(state(&model).await.1, 2);
}

async fn what_was_applied_before_is_ignored(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let checkpoint = start(&model).await;
    let once = apply(&model, CLIENTS, checkpoint, &three()[..2]).await.unwrap();
    let before = dump(&model).await;
    let twice = apply(&model, CLIENTS, once.checkpoint.clone(), &three()[..2]).await.unwrap();
    assert!(twice.halt.is_none());
    assert_eq!((twice.checkpoint, dump(&model).await), (once.checkpoint.clone(), before));
    let overlapping = apply(&model, CLIENTS, once.checkpoint, &three()).await.unwrap();
    assert_eq!(overlapping.checkpoint.position, Position::new(3));
}

async fn a_gap_stops_before_it(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let checkpoint = start(&model).await;
    let mut events = three();
    events.remove(1);
    let applied = apply(&model, CLIENTS, checkpoint, &events).await.unwrap();
    assert!(matches!(applied.halt, Some(Halt::Gap { after, found }) if after.get() == 1 && found.get() == 3));
    assert_eq!(state(&model).await, (vec![client(1).into()], 1));
    let again = apply(&model, CLIENTS, applied.checkpoint, &events).await.unwrap();
    assert!(matches!(again.halt, Some(Halt::Gap { .. })), "a gap is never skipped");
}

async fn a_poison_event_stops_before_it(on: Engine) {
    let (_dir, model) = read_model(on).await;
    use domain::api_client::{ApiClientCommand, SuspendClient};
    let checkpoint = start(&model).await;
    let suspend = ApiClientCommand::Suspend(SuspendClient { reason: "late".parse().unwrap() });
    let history = History::default().client(1, &register("A")).client(1, &suspend).client(2, &register("B"));
    let applied = apply(&model, CLIENTS, checkpoint, &unregistered(history.events)).await.unwrap();
    let halt = applied.halt.unwrap().to_string();
    assert!(halt.contains("api_client.suspended at position 2"), "{halt}");
    assert_eq!(state(&model).await, (vec![client(1).into()], 1));
}

async fn a_batch_that_cannot_be_written_leaves_nothing(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let checkpoint = start(&model).await;
    let owner = Owner::of(CLIENTS);
    let mut rows = Rows::default();
    for recorded in &three()[..2] {
        for change in CLIENTS.fold(&rows, recorded).unwrap() {
            rows.change(change);
        }
    }
    let mut changes = rows.into_changes();
    // The first row is good; the second is refused by the schema, as a full disk or a kill would cut it off.
    if let Some(Change::Put { table: _, row: Row(values) }) = changes.last_mut() {
        values[4] = "nonsense".into();
    }
    let to = Checkpoint { version: 1, position: Position::new(2), leaf: String::new() };
    let commit = Commit { owner, from: checkpoint.position, to, changes };
    assert!(model.commit(commit).await.is_err());
    assert_eq!(state(&model).await, (vec![], 0));
    let applied = apply(&model, CLIENTS, checkpoint, &three()).await.unwrap();
    assert!(applied.halt.is_none(), "the same batch may be given again");
    assert_eq!(state(&model).await.1, 3);
}

async fn a_checkpoint_that_someone_else_moved_is_left_alone(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let checkpoint = start(&model).await;
    drop(apply(&model, CLIENTS, checkpoint.clone(), &three()[..1]).await.unwrap());
    let before = dump(&model).await;
    let applied = apply(&model, CLIENTS, checkpoint, &three()).await.unwrap();
    assert!(matches!(applied.halt, Some(Halt::Fenced { .. })));
    assert_eq!(dump(&model).await, before);
}

async fn the_size_of_batches_does_not_matter(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let history = eventful();
    project(&model, &history, usize::MAX).await;
    let at_once = dump(&model).await;
    assert!(rows_of(&at_once, "audit_log").len() > 30);
    for size in [1, 2, 7] {
        project(&model, &history, size).await;
        assert_eq!(dump(&model).await, at_once, "in batches of {size}");
    }
}

async fn emptying_takes_the_rows_and_the_checkpoint(on: Engine) {
    let (_dir, model) = read_model(on).await;
    project(&model, &eventful(), 100).await;
    model.reset(Owner::of(CLIENTS)).await.unwrap();
    assert_eq!(state(&model).await, (vec![], 0));
    let left = dump(&model).await;
    assert!(!rows_of(&left, "key_directory").is_empty(), "other projections keep theirs");
}

async fn the_migrations_have_the_tables_that_the_projections_name(on: Engine) {
    let (_dir, model) = read_model(on).await;
    for table in crate::tables() {
        let Table { name, columns, key_columns, .. } = table;
        assert!(*key_columns > 0 && columns.len() >= *key_columns, "{name}");
        assert_eq!(model.dump(table).await.unwrap(), vec![], "{name}");
    }
}
