//! `POST /v1/grants`

use axum::response::Response;
use domain::{
    GrantId, PrincipalId, Reason,
    access::{GrantScope, Role},
    grant::{GiveGrant, GivenGrant, GrantCommand, GrantRefusal},
    principal::{Account, HolderFacts},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::GrantView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::GrantWrite,
    problem::Problem,
    random::id_parts,
    values::Moment,
};

/// A grant to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGrant {
    #[schema(value_type = form::PrincipalId, inline)]
    principal_id: PrincipalId,
    #[schema(value_type = form::Role, inline)]
    role: Role,
    /// `all`, or limits: at least one of a team and environments. Nothing that is left out means all.
    #[schema(value_type = form::GrantScope, inline)]
    scope: GrantScope,
    /// At most ten years ahead; absent: until it is withdrawn.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Moment>,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
}

type GiveAsk = Ask<GrantWrite>;

/// Give a role
///
/// Nobody gives more than they hold: each permission of the role, in a scope that covers the new one, for at least as long.
#[utoipa::path(
    post,
    path = "/v1/grants",
    operation_id = "give_grant",
    tag = "access",
    params(WriteHeaders),
    request_body = NewGrant,
    responses(Created<GrantView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("grant.write")))
)]
pub(crate) async fn give(ask: GiveAsk) -> Result<Response, Instead> {
    ask.check_seen(0)?;
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, GrantView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &GiveAsk) -> Result<Effect<GrantId>, Instead> {
    let NewGrant { principal_id, role, scope, until, reason } = ask.body()?;
    let allowed = ask.allow(&scope.facts())?;
    let holder = ask.load::<Account>(principal_id).await?.state.facts();
    if holder == HolderFacts::Absent {
        return Err(Problem::refused_reference(&GrantRefusal::NoHolder, "/principal_id").into());
    }
    let (now, until) = (ask.now(), until.map(|Moment(time)| time));
    let (unix_ms, random) = id_parts(ask.random(), now);
    let (id, granter) = (GrantId::from_parts(unix_ms, random), ask.principal().grants.clone());
    let said = Said::because(Some(&reason));
    let command = GiveGrant { now, principal_id, holder, role, scope, until, reason, granter };
    ask.create::<GivenGrant>(id, GrantCommand::Give(command), allowed, said).await
}
