//! A delivery as it is shown.

use domain::{ClientId, DeliveryId, MessageId, Timestamp, WebhookId};
use outbox::{AttemptOutcome, AttemptRow, Channel, DeliveryRow, DeliveryState, MessageKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::docs::form;

/// One message on its way to one recipient.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    #[schema(value_type = form::DeliveryId, inline)]
    id: DeliveryId,
    /// What the receiver knows it by: the same each time that it is sent.
    #[schema(value_type = form::MessageId, inline)]
    message_id: MessageId,
    #[schema(value_type = form::Channel, inline)]
    channel: Channel,
    /// Null by e-mail.
    #[schema(value_type = Option<form::WebhookId>, inline)]
    webhook_id: Option<WebhookId>,
    /// By e-mail, shown to holders of `client.read`; null once erased.
    #[schema(example = "desk@example.com")]
    address: Option<String>,
    #[schema(value_type = form::MessageKind, inline)]
    kind: MessageKind,
    #[schema(example = "api_key.revoked")]
    r#type: String,
    /// What it is about.
    #[schema(example = "key_01jx3v6k9q8z7m5n4p3r2s1t0v")]
    subject: String,
    /// Counts what is told of the subject.
    sequence: u64,
    /// Of the event in the log that it is of, or was found at.
    position: Option<u64>,
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    #[schema(value_type = form::DeliveryState, inline)]
    state: DeliveryState,
    /// Tries that were made.
    attempts: u32,
    /// When it is tried next; null once it has ended.
    due_at: Option<Timestamp>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// Of the last try: the status of the answer.
    last_status: Option<u16>,
    /// Of the last try: why it failed.
    #[schema(example = "outbound_connection_failed")]
    last_error: Option<String>,
}

/// A delivery with every try.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryWithTries {
    #[serde(flatten)]
    pub(super) delivery: DeliveryView,
    /// In their order.
    pub(super) tries: Vec<AttemptView>,
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub(crate) struct AttemptView {
    /// Counts from 1.
    number: u32,
    at: Timestamp,
    #[schema(value_type = form::AttemptOutcome, inline)]
    outcome: AttemptOutcome,
    /// Of the answer, where there was one.
    status: Option<u16>,
    latency_ms: Option<u64>,
    /// At most the first kilobyte of it.
    #[schema(example = "ok")]
    answer: Option<String>,
    #[schema(example = "outbound_connection_failed")]
    error: Option<String>,
}

/// A delivery that was asked for, while reads do not show that somebody did.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what is written then")]
pub(crate) struct PendingDelivery {
    #[schema(value_type = form::DeliveryId, inline)]
    id: String,
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        let DeliveryRow { delivery_id, message_id, kind, message_type, subject, sequence, position, .. } =
            row;
        let DeliveryRow { client_id, channel, endpoint_id, address, state, attempts, due_at, .. } = row;
        let DeliveryRow { created_at, ended_at, last_status, last_error, .. } = row;
        Self {
            id: delivery_id,
            message_id,
            channel,
            webhook_id: endpoint_id,
            address,
            kind,
            r#type: message_type,
            subject,
            sequence,
            position: position.map(domain::Position::get),
            client_id,
            state,
            attempts,
            due_at: Some(due_at).filter(|_| !state.has_ended()),
            created_at,
            ended_at,
            last_status,
            last_error,
        }
    }
}

impl DeliveryView {
    pub(crate) fn without_address(self) -> Self {
        Self { address: None, ..self }
    }
}

impl From<AttemptRow> for AttemptView {
    fn from(row: AttemptRow) -> Self {
        let AttemptRow { attempt_no, at, outcome, status, latency_ms, answer, error } = row;
        Self { number: attempt_no, at, outcome, status, latency_ms, answer, error }
    }
}
