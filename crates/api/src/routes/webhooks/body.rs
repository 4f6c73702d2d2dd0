//! What is said of a webhook, and whether whoever says it may.

use std::collections::BTreeSet;

use axum::response::Response;
use domain::{
    WebhookId,
    access::{GrantScope, Permission},
    webhook::{EventPattern, WebhookSpec, WebhookUrl},
};
use http::StatusCode;

use super::{
    sent::{Asked, challenge},
    view::{Beside, WebhookView},
};
use crate::{
    answer::{Settled, settle},
    ask::{Ask, Effect},
    dry_run::Instead,
    guard::needs::WebhookWrite,
    problem::Problem,
};

pub(super) type Events = BTreeSet<EventPattern>;

/// Refuses where the operator's policy does not have such a URL called, and to tell of more than whoever asks may see in
/// the audit log: a webhook goes on when they have gone home.
pub(super) fn check<W, Q>(ask: &Ask<WebhookWrite, W, Q>, spec: &WebhookSpec) -> Result<(), Problem> {
    let WebhookSpec { name: _, url, events: _, scope } = spec;
    check_scope(ask, scope)?;
    check_url(ask, url)
}

fn check_scope<W, Q>(ask: &Ask<WebhookWrite, W, Q>, scope: &GrantScope) -> Result<(), Problem> {
    // One that reaches nothing is refused by its own rule.
    if scope.is_nothing() {
        return Ok(());
    }
    ask.covers(Permission::WebhookWrite, scope)?;
    ask.covers(Permission::AuditRead, scope).map(drop)
}

/// By what the URL says: its name is looked up when something is sent.
fn check_url<W, Q>(ask: &Ask<WebhookWrite, W, Q>, url: &WebhookUrl) -> Result<(), Problem> {
    let read = ask.door().api().outbound.read(url.as_str());
    read.map(drop).map_err(|refused| Problem::not_called(&refused, "/url"))
}

/// The webhook as it then stands.
pub(super) async fn written<W, Q>(
    ask: &Ask<WebhookWrite, W, Q>,
    effect: Effect<WebhookId>,
) -> Result<Response, Instead> {
    Ok(settled(ask, effect).await?.answer(StatusCode::OK, |shown| shown))
}

/// The same for an answer that says more.
pub(super) async fn settled<W, Q>(
    ask: &Ask<WebhookWrite, W, Q>,
    effect: Effect<WebhookId>,
) -> Result<Settled<WebhookView>, Instead> {
    let settled = settle::<_, _, _, WebhookView>(ask, effect).await?;
    let beside = Beside::of(ask.door().api());
    Ok(settled.with(async |shown| beside.shown(shown).await).await)
}

/// Has the challenge sent to one that is not verified. What fails here can be asked for again: it must not turn what is on
/// record, and perhaps a secret that only this answer shows, into a failure.
pub(super) async fn challenged<W, Q>(ask: &Ask<WebhookWrite, W, Q>, effect: Effect<WebhookId>) {
    let asked = Asked { id: effect.id, version: effect.version };
    if let Err(failure) = challenge(ask.door().api(), asked).await {
        tracing::warn!(webhook.id = %effect.id, error = %failure, "Cannot have a webhook verified now");
    }
}
