//! GitHub's secret scanning: who signed a report. Source: GitHub's documentation of its secret scanning partner program.

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::Timestamp;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;

/// What stands before the point in the DER of a P-256 public key. Source: RFC 5480 §2.
const SPKI_P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;
/// Unknown identifiers do not make us ask more often.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Asks for GitHub's public keys where they are published; answers the document.
pub type FetchedKeys = Box<dyn Fn() -> BoxFuture<'static, Result<String, KeysFailure>> + Send + Sync>;

/// GitHub's keys cannot be had, or are none.
#[derive(Debug, thiserror::Error)]
pub enum KeysFailure {
    #[error("fetching GitHub's public keys")]
    Fetch {
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("what should be GitHub's public keys is not: {what}")]
    Unreadable { what: String },
}

/// The public keys that GitHub signs reports with, by their identifiers.
pub struct GithubKeys {
    known: Mutex<Known>,
    fetch: Option<FetchedKeys>,
}

#[derive(Default)]
struct Known {
    points: BTreeMap<String, [u8; POINT_BYTES]>,
    asked_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Document {
    public_keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    key_identifier: String,
    /// PEM.
    key: String,
}

impl GithubKeys {
    /// From the document that GitHub publishes.
    ///
    /// # Errors
    /// When it is not that document, or a key in it is not on P-256.
    pub fn fixed(document: &str) -> Result<Self, KeysFailure> {
        let known = Known { points: points(document)?, asked_at: None };
        Ok(Self { known: Mutex::new(known), fetch: None })
    }

    /// Fetched when a report names a key that is not known yet, at most once a minute, and kept.
    #[must_use]
    pub fn fetched(fetch: FetchedKeys) -> Self {
        Self { known: Mutex::default(), fetch: Some(fetch) }
    }

    /// Whether the body is signed by the key of that identifier. The signature is base64 of DER.
    pub(crate) async fn verifies(
        &self,
        identifier: &str,
        signature: &str,
        body: &[u8],
        now: Timestamp,
    ) -> bool {
        let Ok(signature) = BASE64_STANDARD.decode(signature) else { return false };
        let known = || self.known.lock().points.get(identifier).copied();
        let point = match known() {
            Some(point) => Some(point),
            None => {
                self.ask_again(now).await;
                known()
            }
        };
        point.is_some_and(|point| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(body, &signature).is_ok()
        })
    }

    async fn ask_again(&self, now: Timestamp) {
        let Some(fetch) = &self.fetch else { return };
        {
            let mut known = self.known.lock();
            let soon = known.asked_at.and_then(|asked| asked.checked_add(ASKED_AGAIN_AFTER).ok());
            if soon.is_some_and(|soon| now < soon) {
                return;
            }
            known.asked_at = Some(now);
        }
        match fetch().await.and_then(|document| points(&document)) {
            Ok(points) => self.known.lock().points = points,
            Err(failure) => {
                let cause: &dyn std::error::Error = &failure;
                tracing::warn!(
                    error = cause,
                    "Cannot have GitHub's public keys; reports signed by others than before are refused"
                );
            }
        }
    }
}

impl fmt::Debug for GithubKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.known.lock().points.keys()).finish()
    }
}

fn points(document: &str) -> Result<BTreeMap<String, [u8; POINT_BYTES]>, KeysFailure> {
    let unreadable = |what: String| KeysFailure::Unreadable { what };
    let Document { public_keys } =
        serde_json::from_str(document).map_err(|error| unreadable(error.to_string()))?;
    let point = |PublicKey { key_identifier, key }: PublicKey| {
        let read = point_of(&key).ok_or_else(|| unreadable(format!("the key {key_identifier}")))?;
        Ok((key_identifier, read))
    };
    public_keys.into_iter().map(point).collect()
}

/// The uncompressed point in a PEM of a P-256 key, or in the base64 alone.
fn point_of(pem: &str) -> Option<[u8; POINT_BYTES]> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = BASE64_STANDARD.decode(base64).ok()?;
    der.strip_prefix(&SPKI_P256)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUqkCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==";
    const BODY: &[u8] = br#"[{"token":"some_token","type":"some_type","url":"some_url"}]"#;
    const SIGNATURE: &str =
        "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=";

    fn document() -> String {
        let pem =
            format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &KEY[..64], &KEY[64..]);
        serde_json::json!({ "public_keys": [{ "key_identifier": "k1", "key": pem, "is_current": true }] })
            .to_string()
    }

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    /// GitHub's own vector.
    #[tokio::test]
    async fn githubs_signature_is_right_and_any_other_is_not() {
        let keys = GithubKeys::fixed(&document()).unwrap();
        assert!(keys.verifies("k1", SIGNATURE, BODY, now()).await);
        let changed = [BODY, b" "].concat();
        assert!(!keys.verifies("k1", SIGNATURE, &changed, now()).await);
        assert!(!keys.verifies("k2", SIGNATURE, BODY, now()).await);
        for signature in ["", "!", "AAAA", &SIGNATURE[4..], &SIGNATURE.replace("QDK", "QDL")] {
            assert!(!keys.verifies("k1", signature, BODY, now()).await, "{signature}");
        }
    }

    #[test]
    fn only_keys_on_p256_are_taken() {
        assert!(point_of(KEY).is_some());
        for wrong in ["", "AAAA", &KEY[4..], &format!("AAAA{KEY}")] {
            assert!(point_of(wrong).is_none(), "{wrong}");
        }
        for wrong in ["", "[]", r#"{"public_keys":[{"key_identifier":"k1","key":"AAAA"}]}"#] {
            assert!(GithubKeys::fixed(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_unknown_key_is_asked_for_once_a_minute() {
        let (asked, counter) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&asked);
        let keys = GithubKeys::fetched(Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            let first = counter.fetch_add(1, Ordering::Relaxed) == 0;
            let answer = if first {
                Err(KeysFailure::Unreadable { what: "nothing".to_owned() })
            } else {
                Ok(document())
            };
            Box::pin(async move { answer })
        }));
        for _ in 0..3 {
            assert!(!keys.verifies("k1", SIGNATURE, BODY, now()).await);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let later = now() + Duration::from_secs(60);
        for _ in 0..3 {
            assert!(keys.verifies("k1", SIGNATURE, BODY, later).await);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2, "and what is known is kept");
    }
}
