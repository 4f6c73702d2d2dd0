//! Given: a clock that stands still, commands with all that they carry.

use std::{sync::Arc, time::Duration};

use domain::{
    ClientId, Clock, Metadata, Position, SharedClock, Timestamp,
    api_client::{
        ApiClient, ApiClientCommand, ClientKind, NewOwner, RegisterClient, ReinstateClient, SuspendClient,
        UpdateClient,
    },
    metadata::ActorKind,
    personal::PersonalValue,
};
use tollgate_eventlog::{EventLog, Execute, Executed, Place, Stored};

pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn clock() -> SharedClock {
    Arc::new(Still)
}

pub(crate) async fn open(dir: &std::path::Path) -> EventLog {
    EventLog::open_sqlite(&dir.join("events.db"), clock()).await.unwrap()
}

/// The position of what a command did, once it has one.
pub(crate) async fn place<A: Stored>(log: &EventLog, done: &Executed<A>) -> Position {
    position(log, done.place).await
}

pub(crate) async fn position(log: &EventLog, place: Place) -> Position {
    log.position(place, Duration::from_secs(20)).await.unwrap()
}

pub(crate) fn client(number: u128) -> ClientId {
    ClientId::from_parts(1_772_366_400_000, number)
}

pub(crate) fn address() -> PersonalValue {
    PersonalValue::new([7; 16], "192.0.2.7")
}

pub(crate) fn email() -> PersonalValue {
    PersonalValue::new([8; 16], "owner@example.com")
}

pub(crate) fn metadata() -> Metadata {
    Metadata {
        occurred_at: now(),
        actor: "bootstrap-admin".to_owned(),
        actor_kind: ActorKind::Person,
        authenticated_by: "bootstrap_token".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: Some(address().commitment()),
        user_agent: Some("curl/8".to_owned()),
        request_id: "req-1".to_owned(),
        correlation_id: "req-1".to_owned(),
        causation_id: None,
        reason: None,
        command_id: "cmd-1".to_owned(),
    }
}

fn ask(id: ClientId, command: ApiClientCommand) -> Execute<ApiClient> {
    Execute {
        id,
        command,
        metadata: metadata(),
        expected_version: None,
        idempotency: None,
        personal: vec![address(), email()],
    }
}

pub(crate) fn register(id: ClientId) -> Execute<ApiClient> {
    let owner = NewOwner { team: "payments".parse().unwrap(), email: email() };
    ask(
        id,
        ApiClientCommand::Register(RegisterClient {
            name: "Acme".parse().unwrap(),
            kind: ClientKind::Partner,
            owner,
            contacts: vec![],
            environments: ["prod".parse().unwrap()].into(),
            scopes: ["orders:read".parse().unwrap()].into(),
            labels: [].into(),
        }),
    )
}

pub(crate) fn rename(id: ClientId, name: &str) -> Execute<ApiClient> {
    ask(
        id,
        ApiClientCommand::Update(UpdateClient {
            name: Some(name.parse().unwrap()),
            ..UpdateClient::default()
        }),
    )
}

pub(crate) fn suspend(id: ClientId) -> Execute<ApiClient> {
    ask(id, ApiClientCommand::Suspend(SuspendClient { reason: "unpaid".parse().unwrap() }))
}

pub(crate) fn reinstate(id: ClientId) -> Execute<ApiClient> {
    ask(id, ApiClientCommand::Reinstate(ReinstateClient { reason: "paid".parse().unwrap() }))
}
