//! `POST /v1/service-accounts`

use axum::response::Response;
use domain::{
    Name, PrincipalId, Timestamp,
    access::ResourceFacts,
    principal::{Account, MakeServiceAccount, NewToken, PrincipalCommand, TOKEN_DAYS_DEFAULT},
    secret::PlainSecret,
};
use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{PendingServiceAccount, ServiceAccountView, ServiceAccountWithToken};
use crate::{
    answer::settle,
    ask::{Ask, Effect, Said},
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::ServiceAccountWrite,
    random::id_parts,
    values::Moment,
};

/// A service account to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewServiceAccount {
    #[schema(value_type = form::Name, inline)]
    name: Name,
    /// The team that answers for it.
    #[schema(value_type = form::Name, inline)]
    team: Name,
    /// When its first token stops: at most 365 days ahead. Absent: in 90 days.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
}

type MakeAsk = Ask<ServiceAccountWrite>;

/// Make a service account
///
/// The token is in this answer and nowhere else. It opens nothing until the account is given a grant.
#[utoipa::path(
    post,
    path = "/v1/service-accounts",
    operation_id = "make_service_account",
    tag = "access",
    params(WriteHeaders),
    request_body = NewServiceAccount,
    responses(Created<ServiceAccountWithToken, PendingServiceAccount>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("service_account.write")))
)]
pub(crate) async fn make(ask: MakeAsk) -> Result<Response, Instead> {
    ask.check_seen(0)?;
    let mut token = None;
    let effect = ask.once(fresh(&ask, &mut token)).await?;
    let settled = settle::<_, _, _, ServiceAccountView>(&ask, effect).await?;
    // Another process may have been quicker with the same command: then this token was never recorded.
    let token = token.filter(|_| !effect.replayed);
    let body = |service_account| ServiceAccountWithToken { service_account, token };
    Ok(settled.answer(StatusCode::CREATED, body))
}

async fn fresh(ask: &MakeAsk, shown: &mut Option<PlainSecret>) -> Result<Effect<PrincipalId>, Instead> {
    let NewServiceAccount { name, team, expires_at } = ask.body()?;
    let grant = ask.allow(&ResourceFacts::owned(&team, []))?;
    let (plain, secret) = ask.new_token()?;
    let now = ask.now();
    let token = NewToken { secret, expires_at: end(expires_at, now) };
    let (unix_ms, random) = id_parts(ask.random(), now);
    let id = PrincipalId::from_parts(unix_ms, random);
    let command = PrincipalCommand::MakeServiceAccount(MakeServiceAccount { now, name, team, token });
    let effect = ask.create::<Account>(id, command, grant, Said::nothing()).await?;
    *shown = Some(plain);
    Ok(effect)
}

/// When a token stops, if nothing else is asked.
pub(crate) fn end(asked: Option<Moment>, now: Timestamp) -> Timestamp {
    let usual = SignedDuration::from_hours(i64::from(TOKEN_DAYS_DEFAULT) * 24);
    asked.map_or_else(|| now.checked_add(usual).unwrap_or(Timestamp::MAX), |Moment(time)| time)
}
