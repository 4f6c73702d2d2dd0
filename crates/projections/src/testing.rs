//! What the tests of this crate share: events made by the rules themselves, and files in a directory that goes.

use std::{any::Any, collections::HashMap, path::Path, sync::Arc};

use domain::{
    AssignmentId, ClientId, Clock, EventId, KeyId, Metadata, PolicyId, Position, Recorded, RouteId,
    Timestamp,
    api_client::{
        ApiClient, ApiClientCommand, ClientFacts, ClientKind, ClientStanding, ContactRole, NewContact,
        NewOwner, RegisterClient,
    },
    api_key::{ApiKey, ApiKeyCommand, IssueKey, NewSecret, RotateKey},
    metadata::ActorKind,
    personal::PersonalValue,
    rate_limit_policy::{
        AssignPolicy, Assignment, Counting, DefinePolicy, Mode, PolicyCommand, PolicySpec, RateLimit,
        RateLimitPolicy,
    },
    route::{DefineRoute, Route, RouteCommand, RouteSpec},
    secret::SecretDigest,
};
use eventlog::Stored;
use tempfile::TempDir;

use crate::{ALL, ReadModel, Row, Table, runner, store::Checkpoint, tables};

/// 2026-01-01T00:00:00Z and so many seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

pub(crate) fn client(n: u64) -> ClientId {
    ClientId::from_parts(1_767_225_600_000 + n, u128::from(n))
}

pub(crate) fn key(n: u64) -> KeyId {
    KeyId::from_parts(1_767_225_600_000 + n, u128::from(n))
}

pub(crate) fn route(n: u64) -> RouteId {
    RouteId::from_parts(1_767_225_600_000 + n, u128::from(n))
}

pub(crate) fn policy(n: u64) -> PolicyId {
    PolicyId::from_parts(1_767_225_600_000 + n, u128::from(n))
}

pub(crate) fn assignment(n: u64) -> AssignmentId {
    AssignmentId::from_parts(1_767_225_600_000 + n, u128::from(n))
}

pub(crate) fn personal(text: &str) -> PersonalValue {
    PersonalValue::new([7; 16], text)
}

pub(crate) const ADDRESS: &str = "192.0.2.7";

pub(crate) fn metadata(occurred_at: Timestamp) -> Metadata {
    Metadata {
        occurred_at,
        actor: "bootstrap-admin".to_owned(),
        actor_kind: ActorKind::Person,
        authenticated_by: "bootstrap_token".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: Some(personal(ADDRESS).commitment()),
        user_agent: Some("curl/8".to_owned()),
        request_id: "req-1".to_owned(),
        correlation_id: "cor-1".to_owned(),
        causation_id: None,
        reason: Some("because".to_owned()),
        command_id: "cmd-1".to_owned(),
    }
}

pub(crate) fn register(name: &str) -> ApiClientCommand {
    let contact =
        NewContact { name: personal("Ada"), email: personal("ada@example.com"), role: ContactRole::Security };
    ApiClientCommand::Register(RegisterClient {
        name: name.parse().unwrap(),
        kind: ClientKind::Partner,
        owner: NewOwner { team: "payments".parse().unwrap(), email: personal("team@example.com") },
        contacts: vec![contact],
        environments: ["prod", "sandbox"].map(|name| name.parse().unwrap()).into(),
        scopes: ["orders:read", "orders:write"].map(|scope| scope.parse().unwrap()).into(),
        labels: [("tier".parse().unwrap(), "gold".parse().unwrap())].into(),
    })
}

/// What is kept of a secret that tests look for where it must not be.
pub(crate) fn secret(version: u8) -> NewSecret {
    NewSecret {
        locator: format!("LOCATOR00{version}").parse().unwrap(),
        digest: SecretDigest { pepper_version: 1, hmac: [0xd0 + version; 32] },
        hint: format!("…hnt{version}"),
    }
}

pub(crate) fn issue(n: u64) -> IssueKey {
    IssueKey {
        now: at(0),
        client_id: client(n),
        client: ClientFacts {
            standing: ClientStanding::Active,
            environments: ["prod", "sandbox"].map(|name| name.parse().unwrap()).into(),
            scopes: [].into(),
        },
        name: "backend".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        scopes: None,
        not_before: None,
        expires_at: Some(at(1_000_000)),
        allowed_cidrs: vec!["10.0.0.0/8".parse().unwrap()],
        secret: secret(1),
    }
}

pub(crate) fn rotate(now: Timestamp) -> ApiKeyCommand {
    ApiKeyCommand::Rotate(RotateKey {
        now,
        client: ClientStanding::Active,
        secret: secret(2),
        overlap_seconds: 3_600,
        expires_at: None,
        reason: None,
    })
}

pub(crate) fn route_spec(host: Option<&str>, methods: &[&str], path: &str) -> RouteSpec {
    RouteSpec {
        name: "Orders".parse().unwrap(),
        host: host.map(|host| host.parse().unwrap()),
        methods: methods.iter().map(|method| method.parse().unwrap()).collect(),
        path: path.parse().unwrap(),
        required_scopes: ["orders:read".parse().unwrap()].into(),
        cost: 1,
    }
}

pub(crate) fn define_route() -> RouteCommand {
    RouteCommand::Define(DefineRoute { spec: route_spec(Some("api.example.com"), &["GET"], "/orders/{id}") })
}

pub(crate) fn define_policy() -> PolicyCommand {
    let rate = RateLimit { name: "burst".parse().unwrap(), requests: 10, per_seconds: 1, burst: 20 };
    let spec = PolicySpec {
        name: "Standard".parse().unwrap(),
        rates: vec![rate],
        quotas: vec![],
        counting: Counting::Client,
        mode: Mode::Enforce,
        thresholds: [80, 100].into(),
    };
    PolicyCommand::Define(DefinePolicy { spec })
}

pub(crate) fn assign(n: u64, client_id: Option<ClientId>) -> PolicyCommand {
    let assignment = Assignment {
        assignment_id: assignment(n),
        client_id,
        route_id: None,
        environment: None,
        from: None,
        until: None,
    };
    PolicyCommand::Assign(AssignPolicy { now: at(0), assignment })
}

/// A log in memory, written by commands.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) events: Vec<Recorded>,
    states: HashMap<String, Box<dyn Any>>,
}

impl History {
    /// What the rules make of a command now.
    pub(crate) fn when<A: Stored>(mut self, id: A::Id, command: &A::Command) -> Self {
        let stream = id.to_string();
        let (mut state, mut sequence) = match self.states.remove(&stream) {
            Some(kept) => *kept.downcast::<(A, u64)>().unwrap(),
            None => (A::default(), 0),
        };
        for event in state.decide(command).unwrap() {
            state.apply(&event);
            sequence += 1;
            let position = u64::try_from(self.events.len()).unwrap() + 1;
            self.events.push(recorded(position, sequence, A::wrap(id, event)));
        }
        self.states.insert(stream, Box::new((state, sequence)));
        self
    }

    pub(crate) fn client(self, n: u64, command: &ApiClientCommand) -> Self {
        self.when::<ApiClient>(client(n), command)
    }

    pub(crate) fn key(self, n: u64, command: &ApiKeyCommand) -> Self {
        self.when::<ApiKey>(key(n), command)
    }

    pub(crate) fn route(self, n: u64, command: &RouteCommand) -> Self {
        self.when::<Route>(route(n), command)
    }

    pub(crate) fn policy(self, n: u64, command: &PolicyCommand) -> Self {
        self.when::<RateLimitPolicy>(policy(n), command)
    }
}

fn recorded(position: u64, sequence: u64, event: domain::DomainEvent) -> Recorded {
    let moment = at(i64::try_from(position).unwrap());
    let values = ["Ada", "ada@example.com", "team@example.com", ADDRESS];
    Recorded {
        position: Position::new(position),
        event_id: EventId::from_parts(1_767_225_600_000, u128::from(position)),
        recorded_at: moment,
        sequence,
        metadata: metadata(moment),
        event,
        personal: values.map(|text| (personal(text).commitment(), text.into())).into(),
        leaf_hash: [u8::try_from(position % 251).unwrap(); 32],
    }
}

/// Every kind of thing, and most of what can happen to it.
pub(crate) fn eventful() -> History {
    use domain::{api_client as c, api_key as k, rate_limit_policy as p, route as r};
    let reason = || "because".parse().unwrap();
    let update = c::UpdateClient {
        name: Some("Größe & Söhne".parse().unwrap()),
        owner: Some(NewOwner { team: "billing".parse().unwrap(), email: personal("team@example.com") }),
        contacts: Some(vec![]),
        environments: Some(["prod", "test"].map(|name| name.parse().unwrap()).into()),
        scopes: Some(["orders:read", "a:b"].map(|scope| scope.parse().unwrap()).into()),
        labels: Some([].into()),
    };
    let revoke = |at| k::RevokeKey { now: self::at(10), at, reason: reason() };
    let spec = route_spec(None, &["GET", "POST"], "/orders/{order}");
    let r::RouteSpec { name, host, methods, path, required_scopes, cost } = spec;
    let revise_route = r::ReviseRoute {
        name: Some(name),
        host: Some(host),
        methods: Some(methods),
        path: Some(path),
        required_scopes: Some(required_scopes),
        cost: Some(cost),
    };
    let revise_policy = p::RevisePolicy { mode: Some(Mode::Shadow), ..p::RevisePolicy::default() };
    let unassign = p::UnassignPolicy { assignment_id: assignment(1), reason: Some(reason()) };
    History::default()
        .client(1, &register("Acme"))
        .client(2, &register("Beta"))
        .client(1, &ApiClientCommand::Update(update))
        .client(1, &ApiClientCommand::Suspend(c::SuspendClient { reason: reason() }))
        .client(1, &ApiClientCommand::Reinstate(c::ReinstateClient { reason: reason() }))
        .client(2, &ApiClientCommand::Archive(c::ArchiveClient { reason: reason() }))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(issue(1)))
        .key(3, &ApiKeyCommand::Issue(IssueKey { expires_at: None, ..issue(2) }))
        .key(1, &rotate(at(10)))
        .key(1, &ApiKeyCommand::Suspend(k::SuspendKey { reason: reason() }))
        .key(1, &ApiKeyCommand::Reinstate(k::ReinstateKey { reason: reason() }))
        .key(1, &ApiKeyCommand::Revoke(revoke(Some(at(500_000)))))
        .key(3, &ApiKeyCommand::Revoke(revoke(None)))
        .key(2, &ApiKeyCommand::Expire(k::ExpireKey { now: at(1_000_001) }))
        .route(1, &define_route())
        .route(1, &RouteCommand::Revise(revise_route))
        .route(1, &RouteCommand::Retire(r::RetireRoute { reason: None }))
        .policy(1, &define_policy())
        .policy(1, &assign(1, Some(client(1))))
        .policy(1, &assign(2, None))
        .policy(1, &PolicyCommand::Revise(revise_policy))
        .policy(1, &PolicyCommand::Unassign(unassign))
        .policy(2, &define_policy())
        .policy(2, &PolicyCommand::Retire(p::RetirePolicy { reason: None }))
}

/// A directory and the read model in it.
pub(crate) async fn read_model() -> (TempDir, ReadModel) {
    let dir = tempfile::tempdir().unwrap();
    let model = ReadModel::open_sqlite(&dir.path().join("read.db")).await.unwrap();
    (dir, model)
}

/// Folds a history into every projection of events, so many at once.
pub(crate) async fn project(model: &ReadModel, history: &History, at_once: usize) {
    for projection in ALL {
        let owner = crate::store::Owner::of(projection);
        model.reset(owner).await.unwrap();
        let mut checkpoint = Checkpoint { version: owner.version, ..Checkpoint::default() };
        for batch in history.events.chunks(at_once) {
            let applied = runner::apply(model, projection, checkpoint, batch).await.unwrap();
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
struct Standing(Timestamp);

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
    log.execute(ask).await.unwrap().position
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
    };
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    domain::usage::UsageBatch { node, boot, sequence, flushed_at: at(60), facts: vec![fact] }
}

/// The row that a history makes of one key, through the fold alone.
pub(crate) fn folded<D: crate::Directory>(history: &History, key: impl Into<crate::Value>) -> Option<D::Row> {
    let key = key.into();
    let events = history.events.iter().filter(|recorded| D::key(recorded).as_ref() == Some(&key));
    events.fold(None, |row, recorded| D::fold(row, recorded).unwrap())
}
