//! Gateways that have followed the same log, on connections of their own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use async_nats::{Client, ConnectOptions};
use domain::{
    AssignmentId, ClientId, Clock, DomainEvent, Environment, EventId, KeyId, Metadata, PolicyId, Position,
    Recorded, RouteId, SharedClock, Timestamp,
    api_client::{self, ApiClientEvent, ClientKind, Owner},
    api_key::{self, ApiKeyEvent, SecretVersion},
    metadata::ActorKind,
    personal::PersonalValue,
    rate_limit_policy::{
        Assigned, Assignment, Counting, Defined, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow,
        RateLimitPolicyEvent, TimeZoneName,
    },
    route::{self, RouteEvent, RouteSpec},
    secret::{Peppers, PlainSecret, PresentedSecret},
};
use gateway::{Call, Decision, Gateway, OnStale, Settings, SharedQuotas, WhenAlone};
use jiff::SignedDuration;
use test_servers::Nats;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tollgate_gateway_bus::{NatsPool, PoolSettings};
use zeroize::Zeroizing;

/// Noon, as far on as the machine's time, and days that a test lets pass.
#[derive(Debug)]
pub(super) struct Running {
    started: Instant,
    days: AtomicI64,
}

impl Running {
    pub(super) fn noon() -> Arc<Self> {
        Arc::new(Self { started: Instant::now(), days: AtomicI64::new(0) })
    }

    pub(super) fn next_day(&self) {
        self.days.fetch_add(1, Ordering::SeqCst);
    }
}

impl Clock for Running {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed()).unwrap();
        let days = SignedDuration::from_hours(24 * self.days.load(Ordering::SeqCst));
        "2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap() + passed + days
    }
}

/// One gateway with its reserver.
pub(super) struct Node {
    pub(super) gateway: Arc<Gateway>,
    clock: SharedClock,
    secret: Arc<str>,
    stop: CancellationToken,
    reserver: JoinHandle<()>,
}

impl Node {
    /// So many of them under one quota of so many calls a day.
    pub(super) async fn several(nats: &Nats, nodes: u32, requests: u64) -> Result<Vec<Self>> {
        Self::several_at(nats, nodes, requests, clock()).await
    }

    pub(super) async fn several_at(
        nats: &Nats,
        nodes: u32,
        requests: u64,
        clock: SharedClock,
    ) -> Result<Vec<Self>> {
        let mut started = vec![];
        for _ in 0..nodes {
            let node = Self::start(nats, requests, Arc::clone(&clock)).await?;
            node.gateway.set_live_nodes(nodes);
            started.push(node);
        }
        Ok(started)
    }

    async fn start(nats: &Nats, requests: u64, clock: SharedClock) -> Result<Self> {
        let client = connect(nats).await?;
        let pool = Arc::new(NatsPool::new(client, PoolSettings::default()));
        let sharing = SharedQuotas {
            when_alone: WhenAlone::Share,
            wait_max: Duration::from_secs(2),
            rejoin_after: Duration::from_secs(1),
        };
        let gateway = Gateway::new(settings(), peppers()).sharing_quotas(sharing);
        let (events, secret) = log(requests, clock.now());
        gateway.apply(&events, clock.now());
        gateway.caught_up(gateway.position(), clock.now());
        let (gateway, stop) = (Arc::new(gateway), CancellationToken::new());
        let running = gateway::sharing::run(Arc::clone(&gateway), pool, Arc::clone(&clock), stop.clone());
        let reserver = tokio::task::spawn(running);
        Ok(Self { gateway, clock, secret: secret.into(), stop, reserver })
    }

    pub(super) async fn judge(&self) -> Decision {
        let environment = environment();
        let call = Call {
            secret: Some(&self.secret),
            method: "GET",
            host: None,
            path: "/orders",
            environment: &environment,
            address: None,
            user_agent: None,
            cost: None,
            trusted_headers: None,
        };
        self.gateway.judge_shared(&call, &*self.clock).await
    }

    /// Calls until one is refused or so many have passed.
    pub(super) async fn call(&self, most: u64) -> u64 {
        for passed in 0..most {
            if self.judge().await.reason.is_some() {
                return passed;
            }
        }
        most
    }

    /// Ends it as a crash does: nothing is handed back.
    pub(super) fn kill(self) {
        self.reserver.abort();
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.reserver.await?)
    }
}

pub(super) async fn connect(nats: &Nats) -> Result<Client> {
    let options = ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(50));
    Ok(options.connect(nats.url()).await?)
}

pub(super) fn clock() -> SharedClock {
    Running::noon()
}

/// Hands the gateway an event at this position.
pub(super) fn follow(gateway: &Gateway, position: u64) {
    let event = DomainEvent::ApiClient { id: ClientId::from_parts(position, 1), event: registered() };
    let at = clock().now();
    gateway.apply(&[record(position, at, event)], at);
    gateway.caught_up(Position::new(position), at);
}

pub(super) fn environment() -> Environment {
    "prod".parse().unwrap()
}

pub(super) fn settings() -> Settings {
    Settings {
        unmatched: BTreeMap::new(),
        stale_after: SignedDuration::from_secs(600),
        on_stale: OnStale::Serve,
        sightings: true,
        node: "node".to_owned(),
        boot: "boot".to_owned(),
    }
}

pub(super) fn peppers() -> Peppers {
    Peppers::new([(1, Zeroizing::new([7; 32]))]).unwrap()
}

/// One client with one key and one route, under a daily quota. The events, and the key's secret.
fn log(requests: u64, at: Timestamp) -> (Vec<Recorded>, String) {
    let (client, key) = (ClientId::from_parts(1, 1), KeyId::from_parts(1, 2));
    let random = Zeroizing::new(format!("{:0>10}{:0>32}", 1, 1));
    let secret = PlainSecret::compose("tg", &environment(), &random).unwrap();
    let events = [
        DomainEvent::ApiClient { id: client, event: registered() },
        DomainEvent::ApiKey { id: key, event: issued(client, &secret) },
        DomainEvent::Route { id: RouteId::from_parts(1, 3), event: defined_route() },
    ];
    let policy = PolicyId::from_parts(1, 4);
    let policies = [defined_policy(requests), assigned()]
        .map(|event| DomainEvent::RateLimitPolicy { id: policy, event });
    let recorded = (1_u64..).zip(events.into_iter().chain(policies));
    let recorded = recorded.map(|(position, event)| record(position, at, event)).collect();
    (recorded, secret.expose().to_owned())
}

fn registered() -> ApiClientEvent {
    ApiClientEvent::Registered(api_client::Registered {
        name: "Acme".parse().unwrap(),
        kind: ClientKind::Partner,
        owner: Owner {
            team: "payments".parse().unwrap(),
            email: PersonalValue::new([0; 16], "a@example.com").commitment(),
        },
        contacts: vec![],
        environments: [environment()].into(),
        scopes: [].into(),
        labels: BTreeMap::new(),
    })
}

fn issued(client_id: ClientId, secret: &PlainSecret) -> ApiKeyEvent {
    let presented = PresentedSecret::parse(secret.expose()).unwrap();
    ApiKeyEvent::Issued(api_key::Issued {
        client_id,
        name: "key".parse().unwrap(),
        environment: environment(),
        scopes: None,
        secret: SecretVersion {
            version: 1,
            locator: presented.locator,
            digest: peppers().digest_new(secret),
            hint: presented.hint(),
        },
        not_before: None,
        expires_at: None,
        allowed_cidrs: vec![],
    })
}

fn defined_route() -> RouteEvent {
    let spec = RouteSpec {
        name: "orders".parse().unwrap(),
        hosts: [].into(),
        methods: ["GET".parse().unwrap()].into(),
        path: "/orders".parse().unwrap(),
        required_scopes: [].into(),
        cost: 1,
        cost_from_header: None,
    };
    RouteEvent::Defined(route::Defined { spec })
}

fn defined_policy(requests: u64) -> RateLimitPolicyEvent {
    let daily = QuotaLimit {
        name: "daily".parse().unwrap(),
        requests,
        period: Period::Day,
        window: QuotaWindow::Calendar,
        time_zone: TimeZoneName::utc(),
    };
    let spec = PolicySpec {
        name: "policy".parse().unwrap(),
        rates: vec![],
        quotas: vec![daily],
        counting: Counting::Client,
        mode: Mode::Enforce,
        thresholds: [].into(),
    };
    RateLimitPolicyEvent::Defined(Defined { spec })
}

fn assigned() -> RateLimitPolicyEvent {
    let assignment_id = AssignmentId::from_parts(1, 5);
    let (client_id, route_id, environment) = (None, None, None);
    let assignment = Assignment { assignment_id, client_id, route_id, environment, from: None, until: None };
    RateLimitPolicyEvent::Assigned(Assigned { assignment })
}

fn record(position: u64, at: Timestamp, event: DomainEvent) -> Recorded {
    let metadata = Metadata {
        occurred_at: at,
        actor: "test".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: None,
        user_agent: None,
        request_id: "test".to_owned(),
        correlation_id: "test".to_owned(),
        causation_id: None,
        reason: None,
        command_id: "test".to_owned(),
    };
    Recorded {
        position: Position::new(position),
        event_id: EventId::from_parts(0, u128::from(position)),
        recorded_at: at,
        sequence: 1,
        metadata,
        event,
        personal: BTreeMap::new(),
        leaf_hash: [0; 32],
    }
}
