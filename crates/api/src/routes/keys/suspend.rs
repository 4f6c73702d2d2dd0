//! `POST /v1/keys/{id}/suspend`

use axum::response::Response;
use domain::{
    KeyId, ScheduledChangeId,
    api_key::{ApiKey, ApiKeyCommand, SuspendKey},
    scheduled_change::PlannedChange,
};
use http::StatusCode;

use super::view::KeyView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Deferrable, KeyPath, Missing, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::KeySuspend,
    path::{Id, Named as _},
    routes::{
        clients::body::Suspension,
        scheduled_changes::planning::{Refusing, check, deferred, plan},
    },
};

type SuspendAsk = Ask<KeySuspend, Id<KeyId>>;

/// Suspend a key
///
/// Its calls are refused until it is reinstated; its times run on. With a time it is planned, and the answer is 202 with
/// the change; with `until` alone it is suspended now, and reinstated then.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/suspend",
    operation_id = "suspend_key",
    tag = "keys",
    params(KeyPath, WriteHeaders),
    request_body = Suspension,
    responses(Deferrable<KeyView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.suspend")))
)]
pub(crate) async fn suspend(ask: SuspendAsk) -> Result<Response, Instead> {
    let body: Suspension = ask.body()?;
    if body.times().are_given() {
        return deferred(&ask, ask.once(planned(&ask, body)).await?).await;
    }
    let effect = ask.once(fresh(&ask, body)).await?;
    written::<_, _, _, KeyView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &SuspendAsk, body: Suspension) -> Result<Effect<KeyId>, Instead> {
    let Suspension { reason, at: _, until: _ } = body;
    let said = Said::because(Some(&reason));
    ask.execute::<ApiKey>(ask.id(), ApiKeyCommand::Suspend(SuspendKey { reason }), said).await
}

async fn planned(ask: &SuspendAsk, body: Suspension) -> Result<Effect<ScheduledChangeId>, Instead> {
    let (times, key_id) = (body.times(), ask.id());
    let (key, facts) = ask.judge::<ApiKey>(key_id).await?;
    let client_id = key.state.lineage().ok_or_else(KeyId::missing)?.client_id;
    let grant = ask.allow(&facts.ok_or_else(KeyId::missing)?)?;
    ask.check_seen(key.version)?;
    let change = PlannedChange::SuspendKey { key_id, client_id };
    check(ask, &change, &body.reason, Refusing::Subject).await?;
    plan(ask, change, times, body.reason, grant).await
}
