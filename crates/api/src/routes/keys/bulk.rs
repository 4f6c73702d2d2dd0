//! `POST /v1/keys/revoke` and `POST /v1/keys/suspend`: many keys by one order.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{
    ClientId, Environment, KeyId, LabelKey, LabelValue, Name, OperationId, Reason, Timestamp,
    api_client::ApiClient,
    api_key::ApiKey,
    operation::{ITEMS_MAX, Operation, OperationCommand, Ordered, PlanOperation, Work},
};
use http::StatusCode;
use jiff::SignedDuration;
use projections::{
    KeyStatus,
    queries::matching::{self, KeysMatching, MatchedKey},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    body::Object,
    docs::{BulkAnswer, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::{
        Needs,
        needs::{KeyRevoke, KeySuspend},
    },
    problem::{Problem, kinds},
    random::id_parts,
    routes::operations::view::OperationView,
    values::Moment,
};

/// Keys that a preview names.
const SAMPLE_MAX: usize = 20;

/// Which keys: all of what is given must fit. A key that has ended is never among them.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyFilterBody {
    #[schema(value_type = Option<form::ClientId>, inline)]
    client_id: Option<ClientId>,
    /// The team that owns the client.
    #[schema(value_type = Option<form::Name>, inline)]
    owner_team: Option<Name>,
    #[schema(value_type = Option<form::Environment>, inline)]
    environment: Option<Environment>,
    /// Of the client: each must have this value.
    #[serde(default)]
    #[schema(value_type = BTreeMap<form::LabelKey, form::LabelValue>, inline)]
    labels: BTreeMap<LabelKey, LabelValue>,
    #[schema(value_type = Option<String>, format = DateTime)]
    issued_before: Option<Moment>,
    /// Keys that were issued before it and not used since.
    #[schema(value_type = Option<String>, format = DateTime)]
    unused_since: Option<Moment>,
    /// `active` or `suspended`; absent: both.
    #[schema(value_type = Option<form::KeyStatus>, inline)]
    status: Option<KeyStatus>,
}

/// Which keys, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkOrder {
    #[schema(value_type = KeyFilterBody)]
    filter: Object<KeyFilterBody>,
    #[schema(value_type = form::Reason, inline)]
    reason: Reason,
    /// How many keys the caller has seen it match; refused if it matches another number by now.
    #[schema(maximum = 100_000)]
    expected_count: Option<u32>,
}

/// What an order would be about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkPreview {
    /// Give it as `expected_count`.
    matched: usize,
    /// The first of them.
    #[schema(max_items = 20)]
    sample: Vec<MatchedKeyView>,
    /// Of all of them together, in the last 24 hours.
    calls_24h: u64,
    /// How many of them were called in the last 24 hours.
    in_use: usize,
    /// The teams whose clients they are of.
    owners: BTreeSet<String>,
    /// How many in each environment.
    environments: BTreeMap<String, usize>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchedKey)]
pub(crate) struct MatchedKeyView {
    #[schema(value_type = form::KeyId, inline)]
    id: KeyId,
    #[schema(value_type = form::ClientId, inline)]
    client_id: ClientId,
    name: String,
    environment: String,
    #[schema(value_type = form::KeyStatus, inline)]
    status: KeyStatus,
    last_used_at: Option<Timestamp>,
    calls_24h: u64,
}

type BulkAsk<P> = Ask<P>;

/// Revoke every key that a filter matches
///
/// Answers an operation that revokes them one by one: which keys it is about is fixed when it is planned. Each is
/// revoked, or named in the operation's items with what forbade it.
#[utoipa::path(
    post,
    path = "/v1/keys/revoke",
    operation_id = "revoke_keys",
    tag = "keys",
    params(WriteHeaders),
    request_body = BulkOrder,
    responses(BulkAnswer<BulkPreview>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.revoke")))
)]
pub(crate) async fn revoke_keys(ask: BulkAsk<KeyRevoke>) -> Result<Response, Instead> {
    order(&ask, Work::Revoke).await
}

/// Suspend every key that a filter matches
///
/// As `revoke_keys`; each can be reinstated.
#[utoipa::path(
    post,
    path = "/v1/keys/suspend",
    operation_id = "suspend_keys",
    tag = "keys",
    params(WriteHeaders),
    request_body = BulkOrder,
    responses(BulkAnswer<BulkPreview>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("key.suspend")))
)]
pub(crate) async fn suspend_keys(ask: BulkAsk<KeySuspend>) -> Result<Response, Instead> {
    order(&ask, Work::Suspend).await
}

async fn order<P: Needs>(ask: &BulkAsk<P>, work: fn(Vec<KeyId>) -> Work) -> Result<Response, Instead> {
    if ask.is_dry_run() {
        let BulkOrder { filter: Object(filter), .. } = ask.body()?;
        let matched = matching_now(ask, filter).await?;
        return Ok(Json(preview(ask, &matched).await?).into_response());
    }
    let effect = ask.once(fresh(ask, work)).await?;
    written::<_, _, _, OperationView>(ask, effect, StatusCode::CREATED).await
}

async fn fresh<P: Needs>(
    ask: &BulkAsk<P>,
    work: fn(Vec<KeyId>) -> Work,
) -> Result<Effect<OperationId>, Instead> {
    ask.check_seen(0)?;
    let BulkOrder { filter: Object(filter), reason, expected_count } = ask.body()?;
    let matched = matching_now(ask, filter).await?;
    let expected = expected_count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    if expected.is_some_and(|expected| expected != matched.len()) {
        let (matched, detail) =
            (matched.len(), "the filter matches another number of keys than was expected");
        let differs = Problem::because(kinds::COUNT_DIFFERS, detail);
        return Err(differs.with("matched", matched).with("expected", expected_count).into());
    }
    let keys = matched.into_iter().map(|key| key.key_id).collect();
    let said = Said::because(Some(&reason));
    plan(ask, work(keys), Some(reason), said).await
}

/// Puts an operation on record that somebody is then to work on.
pub(in crate::routes) async fn plan<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    work: Work,
    reason: Option<Reason>,
    said: Said,
) -> Result<Effect<OperationId>, Instead> {
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    plan_as(ask, OperationId::from_parts(unix_ms, random), work, reason, said).await
}

pub(super) async fn plan_as<P: Needs, W, Q>(
    ask: &Ask<P, W, Q>,
    id: OperationId,
    work: Work,
    reason: Option<Reason>,
    said: Said,
) -> Result<Effect<OperationId>, Instead> {
    let ordered = Ordered { by: ask.principal().id.clone(), allowed_by: ask.allowed_by() };
    let command = OperationCommand::Plan(PlanOperation { now: ask.now(), work, reason, ordered });
    // What it is about was looked for within the reach of whoever ordered it.
    ask.create::<Operation>(id, command, ask.grant(), said).await
}

/// The keys as everything on record has left them: one more than an operation takes, so that too many are told.
async fn matching_now<P: Needs>(ask: &BulkAsk<P>, filter: KeyFilterBody) -> Result<Vec<MatchedKey>, Problem> {
    if filter == KeyFilterBody::default() {
        return Err(Problem::new(kinds::FILTER_EMPTY).with("pointer", "/filter"));
    }
    ask.caught_up::<ApiKey>().await?;
    ask.caught_up::<ApiClient>().await?;
    let KeyFilterBody { client_id, owner_team, environment, labels, issued_before, unused_since, status } =
        filter;
    let moment = |moment: Option<Moment>| moment.map(|Moment(time)| time);
    let wanted = KeysMatching {
        reach: ask.reach(),
        client_id,
        owner_team: owner_team.map(|team| team.to_string()),
        environment,
        labels,
        issued_before: moment(issued_before),
        unused_since: moment(unused_since),
        status,
    };
    let matched = matching::keys(ask.read(), &wanted, ITEMS_MAX.saturating_add(1)).await;
    matched.map_err(|failure| Problem::unread(&failure))
}

async fn preview<P: Needs>(ask: &BulkAsk<P>, matched: &[MatchedKey]) -> Result<BulkPreview, Problem> {
    let day_ago = ask.now().checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::UNIX_EPOCH);
    let calls = matching::calls_since(ask.read(), day_ago).await;
    let calls = calls.map_err(|failure| Problem::unread(&failure))?;
    let calls_of = |key: &MatchedKey| calls.get(&key.key_id.to_string()).copied().unwrap_or_default();
    let mut preview = BulkPreview {
        matched: matched.len(),
        sample: vec![],
        calls_24h: 0,
        in_use: 0,
        owners: BTreeSet::new(),
        environments: BTreeMap::new(),
    };
    for key in matched {
        let calls_24h = calls_of(key);
        preview.calls_24h = preview.calls_24h.saturating_add(calls_24h);
        preview.in_use = preview.in_use.saturating_add(usize::from(calls_24h > 0));
        preview.owners.insert(key.owner_team.clone());
        let count = preview.environments.entry(key.environment.clone()).or_default();
        *count = count.saturating_add(1);
        if preview.sample.len() < SAMPLE_MAX {
            preview.sample.push(MatchedKeyView::of(key, calls_24h));
        }
    }
    Ok(preview)
}

impl MatchedKeyView {
    fn of(key: &MatchedKey, calls_24h: u64) -> Self {
        Self {
            id: key.key_id,
            client_id: key.client_id,
            name: key.name.clone(),
            environment: key.environment.clone(),
            status: key.status,
            last_used_at: key.last_used_at,
            calls_24h,
        }
    }
}
