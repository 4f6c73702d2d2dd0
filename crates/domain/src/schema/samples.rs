//! One fully filled event of each type, the same on every machine.

mod access;
mod notices;
mod observed;

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{
    ApprovalId, ApprovalRuleId, AssignmentId, ClientId, DomainEvent, ErasureId, GrantId, InvalidValue, KeyId,
    LeakId, NotificationRuleId, ObservationId, OperationId, PolicyId, Position, PrincipalId, RouteId,
    ScheduledChangeId, Timestamp, WebhookId,
    api_client::{self, ApiClientEvent, ClientKind, Contact, ContactRole, Owner},
    api_key::{self, ApiKeyEvent, SecretVersion},
    operation::{self, OperationEvent},
    personal::{Personal, PersonalValue},
    projection::{EventSkipped, ProjectionEvent},
    rate_limit_policy::{
        self, Assignment, Counting, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit,
        RateLimitPolicyEvent,
    },
    route::{self, RouteEvent, RouteSpec},
    scheduled_change::{self, Phase, PlannedChange, ScheduledChangeEvent},
    secret::{ForeignDigest, SecretDigest},
};

type Sampled<Event> = Result<Event, InvalidValue>;

/// 2026-03-01T12:00:00Z.
const EPOCH_SECONDS: i64 = 1_772_366_400;
const EPOCH_MS: u64 = 1_772_366_400_000;

/// A golden sample of every event, in the order of [`super::event_schemas`]. Once released, a sample changes only
/// with its event's version.
///
/// # Errors
/// Never, while the texts in it are within the bounds of their types; a test holds that.
pub fn sample_events() -> Sampled<Vec<DomainEvent>> {
    let client = ClientId::from_parts(EPOCH_MS, 1);
    let key = KeyId::from_parts(EPOCH_MS, 2);
    let route = RouteId::from_parts(EPOCH_MS, 3);
    let policy = PolicyId::from_parts(EPOCH_MS, 4);
    let mut samples = vec![];
    samples.extend(client_events()?.into_iter().map(|event| DomainEvent::ApiClient { id: client, event }));
    samples.extend(key_events(client)?.into_iter().map(|event| DomainEvent::ApiKey { id: key, event }));
    samples.extend(route_events()?.into_iter().map(|event| DomainEvent::Route { id: route, event }));
    let events = policy_events(client, route)?;
    samples.extend(events.into_iter().map(|event| DomainEvent::RateLimitPolicy { id: policy, event }));
    samples.push(DomainEvent::Projection { id: "key_directory".parse()?, event: event_skipped()? });
    let operation = OperationId::from_parts(EPOCH_MS, 6);
    let events = operation_events(key)?;
    samples.extend(events.into_iter().map(|event| DomainEvent::Operation { id: operation, event }));
    let change = ScheduledChangeId::from_parts(EPOCH_MS, 6);
    let events = change_events(policy)?;
    samples.extend(events.into_iter().map(|event| DomainEvent::ScheduledChange { id: change, event }));
    let (principal, grant) = (PrincipalId::from_parts(EPOCH_MS, 7), GrantId::from_parts(EPOCH_MS, 8));
    let events = access::principal_events(principal, grant)?;
    samples.extend(events.into_iter().map(|event| DomainEvent::Principal { id: principal, event }));
    let events = access::grant_events(principal)?;
    samples.extend(events.into_iter().map(|event| DomainEvent::Grant { id: grant, event }));
    let observation = ObservationId::from_parts(EPOCH_MS, 9);
    let events = observed::observation_events(principal, key)?;
    samples.extend(events.into_iter().map(|event| DomainEvent::Observation { id: observation, event }));
    let erasure = ErasureId::from_parts(EPOCH_MS, 9);
    samples.push(DomainEvent::Erasure { id: erasure, event: access::erased(client)? });
    let (approval, rule) = (ApprovalId::from_parts(EPOCH_MS, 9), ApprovalRuleId::from_parts(EPOCH_MS, 10));
    let events = access::approval_events(principal, grant)?;
    samples.extend(events.into_iter().map(|event| DomainEvent::Approval { id: approval, event }));
    let events = access::approval_rule_events()?;
    samples.extend(events.into_iter().map(|event| DomainEvent::ApprovalRule { id: rule, event }));
    let (webhook, rule) = (WebhookId::from_parts(EPOCH_MS, 11), NotificationRuleId::from_parts(EPOCH_MS, 12));
    let events = notices::webhook_events()?;
    samples.extend(events.into_iter().map(|event| DomainEvent::Webhook { id: webhook, event }));
    let events = notices::notification_rule_events(client, webhook)?;
    samples.extend(events.into_iter().map(|event| DomainEvent::NotificationRule { id: rule, event }));
    Ok(samples)
}

fn event_skipped() -> Sampled<ProjectionEvent> {
    let reason = "Its payload names a client that was never registered".parse()?;
    Ok(ProjectionEvent::EventSkipped(EventSkipped { position: Position::new(4_711), reason }))
}

fn client_events() -> Sampled<Vec<ApiClientEvent>> {
    use ApiClientEvent as E;
    let owner =
        || -> Sampled<Owner> { Ok(Owner { team: "Orders".parse()?, email: personal("orders@example.com") }) };
    let contacts = vec![Contact {
        name: personal("Ada Lovelace"),
        email: personal("ada@partner.example"),
        role: ContactRole::Security,
    }];
    let labels = [("cost-centre".parse()?, "4711".parse()?)];
    Ok(vec![
        E::Registered(api_client::Registered {
            name: "Größe & Söhne".parse()?,
            kind: ClientKind::Partner,
            owner: owner()?,
            contacts: contacts.clone(),
            environments: ["prod".parse()?, "sandbox".parse()?].into(),
            scopes: ["orders:read".parse()?, "orders:write".parse()?].into(),
            labels: labels.clone().into(),
        }),
        E::Renamed(api_client::Renamed { name: "Größe & Töchter".parse()? }),
        E::OwnerChanged(api_client::OwnerChanged { owner: owner()? }),
        E::ContactsChanged(api_client::ContactsChanged { contacts }),
        E::LabelsChanged(api_client::LabelsChanged { labels: labels.into() }),
        E::ScopeGranted(api_client::ScopeGranted { scope: "invoices:read".parse()? }),
        E::ScopeRevoked(api_client::ScopeRevoked { scope: "orders:write".parse()? }),
        E::EnvironmentAllowed(api_client::EnvironmentAllowed { environment: "staging".parse()? }),
        E::EnvironmentWithdrawn(api_client::EnvironmentWithdrawn { environment: "sandbox".parse()? }),
        E::Suspended(api_client::Suspended { reason: "Unpaid invoice".parse()? }),
        E::Reinstated(api_client::Reinstated { reason: "Paid".parse()? }),
        E::Archived(api_client::Archived { reason: "Contract ended".parse()? }),
    ])
}

#[expect(clippy::too_many_lines, reason = "a list, one after the other")]
fn key_events(client_id: ClientId) -> Sampled<Vec<ApiKeyEvent>> {
    use ApiKeyEvent as E;
    Ok(vec![
        E::Issued(api_key::Issued {
            client_id,
            name: "Nightly export".parse()?,
            environment: "prod".parse()?,
            scopes: Some(["orders:read".parse()?].into()),
            secret: secret(1, "aB3dE6gH9j")?,
            not_before: Some(day(1)?),
            expires_at: Some(day(90)?),
            allowed_cidrs: ranges()?,
        }),
        E::Rotated(api_key::Rotated {
            secret: secret(2, "K0mN2pQ4rS")?,
            previous_until: day(31)?,
            expires_at: Some(day(120)?),
            reason: Some("Quarterly rotation".parse()?),
            rotated_at: Some(day(24)?),
            retire_when_idle_hours: Some(48),
        }),
        E::OverlapExtended(api_key::OverlapExtended {
            version: 1,
            previous_until: day(45)?,
            reason: "The partner's release is late".parse()?,
        }),
        E::PreviousRetired(api_key::PreviousRetired {
            version: 1,
            retired_at: day(29)?,
            last_used_at: Some(day(27)?),
            reason: "not used for 48 h, as the rotation asked".parse()?,
        }),
        E::PreviousStillBusy(api_key::PreviousStillBusy {
            version: 1,
            previous_until: day(31)?,
            last_used_at: day(30)?,
        }),
        E::RevocationScheduled(api_key::RevocationScheduled {
            revoke_at: day(40)?,
            reason: "Contract ends".parse()?,
        }),
        E::RevocationCancelled(api_key::RevocationCancelled {
            revoke_at: day(40)?,
            reason: "Contract prolonged".parse()?,
        }),
        E::Revoked(api_key::Revoked { revoked_at: day(40)?, reason: "Contract ends".parse()? }),
        E::Suspended(api_key::Suspended { reason: "Traffic from an unknown network".parse()? }),
        E::Reinstated(api_key::Reinstated { reason: "It was the new office".parse()? }),
        E::Expired(api_key::Expired { expired_at: day(90)? }),
        E::Imported(api_key::Imported {
            client_id,
            name: "Checkout".parse()?,
            environment: "prod".parse()?,
            scopes: Some(["orders:read".parse()?].into()),
            secret: api_key::ForeignVersion {
                version: 1,
                sha256: ForeignDigest::from_bytes([0x5a; 32]),
                hint: "…9f3e".to_owned(),
            },
            not_before: Some(day(1)?),
            expires_at: Some(day(90)?),
            allowed_cidrs: ranges()?,
            origin: api_key::Origin {
                source: "kong".parse()?,
                external_id: "a7c1f7d2-6f2b-4c5a-9f3e-0a1b2c3d4e5f".parse()?,
                created_at: Some(day(-400)?),
            },
        }),
        E::LeakReported(api_key::LeakReported {
            leak_id: LeakId::from_parts(EPOCH_MS, 7),
            secret_version: 1,
            receiver: api_key::LeakReceiver::Github,
            source: Some("commit".parse()?),
            url: Some("https://github.com/example/shop/blob/0a1b2c3/config.yml".parse()?),
            action: api_key::LeakAction::Quarantined,
        }),
        E::Quarantined(api_key::Quarantined {
            leak_id: LeakId::from_parts(EPOCH_MS, 7),
            secret_version: 1,
            known_addresses: ranges()?,
            calls_per_minute: 6,
        }),
        E::Released(api_key::Released { reason: "Rotated, and the old secret has stopped".parse()? }),
    ])
}

fn operation_events(key_id: KeyId) -> Sampled<Vec<OperationEvent>> {
    use OperationEvent as E;
    use operation as o;
    let refused = o::Item {
        number: 1,
        subject: key_id.to_string(),
        key_id: Some(key_id),
        result: o::ItemResult::Refused,
        code: Some("key_expired".to_owned()),
        detail: Some("the key has expired, which is final".to_owned()),
    };
    Ok(vec![
        E::Planned(o::Planned {
            kind: o::OperationKind::ImportKeys,
            items_total: 1,
            reason: Some("Moving from Kong".parse()?),
            import: Some(o::ImportPlan {
                source: "kong".parse()?,
                format: "csv".parse()?,
                node: "admin-1".parse()?,
            }),
            ordered: o::Ordered { by: "bootstrap-admin".to_owned(), allowed_by: "role:admin".to_owned() },
            replay: None,
            export: None,
        }),
        E::KeysChosen(o::KeysChosen { key_ids: vec![key_id] }),
        E::Started(o::Started { node: "admin-1".parse()?, at: day(1)? }),
        E::Progressed(o::Progressed {
            node: "admin-1".parse()?,
            at: day(1)?,
            items: vec![refused],
            rows: None,
        }),
        E::Finished(o::Finished {
            at: day(1)?,
            tally: o::Tally { applied: 8, unchanged: 1, refused: 1 },
            export: None,
        }),
        E::Cancelled(o::Cancelled { at: day(1)?, reason: "The filter was too wide".parse()? }),
    ])
}

fn route_events() -> Sampled<Vec<RouteEvent>> {
    let spec = RouteSpec {
        name: "Read an order".parse()?,
        hosts: ["api.example.com".parse()?].into(),
        methods: ["GET".parse()?, "HEAD".parse()?].into(),
        path: "/orders/{id}".parse()?,
        required_scopes: ["orders:read".parse()?].into(),
        cost: 1,
        cost_from_header: None,
    };
    let revised = RouteSpec { cost: 5, ..spec.clone() };
    Ok(vec![
        RouteEvent::Defined(route::Defined { spec }),
        RouteEvent::Revised(route::Revised { spec: revised }),
        RouteEvent::Retired(route::Retired { reason: Some("Replaced by version 2".parse()?) }),
    ])
}

fn policy_events(client_id: ClientId, route_id: RouteId) -> Sampled<Vec<RateLimitPolicyEvent>> {
    use RateLimitPolicyEvent as E;
    let spec = standard()?;
    let revised = PolicySpec { mode: Mode::Shadow, ..spec.clone() };
    let assignment_id = AssignmentId::from_parts(EPOCH_MS, 5);
    Ok(vec![
        E::Defined(rate_limit_policy::Defined { spec }),
        E::Revised(rate_limit_policy::Revised { revision: 2, spec: revised }),
        E::Assigned(rate_limit_policy::Assigned {
            assignment: Assignment {
                assignment_id,
                client_id: Some(client_id),
                route_id: Some(route_id),
                environment: Some("prod".parse()?),
                from: Some(day(1)?),
                until: Some(day(365)?),
            },
        }),
        E::Unassigned(rate_limit_policy::Unassigned {
            assignment_id,
            reason: Some("Moved to gold".parse()?),
        }),
        E::Retired(rate_limit_policy::Retired { reason: Some("No longer sold".parse()?) }),
        E::LimitReset(rate_limit_policy::LimitReset {
            limit: "monthly".parse()?,
            client_id: Some(client_id),
            key_id: Some(KeyId::from_parts(EPOCH_MS, 2)),
            environment: Some("prod".parse()?),
            reason: "Their retries ran wild for an hour".parse()?,
        }),
    ])
}

fn standard() -> Sampled<PolicySpec> {
    Ok(PolicySpec {
        name: "Partner standard".parse()?,
        rates: vec![RateLimit { name: "burst".parse()?, requests: 100, per_seconds: 60, burst: 200 }],
        quotas: vec![QuotaLimit {
            name: "monthly".parse()?,
            requests: 1_000_000,
            period: Period::Month,
            window: QuotaWindow::Calendar,
            time_zone: "Europe/Berlin".parse()?,
        }],
        counting: Counting::Client,
        mode: Mode::Enforce,
        thresholds: [80, 100].into(),
    })
}

fn change_events(policy_id: PolicyId) -> Sampled<Vec<ScheduledChangeEvent>> {
    use ScheduledChangeEvent as E;
    let change = PlannedChange::RevisePolicy { policy_id, revision: standard()?.into() };
    Ok(vec![
        E::Planned(scheduled_change::Planned {
            change,
            at: day(10)?,
            until: Some(day(12)?),
            reason: "More for the sale at the weekend".parse()?,
        }),
        E::Begun(scheduled_change::Begun { phase: Phase::Apply, begun_at: day(10)? }),
        E::Applied(scheduled_change::Applied { applied_at: day(10)?, version: 3, changed: true }),
        E::Ended(scheduled_change::Ended { ended_at: day(12)?, changed: true }),
        E::Failed(scheduled_change::Failed {
            phase: Phase::End,
            failed_at: day(12)?,
            code: "change_overtaken".to_owned(),
            message: "somebody has decided the same anew since the change, and that stands".to_owned(),
        }),
        E::Cancelled(scheduled_change::Cancelled {
            cancelled_at: day(11)?,
            reason: "The sale is called off".parse()?,
        }),
    ])
}

fn personal(text: &str) -> Personal {
    PersonalValue::new([7; 16], text).commitment()
}

fn secret(version: u32, locator: &str) -> Sampled<SecretVersion> {
    let digest = SecretDigest { pepper_version: 1, hmac: [0xa5; 32] };
    Ok(SecretVersion { version, locator: locator.parse()?, digest, hint: "…x7Qa".to_owned() })
}

fn day(day: i64) -> Sampled<Timestamp> {
    Timestamp::from_second(EPOCH_SECONDS + day * 86_400).map_err(|_| InvalidValue::expected("must be a time"))
}

fn ranges() -> Sampled<Vec<IpNet>> {
    let refused = |_| InvalidValue::expected("must be an address range");
    let office = Ipv4Net::new(Ipv4Addr::new(192, 0, 2, 0), 24).map_err(refused)?;
    let network = Ipv6Net::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32).map_err(refused)?;
    Ok(vec![office.into(), network.into()])
}
