//! Endpoints that fail, and are disabled when they do for too long; ways that are blocked.
//!
//! The rule: an endpoint is disabled when it answers 410, or when every delivery to it has failed for five days and at least
//! twenty in a row.

use domain::{
    Timestamp, WebhookId,
    webhook::{DisableCause, DisableWebhook, WebhookCommand},
};
use jiff::SignedDuration;
use outbox::{Backlog, Channel, DeliveryFilter, DeliveryState, EndpointHealth, EndpointState};

use super::of_installation;
use crate::{
    book::{Book, endpoint_ref},
    command,
    deliver::{Channels, Down},
    notices::{self, ChannelDown, EndpointFailing},
    occasion::Occasion,
    parts::{Failure, Parts},
};

/// An endpoint that has failed so long, and so often, is told of.
const FAILING_AFTER: SignedDuration = SignedDuration::from_hours(1);
const FAILURES_TOLD: u64 = 3;
const DISABLED_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);
const FAILURES_DISABLED: u64 = 20;
const LOOKED_AT_MAX: u32 = 1_000;

pub(super) async fn occasions(
    parts: &Parts,
    book: &Book,
    channels: &Channels,
    now: Timestamp,
) -> Result<Vec<Occasion>, Failure> {
    let mut occasions = vec![];
    for health in parts.outbox.failing_endpoints(LOOKED_AT_MAX).await? {
        let Some(since) = health.failing_since.filter(|_| health.state == EndpointState::Open) else {
            continue;
        };
        let failing_for = now.duration_since(since);
        if failing_for >= DISABLED_AFTER && health.consecutive_failures >= FAILURES_DISABLED {
            disable(parts, health.endpoint_id, now).await?;
        } else if failing_for >= FAILING_AFTER && health.consecutive_failures >= FAILURES_TOLD {
            occasions.extend(failing(parts, book, &health, since).await?);
        }
    }
    gauge_backlog(&parts.outbox.backlog().await?);
    for down in channels.down(now) {
        occasions.push(blocked(parts, down, now).await?);
    }
    Ok(occasions)
}

/// What waits, for whoever watches.
pub(crate) fn gauge_backlog(backlog: &Backlog) {
    for channel in [Channel::Webhook, Channel::Email] {
        for state in
            [DeliveryState::Pending, DeliveryState::Held, DeliveryState::Gathered, DeliveryState::Dead]
        {
            let of = backlog.waiting.iter().find(|of| (of.channel, of.state) == (channel, state));
            let deliveries = of.map_or(0, |of| of.deliveries);
            let labels = [("channel", channel.to_string()), ("state", state.to_string())];
            // Beyond 2^32 nobody counts.
            metrics::gauge!("tollgate_deliveries_waiting", &labels)
                .set(u32::try_from(deliveries).unwrap_or(u32::MAX));
        }
    }
}

/// The event is told of like any other.
async fn disable(parts: &Parts, id: WebhookId, now: Timestamp) -> Result<(), Failure> {
    let command = DisableWebhook { cause: DisableCause::Failing, url: None, reason: None };
    // One that is deleted by now is not held: nothing would ever release it.
    if command::webhook(parts, id, WebhookCommand::Disable(command), "failing").await? {
        parts.outbox.hold(id, now).await?;
    }
    Ok(())
}

async fn failing(
    parts: &Parts,
    book: &Book,
    health: &EndpointHealth,
    since: Timestamp,
) -> Result<Option<Occasion>, Failure> {
    let id = health.endpoint_id;
    let Some(endpoint) = book.endpoint(id).await? else { return Ok(None) };
    let notice = EndpointFailing {
        endpoint: endpoint_ref(id, &endpoint),
        since,
        failures: u32::try_from(health.consecutive_failures).unwrap_or(u32::MAX),
        last_failure: last_failure(parts, id).await?,
        disabled_at: since.checked_add(DISABLED_AFTER).ok(),
    };
    let facts = endpoint.spec.scope.facts();
    Ok(Some(Occasion { facts, ..of_installation(notice.into(), since.to_string(), since) }))
}

/// What became of the last try: a status, or what went wrong.
async fn last_failure(parts: &Parts, id: WebhookId) -> Result<String, Failure> {
    let filter = DeliveryFilter { endpoint_id: Some(id), ..DeliveryFilter::default() };
    let tried = parts.outbox.deliveries(&filter, outbox::Page::first(20)).await?;
    let last = tried.into_iter().find(|delivery| delivery.failures > 0);
    let said = last.and_then(|delivery| match (delivery.last_status, delivery.last_error) {
        (Some(status), _) => Some(status.to_string()),
        (None, error) => error.map(|code| code.replace('_', " ")),
    });
    Ok(said.unwrap_or_else(|| "no answer".to_owned()))
}

/// Once for each outage.
async fn blocked(parts: &Parts, Down { channel, since }: Down, now: Timestamp) -> Result<Occasion, Failure> {
    let backlog = parts.outbox.backlog().await?;
    let of_channel =
        backlog.waiting.iter().filter(|waiting| waiting.channel == channel && !waiting.state.has_ended());
    let waiting = of_channel.map(|waiting| waiting.deliveries).sum();
    let channel = match channel {
        Channel::Email => notices::Channel::Email,
        Channel::Webhook => notices::Channel::Webhook,
    };
    let notice = ChannelDown { channel, since, waiting };
    Ok(of_installation(notice.into(), since.to_string(), now))
}
