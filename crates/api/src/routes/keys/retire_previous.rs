//! `POST /v1/keys/{id}/rotation/retire`

use axum::response::Response;
use domain::{
    KeyId,
    api_key::{ApiKey, ApiKeyCommand, RetirePrevious},
};
use http::StatusCode;

use super::view::KeyView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, KeyPath, Missing, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::KeyRotate,
    path::Id,
    routes::clients::body::ReasonBody,
};

/// Stop the old secret of a rotation now
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/rotation/retire",
    operation_id = "retire_previous_secret",
    tag = "keys",
    params(KeyPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<KeyView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.rotate")))
)]
pub(crate) async fn retire_previous(ask: Ask<KeyRotate, Id<KeyId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, KeyView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<KeyRotate, Id<KeyId>>) -> Result<Effect<KeyId>, Instead> {
    let ReasonBody { reason } = ask.body()?;
    let said = Said::because(Some(&reason));
    let command = ApiKeyCommand::RetirePrevious(RetirePrevious { now: ask.now(), reason });
    ask.execute::<ApiKey>(ask.id(), command, said).await
}
