//! A log of a few facts, a gateway that has followed it, and a door on a free port.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use domain::{
    AssignmentId, ClientId, Clock, DomainEvent, Environment, EventId, KeyId, Metadata, PolicyId, Position,
    Recorded, RouteId, Timestamp,
    api_client::{self, ApiClientEvent, ClientKind, Owner},
    api_key::{self, ApiKeyEvent, SecretVersion},
    metadata::ActorKind,
    personal::PersonalValue,
    rate_limit_policy::{
        Assigned, Assignment, Counting, Defined, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow,
        RateLimit, RateLimitPolicyEvent, TimeZoneName,
    },
    route::{self, RouteEvent, RouteSpec},
    secret::{Peppers, PlainSecret, PresentedSecret},
};
use gateway::{Gateway, OnStale, Settings, SharedQuotas};
use hyper_util::service::TowerToHyperService;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tollgate_gateway_doors::{Door, Doors, ServeFailure, Serves, serve};
use zeroize::Zeroizing;

/// 2026-03-04T05:06:07Z.
pub(super) const NOW: i64 = 1_772_600_767;

/// Stands still until it is set.
pub(super) struct StoppedClock(AtomicI64);

impl Clock for StoppedClock {
    /// Panics at the end of time, for whoever wants to see what a panic does.
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).expect("the time is over")
    }
}

impl StoppedClock {
    pub(super) fn set(&self, second: i64) {
        self.0.store(second, Ordering::Relaxed);
    }
}

/// A log in the making.
#[derive(Default)]
pub(super) struct Log {
    events: Vec<Recorded>,
    next: u128,
}

impl Log {
    fn record(&mut self, event: DomainEvent) {
        let at = Timestamp::from_second(NOW).unwrap();
        let position = u64::try_from(self.events.len()).unwrap() + 1;
        self.events.push(Recorded {
            position: Position::new(position),
            event_id: EventId::from_parts(0, u128::from(position)),
            recorded_at: at,
            sequence: 1,
            metadata: metadata(at),
            event,
            personal: BTreeMap::new(),
            leaf_hash: [0; 32],
        });
    }

    fn number(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    /// A client of both environments.
    pub(super) fn client(&mut self, scopes: &[&str]) -> ClientId {
        let id = ClientId::from_parts(1, self.number());
        let registered = api_client::Registered {
            name: "Acme".parse().unwrap(),
            kind: ClientKind::Partner,
            owner: Owner {
                team: "payments".parse().unwrap(),
                email: PersonalValue::new([0; 16], "a@example.com").commitment(),
            },
            contacts: vec![],
            environments: ["prod", "sandbox"].map(environment).into(),
            scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
            labels: BTreeMap::new(),
        };
        self.record(DomainEvent::ApiClient { id, event: ApiClientEvent::Registered(registered) });
        id
    }

    /// A key and its secret; `change` makes it another key than a live one of `prod` with all scopes.
    pub(super) fn key(
        &mut self,
        client_id: ClientId,
        change: impl FnOnce(&mut api_key::Issued),
    ) -> (KeyId, String) {
        let number = self.number();
        let id = KeyId::from_parts(1, number);
        let random = Zeroizing::new(format!("{number:0>10}{number:0>32}"));
        let secret = PlainSecret::compose("tg", &environment("prod"), &random).unwrap();
        let presented = PresentedSecret::parse(secret.expose()).unwrap();
        let mut issued = api_key::Issued {
            client_id,
            name: "key".parse().unwrap(),
            environment: environment("prod"),
            scopes: None,
            secret: SecretVersion {
                version: 1,
                locator: presented.locator,
                digest: peppers().digest_new(&secret),
                hint: presented.hint(),
            },
            not_before: None,
            expires_at: None,
            allowed_cidrs: vec![],
        };
        change(&mut issued);
        self.record(DomainEvent::ApiKey { id, event: ApiKeyEvent::Issued(issued) });
        (id, secret.expose().to_owned())
    }

    pub(super) fn key_event(&mut self, id: KeyId, event: ApiKeyEvent) {
        self.record(DomainEvent::ApiKey { id, event });
    }

    pub(super) fn route(&mut self, method: &str, path: &str, scope: Option<&str>) -> RouteId {
        self.priced_route(method, path, scope, None)
    }

    /// The same, with a header that says what a call costs.
    pub(super) fn priced_route(
        &mut self,
        method: &str,
        path: &str,
        scope: Option<&str>,
        cost_from_header: Option<route::CostFromHeader>,
    ) -> RouteId {
        let id = RouteId::from_parts(1, self.number());
        let spec = RouteSpec {
            name: "route".parse().unwrap(),
            hosts: [].into(),
            methods: [method.parse().unwrap()].into(),
            path: path.parse().unwrap(),
            required_scopes: scope.iter().map(|scope| scope.parse().unwrap()).collect(),
            cost: 1,
            cost_from_header,
        };
        self.record(DomainEvent::Route { id, event: RouteEvent::Defined(route::Defined { spec }) });
        id
    }

    /// A policy that binds the client: so many calls a minute, all at once if need be, and so many a day in UTC.
    pub(super) fn limit(
        &mut self,
        client_id: ClientId,
        mode: Mode,
        per_minute: u64,
        per_day: u64,
    ) -> PolicyId {
        let id = PolicyId::from_parts(1, self.number());
        let spec = PolicySpec {
            name: "policy".parse().unwrap(),
            rates: vec![RateLimit {
                name: "burst".parse().unwrap(),
                requests: per_minute,
                per_seconds: 60,
                burst: per_minute,
            }],
            quotas: vec![QuotaLimit {
                name: "daily".parse().unwrap(),
                requests: per_day,
                period: Period::Day,
                window: QuotaWindow::Calendar,
                time_zone: TimeZoneName::utc(),
            }],
            counting: Counting::Client,
            mode,
            thresholds: [].into(),
        };
        let assignment = Assignment {
            assignment_id: AssignmentId::from_parts(1, self.number()),
            client_id: Some(client_id),
            route_id: None,
            environment: None,
            from: None,
            until: None,
        };
        let defined = RateLimitPolicyEvent::Defined(Defined { spec });
        let assigned = RateLimitPolicyEvent::Assigned(Assigned { assignment });
        for event in [defined, assigned] {
            self.record(DomainEvent::RateLimitPolicy { id, event });
        }
        id
    }
}

/// A gateway and the time it is there.
pub(super) struct World {
    pub(super) gateway: Arc<Gateway>,
    pub(super) clock: Arc<StoppedClock>,
}

impl World {
    /// A gateway that has heard nothing yet.
    pub(super) fn starting() -> Self {
        Self::with(|gateway| gateway)
    }

    fn with(change: impl FnOnce(Gateway) -> Gateway) -> Self {
        let settings = Settings {
            unmatched: BTreeMap::new(),
            stale_after: jiff::SignedDuration::from_secs(3600),
            on_stale: OnStale::Serve,
            sightings: true,
            node: "test".to_owned(),
            boot: "test".to_owned(),
        };
        let gateway = Arc::new(change(Gateway::new(settings, peppers())));
        Self { gateway, clock: Arc::new(StoppedClock(AtomicI64::new(NOW))) }
    }

    /// A gateway that has followed what `write` writes.
    pub(super) fn after<T>(write: impl FnOnce(&mut Log) -> T) -> (Self, T) {
        Self::starting().following(write)
    }

    /// The same, sharing quotas with others.
    pub(super) fn sharing_after<T>(sharing: SharedQuotas, write: impl FnOnce(&mut Log) -> T) -> (Self, T) {
        Self::with(|gateway| gateway.sharing_quotas(sharing)).following(write)
    }

    fn following<T>(self, write: impl FnOnce(&mut Log) -> T) -> (Self, T) {
        let world = self;
        let mut log = Log::default();
        let written = write(&mut log);
        let now = world.clock.now();
        world.gateway.apply(&log.events, now);
        world.gateway.caught_up(world.gateway.position(), now);
        assert!(world.gateway.ready());
        (world, written)
    }

    pub(super) fn door(&self) -> Door {
        let clock = Arc::clone(&self.clock);
        Door::new(Arc::clone(&self.gateway), clock, environment("prod"))
    }

    /// Opens the door for `prod` on a free port.
    pub(super) async fn open(&self) -> Open {
        Open::new(self.door()).await
    }

    /// The same, believing what its proxies say of a call's cost.
    pub(super) async fn open_trusting_cost(&self) -> Open {
        Open::new(self.door().trusting_cost_headers(true)).await
    }

    /// The same, believing what its proxies say of addresses.
    pub(super) async fn open_trusting(&self) -> Open {
        Open::new(self.door().trusting_forwarded(true)).await
    }
}

/// An open door. Dropping it closes it.
pub(super) struct Open {
    pub(super) address: std::net::SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) served: JoinHandle<Result<(), ServeFailure>>,
}

impl Open {
    async fn new(door: Door) -> Self {
        let stop = CancellationToken::new();
        Self::serving_until(Doors::new(Arc::new(door), stop.clone()), stop).await
    }

    pub(super) async fn serving(router: axum::Router) -> Self {
        Self::serving_until(TowerToHyperService::new(router), CancellationToken::new()).await
    }

    async fn serving_until(doors: impl Serves, stop: CancellationToken) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no task set; it waits for the task itself")]
        let served = tokio::spawn(serve(listener, doors, stop.clone()));
        Self { address, stop, served }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(super) fn environment(text: &str) -> Environment {
    text.parse().unwrap()
}

fn peppers() -> Peppers {
    Peppers::new([(1, Zeroizing::new([7; 32]))]).unwrap()
}

fn metadata(at: Timestamp) -> Metadata {
    Metadata {
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
    }
}
