//! A person as they are shown.

use domain::{
    PrincipalId, Timestamp,
    access::{Principal, ResourceFacts},
    secret::PlainSecret,
};
use projections::{
    PrincipalKind, PrincipalStatus, ReadFailure, ReadModel,
    queries::principals::{self, PrincipalRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Pending, Resource, Shown},
    docs::form,
    routes::{
        keys::view::show,
        service_accounts::view::{PreviousTokenView, TokenView},
    },
};

/// Somebody who may be let in. What they may do stands in grants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(crate) struct PersonView {
    #[schema(value_type = form::PrincipalId, inline)]
    id: PrincipalId,
    #[schema(value_type = form::PrincipalStatus, inline)]
    status: PrincipalStatus,
    /// Null once erased, as are the address and the identity's subject.
    name: Option<String>,
    email: Option<String>,
    identity: Option<IdentityView>,
    /// Whether it is the person who claimed the installation.
    claimed: bool,
    /// Of whoever claimed; null of everybody else, and once it was revoked.
    token: Option<TokenView>,
    /// The token before, until it stops.
    previous: Option<PreviousTokenView>,
    /// Until when the person is an administrator by a broken glass; null where it is whole.
    break_glass_until: Option<Timestamp>,
    /// Counts the person's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A person with a token that is in no other answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonWithToken {
    #[schema(value_type = PersonView)]
    pub(crate) person: Shown<PersonView>,
    /// Shown this once and kept nowhere; null where the command was given before.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "show")]
    pub(crate) token: Option<PlainSecret>,
}

/// The same while reads do not show it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `PersonWithToken` writes then")]
pub(crate) struct PendingPerson {
    person: Pending,
    /// Shown this once and kept nowhere; null where the command was given before.
    token: Option<String>,
}

/// How an identity provider knows a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityView {
    issuer: String,
    subject: Option<String>,
}

impl From<PrincipalRow> for PersonView {
    fn from(row: PrincipalRow) -> Self {
        let PrincipalRow { principal_id, status, name, email, issuer, subject, claimed, .. } = row;
        let PrincipalRow { token, previous, glass_until, version, created_at, updated_at, .. } = row;
        Self {
            id: principal_id,
            status,
            name,
            email,
            identity: issuer.map(|issuer| IdentityView { issuer, subject }),
            claimed,
            token: token.map(TokenView::from),
            previous: previous.map(PreviousTokenView::from),
            break_glass_until: glass_until,
            version,
            created_at,
            updated_at,
        }
    }
}

impl Resource for PersonView {
    type Id = PrincipalId;
    const COLLECTION: &'static str = "/v1/principals";

    async fn read(read: &ReadModel, id: PrincipalId) -> Result<Option<Self>, ReadFailure> {
        let row = principals::get(read, id).await?;
        Ok(row.filter(|row| row.kind == PrincipalKind::Person).map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, _: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        Ok(ResourceFacts::Shared)
    }
}
