//! `GET /v1/keys/{id}/rotation`

use axum::Json;
use domain::{KeyId, Timestamp};
use projections::queries::rotation::{self, Name, Retiring, Rotation, Standing, VersionUse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    docs::{FoundPlain, KeyPath, Missing, ReadProblems, form},
    facts::read_key,
    guard::{Allowed, needs::KeyRead},
    path::{Id, Named},
    problem::Problem,
    query::{NoParams, Params},
};

/// Who uses which secret of a key, and whether the old one may go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RotationTracker)]
pub(crate) struct RotationView {
    #[schema(value_type = form::KeyId, inline)]
    key_id: KeyId,
    /// Null before the first rotation.
    rotated_at: Option<Timestamp>,
    /// When the secret before the newest ends or ended.
    overlap_until: Option<Timestamp>,
    /// The old secret is retired once it has been idle for so long; null where no rule does that.
    retire_when_idle_hours: Option<u16>,
    /// The newest first.
    versions: Vec<VersionView>,
    safe_to_retire: RetiringView,
    /// Every usage batch of the gateways up to this one is counted.
    batch_no: u64,
}

/// One secret version and who presents it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecretVersionUse)]
pub(crate) struct VersionView {
    version: u32,
    /// `current`: the newest. `previous`: the one before it, while both live. `retired`: opens nothing any more.
    #[schema(value_type = String, example = "current")]
    status: &'static str,
    /// The last characters of the secret.
    hint: Option<String>,
    since: Option<Timestamp>,
    /// When it ends or ended.
    until: Option<Timestamp>,
    /// Calls that presented it, whatever became of them.
    calls: u64,
    /// Calls that it opened, from the quarter of an hour on into which the time a day ago falls.
    calls_last_24h: u64,
    /// The latest call that it opened.
    last_used_at: Option<Timestamp>,
    /// The latest call that presented it.
    last_presented_at: Option<Timestamp>,
    /// Those seen last, the latest first; kept for as many days as the server is told to.
    addresses: Vec<AddressView>,
    user_agents: Vec<UserAgentView>,
    others: OthersView,
}

/// Where calls came from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeenAddress)]
pub(crate) struct AddressView {
    /// Null where the gateway was not told.
    address: Option<String>,
    calls: u64,
    last_at: Timestamp,
}

/// What callers said they are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeenUserAgent)]
pub(crate) struct UserAgentView {
    /// Null where the caller did not say.
    user_agent: Option<String>,
    calls: u64,
    last_at: Timestamp,
}

/// Calls whose address, or whose user agent, is not named: there were too many, or their time is over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnnamedCalls)]
pub(crate) struct OthersView {
    calls_by_address: u64,
    calls_by_user_agent: u64,
}

/// Whether nobody would miss the old secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SafeToRetire)]
pub(crate) struct RetiringView {
    safe: bool,
    /// Since when nobody uses it; null where somebody does, or where nothing is proven.
    since: Option<Timestamp>,
    /// A sentence for people.
    explanation: String,
}

/// Show the rotation of a key
///
/// For each of its secrets the calls, the last use, and from where and by which programs it is presented.
#[utoipa::path(
    get,
    path = "/v1/keys/{id}/rotation",
    operation_id = "get_key_rotation",
    tag = "keys",
    params(KeyPath),
    responses(FoundPlain<RotationView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("key.read")))
)]
pub(crate) async fn rotation(
    allowed: Allowed<KeyRead>,
    Id(id): Id<KeyId>,
    _: Params<NoParams>,
) -> Result<Json<RotationView>, Problem> {
    let facts = read_key(allowed.read(), id).await.map_err(|failure| Problem::unread(&failure))?;
    allowed.reveals(&facts, KeyId::missing)?;
    let read = rotation::get(allowed.read(), id, allowed.now()).await;
    let rotation = read.map_err(|failure| Problem::unread(&failure))?.ok_or_else(KeyId::missing)?;
    Ok(Json(rotation.into()))
}

impl From<Rotation> for RotationView {
    fn from(rotation: Rotation) -> Self {
        let Rotation { key_id, rotated_at, overlap_until, retire_when_idle_hours, .. } = rotation;
        let Rotation { versions, safe_to_retire, batch_no, .. } = rotation;
        let Retiring { safe, since, explanation } = safe_to_retire;
        Self {
            key_id,
            rotated_at,
            overlap_until,
            retire_when_idle_hours,
            versions: versions.into_iter().map(VersionView::from).collect(),
            safe_to_retire: RetiringView { safe, since, explanation },
            batch_no,
        }
    }
}

impl From<VersionUse> for VersionView {
    fn from(of: VersionUse) -> Self {
        let (calls_by_address, calls_by_user_agent) = of.others();
        Self {
            version: of.version,
            status: match of.standing {
                Standing::Current => "current",
                Standing::Previous => "previous",
                Standing::Retired => "retired",
            },
            hint: of.hint,
            since: of.since,
            until: of.until,
            calls: of.calls,
            calls_last_24h: of.calls_last_24h,
            last_used_at: of.last_used_at,
            last_presented_at: of.last_presented_at,
            addresses: of.addresses.into_iter().map(AddressView::from).collect(),
            user_agents: of.user_agents.into_iter().map(UserAgentView::from).collect(),
            others: OthersView { calls_by_address, calls_by_user_agent },
        }
    }
}

impl From<Name> for AddressView {
    fn from(Name { value, calls, last_at }: Name) -> Self {
        Self { address: Some(value).filter(|value| !value.is_empty()), calls, last_at }
    }
}

impl From<Name> for UserAgentView {
    fn from(Name { value, calls, last_at }: Name) -> Self {
        Self { user_agent: Some(value).filter(|value| !value.is_empty()), calls, last_at }
    }
}
