//! `POST /v1/policies/simulate`

pub(crate) mod view;

use std::collections::HashMap;

use axum::Json;
use domain::{
    Aggregate, ClientId, Environment, PolicyId, RouteId, Timestamp,
    access::Reach,
    api_client::ApiClientRefusal,
    rate_limit_policy::{
        Assignment, Counting, DefinePolicy, Mode, PolicyCommand, PolicySpec, RateLimitPolicy,
        RateLimitPolicyRefusal, RevisePolicy,
    },
    route::RouteRefusal,
    what_if::{Calls, Candidate, Replay, Target},
};
use jiff::SignedDuration;
use projections::queries::{
    Page, clients,
    routes::{self, RouteFilter},
    seconds::{self, ROWS_MAX, SecondRow, SecondsFailure, SecondsQuery},
    usage::UsageFilter,
};
use serde::Deserialize;
use utoipa::ToSchema;

use self::view::{Answer, Simulated};
use super::{
    body::{QuotaBody, Quotas, RateBody, Rates, quotas, rates},
    define::COUNTING_DEFAULT,
};
use crate::{
    ask::Ask,
    body::Object,
    docs::{AskProblems, FoundPlain, form},
    facts::{ANYTHING, read_client},
    guard::needs::ReportRead,
    problem::{Problem, kinds},
    routes::reports::Rows,
    values::Moment,
};

/// No more is replayed at once.
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(24);

/// A policy to try: a new one for some calls, or an existing one as it is or changed, for those that it binds now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyToSimulate {
    /// What it limits. With `policy_id`, what is absent is as that policy has it now.
    #[schema(value_type = Option<LimitsToSimulate>)]
    policy: Option<Object<LimitsToSimulate>>,
    /// Whom it would bind; absent: everyone. Not together with `policy_id`.
    #[schema(value_type = Option<TargetToSimulate>)]
    target: Option<Object<TargetToSimulate>>,
    /// Whose assignments that are in force now say whom it binds.
    #[schema(value_type = Option<form::PolicyId>, inline)]
    policy_id: Option<PolicyId>,
    /// Rounded down to the minute; at most a day before `until`. Absent: a day before `until`.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Moment>,
    /// Before then; rounded up likewise. Absent: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Moment>,
    /// How many pairs of client and route are told at most.
    #[serde(default)]
    #[schema(value_type = u32, minimum = 1, maximum = 10_000, required = false)]
    limit: Rows,
}

/// What a policy limits: at least one rate limit or quota.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsToSimulate {
    /// At most 8.
    #[schema(value_type = Option<Vec<RateBody>>, max_items = 8)]
    rates: Option<Rates>,
    /// At most 8.
    #[schema(value_type = Option<Vec<QuotaBody>>, max_items = 8)]
    quotas: Option<Quotas>,
    /// Whose calls share one counter. `shared` counts the calls of all whom it binds, and so asks for a grant over everything.
    #[schema(value_type = Option<form::Counting>, inline)]
    counting: Option<Counting>,
}

/// All of what is given must fit a call.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetToSimulate {
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<form::RouteId>, inline)]
    route_id: Option<RouteId>,
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
}

/// Simulate a policy
///
/// Replays the calls that met limits over a range of up to a day against a policy that is not there yet, or a change of one: what
/// it would have refused to each client on each route, at least and at most whatever the moments within each second, beside what
/// became of the calls. Nothing is changed and nothing counted. Seconds are kept as long as minutes are, two days unless
/// configured. Two run at once in each process; a third is answered `replays_busy`.
#[utoipa::path(
    post,
    path = "/v1/policies/simulate",
    operation_id = "simulate_policy",
    tag = "policies",
    request_body = PolicyToSimulate,
    responses(FoundPlain<Simulated>, AskProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn simulate(ask: Ask<ReportRead>) -> Result<Json<Simulated>, Problem> {
    let PolicyToSimulate { policy, target, policy_id, from, until, limit } = ask.body()?;
    let (from, until) = span(from, until, ask.now())?;
    let change = policy.map(|Object(limits)| limits).unwrap_or_default().change();
    let candidate = match (policy_id, target) {
        (Some(_), Some(_)) => {
            let why = "takes only one of `policy_id`, whose assignments say whom it binds, and `target`";
            return Err(Problem::because(kinds::BODY_INVALID, why).with("pointer", "/target"));
        }
        (Some(id), None) => existing(&ask, id, &change).await?,
        (None, target) => {
            let Object(target) = target.unwrap_or(Object(TargetToSimulate::default()));
            new(&ask, &change, target).await?
        }
    };
    if candidate.counting == Counting::Shared {
        // Calls that are out of sight count as well.
        ask.allow(&ANYTHING)?;
    }
    let filter = filter(&candidate.targets);
    let _room = ask.door().replays.enter()?;
    // A policy that binds nobody has nothing to look for.
    let reach = if candidate.targets.is_empty() { Reach::Within(vec![]) } else { ask.reach() };
    let query = SecondsQuery { from, until, filter, rows_max: ROWS_MAX, reach };
    let costs = Costs::read(&ask).await?;
    let mut replay = Replay::new(&candidate);
    let seconds = seconds::read(ask.read(), &query, |page| {
        for row in page {
            replay.add(&costs.calls(row));
        }
    });
    let seconds = seconds.await.map_err(unread)?;
    let answer = Answer { candidate: &candidate, seconds, varying: &costs.varying, limit: limit.get() };
    Ok(Json(answer.of(replay.finish())))
}

impl LimitsToSimulate {
    fn change(self) -> RevisePolicy {
        let Self { rates: said_rates, quotas: said_quotas, counting } = self;
        let (rates, quotas) = (said_rates.map(rates), said_quotas.map(quotas));
        RevisePolicy { rates, quotas, counting, ..RevisePolicy::default() }
    }
}

/// The range, as it is asked for.
fn span(
    from: Option<Moment>,
    until: Option<Moment>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), Problem> {
    let until = until.map_or(now, |Moment(time)| time);
    let earliest = until.checked_sub(SPAN_MAX).unwrap_or(Timestamp::MIN);
    let from = from.map_or(earliest, |Moment(time)| time);
    let wrong = |why| Err(Problem::because(kinds::BODY_INVALID, why).with("pointer", "/from"));
    if from >= until {
        return wrong("must be before `until`");
    }
    if from < earliest {
        return wrong("must be at most 24 hours before `until`");
    }
    Ok((from, until))
}

/// A policy that is there, with a change that is not, for whom it binds now.
async fn existing(ask: &Ask<ReportRead>, id: PolicyId, change: &RevisePolicy) -> Result<Candidate, Problem> {
    let policy = ask.load::<RateLimitPolicy>(id).await?;
    let unknown = |refusal: RateLimitPolicyRefusal| Problem::refused_reference(&refusal, "/policy_id");
    let policy = match &*policy.state {
        RateLimitPolicy::Absent => return Err(unknown(RateLimitPolicyRefusal::NotDefined)),
        RateLimitPolicy::Retired(_) => return Err(unknown(RateLimitPolicyRefusal::Retired)),
        RateLimitPolicy::Active(policy) => policy,
    };
    let now = ask.now();
    let in_force = |assignment: &&Assignment| {
        assignment.from.is_none_or(|from| from <= now) && assignment.until.is_none_or(|until| now < until)
    };
    let targets = policy.assignments.values().filter(in_force).map(Target::from).collect();
    candidate(change.applied_to(&policy.spec), targets)
}

/// A policy that is not there, for whom it would bind.
async fn new(
    ask: &Ask<ReportRead>,
    change: &RevisePolicy,
    target: TargetToSimulate,
) -> Result<Candidate, Problem> {
    let TargetToSimulate { client_id, route_id, environment } = target;
    if let Some(client_id) = client_id {
        let unknown = || Problem::refused_reference(&ApiClientRefusal::NotRegistered, "/target/client_id");
        let client =
            clients::get(ask.read(), client_id).await.map_err(|failure| Problem::unread(&failure))?;
        client.ok_or_else(unknown)?;
        let facts = read_client(ask.read(), client_id).await;
        ask.reveals(&facts.map_err(|failure| Problem::unread(&failure))?, unknown)?;
    }
    if let Some(route_id) = route_id {
        let route = routes::get(ask.read(), route_id).await.map_err(|failure| Problem::unread(&failure))?;
        route.ok_or_else(|| Problem::refused_reference(&RouteRefusal::NotDefined, "/target/route_id"))?;
    }
    let nothing = PolicySpec {
        name: NAME.parse().map_err(|invalid: domain::InvalidValue| Problem::internal(&invalid))?,
        rates: vec![],
        quotas: vec![],
        counting: COUNTING_DEFAULT,
        mode: Mode::Enforce,
        thresholds: [].into(),
    };
    candidate(change.applied_to(&nothing), vec![Target { client_id, route_id, environment }])
}

/// Of a policy that has none yet.
const NAME: &str = "Simulated";

/// By the rules of policies.
fn candidate(spec: PolicySpec, targets: Vec<Target>) -> Result<Candidate, Problem> {
    let PolicySpec { rates, quotas, counting, .. } = spec.clone();
    let define = PolicyCommand::Define(DefinePolicy { spec });
    RateLimitPolicy::Absent.decide(&define).map_err(|refusal| Problem::refused(&refusal))?;
    Ok(Candidate { rates, quotas, counting, targets })
}

/// What the engine need not even hand out.
fn filter(targets: &[Target]) -> UsageFilter {
    let [Target { client_id, route_id, environment }] = targets else { return UsageFilter::default() };
    let (client_id, route_id, environment) = (*client_id, *route_id, environment.clone());
    UsageFilter { client_id, route_id, environment, ..UsageFilter::default() }
}

/// What calls of each route cost today.
struct Costs {
    by_route: HashMap<RouteId, u32>,
    /// Routes where a header may say another cost, in their order.
    varying: Vec<RouteId>,
}

impl Costs {
    async fn read(ask: &Ask<ReportRead>) -> Result<Self, Problem> {
        let all = routes::list(ask.read(), &RouteFilter::default(), &Page::first(u32::MAX)).await;
        let all = all.map_err(|failure| Problem::unread(&failure))?;
        let varies = all.iter().filter(|row| row.spec.cost_from_header.is_some());
        let varying = varies.map(|row| row.route_id).collect();
        Ok(Self { by_route: all.iter().map(|row| (row.route_id, row.spec.cost)).collect(), varying })
    }

    /// Calls that no route matched cost 1.
    fn calls(&self, row: SecondRow) -> Calls {
        let SecondRow { second, client_id, key_id, route_id, environment, calls } = row;
        let cost =
            route_id.and_then(|route_id| self.by_route.get(&route_id)).map_or(1, |cost| (*cost).into());
        Calls { second, client_id, key_id, route_id, environment, calls, cost }
    }
}

fn unread(failure: SecondsFailure) -> Problem {
    match failure {
        SecondsFailure::TooManyRows { rows_max } => {
            let why = format!(
                "more than {rows_max} rows of seconds lie in the range; choose a shorter one, or a target with fewer calls"
            );
            Problem::because(kinds::REPORT_TOO_LARGE, why).with("rows_max", rows_max)
        }
        SecondsFailure::TooManyWindows(too_many) => {
            Problem::because(kinds::BODY_INVALID, too_many.to_string())
        }
        SecondsFailure::Read(failure) => Problem::unread(&failure),
    }
}
