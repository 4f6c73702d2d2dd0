//! Read models and logs in a directory that goes.

use std::{path::Path, sync::Arc, time::Duration};

use domain::{
    Clock, Position, Timestamp,
    api_client::ApiClient,
    api_key::{ApiKey, ApiKeyCommand},
    rate_limit_policy::RateLimitPolicy,
    route::Route,
};
use eventlog::Stored;

use super::{
    ADDRESS, History, at, client, define_policy, define_route, issue, key, metadata, personal, policy,
    register, route,
};
use crate::{ALL, ReadModel, Row, Table, runner, store::Checkpoint, tables};

/// Folds a history into every projection of events, so many at once.
pub(crate) async fn project(model: &ReadModel, history: &History, at_once: usize) {
    for projection in ALL {
        let owner = crate::store::Owner::of(projection);
        model.reset(owner).await.unwrap();
        let mut checkpoint = Checkpoint { version: owner.version, ..Checkpoint::default() };
        for batch in history.events.chunks(at_once) {
            let applied =
                runner::apply(model, projection, checkpoint.position, checkpoint, batch).await.unwrap();
            assert!(applied.halt.is_none(), "{:?}", applied.halt);
            checkpoint = applied.checkpoint;
        }
    }
}

/// All that the tables hold.
pub(crate) async fn dump(model: &ReadModel) -> Vec<(&'static str, Vec<Row>)> {
    let mut all = vec![];
    for table in tables() {
        all.push((table.name, model.dump(table).await.unwrap()));
    }
    all
}

pub(crate) fn rows_of<'dump>(dump: &'dump [(&'static str, Vec<Row>)], table: &str) -> &'dump [Row] {
    dump.iter().find(|(name, _)| *name == table).map(|(_, rows)| rows.as_slice()).unwrap()
}

#[derive(Debug)]
pub(crate) struct Standing(pub(crate) Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A real log in a directory.
pub(crate) async fn event_log(dir: &Path) -> eventlog::EventLog {
    eventlog::EventLog::open_sqlite(&dir.join("events.db"), Arc::new(Standing(at(0)))).await.unwrap()
}

pub(crate) async fn usage_log(dir: &Path) -> eventlog::usage::UsageLog {
    eventlog::usage::UsageLog::open_sqlite(&dir.join("usage.db")).await.unwrap()
}

/// Gives a command to a real log; says where its effect is.
pub(crate) async fn execute<A: Stored>(log: &eventlog::EventLog, id: A::Id, command: A::Command) -> Position {
    let ask = eventlog::Execute::<A> {
        id,
        command,
        metadata: metadata(at(0)),
        expected_version: None,
        idempotency: None,
        personal: ["Ada", "ada@example.com", "team@example.com", ADDRESS].map(personal).into(),
    };
    let done = log.execute(ask).await.unwrap();
    log.position(done.place, Duration::from_secs(5)).await.unwrap()
}

pub(crate) fn table(name: &str) -> &'static Table {
    tables().into_iter().find(|table| table.name == name).unwrap()
}

/// Three clients, two keys of each, a route and a policy: 11 events.
pub(crate) async fn write_log(log: &eventlog::EventLog, first_name: &str) -> Position {
    for (n, name) in (1..).zip([first_name, "Beta", "Gamma"]) {
        execute::<ApiClient>(log, client(n), register(name)).await;
        for k in [n, n + 10] {
            execute::<ApiKey>(log, key(k), ApiKeyCommand::Issue(issue(n))).await;
        }
    }
    execute::<Route>(log, route(1), define_route()).await;
    execute::<RateLimitPolicy>(log, policy(1), define_policy()).await
}

/// A batch with one fact.
pub(crate) fn usage_batch(sequence: u64, calls: u64) -> domain::usage::UsageBatch {
    let fact = domain::usage::UsageFact {
        minute: at(0).as_second(),
        client_id: Some(client(1)),
        key_id: Some(key(1)),
        secret_version: Some(1),
        route_id: None,
        environment: "prod".parse().unwrap(),
        outcome: domain::decision::Outcome::Allowed,
        calls,
        last_at: at(1),
        seconds: vec![],
    };
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    domain::usage::UsageBatch {
        node,
        boot,
        sequence,
        flushed_at: at(60),
        facts: vec![fact],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: domain::usage::DecisionsLeftOut::default(),
    }
}

/// Allowed or refused calls of the first client with its first key, in a minute.
pub(crate) fn fact(minute: i64, outcome: domain::decision::Outcome, calls: u64) -> domain::usage::UsageFact {
    domain::usage::UsageFact {
        minute: at(minute * 60).as_second(),
        client_id: Some(client(1)),
        key_id: Some(key(1)),
        secret_version: Some(1),
        route_id: Some(route(1)),
        environment: "prod".parse().unwrap(),
        outcome,
        calls,
        last_at: at(minute * 60 + 30),
        seconds: vec![],
    }
}

/// A read model that has counted one batch of these facts, and of what else is put into it.
pub(crate) async fn counted(
    on: super::Engine,
    facts: Vec<domain::usage::UsageFact>,
    with: impl FnOnce(&mut domain::usage::UsageBatch),
) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = super::read_model(on).await;
    model.reset(crate::usage::OWNER).await.unwrap();
    let mut batch = domain::usage::UsageBatch { facts, ..usage_batch(1, 0) };
    with(&mut batch);
    let arrived = [eventlog::usage::ArrivedBatch { batch_no: 1, batch }];
    crate::usage::apply(&model, Position::START, &arrived).await.unwrap();
    (dir, model)
}
