//! What the API itself has sent: challenges, and made-up events.

use domain::{DeliveryId, MessageId, WebhookId};
use outbox::{Handover, MessageKind, NewMessage, OutboxFailure};

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
pub(super) fn test_message(Asked { id, version }: Asked) -> MessageId {
    NewMessage::asked_id(MessageKind::Test, id, version)
}

async fn send(
    api: &Api,
    Asked { id, version }: Asked,
    kind: MessageKind,
    message_type: &str,
    body: String,
) -> Result<DeliveryId, OutboxFailure> {
    let at = api.clock.now();
    let message = NewMessage::asked(kind, message_type, (id, version), body, at);
    let delivery_id = NewMessage::asked_delivery_id(message.message_id);
    let handover = Handover { checkpoint: None, at, messages: vec![message], cancels: vec![] };
    api.outbox.commit(handover).await?;
    Ok(delivery_id)
}
