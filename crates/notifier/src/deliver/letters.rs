//! One try of a delivery by e-mail.

use domain::{MessageId, Timestamp};
use outbox::{
    Channel, Claimed, Handover, MessageKind, NewDelivery, NewMessage, Outcome, Recipient, Start, Unsent,
    hashed,
};
use projections::queries::clients;

use super::{Channels, Tried, again, attachment, own_failure::within, report};
use crate::{
    compose::{delivery_id, refuses},
    digests::KeptDigest,
    mail::{self, Attachment, Mail, Smtp},
    notice::Notice,
    parts::{Failure, Parts},
    templates::{Digest, Letter, Setting},
    told::Kept,
};

pub(super) async fn attempt(
    parts: &Parts,
    smtp: &Smtp,
    channels: &Channels,
    claimed: &Claimed,
) -> Result<(), Failure> {
    let now = parts.clock.now();
    // Erased meanwhile.
    let Some(address) = claimed.address.as_deref() else {
        parts.outbox.give_back(claimed.delivery_id, claimed.lease, Unsent::Cancelled, now).await?;
        return Ok(());
    };
    // The rows of a report and the server of mail have the time of one try together.
    let sent = within(parts, claimed, Box::pin(send(parts, smtp, claimed, address))).await?;
    settle(parts, channels, claimed, address, sent).await
}

struct Sent {
    outcome: mail::Outcome,
    latency_ms: Option<u64>,
}

async fn send(parts: &Parts, smtp: &Smtp, claimed: &Claimed, address: &str) -> Result<Sent, Failure> {
    let unsubscribe = unsubscribe(parts, claimed);
    let (letter, attachment) = written(parts, claimed, unsubscribe.as_deref()).await?;
    let mail = Mail {
        message_id: claimed.message_id,
        to: address,
        at: claimed.created_at,
        letter: &letter,
        unsubscribe: unsubscribe.as_deref(),
        attachment: attachment.as_ref(),
    };
    let asked_at = tokio::time::Instant::now();
    let outcome = smtp.send(&mail).await;
    Ok(Sent { outcome, latency_ms: u64::try_from(asked_at.elapsed().as_millis()).ok() })
}

/// The letter, and what is attached to it.
async fn written(
    parts: &Parts,
    claimed: &Claimed,
    unsubscribe: Option<&str>,
) -> Result<(Letter, Option<Attachment>), Failure> {
    let setting = |rule| Setting { public_url: &parts.public_url, zone: &parts.zone, rule, unsubscribe };
    Ok(match claimed.kind {
        MessageKind::Digest => {
            let KeptDigest { since, until, notices_total, notices } = KeptDigest::read(&claimed.body)?;
            let given = u64::try_from(notices.len()).unwrap_or(u64::MAX);
            let untold = notices_total.saturating_sub(given);
            let notices = notices.into_iter().map(|(at, kept)| (at, kept.notice)).collect();
            let digest = Digest { team: claimed.team.clone(), since, until, notices, untold };
            (parts.templates.digest(&digest, &setting(None))?, None)
        }
        MessageKind::Notice => {
            let kept = Kept::read(&claimed.body)?;
            let letter = parts.templates.notice(&kept.notice, &setting(kept.rule.as_deref()))?;
            (letter, attachment(parts, &kept).await?)
        }
        MessageKind::Test | MessageKind::Event | MessageKind::Verify => {
            (parts.templates.test(&setting(None))?, None)
        }
    })
}

/// The rows of a usage report, where its rule sends them.
async fn attachment(parts: &Parts, kept: &Kept) -> Result<Option<Attachment>, Failure> {
    let Kept { csv: true, notice: Notice::UsageReport(told), .. } = kept else { return Ok(None) };
    let made = attachment::of_report(parts, told).await;
    made.map(Some).map_err(|failure| Failure::Attachment { source: Box::new(failure) })
}

/// Digests say where they can be stopped: where the rules are.
fn unsubscribe(parts: &Parts, claimed: &Claimed) -> Option<String> {
    (claimed.kind == MessageKind::Digest).then(|| format!("{}/notification-rules", parts.public_url))
}

async fn settle(
    parts: &Parts,
    channels: &Channels,
    claimed: &Claimed,
    address: &str,
    Sent { outcome, latency_ms }: Sent,
) -> Result<(), Failure> {
    let now = parts.clock.now();
    let (status, answer, error, outcome) = match outcome {
        mail::Outcome::Delivered => {
            channels.through(Channel::Email);
            (Some(250), None, None, Outcome::Delivered)
        }
        mail::Outcome::Retry { code, text } => {
            // A server that answers is there, whatever it answers.
            match code {
                Some(_) => channels.through(Channel::Email),
                None => channels.blocked(Channel::Email, None, now),
            }
            (code, Some(text), Some("mail_not_now"), again(claimed, now, None))
        }
        mail::Outcome::Misconfigured { code, text } => {
            channels.blocked(Channel::Email, None, now);
            (code, Some(text), Some("mail_misconfigured"), again(claimed, now, None))
        }
        mail::Outcome::Refused { code, text } => {
            channels.through(Channel::Email);
            parts.outbox.mark_address(address, &text, now).await?;
            fall_back(parts, claimed, address, now).await?;
            (Some(code), Some(text), Some("mail_address_refused"), Outcome::Dead)
        }
    };
    let tried = Tried { status, latency_ms, answer, error: error.map(str::to_owned) };
    report(parts, claimed, tried, outcome).await.map(drop)
}

/// What an address did not take goes to whoever owns the client, once; they may know a better one.
async fn fall_back(parts: &Parts, claimed: &Claimed, address: &str, now: Timestamp) -> Result<(), Failure> {
    let Some(client_id) = claimed.client_id else { return Ok(()) };
    let owner = clients::get(&parts.read, client_id).await?.and_then(|client| client.owner_email);
    let Some(owner) = owner.filter(|owner| owner != address) else { return Ok(()) };
    // Whom the rule tells beside the address has the same message already.
    let told = delivery_id(claimed.message_id, &Recipient::Email(owner.clone()));
    if parts.outbox.delivery(told).await?.is_some() || refuses(&parts.outbox, &owner, now).await? {
        return Ok(());
    }
    let message_id =
        MessageId::from_u128(hashed(&["in place of another", &claimed.message_id.to_string(), &owner]));
    let recipient = Recipient::Email(owner);
    let message = NewMessage {
        message_id,
        kind: claimed.kind,
        message_type: claimed.message_type.clone(),
        subject: claimed.subject.clone(),
        sequence: Some(claimed.sequence),
        position: claimed.position,
        environment: claimed.environment.clone(),
        team: claimed.team.clone(),
        client_id: claimed.client_id,
        body: claimed.body.clone(),
        notice: None,
        deliveries: vec![NewDelivery {
            delivery_id: delivery_id(message_id, &recipient),
            recipient,
            start: Start::Due(now),
            cancel_key: None,
        }],
    };
    let handover = Handover { checkpoint: None, at: now, messages: vec![message], cancels: vec![] };
    parts.outbox.commit(handover).await.map(drop)?;
    Ok(())
}
