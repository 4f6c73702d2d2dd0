//! What events of the log give occasion to tell. Matched without a wildcard: of a new event it has to be said.

mod policies;

use domain::{
    DomainEvent, Metadata, PrincipalId, Recorded,
    access::ResourceFacts,
    api_client::ApiClientEvent,
    api_key::ApiKeyEvent,
    approval::{ApprovalEvent, Need, Proposed},
    principal::PrincipalEvent,
    webhook::{DisableCause, Endpoint, WebhookEvent},
};
use eventlog::EventLog;
use outbox::Cancel;

use crate::{
    book::{Book, KnownClient, KnownKey, endpoint_ref},
    notice::Notice,
    notices::{
        ApprovalWanted, BreakGlassOpened, ClientSuspended, DisabledCause, EndpointDisabled, KeyExpired,
        KeyIssued, KeyLeaked, KeyQuarantined, KeyRevoked, KeyRotated, KeySuspended, OldSecretBusy,
    },
    occasion::{Occasion, What},
    parts::Failure,
};

/// What only those are told who are told everything.
pub(crate) const ANYTHING: ResourceFacts =
    ResourceFacts::Owned { owner_team: None, environments: std::collections::BTreeSet::new() };

/// What reminders of a key's expiry wait under.
pub(crate) fn expiry_of(key_id: domain::KeyId) -> String {
    format!("expiry/{key_id}")
}

/// What an event makes needless of what waits: a key that has another end by now, or none.
pub(crate) fn cancels(event: &DomainEvent) -> Option<Cancel> {
    let DomainEvent::ApiKey { id, event } = event else { return None };
    let over = match event {
        ApiKeyEvent::Rotated(_) | ApiKeyEvent::Revoked(_) | ApiKeyEvent::Expired(_) => true,
        ApiKeyEvent::Issued(_)
        | ApiKeyEvent::Imported(_)
        | ApiKeyEvent::OverlapExtended(_)
        | ApiKeyEvent::PreviousRetired(_)
        | ApiKeyEvent::PreviousStillBusy(_)
        | ApiKeyEvent::RevocationScheduled(_)
        | ApiKeyEvent::RevocationCancelled(_)
        | ApiKeyEvent::Suspended(_)
        | ApiKeyEvent::Reinstated(_)
        | ApiKeyEvent::LeakReported(_)
        | ApiKeyEvent::Quarantined(_)
        | ApiKeyEvent::Released(_) => false,
    };
    over.then(|| Cancel { cancel_key: expiry_of(*id) })
}

/// What the event gives occasion to tell; nothing where what it is about is not known.
pub(crate) async fn occasions(
    book: &Book,
    log: &EventLog,
    recorded: &Recorded,
) -> Result<Vec<Occasion>, Failure> {
    Ok(match &recorded.event {
        DomainEvent::ApiKey { id, event } => match book.key(*id).await? {
            Some(key) => of_key(&key, event, recorded).into_iter().collect(),
            None => vec![],
        },
        DomainEvent::ApiClient { id, event: ApiClientEvent::Suspended(suspended) } => {
            let client = book.client(*id).await?;
            let occasion = client.map(|client| {
                let notice = ClientSuspended {
                    client: client.told.clone(),
                    suspended_at: recorded.metadata.occurred_at,
                    suspended_by: recorded.metadata.actor.clone(),
                    reason: suspended.reason.clone(),
                };
                of_client(client, notice, recorded)
            });
            occasion.into_iter().collect()
        }
        DomainEvent::RateLimitPolicy { id, event } => {
            policies::occasions(book, log, *id, event, recorded).await?
        }
        DomainEvent::Approval { id, event: ApprovalEvent::Proposed(proposed) } => {
            wanted(*id, proposed, recorded).into_iter().collect()
        }
        DomainEvent::Principal { id, event: PrincipalEvent::BreakGlassOpened(opened) } => {
            let notice = BreakGlassOpened {
                principal_id: *id,
                opened_at: recorded.metadata.occurred_at,
                until: opened.until,
                reason: opened.reason.clone(),
            };
            vec![of_all(notice, &opened.told, recorded)]
        }
        DomainEvent::Webhook { id, event: WebhookEvent::Disabled(disabled) } => {
            let cause = match disabled.cause {
                DisableCause::ByHand => DisabledCause::Asked,
                DisableCause::Gone => DisabledCause::Gone,
                DisableCause::Failing => DisabledCause::Failing,
            };
            let endpoint = book.endpoint(*id).await?;
            endpoint.map(|endpoint| told_disabled(*id, &endpoint, cause, recorded)).into_iter().collect()
        }
        DomainEvent::ApiClient { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::Principal { .. }
        | DomainEvent::Webhook { .. }
        | DomainEvent::Route { .. }
        | DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::ScheduledChange { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Observation { .. }
        | DomainEvent::Erasure { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::NotificationRule { .. } => vec![],
    })
}

#[expect(clippy::too_many_lines, reason = "a match over all that happens to a key")]
fn of_key(known: &KnownKey, event: &ApiKeyEvent, recorded: &Recorded) -> Option<Occasion> {
    let (client, key) = (known.client.told.clone(), known.told.clone());
    let Metadata { occurred_at, actor, .. } = &recorded.metadata;
    let (at, by) = (*occurred_at, actor.clone());
    let notice: Notice = match event {
        ApiKeyEvent::Issued(issued) => {
            KeyIssued { client, key, issued_at: at, issued_by: by, expires_at: issued.expires_at }.into()
        }
        ApiKeyEvent::Imported(imported) => {
            KeyIssued { client, key, issued_at: at, issued_by: by, expires_at: imported.expires_at }.into()
        }
        ApiKeyEvent::Rotated(rotated) => KeyRotated {
            client,
            key,
            secret_version: rotated.secret.version,
            rotated_at: rotated.rotated_at.unwrap_or(at),
            rotated_by: by,
            previous_until: rotated.previous_until,
            expires_at: rotated.expires_at,
            reason: rotated.reason.clone(),
        }
        .into(),
        ApiKeyEvent::Revoked(revoked) => KeyRevoked {
            client,
            key,
            revoked_at: revoked.revoked_at,
            revoked_by: by,
            reason: revoked.reason.clone(),
        }
        .into(),
        ApiKeyEvent::Suspended(suspended) => {
            KeySuspended { client, key, suspended_at: at, suspended_by: by, reason: suspended.reason.clone() }
                .into()
        }
        ApiKeyEvent::Expired(expired) => {
            let last_used_at = known.row.last_used_at;
            KeyExpired { client, key, expired_at: expired.expired_at, last_used_at }.into()
        }
        ApiKeyEvent::LeakReported(leak) => KeyLeaked {
            client,
            key,
            leak_id: leak.leak_id,
            secret_version: leak.secret_version,
            reported_at: at,
            source: leak.source.clone(),
            url: leak.url.clone(),
            action: leak.action,
        }
        .into(),
        ApiKeyEvent::Quarantined(quarantined) => KeyQuarantined {
            client,
            key,
            secret_version: quarantined.secret_version,
            quarantined_at: at,
            known_networks: u32::try_from(quarantined.known_addresses.len()).unwrap_or(u32::MAX),
            calls_per_minute: quarantined.calls_per_minute,
        }
        .into(),
        ApiKeyEvent::PreviousStillBusy(busy) => OldSecretBusy {
            client,
            key,
            secret_version: busy.version,
            previous_until: busy.previous_until,
            last_used_at: busy.last_used_at,
        }
        .into(),
        ApiKeyEvent::OverlapExtended(_)
        | ApiKeyEvent::PreviousRetired(_)
        | ApiKeyEvent::RevocationScheduled(_)
        | ApiKeyEvent::RevocationCancelled(_)
        | ApiKeyEvent::Reinstated(_)
        | ApiKeyEvent::Released(_) => return None,
    };
    Some(Occasion {
        client: Some(known.client.clone()),
        environment: Some(known.told.environment.clone()),
        facts: known.facts(),
        ..once(notice, recorded)
    })
}

/// About a client in all of its environments.
fn of_client(client: KnownClient, notice: impl Into<Notice>, recorded: &Recorded) -> Occasion {
    Occasion { facts: client.facts(), client: Some(client), ..once(notice.into(), recorded) }
}

/// About nobody's client, to those who are named.
fn of_all(notice: impl Into<Notice>, named: &[PrincipalId], recorded: &Recorded) -> Occasion {
    Occasion { named: named.to_vec(), ..once(notice.into(), recorded) }
}

fn once(notice: Notice, recorded: &Recorded) -> Occasion {
    Occasion {
        what: What::Once(notice),
        window: recorded.event_id.to_string(),
        at: recorded.metadata.occurred_at,
        position: Some(recorded.position),
        client: None,
        environment: None,
        facts: ANYTHING,
        sharing: vec![],
        named: vec![],
        cancel_key: None,
    }
}

/// Its first need stands for all: whoever may decide sees the whole of it.
fn wanted(id: domain::ApprovalId, proposed: &Proposed, recorded: &Recorded) -> Option<Occasion> {
    let Proposed { proposer, needs, reason, expires_at, told, .. } = proposed;
    let Need { permission, facts } = needs.first()?;
    let environment = match facts {
        ResourceFacts::Shared => None,
        ResourceFacts::Owned { owner_team: _, environments } => environments.first().cloned(),
    };
    let notice = ApprovalWanted {
        approval_id: id,
        permission: *permission,
        environment: environment.clone(),
        asked_by: proposer.clone(),
        reason: reason.clone(),
        until: *expires_at,
    };
    Some(Occasion { environment, facts: facts.clone(), ..of_all(notice, told, recorded) })
}

fn told_disabled(
    id: domain::WebhookId,
    endpoint: &Endpoint,
    cause: DisabledCause,
    recorded: &Recorded,
) -> Occasion {
    let notice = EndpointDisabled {
        endpoint: endpoint_ref(id, endpoint),
        disabled_at: recorded.metadata.occurred_at,
        cause,
        // Whoever tells it counts; of what was, nobody knows.
        held: None,
    };
    Occasion { facts: endpoint.spec.scope.facts(), ..of_all(notice, &[], recorded) }
}
