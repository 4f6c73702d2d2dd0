//! The generic receiver: whoever holds the shared secret signs the time and the body.

use domain::{InvalidValue, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Unix seconds.
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("tollgate-timestamp");
/// `v1=` and 64 hexadecimal digits: HMAC-SHA-256 over the timestamp, a full stop and the body.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("tollgate-signature");

const SECRET_CHARS_MIN: usize = 32;
/// How far apart the clocks of the two sides may be, and how long a report can be sent again by somebody else.
const TOLERANCE_S: i64 = 300;

/// The secret that the senders of reports hold too.
#[derive(Clone, Debug)]
pub struct SharedSecret(SecretString);

impl SharedSecret {
    /// # Errors
    /// When it has fewer than 32 characters.
    pub fn new(secret: SecretString) -> Result<Self, InvalidValue> {
        if secret.expose_secret().len() < SECRET_CHARS_MIN {
            return Err(InvalidValue::expected(
                "the secret of the leak receiver must have at least 32 characters",
            ));
        }
        Ok(Self(secret))
    }

    fn mac(&self, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.0.expose_secret().as_bytes()).ok()?;
        for part in [timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }

    /// Whether it is signed, and not long ago. Compares in constant time.
    pub(crate) fn verifies(&self, timestamp: &str, signature: &str, body: &[u8], now: Timestamp) -> bool {
        let recent = timestamp.parse::<i64>().is_ok_and(|signed_at| {
            now.as_second().checked_sub(signed_at).is_some_and(|age| age.abs() <= TOLERANCE_S)
        });
        let given = signature.strip_prefix("v1=").and_then(|digits| hex::decode(digits).ok());
        match (given, self.mac(timestamp, body)) {
            (Some(given), Some(mac)) => mac.verify_slice(&given).is_ok() && recent,
            (Some(_) | None, _) => false,
        }
    }

    /// What a sender writes, for tests.
    #[cfg(test)]
    pub(crate) fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        format!("v1={}", hex::encode(self.mac(timestamp, body).unwrap().finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_signed_with_its_time_and_soon_old() {
        let secret = SharedSecret::new("a-shared-secret-of-32-characters".into()).unwrap();
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let at = |seconds: i64| (now.as_second() + seconds).to_string();
        let signature = secret.sign(&at(0), b"body");
        assert!(secret.verifies(&at(0), &signature, b"body", now));
        assert!(!secret.verifies(&at(0), &signature, b"other", now));
        assert!(!secret.verifies(&at(1), &signature, b"body", now), "the time is signed too");
        for (seconds, taken) in [(-300, true), (-301, false), (300, true), (301, false)] {
            let signature = secret.sign(&at(seconds), b"body");
            assert_eq!(secret.verifies(&at(seconds), &signature, b"body", now), taken, "{seconds}");
        }
        for wrong in ["", "v1=", "v1=zz", &signature[3..], &signature.replace("v1", "v2"), &signature[..60]] {
            assert!(!secret.verifies(&at(0), wrong, b"body", now), "{wrong}");
        }
        assert!(!secret.verifies("soon", &secret.sign("soon", b"body"), b"body", now));
        assert!(SharedSecret::new("short".into()).is_err());
    }
}
