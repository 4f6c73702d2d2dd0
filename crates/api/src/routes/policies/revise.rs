//! `PATCH /v1/policies/{id}`

use axum::response::Response;
use domain::{
    Name, PolicyId, Reason, ScheduledChangeId,
    access::ResourceFacts,
    rate_limit_policy::{Counting, Mode, PolicyCommand, RateLimitPolicy, RevisePolicy},
    scheduled_change::PlannedChange,
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
    docs::{Deferrable, EditHeaders, MatchProblems, Missing, PolicyPath, WriteProblems, form},
    dry_run::Instead,
    guard::needs::PolicyWrite,
    path::Id,
    problem::{Problem, kinds},
    routes::scheduled_changes::planning::{Refusing, Times, check, deferred, plan},
    values::{Moment, Percent},
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
    /// Why; must be said where a time is given.
    #[schema(value_type = Option<form::Reason>, inline)]
    reason: Option<Reason>,
    /// A time ahead, at most ten years; absent: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_at: Option<Moment>,
    /// When the policy is to say again what it says now, unless somebody revises it meanwhile; absent: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    effective_until: Option<Moment>,
}

impl PolicyPatch {
    /// Whether it says more than what is to change.
    pub(crate) fn is_timed(&self) -> bool {
        self.reason.is_some() || self.times().are_given()
    }

    fn times(&self) -> Times {
        Times::new(self.effective_at, self.effective_until)
    }

    /// What is to change.
    pub(crate) fn revision(self) -> Result<RevisePolicy, Problem> {
        Ok(RevisePolicy {
            name: self.name.or_refuse("/name")?,
            rates: self.rates.or_default(vec![]).map(rates),
            quotas: self.quotas.or_default(vec![]).map(quotas),
            counting: self.counting.or_default(COUNTING_DEFAULT),
            mode: self.mode.or_default(MODE_DEFAULT),
            thresholds: self.thresholds.or_default(Thresholds::default()).map(Into::into),
        })
    }
}

type ReviseAsk = Ask<PolicyWrite, Id<PolicyId>>;

/// Revise a policy
///
/// With a time it is planned, and the answer is 202 with the change; with `effective_until` alone it is revised now, and
/// says again then what it said before.
#[utoipa::path(
    patch,
    path = "/v1/policies/{id}",
    operation_id = "revise_policy",
    tag = "policies",
    params(PolicyPath, EditHeaders),
    request_body(content((PolicyPatch = "application/json"), (PolicyPatch = "application/merge-patch+json"))),
    responses(Deferrable<PolicyWritten>, Missing, WriteProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("policy.write")))
)]
pub(crate) async fn revise(ask: ReviseAsk) -> Result<Response, Instead> {
    let patch: PolicyPatch = ask.body()?;
    if patch.times().are_given() {
        return deferred(&ask, ask.once(planned(&ask, patch)).await?).await;
    }
    let effect = ask.once(fresh(&ask, patch)).await?;
    answered(&ask, effect, StatusCode::OK).await
}

async fn fresh(ask: &ReviseAsk, patch: PolicyPatch) -> Result<Effect<PolicyId>, Instead> {
    let reason = patch.reason.clone();
    let command = PolicyCommand::Revise(patch.revision()?);
    let warnings = of_revised(&ask.load::<RateLimitPolicy>(ask.id()).await?.state, &command);
    let said = Said { warnings, ..Said::because(reason.as_ref()) };
    ask.execute::<RateLimitPolicy>(ask.id(), command, said).await
}

async fn planned(ask: &ReviseAsk, patch: PolicyPatch) -> Result<Effect<ScheduledChangeId>, Instead> {
    let (times, policy_id) = (patch.times(), ask.id());
    let unsaid = || {
        let said = "a change that is planned needs a reason";
        Problem::because(kinds::BODY_INVALID, said).with("pointer", "/reason")
    };
    let reason = patch.reason.clone().ok_or_else(unsaid)?;
    let change = PlannedChange::RevisePolicy { policy_id, revision: patch.revision()? };
    check(ask, &change, &reason, Refusing::Subject).await?;
    ask.check_seen(ask.load::<RateLimitPolicy>(policy_id).await?.version)?;
    plan(ask, change, times, reason, ask.allow(&ResourceFacts::Shared)?).await
}
