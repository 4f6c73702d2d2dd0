//! `POST /v1/keys/{id}/rotate`

use axum::response::Response;
use domain::{
    KeyId, Reason,
    api_client::ApiClient,
    api_key::{ApiKey, ApiKeyCommand, RotateKey},
    secret::PlainSecret,
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{KeyView, KeyWithSecret, PendingKey};
use crate::{
    answer::settle,
    ask::{Ask, Effect, Said},
    docs::{Changed, KeyPath, Missing, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::KeyRotate,
    path::{Id, Named},
    values::Moment,
};

/// How a key is to be rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the old secret lives on beside the new one; never past its own expiry.
    #[schema(maximum = 7_776_000)]
    overlap_seconds: u32,
    /// A new end for the key; absent: the one that it has.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
    #[schema(value_type = Option<form::Reason>, inline)]
    reason: Option<Reason>,
    /// The old secret is retired once it has not been used for so many hours; absent: it lives for the overlap.
    #[schema(minimum = 1, maximum = 2_160)]
    retire_when_idle_hours: Option<u16>,
}

type RotateAsk = Ask<KeyRotate, Id<KeyId>>;

/// Give a key a new secret
///
/// The secret is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/rotate",
    operation_id = "rotate_key",
    tag = "keys",
    params(KeyPath, WriteHeaders),
    request_body = Rotation,
    responses(Changed<KeyWithSecret, PendingKey>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.rotate")))
)]
pub(crate) async fn rotate(ask: RotateAsk) -> Result<Response, Instead> {
    let mut secret = None;
    let effect = ask.once(fresh(&ask, &mut secret)).await?;
    let settled = settle::<_, _, _, KeyView>(&ask, effect).await?;
    // Another process may have been quicker with the same command: then this secret was never recorded.
    let secret = secret.filter(|_| !effect.replayed);
    Ok(settled.answer(StatusCode::OK, |key| KeyWithSecret { key, secret }))
}

async fn fresh(ask: &RotateAsk, shown: &mut Option<PlainSecret>) -> Result<Effect<KeyId>, Instead> {
    let Rotation { overlap_seconds, expires_at, reason, retire_when_idle_hours } = ask.body()?;
    let key = ask.load::<ApiKey>(ask.id()).await?;
    let lineage = key.state.lineage().ok_or_else(KeyId::missing)?;
    let client = ask.load::<ApiClient>(lineage.client_id).await?;
    let (plain, secret) = ask.new_secret(&lineage.environment)?;
    let command = RotateKey {
        now: ask.now(),
        client: client.state.standing(),
        secret,
        overlap_seconds,
        expires_at: expires_at.map(|Moment(time)| time),
        reason: reason.clone(),
        retire_when_idle_hours,
    };
    let said = Said::because(reason.as_ref());
    let effect = ask.execute::<ApiKey>(ask.id(), ApiKeyCommand::Rotate(command), said).await?;
    *shown = Some(plain);
    Ok(effect)
}
