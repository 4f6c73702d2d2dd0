//! `POST /v1/webhooks/{id}/replay`

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    OperationId, Position, Reason, Timestamp, WebhookId,
    operation::{ReplayPlan, Work},
    webhook::{Webhook, WebhookRefusal},
};
use http::StatusCode;
use outbox::DeliveryState;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Created, Missing, WebhookPath, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    path::{Id, Named as _},
    problem::{Problem, kinds},
    routes::{keys::bulk::plan, operations::view::OperationView},
    values::Moment,
    worker::replay_filter,
};

/// What is sent again: everything that is given has to hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// Made then or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Moment>,
    /// Made before then; absent, or ahead: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Moment>,
    /// Of events behind this position of the log.
    #[schema(maximum = 9_223_372_036_854_775_807_u64)]
    after_position: Option<u64>,
    /// Such as `api_key.revoked`, at most 100; absent: all.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    types: BTreeSet<String>,
    /// `delivered`, `dead`, `cancelled` or `held`; absent: all of these.
    #[serde(default)]
    #[schema(value_type = Vec<form::DeliveryState>, inline, required = false)]
    states: BTreeSet<DeliveryState>,
    #[schema(value_type = Option<form::Reason>, inline)]
    reason: Option<Reason>,
}

type ReplayAsk = Ask<WebhookWrite, Id<WebhookId>>;

/// Send again what a webhook was sent
///
/// By the same ids, the oldest first, as an operation whose items are the deliveries: at most 100,000 in one order; more are
/// refused, never cut, and ordered by stretches of time. What has never been sent can be pulled.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/replay",
    operation_id = "replay_webhook",
    tag = "webhooks",
    params(WebhookPath, WriteHeaders),
    request_body = Option<Replay>,
    responses(Created<OperationView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("webhook.write")))
)]
pub(crate) async fn replay(ask: ReplayAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, OperationView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &ReplayAsk) -> Result<Effect<OperationId>, Instead> {
    ask.check_seen(0)?;
    let replay: Replay = ask.body_if_any()?;
    let webhook = ask.load::<Webhook>(ask.id()).await?.state;
    let endpoint = webhook.endpoint().ok_or_else(WebhookId::missing)?;
    ask.allow(&endpoint.spec.scope.facts())?;
    if matches!(*webhook, Webhook::Deleted(_)) {
        return Err(Problem::refused(&WebhookRefusal::Deleted).into());
    }
    let reason = replay.reason.clone();
    let order = replay.plan(ask.id(), ask.now())?;
    let counted = ask.outbox().count_replay(ask.id(), &replay_filter(&order), None).await;
    let deliveries = counted.map_err(|failure| Problem::unsent(&failure))?;
    let said = Said::because(reason.as_ref());
    plan(ask, Work::Replay { plan: order, deliveries }, reason, said).await
}

impl Replay {
    fn plan(self, webhook_id: WebhookId, now: Timestamp) -> Result<ReplayPlan, Problem> {
        let Self { from, until, after_position, types, states, reason: _ } = self;
        let invalid = |pointer: &str, why: &'static str| {
            Problem::because(kinds::BODY_INVALID, why).with("pointer", pointer)
        };
        if types.len() > 100 || types.iter().any(|one| one.len() > 100) {
            return Err(invalid("/types", "must be at most 100 types"));
        }
        if states.contains(&DeliveryState::Pending) || states.contains(&DeliveryState::Gathered) {
            return Err(invalid("/states", "what is on its way is not sent again"));
        }
        if after_position.is_some_and(|position| i64::try_from(position).is_err()) {
            return Err(invalid("/after_position", "must be at most 9223372036854775807"));
        }
        Ok(ReplayPlan {
            webhook_id,
            from: from.map(|Moment(time)| time),
            // What is sent from now on is not sent again.
            until: until.map_or(now, |Moment(time)| time.min(now)),
            after_position: after_position.map(Position::new),
            types,
            states: states.iter().map(ToString::to_string).collect(),
        })
    }
}
