//! `PATCH /v1/policies/{id}`

use axum::response::Response;
use domain::{
    Name, PolicyId,
    rate_limit_policy::{Counting, Mode, PolicyCommand, RateLimitPolicy, RevisePolicy},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{QuotaBody, Quotas, RateBody, Rates, Thresholds, quotas, rates},
    define::{COUNTING_DEFAULT, MODE_DEFAULT},
    findings::{PolicyWritten, answered, of_revised},
};
use crate::{
    ask::{Ask, Effect, Said},
    body::Patch,
    docs::{Changed, EditHeaders, MatchProblems, Missing, PolicyPath, WriteProblems, form},
    dry_run::Instead,
    guard::needs::PolicyWrite,
    path::Id,
    values::Percent,
};

/// What is to change of a policy, as a merge patch: what is absent stays, `null` is as if it had never been said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyPatch {
    #[serde(default)]
    #[schema(value_type = form::Name, inline, required = false)]
    name: Patch<Name>,
    /// The whole new list. Counters of limits that keep their name go on.
    #[serde(default)]
    #[schema(value_type = Option<Vec<RateBody>>)]
    rates: Patch<Rates>,
    /// The whole new list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<QuotaBody>>)]
    quotas: Patch<Quotas>,
    #[serde(default)]
    #[schema(value_type = Option<form::Counting>, inline)]
    counting: Patch<Counting>,
    #[serde(default)]
    #[schema(value_type = Option<form::Mode>, inline)]
    mode: Patch<Mode>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Percent>>, inline, max_items = 10)]
    thresholds: Patch<Thresholds>,
}

/// Revise a policy
#[utoipa::path(
    patch,
    path = "/v1/policies/{id}",
    operation_id = "revise_policy",
    tag = "policies",
    params(PolicyPath, EditHeaders),
    request_body(content((PolicyPatch = "application/json"), (PolicyPatch = "application/merge-patch+json"))),
    responses(Changed<PolicyWritten>, Missing, WriteProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("policy.write")))
)]
pub(crate) async fn revise(ask: Ask<PolicyWrite, Id<PolicyId>>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    answered(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &Ask<PolicyWrite, Id<PolicyId>>) -> Result<Effect<PolicyId>, Instead> {
    let body: PolicyPatch = ask.body()?;
    let command = RevisePolicy {
        name: body.name.or_refuse("/name")?,
        rates: body.rates.or_default(vec![]).map(rates),
        quotas: body.quotas.or_default(vec![]).map(quotas),
        counting: body.counting.or_default(COUNTING_DEFAULT),
        mode: body.mode.or_default(MODE_DEFAULT),
        thresholds: body.thresholds.or_default(Thresholds::default()).map(Into::into),
    };
    let command = PolicyCommand::Revise(command);
    let warnings = of_revised(&*ask.load::<RateLimitPolicy>(ask.id()).await?.state, &command);
    let said = Said { warnings, ..Said::nothing() };
    ask.execute::<RateLimitPolicy>(ask.id(), command, said).await
}
