//! `POST /v1/scheduled-changes`

use axum::response::Response;
use domain::{
    KeyId, Reason,
    access::Permission,
    api_key::{ApiKey, ApiKeyCommand, ApiKeyRefusal, RevokeKey},
    scheduled_change::ScheduledChangeRefusal,
};
use http::StatusCode;
use projections::queries::changes::REVOKE_KEY;

use super::{
    body::{ChangeBody, Intended, NewScheduledChange, REFUSING},
    held::Held,
    planning::{Times, check, plan as plan_it},
    view::ChangeView,
};
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    body::Object,
    docs::{Created, WriteHeaders, WriteProblems},
    dry_run::Instead,
    facts::of_change,
    guard::needs::ChangeRead,
    problem::Problem,
};

type PlanAsk = Ask<ChangeRead>;

/// Plan a change
///
/// It happens at a time ahead, or now, and may end by itself. Beside `change.read` it needs the permission of the change
/// itself, which is asked for when it is planned: `key.revoke`, `key.suspend`, `client.suspend`, `policy.assign` or
/// `policy.write`. A revocation is held by its key, and the gateways judge it to the second; what else is planned is
/// carried out by the scheduler.
#[utoipa::path(
    post,
    path = "/v1/scheduled-changes",
    operation_id = "plan_scheduled_change",
    tag = "scheduled changes",
    params(WriteHeaders),
    request_body = NewScheduledChange,
    responses(Created<ChangeView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("change.read")))
)]
pub(crate) async fn plan(ask: PlanAsk) -> Result<Response, Instead> {
    ask.check_seen(0)?;
    let NewScheduledChange { change: Object(change), at, until, reason } = ask.body()?;
    let times = Times::new(at, until);
    let effect = ask.once(fresh(&ask, change, times, reason)).await?.by_id();
    written::<_, _, _, ChangeView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(
    ask: &PlanAsk,
    change: ChangeBody,
    times: Times,
    reason: Reason,
) -> Result<Effect<Held>, Instead> {
    match change.intended(ask).await? {
        Intended::Revocation(key_id) => revocation(ask, key_id, times, reason).await.map(Effect::held),
        Intended::Change(change) => {
            let facts = of_change(ask.log(), &change).await.map_err(|failure| Problem::failed(&failure))?;
            let grant = ask.allow_also(change.permission(), &facts)?;
            check(ask, &change, &reason, REFUSING).await?;
            plan_it(ask, change, times, reason, grant).await.map(Effect::held)
        }
    }
}

/// The key holds its own planned revocation.
async fn revocation(
    ask: &PlanAsk,
    key_id: KeyId,
    times: Times,
    reason: Reason,
) -> Result<Effect<KeyId>, Instead> {
    // Whoever may revoke no key at all is told so before anything else.
    ask.also(Permission::KeyRevoke)?;
    if times.until.is_some() {
        return Err(Problem::refused(&ScheduledChangeRefusal::EndNotPossible { kind: REVOKE_KEY }).into());
    }
    let at = times.at.ok_or_else(|| Problem::refused(&ScheduledChangeRefusal::NoTime))?;
    let (_, facts) = ask.judge::<ApiKey>(key_id).await?;
    let facts = facts.ok_or_else(|| REFUSING.because(&ApiKeyRefusal::NotIssued))?;
    let grant = ask.allow_also(Permission::KeyRevoke, &facts)?;
    let said = Said { allowed_by: Some(grant), ..Said::because(Some(&reason)) };
    let command = RevokeKey { now: ask.now(), at: Some(at), reason };
    ask.execute::<ApiKey>(key_id, ApiKeyCommand::Revoke(command), said).await
}
