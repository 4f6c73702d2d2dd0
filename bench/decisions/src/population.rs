//! A gateway that knows many keys.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use domain::{
    AssignmentId, ClientId, Clock, DomainEvent, Environment, EventId, KeyId, Metadata, PolicyId, Position,
    Recorded, RouteId, Timestamp,
    api_client::{ApiClientEvent, ClientKind, Owner, Registered},
    api_key::{ApiKeyEvent, Issued, SecretVersion},
    metadata::ActorKind,
    personal::PersonalValue,
    rate_limit_policy::{
        Assigned, Assignment, Counting, Defined, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow,
        RateLimit, RateLimitPolicyEvent, TimeZoneName,
    },
    route::{self, RouteEvent, RouteSpec},
    secret::{Peppers, PlainSecret, PresentedSecret},
};
use gateway::{Gateway, OnStale, Settings};
use jiff::SignedDuration;
use zeroize::Zeroizing;

const KEYS_OF_A_CLIENT: u32 = 10;
const ROUTES: u32 = 100;
const APPLIED_AT_ONCE: usize = 4096;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "what is measured here is the real thing")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Clients with their keys, routes, and a rate and a quota for everyone that nobody reaches.
#[derive(Debug)]
pub struct Population {
    pub gateway: Arc<Gateway>,
    pub environment: Environment,
    pub keys: u32,
}

/// The one path of a route that is called.
#[must_use]
pub fn path(number: u32) -> String {
    format!("/service-{}/orders/17?expand=lines", number % ROUTES)
}

/// The pepper that secrets are digested under.
pub const PEPPER: [u8; 32] = [7; 32];

/// The secret of a key.
///
/// # Errors
/// Never: the texts are within their bounds.
pub fn secret(number: u32) -> Result<PlainSecret> {
    // Spreads the numbers over all locators, no two alike, as random ones are.
    let spread = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let random = Zeroizing::new(format!("{:0>10}{spread:0>32}", spread % 10_000_000_000));
    Ok(PlainSecret::compose("tg", &"prod".parse()?, &random)?)
}

impl Population {
    /// Tells a gateway of so many keys.
    ///
    /// # Errors
    /// Never: the texts are within their bounds.
    pub fn settle(keys: u32) -> Result<Self> {
        Self::under(keys, limits()?)
    }

    /// The same, where each key is counted apart by so many rates and as many quotas: at most eight.
    ///
    /// # Errors
    /// Never: the texts are within their bounds.
    pub fn counting_keys(keys: u32, rates: u32) -> Result<Self> {
        Self::under(keys, limits_of_keys(rates)?)
    }

    fn under(keys: u32, limits: [DomainEvent; 2]) -> Result<Self> {
        let peppers = Peppers::new([(1, Zeroizing::new(PEPPER))])?;
        let settings = Settings {
            unmatched: BTreeMap::new(),
            stale_after: SignedDuration::from_hours(1000),
            on_stale: OnStale::Serve,
            sightings: true,
            node: "bench".to_owned(),
            boot: "bench".to_owned(),
        };
        let gateway = Gateway::new(settings, peppers.clone());
        let mut log = Log { gateway: &gateway, waiting: vec![], position: 0, now: WallClock.now() };
        for number in 0..ROUTES {
            log.record(route(number)?);
        }
        for event in limits {
            log.record(event);
        }
        for number in 0..keys {
            if number % KEYS_OF_A_CLIENT == 0 {
                log.record(client(number)?);
            }
            log.record(key(number, &peppers)?);
        }
        log.finish();
        Ok(Self { gateway: Arc::new(gateway), environment: "prod".parse()?, keys })
    }
}

/// Tells events to a gateway in stretches, as a feed does.
struct Log<'a> {
    gateway: &'a Gateway,
    waiting: Vec<Recorded>,
    position: u64,
    now: Timestamp,
}

impl Log<'_> {
    fn record(&mut self, event: DomainEvent) {
        self.position += 1;
        self.waiting.push(Recorded {
            position: Position::new(self.position),
            event_id: EventId::from_u128(u128::from(self.position)),
            recorded_at: self.now,
            sequence: 1,
            metadata: metadata(self.now),
            event,
            personal: BTreeMap::new(),
            leaf_hash: [0; 32],
        });
        if self.waiting.len() == APPLIED_AT_ONCE {
            self.gateway.apply(&self.waiting, self.now);
            self.waiting.clear();
        }
    }

    fn finish(self) {
        self.gateway.apply(&self.waiting, self.now);
        self.gateway.caught_up(Position::new(self.position), self.now);
    }
}

fn client_id(key: u32) -> ClientId {
    ClientId::from_u128(u128::from(key / KEYS_OF_A_CLIENT) + 1)
}

fn client(key: u32) -> Result<DomainEvent> {
    let owner =
        Owner { team: "Team".parse()?, email: PersonalValue::new([0; 16], "a@example.com").commitment() };
    let registered = Registered {
        name: "Client".parse()?,
        kind: ClientKind::Partner,
        owner,
        contacts: vec![],
        environments: ["prod".parse()?].into(),
        scopes: ["orders:read".parse()?, "orders:write".parse()?].into(),
        labels: BTreeMap::new(),
    };
    Ok(DomainEvent::ApiClient { id: client_id(key), event: ApiClientEvent::Registered(registered) })
}

fn key(number: u32, peppers: &Peppers) -> Result<DomainEvent> {
    let secret = secret(number)?;
    let presented = PresentedSecret::parse(secret.expose())?;
    let issued = Issued {
        client_id: client_id(number),
        name: "Key".parse()?,
        environment: "prod".parse()?,
        scopes: None,
        secret: SecretVersion {
            version: 1,
            locator: presented.locator,
            digest: peppers.digest_new(&secret),
            hint: presented.hint(),
        },
        not_before: None,
        expires_at: None,
        allowed_cidrs: vec![],
    };
    Ok(DomainEvent::ApiKey {
        id: KeyId::from_u128(u128::from(number) + 1),
        event: ApiKeyEvent::Issued(issued),
    })
}

fn route(number: u32) -> Result<DomainEvent> {
    let spec = RouteSpec {
        name: "Route".parse()?,
        hosts: [].into(),
        methods: ["GET".parse()?].into(),
        path: format!("/service-{number}/orders/{{id}}").parse()?,
        required_scopes: ["orders:read".parse()?].into(),
        cost: 1,
        cost_from_header: None,
    };
    let id = RouteId::from_u128(u128::from(number) + 1);
    Ok(DomainEvent::Route { id, event: RouteEvent::Defined(route::Defined { spec }) })
}

/// What a quota of [`Population::counting_keys`] grants.
pub const QUOTA: u64 = 1_000_000;

/// Rates that are not back at their start for hours, and quotas of a month.
fn limits_of_keys(rates: u32) -> Result<[DomainEvent; 2]> {
    let rate = |number: u32| -> Result<RateLimit> {
        let name = format!("rate-{number}").parse()?;
        Ok(RateLimit { name, requests: 1, per_seconds: 86_400, burst: 8 })
    };
    let quota = |number: u32| -> Result<QuotaLimit> {
        Ok(QuotaLimit {
            name: format!("quota-{number}").parse()?,
            requests: QUOTA,
            period: Period::Month,
            window: QuotaWindow::Calendar,
            time_zone: TimeZoneName::utc(),
        })
    };
    assigned(PolicySpec {
        name: "Every key".parse()?,
        rates: (0..rates).map(rate).collect::<Result<_>>()?,
        quotas: (0..rates).map(quota).collect::<Result<_>>()?,
        counting: Counting::Key,
        mode: Mode::Enforce,
        thresholds: [].into(),
    })
}

fn limits() -> Result<[DomainEvent; 2]> {
    let most = 1_000_000_000;
    assigned(PolicySpec {
        name: "Everyone".parse()?,
        rates: vec![RateLimit { name: "burst".parse()?, requests: most, per_seconds: 60, burst: most }],
        quotas: vec![QuotaLimit {
            name: "daily".parse()?,
            requests: most,
            period: Period::Day,
            window: QuotaWindow::Calendar,
            time_zone: TimeZoneName::utc(),
        }],
        counting: Counting::Client,
        mode: Mode::Enforce,
        thresholds: [].into(),
    })
}

/// A policy that binds everyone.
fn assigned(spec: PolicySpec) -> Result<[DomainEvent; 2]> {
    let assignment = Assignment {
        assignment_id: AssignmentId::from_u128(1),
        client_id: None,
        route_id: None,
        environment: None,
        from: None,
        until: None,
    };
    let id = PolicyId::from_u128(1);
    let defined = RateLimitPolicyEvent::Defined(Defined { spec });
    let assigned = RateLimitPolicyEvent::Assigned(Assigned { assignment });
    Ok([defined, assigned].map(|event| DomainEvent::RateLimitPolicy { id, event }))
}

fn metadata(at: Timestamp) -> Metadata {
    Metadata {
        occurred_at: at,
        actor: String::new(),
        actor_kind: ActorKind::System,
        authenticated_by: String::new(),
        on_behalf_of: None,
        allowed_by: String::new(),
        address: None,
        user_agent: None,
        request_id: String::new(),
        correlation_id: String::new(),
        causation_id: None,
        reason: None,
        command_id: String::new(),
    }
}
