//! The first admin token: made and shown once, or given; only its digest is kept.

use anyhow::Context;
use api::AdminTokens;
use domain::secret::{PlainSecret, SecretDigest};
use secrecy::ExposeSecret;

use super::Rooms;
use crate::settings::Settings;

const FILE: &str = "bootstrap-admin.json";

/// Who may use the admin API, and the token if it was made just now. A given token takes the place of the one
/// before it.
pub(super) fn open(rooms: &Rooms, settings: &Settings) -> anyhow::Result<(AdminTokens, Option<PlainSecret>)> {
    if let Some(given) = &settings.bootstrap_token {
        let digest = api::admin_token_digest(&rooms.peppers, given.expose_secret())
            .context("the bootstrap token is not right")?;
        keep(rooms, digest)?;
        return Ok((AdminTokens::bootstrap(digest), None));
    }
    if let Some(kept) = rooms.installation.read(FILE)? {
        let digest: SecretDigest = serde_json::from_str(&kept).with_context(|| {
            format!("{FILE} is damaged; remove it and start with TOLLGATE_BOOTSTRAP_TOKEN to set a new token")
        })?;
        return Ok((AdminTokens::bootstrap(digest), None));
    }
    let token = api::new_admin_token(&api::SystemRandom).context("cannot make an admin token")?;
    let digest = rooms.peppers.digest_new(&token);
    keep(rooms, digest)?;
    Ok((AdminTokens::bootstrap(digest), Some(token)))
}

fn keep(rooms: &Rooms, digest: SecretDigest) -> anyhow::Result<()> {
    let text = serde_json::to_string(&digest).context("the token's digest cannot be kept")?;
    Ok(rooms.installation.write(FILE, &text)?)
}
