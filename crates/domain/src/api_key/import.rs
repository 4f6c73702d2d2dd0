//! Taking over a key that another system has issued.

use std::collections::BTreeSet;

use ipnet::IpNet;
use sha2::{Digest as _, Sha256};

use super::{
    ApiKey, ApiKeyEvent, ApiKeyRefusal, ForeignVersion, Imported, Lineage, Origin,
    rules::{canonical_ranges, check_expiry, check_ranges, check_right, check_start},
};
use crate::{
    ClientId, Environment, KeyId, Name, Scope, Timestamp, api_client::ClientFacts, refusal::refusals,
    secret::ForeignDigest,
};

/// Makes a key of one that lives elsewhere. The same row again is no news; another one under its name is refused.
#[derive(Debug)]
pub struct ImportKey {
    pub now: Timestamp,
    pub client_id: ClientId,
    /// The client as it stands when this is asked.
    pub client: ClientFacts,
    pub name: Name,
    pub environment: Environment,
    pub scopes: Option<BTreeSet<Scope>>,
    pub not_before: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub allowed_cidrs: Vec<IpNet>,
    pub secret: ForeignSecret,
    pub origin: Origin,
}

/// What is kept of a secret that was not made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignSecret {
    pub sha256: ForeignDigest,
    /// The last characters, as far as the export knows them.
    pub hint: String,
}

refusals! {
    /// Why a row of an upload was not imported, before its key was asked.
    pub enum ImportRefusal {
        RowInvalid { why: String } = ("import_row_invalid", "the row cannot be read: {why}"),
        SecretTaken { key_id: KeyId } = ("key_secret_taken", "the same secret opens the key {key_id} already"),
        NoSuchClient { client: String } = ("import_client_unknown", "there is no client `{client}`"),
        ClientAmbiguous { client: String }
            = ("import_client_ambiguous", "several clients are called `{client}`; name it by its id"),
    }
}

/// The key of a row: always the same, so that a second import of the row finds the key that the first one made. Its
/// time is 0: nobody here issued it.
#[must_use]
pub fn imported_key_id(source: &Name, external_id: &Name) -> KeyId {
    let mut hash = Sha256::new().chain_update(b"tollgate imported key");
    for part in [source, external_id] {
        let length = u64::try_from(part.as_str().len()).unwrap_or(u64::MAX);
        hash = hash.chain_update(length.to_be_bytes()).chain_update(part.as_str());
    }
    let mut bits = [0; 16];
    bits.iter_mut().zip(hash.finalize()).for_each(|(bit, byte)| *bit = byte);
    KeyId::from_parts(0, u128::from_be_bytes(bits) & ((1 << 80) - 1))
}

impl ApiKey {
    pub(super) fn import(&self, ask: &ImportKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        if let Some(lineage) = self.lineage() {
            return lineage.imported_again(ask);
        }
        let ImportKey { now, client_id, client, name, environment, scopes, not_before, .. } = ask;
        let ImportKey { expires_at, allowed_cidrs, secret: ForeignSecret { sha256, hint }, origin, .. } = ask;
        check_right(client, environment, scopes.as_ref())?;
        check_start(*now, *not_before)?;
        check_expiry(*now, *not_before, *expires_at)?;
        check_ranges(allowed_cidrs)?;
        Ok(vec![ApiKeyEvent::Imported(Imported {
            client_id: *client_id,
            name: name.clone(),
            environment: environment.clone(),
            scopes: scopes.clone(),
            secret: ForeignVersion { version: 1, sha256: *sha256, hint: hint.clone() },
            not_before: *not_before,
            expires_at: *expires_at,
            allowed_cidrs: canonical_ranges(allowed_cidrs),
            origin: origin.clone(),
        })])
    }
}

impl Lineage {
    /// What has become of the key since is its own affair: it is not imported anew, not even when it is revoked.
    fn imported_again(&self, ask: &ImportKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let ImportKey { client_id, environment, secret, origin, .. } = ask;
        let same = self.imported.as_ref().is_some_and(|(known, sha256)| {
            (&known.source, &known.external_id) == (&origin.source, &origin.external_id)
                && sha256.matches(&secret.sha256)
        });
        if same && self.client_id == *client_id && self.environment == *environment {
            return Ok(vec![]);
        }
        Err(ApiKeyRefusal::ImportedDifferently { external_id: origin.external_id.clone() })
    }
}
