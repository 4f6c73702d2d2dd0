//! A small organisation for tests: clients, keys, routes and policies, as a log would tell of them.

use std::{collections::BTreeSet, fmt::Debug};

use domain::{
    AssignmentId, ClientId, DomainEvent, Environment, EventId, KeyId, Metadata, PolicyId, Position, Recorded,
    RouteId, Timestamp,
    api_client::{self, ApiClientEvent, ClientKind, Owner},
    api_key::{self, ApiKeyEvent, ForeignVersion, Origin, SecretVersion},
    metadata::ActorKind,
    personal::{PersonalValue, PersonalValues},
    rate_limit_policy::{
        self as policy, Assignment, Counting, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit,
        RateLimitPolicyEvent, TimeZoneName,
    },
    route::{self, RouteEvent, RouteSpec},
    secret::{ForeignDigest, Peppers, PlainSecret},
};
use jiff::SignedDuration;
use zeroize::Zeroizing;

use crate::{Call, Decision, Gateway, HeaderField, Headers, OnStale, Settings, Unmatched};

/// A gateway with a log that grows as the test tells it.
pub(crate) struct Organisation {
    pub(crate) gateway: Gateway,
    pub(crate) now: Timestamp,
    pub(crate) position: u64,
    peppers: Peppers,
    /// What was told, for one who is to hear it later.
    told: Vec<Recorded>,
}

pub(crate) const CLIENT: &str = "cli_00000000000000000000000001";
pub(crate) const KEY: &str = "key_00000000000000000000000001";
pub(crate) const ROUTE: &str = "rte_00000000000000000000000001";
pub(crate) const POLICY: &str = "pol_00000000000000000000000001";

/// Reads any of our words.
pub(crate) fn read<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(crate) fn read_all<T: std::str::FromStr<Err: Debug> + Ord>(texts: &[&str]) -> BTreeSet<T> {
    texts.iter().map(|text| read(text)).collect()
}

pub(crate) fn settings() -> Settings {
    Settings {
        unmatched: [(read("open"), Unmatched::Allow)].into(),
        stale_after: SignedDuration::from_secs(60),
        on_stale: OnStale::Serve,
        sightings: true,
        node: "node-1".to_owned(),
        boot: "boot-1".to_owned(),
    }
}

pub(crate) fn peppers() -> Peppers {
    Peppers::new([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([8; 32]))]).unwrap()
}

/// A secret of its own for each number.
pub(crate) fn secret(number: u32) -> String {
    let random = Zeroizing::new(format!("{number:010}{:032}", 7));
    PlainSecret::compose("tg", &read("prod"), &random).unwrap().expose().to_owned()
}

impl Organisation {
    /// Nobody in it.
    pub(crate) fn empty(settings: Settings) -> Self {
        let now = read("2026-11-22T12:00:00Z");
        Self {
            gateway: Gateway::new(settings, peppers()),
            now,
            position: 0,
            peppers: peppers(),
            told: vec![],
        }
    }

    /// One client with one key, and one route that anybody with `orders:read` may call.
    pub(crate) fn small() -> Self {
        let mut org = Self::empty(settings());
        org.retell();
        org
    }

    /// Tells a gateway that knows nothing of the small organisation.
    pub(crate) fn retell(&mut self) {
        self.register(CLIENT, &["prod", "test", "open"], &["orders:read", "orders:write"]);
        self.issue(KEY, CLIENT, 1, |_| {});
        self.route(ROUTE, |_| {});
    }

    pub(crate) fn tell(&mut self, event: DomainEvent) {
        self.position += 1;
        let recorded = recorded(self.position, self.now, event);
        self.gateway.apply(std::slice::from_ref(&recorded), self.now);
        self.told.push(recorded);
        self.gateway.caught_up(Position::new(self.position), self.now);
    }

    /// Forgets what was told until now.
    pub(crate) fn record_from_now(&mut self) {
        self.told.clear();
    }

    pub(crate) fn recorded(&self) -> Vec<Recorded> {
        self.told.clone()
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.gateway.caught_up(Position::new(self.position), self.now);
    }

    pub(crate) fn client(&mut self, id: &str, event: ApiClientEvent) {
        self.tell(DomainEvent::ApiClient { id: read(id), event });
    }

    pub(crate) fn key(&mut self, id: &str, event: ApiKeyEvent) {
        self.tell(DomainEvent::ApiKey { id: read(id), event });
    }

    pub(crate) fn register(&mut self, id: &str, environments: &[&str], scopes: &[&str]) {
        let registered = api_client::Registered {
            name: read("Client"),
            kind: ClientKind::Partner,
            owner: Owner {
                team: read("Team"),
                email: PersonalValue::new([0; 16], "a@example.com").commitment(),
            },
            contacts: vec![],
            environments: read_all(environments),
            scopes: read_all(scopes),
            labels: [].into(),
        };
        self.client(id, ApiClientEvent::Registered(registered));
    }

    pub(crate) fn version(&self, version: u32, number: u32) -> SecretVersion {
        let text = secret(number);
        let locator = domain::secret::PresentedSecret::parse(&text).unwrap().locator;
        let digest = self.peppers.digest(1, &text).unwrap();
        SecretVersion { version, locator, digest, hint: "…0007".to_owned() }
    }

    pub(crate) fn issue(
        &mut self,
        id: &str,
        client: &str,
        number: u32,
        change: impl FnOnce(&mut api_key::Issued),
    ) {
        let mut issued = api_key::Issued {
            client_id: read(client),
            name: read("Key"),
            environment: read("prod"),
            scopes: None,
            secret: self.version(1, number),
            not_before: None,
            expires_at: None,
            allowed_cidrs: vec![],
        };
        change(&mut issued);
        self.key(id, ApiKeyEvent::Issued(issued));
    }

    /// A key of the first client, opened by a secret that another system has made.
    pub(crate) fn import(&mut self, id: &str, secret: &str) {
        let sha256 = ForeignDigest::of(secret).unwrap();
        let imported = api_key::Imported {
            client_id: read(CLIENT),
            name: read("Imported"),
            environment: read("prod"),
            scopes: None,
            secret: ForeignVersion { version: 1, sha256, hint: "…".to_owned() },
            not_before: None,
            expires_at: None,
            allowed_cidrs: vec![],
            origin: Origin { source: read("kong"), external_id: read("1"), created_at: None },
        };
        self.key(id, ApiKeyEvent::Imported(imported));
    }

    pub(crate) fn rotate(&mut self, id: &str, version: u32, number: u32, overlap: i64) {
        let rotated = api_key::Rotated {
            secret: self.version(version, number),
            previous_until: self.after(overlap),
            expires_at: None,
            reason: None,
            rotated_at: None,
            retire_when_idle_hours: None,
        };
        self.key(id, ApiKeyEvent::Rotated(rotated));
    }

    pub(crate) fn route(&mut self, id: &str, change: impl FnOnce(&mut RouteSpec)) {
        let mut spec = RouteSpec {
            name: read("Orders"),
            hosts: [].into(),
            methods: read_all(&["GET"]),
            path: read("/orders/{id}"),
            required_scopes: read_all(&["orders:read"]),
            cost: 1,
            cost_from_header: None,
        };
        change(&mut spec);
        self.tell(DomainEvent::Route { id: read(id), event: RouteEvent::Defined(route::Defined { spec }) });
    }

    pub(crate) fn policy(&mut self, id: &str, spec: PolicySpec) {
        let event = RateLimitPolicyEvent::Defined(policy::Defined { spec });
        self.tell(DomainEvent::RateLimitPolicy { id: read(id), event });
    }

    pub(crate) fn revise(&mut self, id: &str, revision: u32, spec: PolicySpec) {
        let event = RateLimitPolicyEvent::Revised(policy::Revised { revision, spec });
        self.tell(DomainEvent::RateLimitPolicy { id: read(id), event });
    }

    /// Binds a policy; the assignment is named by the log's position.
    pub(crate) fn assign(&mut self, policy: &str, change: impl FnOnce(&mut Assignment)) -> AssignmentId {
        let assignment_id = AssignmentId::from_u128(u128::from(self.position));
        let mut assignment = Assignment {
            assignment_id,
            client_id: None,
            route_id: None,
            environment: None,
            from: None,
            until: None,
        };
        change(&mut assignment);
        let event = RateLimitPolicyEvent::Assigned(policy::Assigned { assignment });
        self.tell(DomainEvent::RateLimitPolicy { id: read(policy), event });
        assignment_id
    }

    pub(crate) fn unassign(&mut self, policy: &str, assignment_id: AssignmentId) {
        let event = RateLimitPolicyEvent::Unassigned(policy::Unassigned { assignment_id, reason: None });
        self.tell(DomainEvent::RateLimitPolicy { id: read(policy), event });
    }

    /// Gives back what was used of a limit by those that the change names.
    pub(crate) fn reset(&mut self, policy: &str, limit: &str, change: impl FnOnce(&mut policy::LimitReset)) {
        let reason = read("Told so");
        let mut reset = policy::LimitReset {
            limit: read(limit),
            client_id: None,
            key_id: None,
            environment: None,
            reason,
        };
        change(&mut reset);
        let event = RateLimitPolicyEvent::LimitReset(reset);
        self.tell(DomainEvent::RateLimitPolicy { id: read(policy), event });
    }

    pub(crate) fn after(&self, seconds: i64) -> Timestamp {
        self.now + SignedDuration::from_secs(seconds)
    }

    pub(crate) fn judge(&self, call: &Call<'_>) -> Decision {
        self.gateway.judge(call, self.now)
    }

    /// Calls `GET /orders/1` in production with the secret of that number.
    pub(crate) fn call(&self, number: u32) -> Decision {
        self.judge(&call(&secret(number), &read("prod")))
    }
}

/// `GET /orders/1` with a secret.
pub(crate) fn call<'a>(secret: &'a str, environment: &'a Environment) -> Call<'a> {
    Call {
        secret: Some(secret),
        method: "GET",
        host: None,
        path: "/orders/1",
        environment,
        address: None,
        user_agent: None,
        cost: None,
        trusted_headers: None,
    }
}

/// Headers that all say the same.
pub(crate) struct Said(pub(crate) HeaderField<'static>);

impl Headers for Said {
    fn header(&self, _: &str) -> HeaderField<'_> {
        self.0
    }
}

pub(crate) fn recorded(position: u64, at: Timestamp, event: DomainEvent) -> Recorded {
    let metadata = Metadata {
        occurred_at: at,
        actor: "tester".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: None,
        user_agent: None,
        request_id: "r".to_owned(),
        correlation_id: "r".to_owned(),
        causation_id: None,
        reason: None,
        command_id: "c".to_owned(),
    };
    Recorded {
        position: Position::new(position),
        event_id: EventId::from_u128(u128::from(position)),
        recorded_at: at,
        sequence: position,
        metadata,
        event,
        personal: PersonalValues::default(),
        leaf_hash: [0; 32],
    }
}

pub(crate) fn spec(rates: Vec<RateLimit>, quotas: Vec<QuotaLimit>) -> PolicySpec {
    PolicySpec {
        name: read("Policy"),
        rates,
        quotas,
        counting: Counting::Client,
        mode: Mode::Enforce,
        thresholds: [].into(),
    }
}

/// So many per minute, all of which may come at once.
pub(crate) fn rate(name: &str, requests: u64) -> RateLimit {
    RateLimit { name: read(name), requests, per_seconds: 60, burst: requests }
}

/// So many per day in UTC.
pub(crate) fn quota(name: &str, requests: u64) -> QuotaLimit {
    let time_zone = TimeZoneName::utc();
    QuotaLimit { name: read(name), requests, period: Period::Day, window: QuotaWindow::Calendar, time_zone }
}

pub(crate) fn ids() -> (ClientId, KeyId, RouteId, PolicyId) {
    (read(CLIENT), read(KEY), read(ROUTE), read(POLICY))
}
