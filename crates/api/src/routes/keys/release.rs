//! `POST /v1/keys/{id}/release`

use axum::response::Response;
use domain::{
    KeyId,
    api_key::{ApiKey, ApiKeyCommand, ReleaseKey},
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

/// End a key's quarantine
///
/// Only once the leaked secret opens nothing any more: rotate the key, and wait for the end of the overlap.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/release",
    operation_id = "release_key",
    tag = "keys",
    params(KeyPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<KeyView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.suspend")))
)]
pub(crate) async fn release(ask: Ask<KeySuspend, Id<KeyId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, KeyView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<KeySuspend, Id<KeyId>>) -> Result<Effect<KeyId>, Instead> {
    let ReasonBody { reason } = ask.body()?;
    let said = Said::because(Some(&reason));
    let command = ReleaseKey { now: ask.now(), reason };
    ask.execute::<ApiKey>(ask.id(), ApiKeyCommand::Release(command), said).await
}
