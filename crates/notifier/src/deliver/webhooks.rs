//! One try of a delivery to a webhook.

use domain::{
    Timestamp, WebhookId,
    webhook::{
        DisableCause, DisableWebhook, Endpoint, VerifyWebhook, Webhook, WebhookCommand, signing_secret,
        signing_seed,
    },
};
use outbox::{Channel, Claimed, MessageKind, Outcome, Unsent};
use projections::{WebhookStatus, queries::webhooks};

use super::{Channels, Tried, again, own_failure::within, report, scope::still_reaches};
use crate::{
    command,
    parts::{Failure, Parts},
    told::{Kept, NoticeMessage},
    webhooks::{
        send::{self, AttemptRecord, Sending, Sent},
        signature::{Signer, SigningKey, WebhookSecret},
        verify::{Challenge, Verification, Verifying, verify},
    },
};

pub(super) async fn attempt(parts: &Parts, channels: &Channels, claimed: &Claimed) -> Result<(), Failure> {
    let now = parts.clock.now();
    let Some(id) = claimed.endpoint_id else { return give_back(parts, claimed, Unsent::Cancelled).await };
    let Some(endpoint) = within(parts, claimed, endpoint_of(parts, id)).await? else {
        return give_back(parts, claimed, Unsent::Cancelled).await;
    };
    let endpoint = &endpoint;
    // It may have been disabled since this was handed over.
    if !endpoint.is_told() && !claimed.kind.tries_the_endpoint() {
        return give_back(parts, claimed, Unsent::Held).await;
    }
    if !within(parts, claimed, still_reaches(parts, endpoint, claimed)).await? {
        return give_back(parts, claimed, Unsent::Cancelled).await;
    }
    let target = parts.web.policy().read(endpoint.spec.url.as_str());
    let (url, signers) = match (target, signers(parts, id, endpoint, now)) {
        (Ok(url), Some(signers)) => (url, signers),
        (Err(refused), _) => return failed(parts, claimed, refused.code()).await,
        (Ok(_), None) => return failed(parts, claimed, "webhook_secret_missing").await,
    };
    if claimed.kind == MessageKind::Verify {
        return challenge(parts, claimed, endpoint, Target { url, signers }).await;
    }
    let body = body(claimed)?;
    let sending =
        Sending { url: &url, signers: &signers, message_id: claimed.message_id, now, body: body.as_bytes() };
    let sent = Box::pin(async { Ok(send::send(&parts.web, &sending).await) });
    let Sent { outcome, record } = within(parts, claimed, sent).await?;
    note(channels, id, &outcome, &record, parts.clock.now());
    settle(parts, claimed, endpoint, outcome, record).await
}

/// None where it is deleted. What was made a moment ago is in the log, and may not be in the read models yet.
async fn endpoint_of(parts: &Parts, id: WebhookId) -> Result<Option<Endpoint>, Failure> {
    if let Some(row) = webhooks::get(&parts.read, id).await? {
        return Ok((row.status != WebhookStatus::Deleted).then_some(row.endpoint));
    }
    let webhook = parts.log.load::<Webhook>(id).await?.state;
    Ok(match &*webhook {
        Webhook::There(endpoint) => Some((**endpoint).clone()),
        Webhook::Absent | Webhook::Deleted(_) => None,
    })
}

struct Target {
    url: outbound::Url,
    signers: Vec<Signer>,
}

/// Every secret that is in force, and the key that signs for all; none where a pepper is not here.
fn signers(parts: &Parts, id: WebhookId, endpoint: &Endpoint, now: Timestamp) -> Option<Vec<Signer>> {
    let mut signers = vec![];
    for source in endpoint.secrets(now) {
        let secret = signing_secret(&parts.peppers, id, source)?;
        signers.push(Signer::Secret(WebhookSecret::from_random(&secret)));
    }
    let seed = signing_seed(&parts.peppers, parts.peppers.newest())?;
    signers.push(Signer::Key(SigningKey::from_seed(seed.as_slice()).ok()?));
    Some(signers)
}

fn body(claimed: &Claimed) -> Result<String, Failure> {
    match claimed.kind {
        MessageKind::Notice => {
            let Kept { rule: _, csv: _, notice } = Kept::read(&claimed.body)?;
            Ok(serde_json::to_string(&NoticeMessage::of(claimed, &notice))?)
        }
        MessageKind::Event | MessageKind::Test | MessageKind::Verify | MessageKind::Digest => {
            Ok(claimed.body.clone())
        }
    }
}

/// A receiver that answers is reached, whatever it answers.
fn note(channels: &Channels, id: WebhookId, outcome: &send::Outcome, record: &AttemptRecord, now: Timestamp) {
    match outcome {
        send::Outcome::Delivered | send::Outcome::Gone => channels.through(Channel::Webhook),
        send::Outcome::Retry { .. } if record.status.is_some() => channels.through(Channel::Webhook),
        send::Outcome::Retry { .. } => channels.blocked(Channel::Webhook, Some(id), now),
        send::Outcome::Refused => {}
    }
}

async fn settle(
    parts: &Parts,
    claimed: &Claimed,
    endpoint: &Endpoint,
    outcome: send::Outcome,
    record: AttemptRecord,
) -> Result<(), Failure> {
    let now = parts.clock.now();
    let outcome = match outcome {
        send::Outcome::Delivered => Outcome::Delivered,
        send::Outcome::Gone => {
            let url = Some(endpoint.spec.url.clone());
            let command = DisableWebhook { cause: DisableCause::Gone, url, reason: None };
            match claimed.endpoint_id {
                Some(id) if command::webhook(parts, id, WebhookCommand::Disable(command), "gone").await? => {
                    parts.outbox.hold(id, now).await?;
                    Outcome::Held
                }
                // It has another URL by now, or was deleted meanwhile and nothing would ever release it.
                Some(_) | None => again(claimed, now, None),
            }
        }
        send::Outcome::Retry { not_before } => again(claimed, now, not_before),
        send::Outcome::Refused => again(claimed, now, None),
    };
    report(parts, claimed, tried(record), outcome).await.map(drop)
}

/// Asks whoever answers there whether they want it.
async fn challenge(
    parts: &Parts,
    claimed: &Claimed,
    endpoint: &Endpoint,
    Target { url, signers }: Target,
) -> Result<(), Failure> {
    let challenge = Challenge::new(&rand::random());
    let (message_id, now) = (claimed.message_id, parts.clock.now());
    let verifying = Verifying { url: &url, signers: &signers, message_id, now, challenge: &challenge };
    let asked = Box::pin(async { Ok(verify(&parts.web, &verifying).await?) });
    let Verification { verified, record } = within(parts, claimed, asked).await?;
    let accepted = match claimed.endpoint_id.filter(|_| verified) {
        Some(id) => {
            let command = VerifyWebhook { url: endpoint.spec.url.clone() };
            command::webhook(parts, id, WebhookCommand::Verify(command), "verified").await?
        }
        None => false,
    };
    // One that has another URL by now is asked there, once that is shown.
    let outcome = if accepted { Outcome::Delivered } else { again(claimed, parts.clock.now(), None) };
    report(parts, claimed, tried(record), outcome).await.map(drop)
}

async fn failed(parts: &Parts, claimed: &Claimed, code: &str) -> Result<(), Failure> {
    let tried = Tried { status: None, latency_ms: None, answer: None, error: Some(code.to_owned()) };
    let outcome = again(claimed, parts.clock.now(), None);
    report(parts, claimed, tried, outcome).await.map(drop)
}

async fn give_back(parts: &Parts, claimed: &Claimed, unsent: Unsent) -> Result<(), Failure> {
    let now = parts.clock.now();
    parts.outbox.give_back(claimed.delivery_id, claimed.lease, unsent, now).await?;
    Ok(())
}

fn tried(record: AttemptRecord) -> Tried {
    let AttemptRecord { status, latency_ms, answer, error } = record;
    Tried { status, latency_ms: Some(latency_ms), answer, error: error.map(str::to_owned) }
}
