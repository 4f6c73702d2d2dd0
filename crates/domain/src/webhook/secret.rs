//! The secrets that messages are signed with: made from a pepper, which lies outside the database, whenever they are needed.

use zeroize::Zeroizing;

use super::SecretSource;
use crate::{WebhookId, secret::Peppers};

/// The 32 bytes that sign by HMAC for this webhook; none when that pepper is not here. Whoever knows one knows nothing of
/// another.
#[must_use]
pub fn signing_secret(peppers: &Peppers, id: WebhookId, source: SecretSource) -> Option<Zeroizing<[u8; 32]>> {
    let SecretSource { version, pepper_version } = source;
    let label = format!("tollgate: the secret {version} of the webhook {id}");
    peppers.digest(pepper_version, &label).map(|digest| Zeroizing::new(digest.hmac))
}

/// The seed of the Ed25519 key that signs for every webhook, of one pepper.
#[must_use]
pub fn signing_seed(peppers: &Peppers, pepper_version: u16) -> Option<Zeroizing<[u8; 32]>> {
    let label = "tollgate: the key that signs for every webhook";
    peppers.digest(pepper_version, label).map(|digest| Zeroizing::new(digest.hmac))
}
