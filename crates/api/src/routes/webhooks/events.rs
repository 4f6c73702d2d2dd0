//! `GET /v1/webhooks/{id}/events`

use axum::Json;
use domain::{Position, WebhookId, access::Permission};
use projections::event_message::{EventMessage, about, is_told};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::view::seen;
use crate::{
    docs::{FoundPlain, Missing, ReadProblems, WebhookPath, form},
    guard::{Allowed, needs::WebhookRead},
    path::{Id, Named as _},
    problem::Problem,
    query::{Limit, Params},
};

/// Events of the log that are looked at for one answer.
const LOOKED_AT_MAX: usize = 2_000;
const AT_ONCE: usize = 200;
/// Bodies in one answer, together, in bytes. A single one that is larger stands alone.
const BYTES_MAX: usize = 1 << 20;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Pull {
    /// The `next_after` of the answer before; absent: from the first event of the log.
    #[param(value_type = u64, required = false, maximum = 9_223_372_036_854_775_807_u64)]
    after: Option<u64>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
}

/// Events that a webhook is told.
#[derive(Debug, Serialize)]
pub(crate) struct Pulled {
    items: Vec<EventMessage>,
    next_after: u64,
    more: bool,
}

/// Events that a webhook is told.
#[derive(ToSchema)]
#[schema(as = PulledEvents)]
#[expect(dead_code, reason = "documents what `Pulled` writes")]
pub(crate) struct PulledView {
    /// In the order of the log. There may be fewer than `limit`, even none, though more are to come.
    items: Vec<EventMessageView>,
    /// Give it as `after` for what follows.
    next_after: u64,
    /// Whether the log goes on behind `next_after` by now.
    more: bool,
}

/// What is posted of an event, byte for byte the same but for the white space.
#[derive(ToSchema)]
#[schema(as = EventMessage)]
#[expect(dead_code, reason = "documents what `EventMessage` writes")]
pub(crate) struct EventMessageView {
    #[schema(example = "api_key.revoked")]
    r#type: String,
    timestamp: domain::Timestamp,
    #[schema(value_type = form::MessageId, inline)]
    id: String,
    position: u64,
    /// Counts the events of the subject, without a hole.
    sequence: u64,
    subject: EventSubject,
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<String>,
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<String>,
    actor: EventActor,
    /// The event as the audit log shows it, without personal values. See `schemas/webhooks`.
    #[schema(value_type = Object)]
    data: Value,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `EventMessage` writes")]
pub(crate) struct EventSubject {
    #[schema(example = "api_key")]
    r#type: String,
    #[schema(example = "key_01jx3v6k9q8z7m5n4p3r2s1t0v")]
    id: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `EventMessage` writes")]
pub(crate) struct EventActor {
    #[schema(example = "prn_01jx3v6k9q8z7m5n4p3r2s1t0v")]
    id: String,
    #[schema(value_type = form::ActorKind, inline)]
    kind: String,
}

/// Pull what a webhook is told
///
/// For those who would rather ask than be told: the events within its scope and its subscription, by their place in the log,
/// whatever became of their delivery, those from before it was made, too. Needs `audit.read` in a scope that covers the
/// webhook's, besides. Notices are not events; they are told.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/events",
    operation_id = "pull_webhook_events",
    tag = "webhooks",
    params(WebhookPath, Pull),
    responses(FoundPlain<PulledView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("webhook.read")))
)]
pub(crate) async fn events(
    allowed: Allowed<WebhookRead>,
    Id(id): Id<WebhookId>,
    Params(Pull { after, limit }): Params<Pull>,
) -> Result<Json<Pulled>, Problem> {
    let view = seen(&allowed, id).await?;
    let spec = view.told().ok_or_else(WebhookId::missing)?;
    allowed.covers(Permission::AuditRead, &spec.scope)?;
    let head = allowed.head();
    // Whose an event is, the read models say.
    if !allowed.visibility().wait_for(head, allowed.door().settings().visible_wait).await {
        return Err(Problem::unavailable());
    }
    let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
    let mut pulling = Pulling { after: Position::new(after.unwrap_or(0)), items: vec![], bytes: 0, limit };
    let mut looked_at: usize = 0;
    while pulling.after < head && looked_at < LOOKED_AT_MAX {
        let read = allowed.log().read(pulling.after, AT_ONCE).await;
        let mut events = read.map_err(|failure| Problem::failed(&failure))?;
        events.retain(|recorded| recorded.position <= head);
        let abouts = about(allowed.read(), &events).await.map_err(|failure| Problem::unread(&failure))?;
        if events.is_empty() {
            break;
        }
        looked_at = looked_at.saturating_add(events.len());
        let mut full = false;
        for (recorded, about) in events.iter().zip(&abouts) {
            let told = is_told(&spec, recorded.event.event_type(), about);
            let message = told.then(|| EventMessage::of(recorded, about)).transpose();
            let message = message.map_err(|why| Problem::internal(&why))?;
            full = !pulling.take(recorded.position, message)?;
            if full {
                break;
            }
        }
        if full {
            break;
        }
    }
    let Pulling { after, items, .. } = pulling;
    Ok(Json(Pulled { items, next_after: after.get(), more: after < head }))
}

struct Pulling {
    /// The last that was looked at.
    after: Position,
    items: Vec<EventMessage>,
    bytes: usize,
    limit: usize,
}

impl Pulling {
    /// Whether it has room for more. What has no room is not passed over.
    fn take(&mut self, position: Position, message: Option<EventMessage>) -> Result<bool, Problem> {
        if let Some(message) = message {
            let body = message.body().map_err(|why| Problem::internal(&why))?;
            let bytes = self.bytes.saturating_add(body.len());
            if bytes > BYTES_MAX && !self.items.is_empty() {
                return Ok(false);
            }
            self.bytes = bytes;
            self.items.push(message);
        }
        self.after = position;
        Ok(self.items.len() < self.limit)
    }
}
