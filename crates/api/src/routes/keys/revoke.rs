//! `POST /v1/keys/{id}/revoke`

use axum::response::Response;
use domain::{
    KeyId, Reason,
    api_key::{ApiKey, ApiKeyCommand, RevokeKey},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::KeyView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, KeyPath, Missing, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::KeyRevoke,
    path::Id,
    values::Moment,
};

/// Why and when a key is to be revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revocation {
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
    /// A time ahead; absent: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Moment>,
}

/// Revoke a key for good
///
/// All its secrets stop, now or at a time ahead.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/revoke",
    operation_id = "revoke_key",
    tag = "keys",
    params(KeyPath, WriteHeaders),
    request_body = Revocation,
    responses(Changed<KeyView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.revoke")))
)]
pub(crate) async fn revoke(ask: Ask<KeyRevoke, Id<KeyId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, KeyView>(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<KeyRevoke, Id<KeyId>>) -> Result<Effect<KeyId>, Instead> {
    let Revocation { reason, at } = ask.body()?;
    let said = Said::because(Some(&reason));
    let command = RevokeKey { now: ask.now(), at: at.map(|Moment(time)| time), reason };
    ask.execute::<ApiKey>(ask.id(), ApiKeyCommand::Revoke(command), said).await
}
