//! Events of the log to those webhooks that subscribe to them, within their scopes.

use domain::{Recorded, Timestamp};
use outbox::{MessageKind, NewDelivery, NewMessage, Recipient, Start};
use projections::{
    ReadModel,
    event_message::{self, EventMessage, is_told},
};

use crate::{compose::delivery_id, parts::Failure, rules::Wishes};

/// The messages of these events to whoever subscribed to them by the time they were decided.
///
/// # Errors
/// When the read model cannot be read.
pub(crate) async fn messages(
    read: &ReadModel,
    wishes: &Wishes,
    events: &[Recorded],
    now: Timestamp,
) -> Result<Vec<NewMessage>, Failure> {
    if wishes.webhooks.is_empty() {
        return Ok(vec![]);
    }
    let abouts = event_message::about(read, events).await?;
    let mut messages = vec![];
    for (recorded, about) in events.iter().zip(abouts) {
        let event_type = recorded.event.event_type();
        let told = wishes.webhooks.iter().filter(|webhook| {
            webhook.created_at <= recorded.metadata.occurred_at
                && is_told(&webhook.endpoint.spec, event_type, &about)
        });
        let to: Vec<Recipient> = told.map(|webhook| Recipient::Webhook(webhook.webhook_id)).collect();
        if to.is_empty() {
            continue;
        }
        let message = EventMessage::of(recorded, &about)?;
        let (message_id, body) = (message.id, message.body()?);
        let deliveries = to.into_iter().map(|recipient| NewDelivery {
            delivery_id: delivery_id(message_id, &recipient),
            recipient,
            start: Start::Due(now),
            cancel_key: None,
        });
        messages.push(NewMessage {
            message_id,
            kind: MessageKind::Event,
            message_type: event_type.to_owned(),
            subject: recorded.event.subject(),
            sequence: Some(recorded.sequence),
            position: Some(recorded.position),
            environment: about.environment,
            team: about.team,
            client_id: about.client_id,
            body,
            notice: None,
            deliveries: deliveries.collect(),
        });
    }
    Ok(messages)
}
