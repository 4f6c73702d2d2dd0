//! `POST /v1/policies`

use axum::response::Response;
use domain::{
    Name, PolicyId,
    access::ResourceFacts,
    rate_limit_policy::{Counting, DefinePolicy, Mode, PolicyCommand, PolicySpec, RateLimitPolicy},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{QuotaBody, Quotas, RateBody, Rates, Thresholds, quotas, rates},
    findings::{PolicyWritten, answered, of_spec},
};
use crate::{
    ask::{Ask, Effect, Said},
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::needs::PolicyWrite,
    random::id_parts,
    values::Percent,
};

pub(super) const COUNTING_DEFAULT: Counting = Counting::Client;
pub(super) const MODE_DEFAULT: Mode = Mode::Enforce;

/// A policy to be; it needs at least one limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPolicy {
    #[schema(value_type = form::Name, inline)]
    name: Name,
    /// At most 8.
    #[serde(default)]
    #[schema(value_type = Vec<RateBody>, max_items = 8)]
    rates: Rates,
    /// At most 8.
    #[serde(default)]
    #[schema(value_type = Vec<QuotaBody>, max_items = 8)]
    quotas: Quotas,
    /// Whose calls share one counter.
    #[serde(default = "counting_default")]
    #[schema(value_type = form::Counting, inline, required = false)]
    counting: Counting,
    /// `shadow`: judged and recorded, never enforced.
    #[serde(default = "mode_default")]
    #[schema(value_type = form::Mode, inline, required = false)]
    mode: Mode,
    /// At most 10 percentages of a quota at which its use is worth a notice; absent: 50, 80, 90 and 100.
    #[serde(default)]
    #[schema(value_type = Vec<Percent>, inline, max_items = 10, required = false)]
    thresholds: Thresholds,
}

fn counting_default() -> Counting {
    COUNTING_DEFAULT
}

fn mode_default() -> Mode {
    MODE_DEFAULT
}

/// Define a policy
#[utoipa::path(
    post,
    path = "/v1/policies",
    operation_id = "define_policy",
    tag = "policies",
    params(WriteHeaders),
    request_body = NewPolicy,
    responses(Created<PolicyWritten>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("policy.write")))
)]
pub(crate) async fn define(ask: Ask<PolicyWrite>) -> Result<Response, Instead> {
    let effect = ask.once(fresh(&ask)).await?;
    answered(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &Ask<PolicyWrite>) -> Result<Effect<PolicyId>, Instead> {
    ask.check_seen(0)?;
    let body: NewPolicy = ask.body()?;
    let spec = PolicySpec {
        name: body.name,
        rates: rates(body.rates),
        quotas: quotas(body.quotas),
        counting: body.counting,
        mode: body.mode,
        thresholds: body.thresholds.into(),
    };
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let said = Said { warnings: of_spec(&spec), ..Said::nothing() };
    let command = PolicyCommand::Define(DefinePolicy { spec });
    let grant = ask.allow(&ResourceFacts::Shared)?;
    ask.create::<RateLimitPolicy>(PolicyId::from_parts(unix_ms, random), command, grant, said).await
}
