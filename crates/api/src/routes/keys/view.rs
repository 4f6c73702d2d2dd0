//! A key as it is shown. Of its secrets only versions and hints; the one answer that holds a secret says so.

use domain::{
    ClientId, KeyId, LeakId, Timestamp,
    access::{Principal, ResourceFacts},
    secret::PlainSecret,
};
use projections::{
    KeyStatus, ReadFailure, ReadModel,
    queries::keys::{self, KeyOrigin, KeyQuarantine, KeyRow, PreviousSecret},
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::{
    answer::{Pending, Resource, Shown},
    docs::form,
    facts::read_within,
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyView {
    #[schema(value_type = form::KeyId, inline)]
    id: KeyId,
    #[schema(value_type = form::ClientId, inline)]
    client_id: ClientId,
    name: String,
    environment: String,
    /// As recorded: an expiry that has passed is on record shortly after. The gateway does not wait for it.
    #[schema(value_type = form::KeyStatus, inline)]
    status: KeyStatus,
    /// The last characters of the newest secret, for people who compare: `…x7Qa`.
    hint: String,
    /// Counts the secrets over rotations, from 1.
    secret_version: u32,
    /// The secret before the newest; null before the first rotation.
    previous: Option<PreviousView>,
    /// Null: whatever the client holds, now and later. Empty: nothing.
    scopes: Option<Vec<String>>,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    /// When a planned revocation takes effect; when it took effect, once revoked.
    revoke_at: Option<Timestamp>,
    /// Empty: from anywhere.
    allowed_cidrs: Vec<String>,
    /// The latest use of any of its secrets.
    last_used_at: Option<Timestamp>,
    /// Where an imported key comes from; null of one that was issued here.
    origin: Option<OriginView>,
    /// What the key stands under since one of its secrets was reported as leaked; null once it was released.
    quarantine: Option<QuarantineView>,
    /// Counts the key's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviousSecret)]
pub(crate) struct PreviousView {
    secret_version: u32,
    hint: String,
    /// When it stops or stopped.
    until: Timestamp,
    /// When the newest secret came; null of a rotation before this was recorded.
    rotated_at: Option<Timestamp>,
    /// It is retired once it has not been used for so many hours; null: it lives until then.
    retire_when_idle_hours: Option<u16>,
    /// Whether it was still in use a day before its end.
    still_busy: bool,
    last_used_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyOrigin)]
pub(crate) struct OriginView {
    source: String,
    /// The key's name there.
    external_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyQuarantine)]
pub(crate) struct QuarantineView {
    #[schema(value_type = form::LeakId, inline)]
    leak_id: LeakId,
    /// This secret and those before it open little, and only to where they were used from before; later ones are free.
    secret_version: u32,
    since: Timestamp,
}

/// A key with its newest secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyWithSecret {
    #[schema(value_type = KeyView)]
    pub(crate) key: Shown<KeyView>,
    /// Shown this once and kept nowhere; null where the command was given before.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "show")]
    pub(crate) secret: Option<PlainSecret>,
}

/// The same while reads do not show it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `KeyWithSecret` writes then")]
pub(crate) struct PendingKey {
    key: Pending,
    /// Shown this once and kept nowhere; null where the command was given before.
    secret: Option<String>,
}

/// The one place that writes a secret, into the one answer that shows it.
#[expect(clippy::ref_option, reason = "serde gives the field by reference")]
pub(crate) fn show<S: Serializer>(secret: &Option<PlainSecret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(PlainSecret::expose).serialize(serializer)
}

impl From<PreviousSecret> for PreviousView {
    fn from(secret: PreviousSecret) -> Self {
        let PreviousSecret { version, hint, until, .. } = secret;
        let PreviousSecret { rotated_at, retire_when_idle_hours, still_busy, last_used_at, .. } = secret;
        Self {
            secret_version: version,
            hint,
            until,
            rotated_at,
            retire_when_idle_hours,
            still_busy,
            last_used_at,
        }
    }
}

impl From<KeyRow> for KeyView {
    fn from(row: KeyRow) -> Self {
        let previous = row.previous.map(PreviousView::from);
        Self {
            id: row.key_id,
            client_id: row.client_id,
            name: row.name,
            environment: row.environment,
            status: row.status,
            hint: row.hint,
            secret_version: row.secret_version,
            previous,
            scopes: row.scopes,
            not_before: row.not_before,
            expires_at: row.expires_at,
            revoke_at: row.revoke_at,
            allowed_cidrs: row.allowed_cidrs,
            last_used_at: row.last_used_at,
            origin: row.origin.map(|KeyOrigin { source, external_id }| OriginView { source, external_id }),
            quarantine: row.quarantine.map(|KeyQuarantine { leak_id, secret_version, since }| {
                QuarantineView { leak_id, secret_version, since }
            }),
            version: row.version,
            created_at: row.issued_at,
            updated_at: row.updated_at,
        }
    }
}

impl Resource for KeyView {
    type Id = KeyId;
    const COLLECTION: &'static str = "/v1/keys";

    async fn read(read: &ReadModel, id: KeyId) -> Result<Option<Self>, ReadFailure> {
        Ok(keys::get(read, id).await?.map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, read: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        read_within(read, Some(self.client_id), &self.environment).await
    }
}
