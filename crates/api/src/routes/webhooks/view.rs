//! A webhook as it is shown. Its secret is in the one answer that made it.

use domain::{
    Timestamp, WebhookId,
    access::{GrantScope, Principal, ResourceFacts},
    webhook::{DisableCause, Endpoint, EventPattern, PreviousSecret, SecretSource, WebhookSpec, WebhookUrl},
};
use projections::{
    ReadFailure, ReadModel, WebhookStatus,
    queries::webhooks::{self, WebhookRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::signing::{SigningSecret, public_key};
use crate::{
    Api,
    answer::{Pending, Resource, Shown},
    docs::form,
};

/// Who is told of what, and where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    #[schema(value_type = form::WebhookId, inline)]
    id: WebhookId,
    name: String,
    /// The path may be a secret of whoever receives.
    #[schema(value_type = form::WebhookUrl, inline)]
    url: WebhookUrl,
    #[schema(value_type = Vec<form::EventPattern>, inline)]
    events: Vec<EventPattern>,
    /// It is told what a grant in this scope would see in the audit log.
    #[schema(value_type = form::GrantScope, inline)]
    scope: GrantScope,
    /// It is told while it is `active`.
    #[schema(value_type = form::WebhookStatus, inline)]
    status: WebhookStatus,
    /// Whether whoever answers at this URL has echoed our challenge.
    verified: bool,
    /// Null while it is not disabled.
    #[schema(value_type = Option<form::DisableCause>, inline)]
    disabled_because: Option<DisableCause>,
    /// Counts from 1.
    secret_version: u32,
    /// Until then the secret before this one signs beside it. Null where there was none.
    previous_until: Option<Timestamp>,
    /// What the `v1a` signatures are checked with: the same for every webhook, and listed with those before it at
    /// `/v1/webhooks/keys`.
    #[schema(example = "whpk_QJE3nwoXy8MLkh4mvQ6BDsUMRcBfFTU/ZmWQZzCkkXI=")]
    public_key: Option<String>,
    /// Counts the webhook's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A webhook with a secret that is in no other answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    #[schema(value_type = WebhookView)]
    pub(crate) webhook: Shown<WebhookView>,
    /// `whsec_…`, to check the `v1` signatures with: shown this once; null where the command was given before.
    #[schema(value_type = Option<String>, example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    pub(crate) secret: Option<SigningSecret>,
}

/// The same while reads do not show it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `WebhookWithSecret` writes then")]
pub(crate) struct PendingWebhook {
    webhook: Pending,
    /// Shown this once; null where the command was given before.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
}

impl From<WebhookRow> for WebhookView {
    fn from(row: WebhookRow) -> Self {
        let WebhookRow { webhook_id, status, endpoint, version, position: _, created_at, updated_at } = row;
        let Endpoint { spec, verified, disabled, secret, previous } = endpoint;
        let WebhookSpec { name, url, events, scope } = spec;
        let SecretSource { version: secret_version, pepper_version: _ } = secret;
        Self {
            id: webhook_id,
            name: name.to_string(),
            url,
            events: events.into_iter().collect(),
            scope,
            status,
            verified,
            disabled_because: disabled,
            secret_version,
            previous_until: previous.map(|PreviousSecret { secret: _, until }| until),
            public_key: None,
            version,
            created_at,
            updated_at,
        }
    }
}

impl Resource for WebhookView {
    type Id = WebhookId;
    const COLLECTION: &'static str = "/v1/webhooks";

    async fn read(read: &ReadModel, id: WebhookId) -> Result<Option<Self>, ReadFailure> {
        Ok(webhooks::get(read, id).await?.map(Self::from))
    }

    fn version(&self) -> u64 {
        self.version
    }

    async fn facts(&self, _: &ReadModel, _: &Principal) -> Result<ResourceFacts, ReadFailure> {
        Ok(self.scope.facts())
    }
}

/// What is known of webhooks beside the read models.
pub(super) struct Beside {
    public_key: Option<String>,
}

impl Beside {
    pub(super) fn of(api: &Api) -> Self {
        Self { public_key: public_key(&api.peppers, api.peppers.newest()) }
    }

    /// The webhook with it.
    pub(super) fn with(&self, view: WebhookView) -> WebhookView {
        WebhookView { public_key: self.public_key.clone(), ..view }
    }

    /// The same where it may not be shown yet.
    pub(super) fn shown(&self, shown: Shown<WebhookView>) -> Shown<WebhookView> {
        match shown {
            Shown::Resource(view) => Shown::Resource(self.with(view)),
            Shown::Pending(pending) => Shown::Pending(pending),
        }
    }
}
