//! `POST /v1/service-accounts/{id}/rotate-token|revoke-token`

use axum::response::Response;
use domain::{
    PrincipalId,
    principal::{Account, NewToken, PrincipalCommand, RevokeTokens, RotateToken},
    secret::PlainSecret,
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    make::end,
    view::{PendingServiceAccount, ServiceAccountView, ServiceAccountWithToken},
};
use crate::{
    answer::{settle, written},
    ask::{Ask, Effect, Said},
    docs::{Changed, Missing, PrincipalPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::{
        Needs,
        needs::{PrincipalDisable, ServiceAccountWrite},
    },
    path::Id,
    routes::{
        clients::body::ReasonBody,
        principals::standing::{Kind, check_kind},
    },
    values::Moment,
};

/// How a token is followed by another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRotation {
    /// How long the token before lives on, never longer than it would have: at most 30 days. Absent: not at all.
    #[serde(default)]
    #[schema(maximum = 2_592_000, default = 0)]
    overlap_seconds: u32,
    /// When the new token stops: at most 365 days ahead. Absent: in 90 days.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
}

type RotateAsk = Ask<ServiceAccountWrite, Id<PrincipalId>>;
type RevokeAsk = Ask<PrincipalDisable, Id<PrincipalId>>;

/// Give a service account a new token
///
/// The token is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/v1/service-accounts/{id}/rotate-token",
    operation_id = "rotate_service_account_token",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = TokenRotation,
    responses(Changed<ServiceAccountWithToken, PendingServiceAccount>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("service_account.write")))
)]
pub(crate) async fn rotate(ask: RotateAsk) -> Result<Response, Instead> {
    let mut token = None;
    let effect = ask.once(fresh(&ask, Kind::ServiceAccount, &mut token)).await?;
    let settled = settle::<_, _, _, ServiceAccountView>(&ask, effect).await?;
    let token = token.filter(|_| !effect.replayed);
    let body = |service_account| ServiceAccountWithToken { service_account, token };
    Ok(settled.answer(StatusCode::OK, body))
}

/// The command, for whom the path is about; the token is shown once it is given.
pub(crate) async fn fresh<P: Needs>(
    ask: &Ask<P, Id<PrincipalId>>,
    kind: Kind,
    shown: &mut Option<PlainSecret>,
) -> Result<Effect<PrincipalId>, Instead> {
    let TokenRotation { overlap_seconds, expires_at } = ask.body()?;
    check_kind(ask, kind).await?;
    let (plain, secret) = ask.new_token()?;
    let now = ask.now();
    let token = NewToken { secret, expires_at: end(expires_at, now) };
    let command = PrincipalCommand::RotateToken(RotateToken { now, token, overlap_seconds });
    let effect = ask.execute::<Account>(ask.id(), command, Said::nothing()).await?;
    *shown = Some(plain);
    Ok(effect)
}

/// Revoke the tokens of a service account
///
/// All of them, at once. It has one again when it is rotated.
#[utoipa::path(
    post,
    path = "/v1/service-accounts/{id}/revoke-token",
    operation_id = "revoke_service_account_token",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<ServiceAccountView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("principal.disable")))
)]
pub(crate) async fn revoke(ask: RevokeAsk) -> Result<Response, Instead> {
    let effect = ask.once(revoked(&ask, Kind::ServiceAccount)).await?;
    written::<_, _, _, ServiceAccountView>(&ask, effect, StatusCode::OK).await
}

pub(crate) async fn revoked<P: Needs>(
    ask: &Ask<P, Id<PrincipalId>>,
    kind: Kind,
) -> Result<Effect<PrincipalId>, Instead> {
    let ReasonBody { reason } = ask.body()?;
    check_kind(ask, kind).await?;
    let said = Said::because(Some(&reason));
    let command = PrincipalCommand::RevokeTokens(RevokeTokens { reason });
    ask.execute::<Account>(ask.id(), command, said).await
}
