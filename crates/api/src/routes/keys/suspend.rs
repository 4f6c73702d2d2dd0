//! `POST /v1/keys/{id}/suspend`

use axum::response::Response;
use domain::{
    KeyId,
    api_key::{ApiKey, ApiKeyCommand, SuspendKey},
};
use http::StatusCode;

use super::view::KeyView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, KeyPath, Missing, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::KeySuspend,
    path::Id,
    routes::clients::body::ReasonBody,
};

/// Suspend a key
///
/// Its calls are refused until it is reinstated; its times run on.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/suspend",
    operation_id = "suspend_key",
    tag = "keys",
    params(KeyPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<KeyView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.suspend")))
)]
pub(crate) async fn suspend(ask: Ask<KeySuspend, Id<KeyId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, KeyView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<KeySuspend, Id<KeyId>>) -> Result<Effect<KeyId>, Instead> {
    let ReasonBody { reason } = ask.body()?;
    let said = Said::because(Some(&reason));
    ask.execute::<ApiKey>(ask.id(), ApiKeyCommand::Suspend(SuspendKey { reason }), said).await
}
