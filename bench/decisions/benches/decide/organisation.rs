//! An organisation large enough to measure, told to a gateway as a log would tell it.

use std::{cell::Cell, collections::BTreeSet, fmt::Debug, fs, str::FromStr, time::Instant};

use domain::{
    AssignmentId, ClientId, DomainEvent, EventId, KeyId, Metadata, PolicyId, Position, Recorded, RouteId,
    Timestamp,
    api_client::{self, ApiClientEvent, ClientKind, Owner},
    api_key::{self, ApiKeyEvent, SecretVersion},
    metadata::ActorKind,
    personal::PersonalValue,
    rate_limit_policy::{
        self as policy, Assignment, Counting, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit,
        RateLimitPolicyEvent, TimeZoneName,
    },
    route::{self, RouteEvent, RouteSpec},
    secret::{Peppers, PlainSecret, PresentedSecret},
};
use gateway::{Gateway, OnStale, Settings};
use jiff::SignedDuration;
use zeroize::Zeroizing;

pub(crate) const KEYS: u64 = 1_000_000;
pub(crate) const CLIENTS: u64 = 100_000;
pub(crate) const ROUTES: u64 = 10_000;
const EVENTS_AT_ONCE: usize = 1_000;

pub(crate) struct Organisation {
    pub(crate) gateway: Gateway,
    pub(crate) peppers: Peppers,
    start: Timestamp,
    /// All of one length, one after the other, in no order.
    secrets: String,
    paths: Vec<String>,
    events: u64,
    calls: Cell<i64>,
}

fn read<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a good text")
}

fn read_all<T: FromStr<Err: Debug> + Ord>(texts: &[&str]) -> BTreeSet<T> {
    texts.iter().map(|text| read(text)).collect()
}

/// Visits every number below `KEYS` once, in no order that a prefetcher would guess.
fn scattered(turn: u64) -> u64 {
    turn.wrapping_mul(387_420_489) % KEYS
}

/// A secret of its own for each number.
fn secret(number: u64) -> PlainSecret {
    let mut rest = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = Zeroizing::new(String::new());
    for _ in 0..42 {
        rest = rest.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(number | 1);
        let digit = u8::try_from((rest >> 40) % 26).unwrap_or(0);
        random.push(char::from(b'a' + digit));
    }
    PlainSecret::compose("tg", &read("prod"), &random).expect("random enough")
}

impl Organisation {
    pub(crate) fn new() -> Self {
        let peppers = Peppers::new([(1, Zeroizing::new([7; 32]))]).expect("one pepper");
        let settings = Settings {
            unmatched: [].into(),
            stale_after: SignedDuration::from_hours(1_000_000),
            on_stale: OnStale::Serve,
            sightings: true,
            node: "bench".to_owned(),
            boot: "bench".to_owned(),
        };
        let mut new = Self {
            gateway: Gateway::new(settings, peppers.clone()),
            peppers,
            start: read("2026-11-22T12:00:00Z"),
            secrets: String::new(),
            paths: (0..ROUTES)
                .map(|number| format!("/service-{}/orders-{}/12345", number % 100, number / 100))
                .collect(),
            events: 0,
            calls: Cell::new(0),
        };
        let empty_bytes = resident_bytes();
        let began = Instant::now();
        let applying = new.build();
        eprintln!(
            "{} events taken over in {:.2} s, of which {applying:.2} s in the gateway",
            new.events,
            began.elapsed().as_secs_f64(),
        );
        let bytes = resident_bytes().saturating_sub(empty_bytes);
        eprintln!(
            "{} MB, {} bytes for each key, clients and routes with them",
            bytes / 1_000_000,
            bytes / KEYS
        );
        new.secrets = (0..KEYS).map(|turn| secret(scattered(turn)).expose().to_owned()).collect();
        new
    }

    /// Answers with the seconds that the gateway took.
    fn build(&mut self) -> f64 {
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        let mut seconds = self.tell(clients.into_iter());
        let peppers = self.peppers.clone();
        seconds += self.tell((0..KEYS).map(move |number| key(number, &peppers)));
        seconds + self.tell((0..ROUTES).map(route))
    }

    fn tell(&mut self, events: impl Iterator<Item = DomainEvent>) -> f64 {
        let mut seconds = 0.0;
        let mut batch = Vec::with_capacity(EVENTS_AT_ONCE);
        let mut events = events.peekable();
        while let Some(event) = events.next() {
            self.events += 1;
            batch.push(recorded(self.events, self.start, event));
            if batch.len() == EVENTS_AT_ONCE || events.peek().is_none() {
                let began = Instant::now();
                self.gateway.apply(&batch, self.start);
                seconds += began.elapsed().as_secs_f64();
                batch.clear();
            }
        }
        self.gateway.caught_up(Position::new(self.events), self.start);
        seconds
    }

    /// Binds everyone to a rate and a quota that nobody exceeds.
    pub(crate) fn assign_limits(&self) {
        let id = PolicyId::from_u128(1);
        let spec = PolicySpec {
            name: read("Everyone"),
            rates: vec![RateLimit {
                name: read("burst"),
                requests: 1_000_000_000,
                per_seconds: 1,
                burst: 1_000_000_000,
            }],
            quotas: vec![QuotaLimit {
                name: read("monthly"),
                requests: 1_000_000_000_000,
                period: Period::Month,
                window: QuotaWindow::Calendar,
                time_zone: TimeZoneName::utc(),
            }],
            counting: Counting::Client,
            mode: Mode::Enforce,
            thresholds: [].into(),
        };
        let assignment = Assignment {
            assignment_id: AssignmentId::from_u128(1),
            client_id: None,
            route_id: None,
            environment: None,
            from: None,
            until: None,
        };
        let events = [
            RateLimitPolicyEvent::Defined(policy::Defined { spec }),
            RateLimitPolicyEvent::Assigned(policy::Assigned { assignment }),
        ];
        let events: Vec<_> = (self.events + 1..)
            .zip(events)
            .map(|(at, event)| recorded(at, self.start, DomainEvent::RateLimitPolicy { id, event }))
            .collect();
        self.gateway.apply(&events, self.start);
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let length = self.secrets.len() / usize::try_from(KEYS).unwrap_or(1);
        (0..self.secrets.len()).step_by(length).map(move |at| &self.secrets[at..at + length])
    }

    /// Well-formed secrets that were never issued.
    pub(crate) fn forged(&self, count: u64) -> Vec<String> {
        (KEYS..KEYS + count).map(|number| secret(number).expose().to_owned()).collect()
    }

    pub(crate) fn path(&self, turn: u64) -> &str {
        &self.paths[usize::try_from(turn % ROUTES).unwrap_or(0)]
    }

    /// A microsecond passes with each call.
    pub(crate) fn now(&self) -> Timestamp {
        self.calls.set(self.calls.get() + 1);
        self.start + SignedDuration::from_micros(self.calls.get())
    }
}

/// What the process holds in memory. Source: proc(5), the second field of statm, in pages of 4 KiB.
pub(crate) fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4_096
}

fn client(number: u64) -> DomainEvent {
    let registered = api_client::Registered {
        name: read("Client"),
        kind: ClientKind::Partner,
        owner: Owner { team: read("Team"), email: PersonalValue::new([0; 16], "a@example.com").commitment() },
        contacts: vec![],
        environments: read_all(&["prod", "sandbox"]),
        scopes: read_all(&["orders:read", "orders:write", "invoices:read"]),
        labels: [].into(),
    };
    DomainEvent::ApiClient { id: client_id(number), event: ApiClientEvent::Registered(registered) }
}

fn client_id(number: u64) -> ClientId {
    ClientId::from_parts(
        1_700_000_000_000 + number,
        u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c),
    )
}

fn key(number: u64, peppers: &Peppers) -> DomainEvent {
    let secret = secret(number);
    let locator = PresentedSecret::parse(secret.expose()).expect("well-formed").locator;
    let issued = api_key::Issued {
        client_id: client_id(number % CLIENTS),
        name: read("Key"),
        environment: read("prod"),
        scopes: number.is_multiple_of(2).then(|| read_all(&["orders:read"])),
        secret: SecretVersion {
            version: 1,
            locator,
            digest: peppers.digest_new(&secret),
            hint: "…abcd".to_owned(),
        },
        not_before: None,
        expires_at: None,
        allowed_cidrs: if number.is_multiple_of(4) { vec![read("192.0.2.0/24")] } else { vec![] },
    };
    let random = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c);
    let id = KeyId::from_parts(1_700_000_000_000 + number, random);
    DomainEvent::ApiKey { id, event: ApiKeyEvent::Issued(issued) }
}

fn route(number: u64) -> DomainEvent {
    let spec = RouteSpec {
        name: read("Route"),
        hosts: [].into(),
        methods: read_all(&["GET"]),
        path: read(&format!("/service-{}/orders-{}/{{id}}", number % 100, number / 100)),
        required_scopes: read_all(&["orders:read"]),
        cost: 1,
        cost_from_header: None,
    };
    let id = RouteId::from_u128(u128::from(number) + 1);
    DomainEvent::Route { id, event: RouteEvent::Defined(route::Defined { spec }) }
}

fn recorded(position: u64, at: Timestamp, event: DomainEvent) -> Recorded {
    let metadata = Metadata {
        occurred_at: at,
        actor: "bench".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: None,
        user_agent: None,
        request_id: String::new(),
        correlation_id: String::new(),
        causation_id: None,
        reason: None,
        command_id: String::new(),
    };
    Recorded {
        position: Position::new(position),
        event_id: EventId::from_u128(u128::from(position)),
        recorded_at: at,
        sequence: 1,
        metadata,
        event,
        personal: [].into(),
        leaf_hash: [0; 32],
    }
}
