//! Commands, their parts and their identifiers.

use domain::{
    AssignmentId, ClientId, KeyId, LeakId, Metadata, OperationId, PolicyId, PrincipalId, RouteId,
    ScheduledChangeId, Timestamp,
    api_client::{
        ApiClientCommand, ClientFacts, ClientKind, ClientStanding, ContactRole, NewContact, NewOwner,
        RegisterClient,
    },
    api_key::{
        ApiKeyCommand, ForeignSecret, ImportKey, IssueKey, LeakReceiver, LeakResponse, NewSecret, Origin,
        ReportLeak, RotateKey,
    },
    metadata::ActorKind,
    operation::{
        Item, ItemResult, OperationCommand, Ordered, PlanOperation, ProgressOperation, TakeOperation, Work,
    },
    personal::PersonalValue,
    rate_limit_policy::{
        AssignPolicy, Assignment, Counting, DefinePolicy, Mode, PolicyCommand, PolicySpec, RateLimit,
    },
    route::{DefineRoute, RouteCommand, RouteSpec},
    scheduled_change::{PlanChange, PlannedChange, ScheduledChangeCommand},
    secret::{ForeignDigest, SecretDigest},
};

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

pub(crate) fn principal(n: u64) -> PrincipalId {
    PrincipalId::from_parts(1_767_225_600_000 + n, u128::from(n))
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

pub(crate) fn operation(n: u64) -> OperationId {
    OperationId::from_parts(1_767_225_600_000 + n, u128::from(n))
}

pub(crate) fn leak(n: u64) -> LeakId {
    LeakId::from_parts(1_767_225_600_000 + n, u128::from(n))
}

pub(crate) fn change(n: u64) -> ScheduledChangeId {
    ScheduledChangeId::from_parts(1_767_225_600_000 + n, u128::from(1_000 + n))
}

/// Suspends the first client's first key at 100, until 200 where it ends.
pub(crate) fn plan_suspension(until: Option<Timestamp>) -> ScheduledChangeCommand {
    ScheduledChangeCommand::Plan(PlanChange {
        now: at(0),
        change: PlannedChange::SuspendKey { key_id: key(1), client_id: client(1) },
        at: Some(at(100)),
        until,
        reason: "odd traffic".parse().unwrap(),
    })
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
        retire_when_idle_hours: None,
    })
}

pub(crate) fn route_spec(host: Option<&str>, methods: &[&str], path: &str) -> RouteSpec {
    RouteSpec {
        name: "Orders".parse().unwrap(),
        hosts: host.map(|host| host.parse().unwrap()).into_iter().collect(),
        methods: methods.iter().map(|method| method.parse().unwrap()).collect(),
        path: path.parse().unwrap(),
        required_scopes: ["orders:read".parse().unwrap()].into(),
        cost: 1,
        cost_from_header: None,
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

/// The same key as [`issue`] makes, of another system. Its digest is one that tests look for where it must not be.
pub(crate) fn import(n: u64) -> ApiKeyCommand {
    let IssueKey { now, client_id, client, name, environment, scopes, not_before, expires_at, .. } = issue(n);
    ApiKeyCommand::Import(ImportKey {
        now,
        client_id,
        client,
        name,
        environment,
        scopes,
        not_before,
        expires_at,
        allowed_cidrs: issue(n).allowed_cidrs,
        secret: ForeignSecret { sha256: ForeignDigest::from_bytes([0xd9; 32]), hint: "…9f3e".to_owned() },
        origin: Origin {
            source: "kong".parse().unwrap(),
            external_id: format!("kong-{n}").parse().unwrap(),
            created_at: None,
        },
    })
}

pub(crate) fn report_leak(n: u64) -> ApiKeyCommand {
    ApiKeyCommand::ReportLeak(ReportLeak {
        now: at(0),
        leak_id: leak(n),
        secret_version: 1,
        receiver: LeakReceiver::Github,
        source: Some("commit".parse().unwrap()),
        url: Some("https://example.com/a".parse().unwrap()),
        response: LeakResponse::Quarantine {
            known_addresses: vec!["192.0.2.7/32".parse().unwrap()],
            calls_per_minute: 6,
        },
        reason: "reported as leaked".parse().unwrap(),
    })
}

/// Revokes these keys.
pub(crate) fn plan_operation(keys: &[u64]) -> OperationCommand {
    OperationCommand::Plan(PlanOperation {
        now: at(0),
        work: Work::Revoke(keys.iter().map(|n| key(*n)).collect()),
        reason: Some("because".parse().unwrap()),
        ordered: Ordered { by: "bootstrap-admin".to_owned(), allowed_by: "role:admin".to_owned() },
    })
}

pub(crate) fn take_operation() -> OperationCommand {
    OperationCommand::Take(TakeOperation { now: at(5), node: "n1".parse().unwrap() })
}

pub(crate) fn item(number: u32, result: ItemResult) -> Item {
    let refused = result == ItemResult::Refused;
    Item {
        number,
        subject: key(number.into()).to_string(),
        key_id: Some(key(number.into())),
        result,
        code: refused.then(|| "key_expired".to_owned()),
        detail: refused.then(|| "the key has expired, which is final".to_owned()),
    }
}

pub(crate) fn progress_operation(items: Vec<Item>) -> OperationCommand {
    OperationCommand::Progress(ProgressOperation {
        now: at(6),
        node: "n1".parse().unwrap(),
        items,
        rows: None,
        made: None,
    })
}
