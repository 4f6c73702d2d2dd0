//! A service account as it is shown.

use domain::{
    PrincipalId, Timestamp,
    access::{Principal, ResourceFacts},
    secret::PlainSecret,
};
use projections::{
    PrincipalKind, PrincipalStatus, ReadFailure, ReadModel,
    queries::principals::{self, PrincipalRow, TokenRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Pending, Resource, Shown},
    docs::form,
    facts::ANYTHING,
    routes::keys::view::show,
};

/// A program that uses the admin API, and the team that answers for it. What it may do stands in grants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceAccount)]
pub(crate) struct ServiceAccountView {
    #[schema(value_type = form::PrincipalId, inline)]
    id: PrincipalId,
    #[schema(value_type = form::PrincipalStatus, inline)]
    status: PrincipalStatus,
    name: String,
    team: String,
    /// Null once its tokens were revoked.
    token: Option<TokenView>,
    /// The token before, until it stops.
    previous: Option<PreviousTokenView>,
    /// When one of its tokens was last used, to the minute; it is shown some seconds later.
    last_used_at: Option<Timestamp>,
    /// Counts the account's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The token that lives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    /// Counts from 1.
    version: u32,
    /// The last characters, for people who compare.
    hint: String,
    expires_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviousToken)]
pub(crate) struct PreviousTokenView {
    hint: String,
    until: Timestamp,
}

impl From<TokenRow> for TokenView {
    fn from(TokenRow { version, hint, expires_at }: TokenRow) -> Self {
        Self { version, hint, expires_at }
    }
}

impl From<(String, Timestamp)> for PreviousTokenView {
    fn from((hint, until): (String, Timestamp)) -> Self {
        Self { hint, until }
    }
}

/// A service account with a token that is in no other answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceAccountWithToken {
    #[schema(value_type = ServiceAccountView)]
    pub(crate) service_account: Shown<ServiceAccountView>,
    /// Shown this once and kept nowhere; null where the command was given before.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "show")]
    pub(crate) token: Option<PlainSecret>,
}

/// The same while reads do not show it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `ServiceAccountWithToken` writes then")]
pub(crate) struct PendingServiceAccount {
    service_account: Pending,
    /// Shown this once and kept nowhere; null where the command was given before.
    token: Option<String>,
}

impl From<PrincipalRow> for ServiceAccountView {
    fn from(row: PrincipalRow) -> Self {
        let PrincipalRow { principal_id, status, name, team, token, previous, .. } = row;
        let PrincipalRow { last_used_at, version, created_at, updated_at, .. } = row;
        Self {
            id: principal_id,
            status,
            name: name.unwrap_or_default(),
            team: team.unwrap_or_default(),
            token: token.map(TokenView::from),
            previous: previous.map(PreviousTokenView::from),
            last_used_at,
            version,
            created_at,
            updated_at,
        }
    }
}

impl Resource for ServiceAccountView {
    type Id = PrincipalId;
    const COLLECTION: &'static str = "/v1/service-accounts";

    async fn read(read: &ReadModel, id: PrincipalId) -> Result<Option<Self>, ReadFailure> {
        let row = principals::get(read, id).await?;
        Ok(row.filter(|row| row.kind == PrincipalKind::ServiceAccount).map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, _: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        Ok(self.team.parse().map_or(ANYTHING, |team| ResourceFacts::owned(&team, [])))
    }
}
