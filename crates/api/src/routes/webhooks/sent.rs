//! What the API itself has sent: challenges, and made-up events.

use domain::{DeliveryId, MessageId, WebhookId};
use outbox::{Handover, MessageKind, NewDelivery, NewMessage, OutboxFailure, Recipient, Start};
use sha2::{Digest as _, Sha256};

use crate::Api;

/// The type of the message that carries a challenge.
const VERIFY: &str = "endpoint.verify";

/// By which version of a webhook a message is asked for: asked for twice, it is one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) id: WebhookId,
    pub(super) version: u64,
}

/// Has the challenge sent. Whoever sends it makes it, and knows what has to come back.
pub(super) async fn challenge(api: &Api, asked: Asked) -> Result<DeliveryId, OutboxFailure> {
    send(api, asked, MessageKind::Verify, VERIFY, "{}".to_owned()).await
}

/// Has a made-up event sent.
pub(super) async fn test(
    api: &Api,
    asked: Asked,
    event_type: &str,
    body: String,
) -> Result<DeliveryId, OutboxFailure> {
    send(api, asked, MessageKind::Test, event_type, body).await
}

/// The message of a test, before it is made: its id stands in its body.
pub(super) fn test_message(asked: Asked) -> MessageId {
    message_id(MessageKind::Test, asked)
}

async fn send(
    api: &Api,
    asked: Asked,
    kind: MessageKind,
    message_type: &str,
    body: String,
) -> Result<DeliveryId, OutboxFailure> {
    let message_id = message_id(kind, asked);
    let delivery_id = DeliveryId::from_u128(hashed(&["delivery", &message_id.to_string()]));
    let at = api.clock.now();
    let delivery = NewDelivery {
        delivery_id,
        recipient: Recipient::Webhook(asked.id),
        start: Start::Due(at),
        cancel_key: None,
    };
    let message = NewMessage {
        message_id,
        kind,
        message_type: message_type.to_owned(),
        subject: asked.id.to_string(),
        sequence: Some(asked.version),
        position: None,
        environment: None,
        team: None,
        client_id: None,
        body,
        notice: None,
        deliveries: vec![delivery],
    };
    let handover = Handover { checkpoint: None, at, messages: vec![message], cancels: vec![] };
    api.outbox.commit(handover).await?;
    Ok(delivery_id)
}

fn message_id(kind: MessageKind, Asked { id, version }: Asked) -> MessageId {
    MessageId::from_u128(hashed(&[kind.as_str(), &id.to_string(), &version.to_string()]))
}

/// 128 bits of SHA-256 over parts that cannot run into each other.
fn hashed(parts: &[&str]) -> u128 {
    let digest: [u8; 32] = Sha256::digest(parts.join("\n")).into();
    digest.first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes))
}
