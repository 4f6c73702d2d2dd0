//! `POST /v1/webhooks/{id}/test`

use axum::response::Response;
use domain::{
    DeliveryId, Metadata, NoticeName, Position, Recorded, Timestamp, WebhookId,
    metadata::ActorKind,
    personal::PersonalValues,
    schema::{event_types, sample_events},
    webhook::{AskTest, EventPattern, TestAsked, Webhook, WebhookCommand, WebhookEvent, WebhookSpec},
};
use http::StatusCode;
use projections::event_message::{About, EventMessage};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    deliveries::view::{DeliveryView, PendingDelivery},
    sent::{self, Asked, test_message},
};
use crate::{
    answer::bound,
    ask::{Ask, Effect, Said},
    docs::{Changed, Missing, WebhookPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    facts::ANYTHING,
    guard::needs::WebhookWrite,
    path::{Id, Named as _},
    previews::MadeUp,
    problem::{Problem, kinds},
};

/// What is to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookTest {
    /// Of an event of the log, or of a notice: `notice.key_expiring`. Absent: the first that it subscribes to.
    #[schema(example = "api_key.revoked")]
    event_type: Option<String>,
}

type TestAsk = Ask<WebhookWrite, Id<WebhookId>>;

/// Send a made-up event or notice to a webhook
///
/// It is formed and signed like every other, has `"test": true` in its body, and is sent whether the webhook is verified,
/// disabled, or neither.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/test",
    operation_id = "test_webhook",
    tag = "webhooks",
    params(WebhookPath, WriteHeaders),
    request_body = Option<WebhookTest>,
    responses(Changed<DeliveryView, PendingDelivery>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn test(ask: TestAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    let event = ask.event_of::<Webhook>(effect.id, effect.version).await?;
    let WebhookEvent::TestAsked(TestAsked { event_type }) = event else {
        return Err(Problem::new(kinds::IDEMPOTENCY_KEY_REUSED).into());
    };
    let asked = Asked { id: effect.id, version: effect.version };
    let body = body(&ask, asked, &event_type)?;
    let sent = sent::test(ask.door().api(), asked, &event_type, body).await;
    answered(&ask, effect, sent.map_err(|failure| Problem::unsent(&failure))?).await
}

async fn fresh(ask: &TestAsk) -> Result<Effect<WebhookId>, Instead> {
    let WebhookTest { event_type } = ask.body_if_any()?;
    let webhook = ask.load::<Webhook>(ask.id()).await?.state;
    let spec = &webhook.endpoint().ok_or_else(WebhookId::missing)?.spec;
    let event_type = match event_type {
        None => first(spec),
        Some(named) => known(&named).ok_or_else(|| {
            let why = "must be the type of an event, such as `api_key.revoked`, or of a notice, such as `notice.key_expiring`";
            Problem::because(kinds::BODY_INVALID, why).with("pointer", "/event_type")
        })?,
    };
    let command = WebhookCommand::AskTest(AskTest { event_type: event_type.into() });
    ask.execute::<Webhook>(ask.id(), command, Said::nothing()).await
}

/// An event's, or a notice's.
fn known(named: &str) -> Option<String> {
    let notices = NoticeName::ALL.into_iter().map(EventPattern::type_of);
    event_types().map(str::to_owned).chain(notices).find(|known| known == named)
}

/// One that it subscribes to: of events first.
fn first(spec: &WebhookSpec) -> String {
    let told = |event_type: &String| spec.events.iter().any(|pattern| pattern.matches(event_type));
    let notices = NoticeName::ALL.into_iter().map(EventPattern::type_of);
    let found = event_types().map(str::to_owned).chain(notices).find(told);
    found.unwrap_or_else(|| "api_key.revoked".to_owned())
}

/// Why a made-up event cannot be told.
#[derive(Debug, thiserror::Error)]
#[error("there is no sample of the event")]
struct NoSample;

fn body(ask: &TestAsk, asked: Asked, event_type: &str) -> Result<String, Problem> {
    let notice = NoticeName::ALL.into_iter().find(|name| EventPattern::type_of(*name) == event_type);
    let body = match notice {
        Some(notice) => {
            let made_up = MadeUp { notice, message_id: test_message(asked), at: ask.now() };
            ask.previews().sample(made_up).map_err(|away| Problem::internal(&away))
        }
        None => of_event(asked, event_type, ask.now()).map_err(|why| Problem::internal(&why)),
    };
    let mut body = body?;
    if let Some(members) = body.as_object_mut() {
        members.insert("test".to_owned(), json!(true));
    }
    Ok(body.to_string())
}

fn of_event(asked: Asked, event_type: &str, now: Timestamp) -> Result<Value, NoSample> {
    let samples = sample_events().map_err(|_| NoSample)?;
    let event = samples.into_iter().find(|sample| sample.event_type() == event_type).ok_or(NoSample)?;
    let message_id = test_message(asked);
    let recorded = Recorded {
        position: Position::START,
        event_id: domain::EventId::from_u128(message_id.to_u128()),
        recorded_at: now,
        sequence: 1,
        metadata: nobody(now),
        event,
        personal: PersonalValues::new(),
        leaf_hash: [0; 32],
    };
    let about = About { client_id: None, team: None, environment: None, facts: ANYTHING };
    let message = EventMessage::of(&recorded, &about).map_err(|_| NoSample)?;
    serde_json::to_value(EventMessage { id: message_id, ..message }).map_err(|_| NoSample)
}

/// Of an event that never was.
fn nobody(occurred_at: Timestamp) -> Metadata {
    Metadata {
        occurred_at,
        actor: "system:test".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: String::new(),
        address: None,
        user_agent: None,
        request_id: String::new(),
        correlation_id: String::new(),
        causation_id: None,
        reason: None,
        command_id: String::new(),
    }
}

/// The delivery that was asked for.
pub(super) async fn answered<W, Q>(
    ask: &Ask<WebhookWrite, W, Q>,
    effect: Effect<WebhookId>,
    delivery: DeliveryId,
) -> Result<Response, Instead> {
    let row = ask.outbox().delivery(delivery).await.map_err(|failure| Problem::unsent(&failure))?;
    let view = DeliveryView::from(row.ok_or_else(Problem::unavailable)?);
    bound::<_, _, _, Webhook>(ask, effect, StatusCode::OK, Some(view)).await
}
