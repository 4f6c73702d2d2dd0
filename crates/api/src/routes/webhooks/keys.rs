//! `GET /v1/webhooks/keys`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::signing::public_key;
use crate::{
    docs::{FoundPlain, ReadProblems},
    guard::{Allowed, needs::WebhookRead},
    problem::Problem,
    query::{NoParams, Params},
};

/// What the `v1a` signatures of all webhooks are checked with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookKeys)]
pub(crate) struct SigningKeys {
    /// The newest first. A receiver takes what any of them has signed.
    keys: Vec<SigningKeyView>,
}

/// A public key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookKey)]
pub(crate) struct SigningKeyView {
    /// Ed25519: `whpk_` and the 32 bytes in base 64.
    #[schema(example = "whpk_QJE3nwoXy8MLkh4mvQ6BDsUMRcBfFTU/ZmWQZzCkkXI=")]
    public_key: String,
    /// Whether it signs now; the others have signed before.
    signs: bool,
}

/// Show the public keys of webhooks
///
/// One signs for every webhook, beside the secret of each. It changes with the installation's pepper.
#[utoipa::path(
    get,
    path = "/v1/webhooks/keys",
    operation_id = "list_webhook_keys",
    tag = "webhooks",
    responses(FoundPlain<SigningKeys>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("webhook.read")))
)]
pub(crate) async fn keys(
    allowed: Allowed<WebhookRead>,
    _: Params<NoParams>,
) -> Result<Json<SigningKeys>, Problem> {
    let peppers = &allowed.door().api().peppers;
    let newest = peppers.newest();
    let key = |version| {
        let public_key = public_key(peppers, version)?;
        Some(SigningKeyView { public_key, signs: version == newest })
    };
    Ok(Json(SigningKeys { keys: (0..=newest).rev().filter_map(key).collect() }))
}
