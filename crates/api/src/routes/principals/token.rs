//! `POST /v1/principals/{id}/rotate-token|revoke-token`: the token that came with a claim.

use axum::response::Response;
use domain::{PrincipalId, secret::PlainSecret};
use http::StatusCode;

use super::{
    standing::{Kind, check_own},
    view::{PendingPerson, PersonView, PersonWithToken},
};
use crate::{
    answer::{settle, written},
    ask::{Ask, Effect},
    docs::{Changed, Missing, PrincipalPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::{PrincipalDisable, PrincipalWrite},
    path::Id,
    problem::kinds,
    routes::{
        clients::body::ReasonBody,
        service_accounts::token::{TokenRotation, fresh, revoked},
    },
};

type RotateAsk = Ask<PrincipalWrite, Id<PrincipalId>>;
type RevokeAsk = Ask<PrincipalDisable, Id<PrincipalId>>;

/// Give oneself a new token
///
/// For whoever claimed the installation: other people have no token and sign in. Nobody makes one for another, who would
/// then be somebody else. The token is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/v1/principals/{id}/rotate-token",
    operation_id = "rotate_person_token",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = TokenRotation,
    responses(Changed<PersonWithToken, PendingPerson>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("principal.write")))
)]
pub(crate) async fn rotate(ask: RotateAsk) -> Result<Response, Instead> {
    let mut token = None;
    let effect = ask.once(own(&ask, &mut token)).await?;
    let settled = settle::<_, _, _, PersonView>(&ask, effect).await?;
    let token = token.filter(|_| !effect.replayed);
    Ok(settled.answer(StatusCode::OK, |person| PersonWithToken { person, token }))
}

async fn own(ask: &RotateAsk, shown: &mut Option<PlainSecret>) -> Result<Effect<PrincipalId>, Instead> {
    check_own(ask, kinds::TOKEN_OF_ANOTHER).await?;
    fresh(ask, Kind::Person, shown).await
}

/// Revoke the tokens of a person
///
/// All of them, at once: of whoever claimed the installation. They sign in, or have another made for themselves while they are signed
/// in; where nobody is left who could let anybody in, `tollgate access recover` does.
#[utoipa::path(
    post,
    path = "/v1/principals/{id}/revoke-token",
    operation_id = "revoke_person_token",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<PersonView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("principal.disable")))
)]
pub(crate) async fn revoke(ask: RevokeAsk) -> Result<Response, Instead> {
    let effect = ask.once(revoked(&ask, Kind::Person)).await?;
    written::<_, _, _, PersonView>(&ask, effect, StatusCode::OK).await
}
