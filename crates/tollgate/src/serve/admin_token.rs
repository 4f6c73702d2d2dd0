//! The first admin token: made and shown once, or given; only its digest is kept.

use anyhow::Context;
use api::AdminTokens;
use domain::secret::{PlainSecret, SecretDigest};
use eventlog::installation::Installation;
use secrecy::ExposeSecret;

use super::rooms::Rooms;
use crate::settings::Settings;

const FILE: &str = "bootstrap-admin.json";

/// Who may use the admin API.
pub(super) struct Opened {
    pub(super) tokens: AdminTokens,
    /// The token, if it was made just now.
    pub(super) new_token: Option<PlainSecret>,
    /// What [`Opened::keep`] is to write, if it is not there yet.
    digest: Option<SecretDigest>,
}

/// A given token takes the place of the one before it; without either, one is made.
pub(super) fn open(rooms: &Rooms, settings: &Settings) -> anyhow::Result<Opened> {
    if let Some(given) = &settings.bootstrap_token {
        let digest = api::admin_token_digest(&rooms.peppers, given.expose_secret())
            .context("the bootstrap token is not right")?;
        let tokens = tokens(digest, rooms, settings)?;
        return Ok(Opened { tokens, new_token: None, digest: Some(digest) });
    }
    if let Some(kept) = rooms.installation.read(FILE)? {
        let digest: SecretDigest = serde_json::from_str(&kept).with_context(|| {
            format!("{FILE} is damaged; remove it and start with TOLLGATE_BOOTSTRAP_TOKEN to set a new token")
        })?;
        return Ok(Opened { tokens: tokens(digest, rooms, settings)?, new_token: None, digest: None });
    }
    let token = api::new_admin_token(&api::SystemRandom).context("cannot make an admin token")?;
    let digest = rooms.peppers.digest_new(&token);
    let tokens = tokens(digest, rooms, settings)?;
    Ok(Opened { tokens, new_token: Some(token), digest: Some(digest) })
}

/// The first administrator, and gateways without a database if they have a token.
fn tokens(admin: SecretDigest, rooms: &Rooms, settings: &Settings) -> anyhow::Result<AdminTokens> {
    let Some(given) = &settings.gateway_token else { return Ok(AdminTokens::bootstrap(admin)) };
    let gateway = api::admin_token_digest(&rooms.peppers, given.expose_secret())
        .context("the gateways' token is not right")?;
    Ok(AdminTokens::bootstrap(admin).with_gateways(gateway))
}

impl Opened {
    /// Makes it last. Done when all else has started: a token that is kept and then not shown opens nothing for anyone.
    pub(super) fn keep(self, installation: &Installation) -> anyhow::Result<Option<PlainSecret>> {
        if let Some(digest) = self.digest {
            let text = serde_json::to_string(&digest).context("the token's digest cannot be kept")?;
            installation.write(FILE, &text)?;
        }
        Ok(self.new_token)
    }
}
