//! `POST /v1/scheduled-changes/{id}/cancel`

use axum::response::Response;
use domain::{
    KeyId, ScheduledChangeId,
    access::Permission,
    api_key::{ApiKey, ApiKeyCommand, CancelRevocation},
    scheduled_change::{CancelChange, ScheduledChange, ScheduledChangeCommand},
};
use http::StatusCode;
use projections::queries::changes;

use super::{held::Held, view::ChangeView};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{ChangePath, Changed, Missing, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::ChangeRead,
    path::{Id, Named as _},
    problem::Problem,
    routes::clients::body::ReasonBody,
};

type CancelAsk = Ask<ChangeRead, Id<ScheduledChangeId>>;

/// Cancel a planned change
///
/// What has not happened does not happen; of what has happened, the end is called off. Beside `change.read` it needs the
/// permission of the change itself.
#[utoipa::path(
    post,
    path = "/v1/scheduled-changes/{id}/cancel",
    operation_id = "cancel_scheduled_change",
    tag = "scheduled changes",
    params(ChangePath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<ChangeView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("change.read")))
)]
pub(crate) async fn cancel(ask: CancelAsk) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?.by_id();
    written::<_, _, _, ChangeView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &CancelAsk) -> Result<Effect<Held>, Instead> {
    let (held, facts) = ask.judge::<ScheduledChange>(ask.id()).await?;
    let (Some(plan), Some(facts)) = (held.state.plan(), facts) else {
        return revocation(ask).await.map(Effect::held);
    };
    let grant = ask.allow_also(plan.change.permission(), &facts)?;
    let ReasonBody { reason } = ask.body()?;
    let said = Said { allowed_by: Some(grant), ..Said::because(Some(&reason)) };
    let command = ScheduledChangeCommand::Cancel(CancelChange { now: ask.now(), reason });
    ask.execute::<ScheduledChange>(ask.id(), command, said).await.map(Effect::held)
}

/// A planned revocation has its key's number, and the key holds it.
async fn revocation(ask: &CancelAsk) -> Result<Effect<KeyId>, Instead> {
    ask.also(Permission::KeyRevoke)?;
    let planned = changes::get(ask.read(), ask.id()).await.map_err(|failure| Problem::unread(&failure))?;
    if planned.is_none() {
        return Err(ScheduledChangeId::missing().into());
    }
    let key_id = KeyId::from_u128(ask.id().to_u128());
    let (_, facts) = ask.judge::<ApiKey>(key_id).await?;
    let grant = ask.allow_also(Permission::KeyRevoke, &facts.ok_or_else(ScheduledChangeId::missing)?)?;
    let ReasonBody { reason } = ask.body()?;
    let said = Said { allowed_by: Some(grant), ..Said::because(Some(&reason)) };
    let now = ask.now();
    let command = ApiKeyCommand::CancelRevocation(CancelRevocation { now, reason });
    ask.execute::<ApiKey>(key_id, command, said).await
}
