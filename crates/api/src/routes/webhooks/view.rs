//! A webhook as it is shown. Its secret is in the one answer that made it.

use domain::{
    Name, Timestamp, WebhookId,
    access::{GrantScope, Principal, ResourceFacts},
    webhook::{DisableCause, Endpoint, EventPattern, PreviousSecret, SecretSource, WebhookSpec, WebhookUrl},
};
use outbox::EndpointHealth;
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
    guard::{Allowed, needs::WebhookRead},
    path::Named as _,
    problem::Problem,
};

/// Who is told of what, and where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    #[schema(value_type = form::WebhookId, inline)]
    id: WebhookId,
    #[schema(value_type = String)]
    name: Name,
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
    /// Null where nothing was sent to it yet.
    health: Option<HealthView>,
    /// Counts the webhook's events; its `ETag`.
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// How a webhook fares.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookHealth)]
pub(crate) struct HealthView {
    /// Since the last success. Verifications and tests do not count.
    consecutive_failures: u64,
    /// The first of them.
    failing_since: Option<Timestamp>,
    last_success_at: Option<Timestamp>,
    last_failure_at: Option<Timestamp>,
}

impl From<EndpointHealth> for HealthView {
    fn from(health: EndpointHealth) -> Self {
        let EndpointHealth { consecutive_failures, failing_since, last_success_at, last_failure_at, .. } =
            health;
        Self { consecutive_failures, failing_since, last_success_at, last_failure_at }
    }
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
            name,
            url,
            events: events.into_iter().collect(),
            scope,
            status,
            verified,
            disabled_because: disabled,
            secret_version,
            previous_until: previous.map(|PreviousSecret { secret: _, until }| until),
            public_key: None,
            health: None,
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

impl WebhookView {
    pub(super) fn id(&self) -> WebhookId {
        self.id
    }

    /// What it is told; none once it is deleted.
    pub(super) fn told(&self) -> Option<WebhookSpec> {
        let there = self.status != WebhookStatus::Deleted;
        let spec = || WebhookSpec {
            name: self.name.clone(),
            url: self.url.clone(),
            events: self.events.iter().cloned().collect(),
            scope: self.scope.clone(),
        };
        there.then(spec)
    }
}

/// The webhook, for those who may see it.
pub(super) async fn seen(allowed: &Allowed<WebhookRead>, id: WebhookId) -> Result<WebhookView, Problem> {
    let unread = |failure| Problem::unread(&failure);
    let view = WebhookView::read(allowed.read(), id).await.map_err(unread)?.ok_or_else(WebhookId::missing)?;
    let facts = view.facts(allowed.read(), allowed.principal()).await.map_err(unread)?;
    allowed.reveals(&facts, WebhookId::missing)?;
    Ok(view)
}

/// What is known of webhooks beside the read models.
pub(super) struct Beside<'of> {
    api: &'of Api,
    public_key: Option<String>,
}

impl<'of> Beside<'of> {
    pub(super) fn of(api: &'of Api) -> Self {
        Self { api, public_key: public_key(&api.peppers, api.peppers.newest()) }
    }

    /// The webhook with it. How it fares is shown as far as the outbox can say.
    pub(super) async fn with(&self, view: WebhookView) -> WebhookView {
        let health = match self.api.outbox.endpoint(view.id()).await {
            Ok(health) => health.map(HealthView::from),
            Err(failure) => {
                tracing::warn!(error = %failure, "Cannot tell how a webhook fares");
                None
            }
        };
        WebhookView { public_key: self.public_key.clone(), health, ..view }
    }

    /// The same where it may not be shown yet.
    pub(super) async fn shown(&self, shown: Shown<WebhookView>) -> Shown<WebhookView> {
        match shown {
            Shown::Resource(view) => Shown::Resource(self.with(view).await),
            Shown::Pending(pending) => Shown::Pending(pending),
        }
    }
}
