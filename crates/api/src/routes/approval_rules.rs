//! `/v1/approval-rules`: what needs a second person.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    ApprovalRuleId, Environment, Reason, Timestamp,
    access::{Permission, ResourceFacts},
    approval_rule::{ApprovalRule, ApprovalRuleCommand, EndApprovalRule, Guard, MakeApprovalRule},
};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::KnownRule,
    answer::{effect_headers, set},
    ask::{Ask, Effect, Said},
    docs::{
        ApprovalRulePath, BodilessProblems, EditHeaders, Found, Listed, MatchProblems, Missing, Plain,
        PlainCreated, ReadProblems, WriteHeaders, WriteProblems, form,
    },
    dry_run::Instead,
    guard::{
        Allowed, Door,
        needs::{ApprovalRead, ApprovalRuleWrite},
    },
    path::{Id, Named as _},
    precondition::etag,
    problem::Problem,
    query::{NoParams, Page, Params},
    random::id_parts,
    receipt::receipted,
};

/// That something needs a second person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalRule)]
pub(crate) struct RuleView {
    #[schema(value_type = form::ApprovalRuleId, inline)]
    id: ApprovalRuleId,
    #[schema(value_type = form::Permission, inline)]
    permission: Permission,
    /// Null: everywhere.
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
    reason: String,
    /// Its `ETag`.
    version: u64,
    created_at: Timestamp,
}

impl RuleView {
    fn of(id: ApprovalRuleId, rule: KnownRule) -> Self {
        let KnownRule { guard: Guard { permission, environment }, reason, version, created_at } = rule;
        Self { id, permission, environment, reason: reason.to_string(), version, created_at }
    }
}

/// A rule to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApprovalRule {
    /// What acts, and can wait.
    #[schema(value_type = form::Permission, inline)]
    permission: Permission,
    /// Absent: everywhere. What names no environment, as routes, policies and principals, lies in every one.
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
}

/// Why a rule is ended.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhyEnded {
    #[param(value_type = form::Reason, inline, example = "the audit is over")]
    reason: Reason,
}

type MakeAsk = Ask<ApprovalRuleWrite>;
type EndAsk = Ask<ApprovalRuleWrite, Id<ApprovalRuleId>, WhyEnded>;

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(make, list)).routes(routes!(get, end))
}

/// List the rules in force
///
/// Those that have ended are in the audit log.
#[utoipa::path(
    get,
    path = "/v1/approval-rules",
    operation_id = "list_approval_rules",
    tag = "access",
    responses(Listed<RuleView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("approval.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<ApprovalRead>,
    _: Params<NoParams>,
) -> Result<Json<Page<RuleView>>, Problem> {
    let rules = allowed.door().api().access.approval_rules();
    let items = rules.into_iter().map(|(id, rule)| RuleView::of(id, rule)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Show a rule in force
#[utoipa::path(
    get,
    path = "/v1/approval-rules/{id}",
    operation_id = "get_approval_rule",
    tag = "access",
    params(ApprovalRulePath),
    responses(Found<RuleView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("approval.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<ApprovalRead>,
    Id(id): Id<ApprovalRuleId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    let view = view(allowed.door(), id).ok_or_else(ApprovalRuleId::missing)?;
    let version = view.version;
    let mut response = Json(view).into_response();
    set(response.headers_mut(), header::ETAG, &etag(version));
    Ok(response)
}

fn view(door: &Door, id: ApprovalRuleId) -> Option<RuleView> {
    let mut rules = door.api().access.approval_rules().into_iter();
    rules.find(|(of, _)| *of == id).map(|(id, rule)| RuleView::of(id, rule))
}

/// Make a rule
///
/// From now on, what the permission allows there waits for another person. What only makes less possible never waits: a rule on
/// `key.revoke` holds up that a planned revocation is called off, and no revocation. See ADR 0036.
#[utoipa::path(
    post,
    path = "/v1/approval-rules",
    operation_id = "make_approval_rule",
    tag = "access",
    params(WriteHeaders),
    request_body = NewApprovalRule,
    responses(PlainCreated<RuleView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("approval_rule.write")))
)]
pub(crate) async fn make(ask: MakeAsk) -> Result<Response, Instead> {
    ask.check_seen(0)?;
    let effect = ask.once(made(&ask)).await?;
    // A rule that has ended since is not told of again.
    let view = view(ask.door(), effect.id).ok_or_else(ApprovalRuleId::missing)?;
    let mut response = receipted(StatusCode::CREATED, view, ask.receipt(&effect).await);
    set(response.headers_mut(), header::LOCATION, &format!("/v1/approval-rules/{}", effect.id));
    effect_headers(response.headers_mut(), &effect, effect.version);
    Ok(response)
}

async fn made(ask: &MakeAsk) -> Result<Effect<ApprovalRuleId>, Instead> {
    let NewApprovalRule { permission, environment, reason } = ask.body()?;
    // From looking whether there is such a rule until it is on record.
    let _held = ask.door().admins.lock().await;
    let grant = ask.allow(&ResourceFacts::Shared)?;
    let guard = Guard { permission, environment: environment.clone() };
    let taken = ask.door().api().access.has_approval_rule(&guard);
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let id = ApprovalRuleId::from_parts(unix_ms, random);
    let said = Said::because(Some(&reason));
    let command = ApprovalRuleCommand::Make(MakeApprovalRule { permission, environment, reason, taken });
    ask.create::<ApprovalRule>(id, command, grant, said).await
}

/// End a rule
///
/// Needs a second person itself, always: or whoever is not to act alone would end the rule first.
#[utoipa::path(
    delete,
    path = "/v1/approval-rules/{id}",
    operation_id = "end_approval_rule",
    tag = "access",
    params(ApprovalRulePath, WhyEnded, EditHeaders),
    responses(Plain<EndedRule>, Missing, BodilessProblems, MatchProblems),
    extensions(("x-tollgate-permission" = json!("approval_rule.write")))
)]
pub(crate) async fn end(ask: EndAsk) -> Result<Response, Instead> {
    let effect = ask.once(ended(&ask)).await?;
    let body = EndedRule { id: effect.id, ended: true };
    let mut response = receipted(StatusCode::OK, body, ask.receipt(&effect).await);
    effect_headers(response.headers_mut(), &effect, effect.version);
    Ok(response)
}

/// A rule that is none any more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndedApprovalRule)]
pub(crate) struct EndedRule {
    #[schema(value_type = form::ApprovalRuleId, inline)]
    id: ApprovalRuleId,
    /// Always `true`.
    ended: bool,
}

async fn ended(ask: &EndAsk) -> Result<Effect<ApprovalRuleId>, Instead> {
    let reason = ask.query.reason.clone();
    ask.needs_second_person();
    let said = Said::because(Some(&reason));
    let command = ApprovalRuleCommand::End(EndApprovalRule { reason });
    ask.execute::<ApprovalRule>(ask.id(), command, said).await
}
