//! `POST /v1/principals/{id}/disable|enable`, and the same of service accounts.

use axum::response::Response;
use domain::{
    PrincipalId,
    principal::{Account, DisablePrincipal, EnablePrincipal, Holder, PrincipalCommand},
};
use http::StatusCode;

use super::view::PersonView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Changed, Missing, PrincipalPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::{
        Needs,
        needs::{PrincipalDisable, PrincipalWrite},
    },
    path::{Id, Named as _},
    problem::{Kind as Why, Problem},
    routes::clients::body::ReasonBody,
};

type StandAsk<P> = Ask<P, Id<PrincipalId>>;

/// Disable a person
///
/// They may do nothing until they are enabled again; what they were granted stays on record.
#[utoipa::path(
    post,
    path = "/v1/principals/{id}/disable",
    operation_id = "disable_person",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<PersonView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("principal.disable")))
)]
pub(crate) async fn disable_person(ask: StandAsk<PrincipalDisable>) -> Result<Response, Instead> {
    let effect = ask.once(disable(&ask, Kind::Person)).await?;
    written::<_, _, _, PersonView>(&ask, effect, StatusCode::OK).await
}

/// Enable a person again
///
/// They may do again what their grants allow.
#[utoipa::path(
    post,
    path = "/v1/principals/{id}/enable",
    operation_id = "enable_person",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<PersonView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("principal.write")))
)]
pub(crate) async fn enable_person(ask: StandAsk<PrincipalWrite>) -> Result<Response, Instead> {
    let effect = ask.once(enable(&ask, Kind::Person)).await?;
    written::<_, _, _, PersonView>(&ask, effect, StatusCode::OK).await
}

/// Which kind a path is about: the others are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Person,
    ServiceAccount,
}

pub(crate) async fn disable<P: Needs>(ask: &StandAsk<P>, kind: Kind) -> Result<Effect<PrincipalId>, Instead> {
    let ReasonBody { reason } = ask.body()?;
    check_kind(ask, kind).await?;
    let _held = ask.door().admins.lock().await;
    let is_last_admin = ask.door().api().access.is_last_admin(ask.id());
    let said = Said::because(Some(&reason));
    let command = PrincipalCommand::Disable(DisablePrincipal { reason, is_last_admin });
    ask.execute::<Account>(ask.id(), command, said).await
}

pub(crate) async fn enable<P: Needs>(ask: &StandAsk<P>, kind: Kind) -> Result<Effect<PrincipalId>, Instead> {
    let ReasonBody { reason } = ask.body()?;
    check_kind(ask, kind).await?;
    let said = Said::because(Some(&reason));
    let command = PrincipalCommand::Enable(EnablePrincipal { reason });
    ask.execute::<Account>(ask.id(), command, said).await
}

pub(crate) async fn check_kind<P: Needs>(ask: &StandAsk<P>, kind: Kind) -> Result<(), Problem> {
    let account = ask.load::<Account>(ask.id()).await?;
    let is = account.state.profile().map(|profile| match profile.holder {
        Holder::Person { .. } => Kind::Person,
        Holder::ServiceAccount { .. } => Kind::ServiceAccount,
    });
    if is == Some(kind) { Ok(()) } else { Err(PrincipalId::missing()) }
}

/// What everybody does for themselves alone, whatever else they may do.
pub(crate) async fn check_own<P: Needs>(ask: &StandAsk<P>, of_another: Why) -> Result<(), Problem> {
    check_kind(ask, Kind::Person).await?;
    let own = ask.principal().id == ask.id().to_string();
    if own { Ok(()) } else { Err(Problem::new(of_another)) }
}
