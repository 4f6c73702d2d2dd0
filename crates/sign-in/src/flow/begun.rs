//! What a browser keeps of a sign-in that it has begun, and what is derived of it.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::ReturnTo;

/// How long somebody may take at the provider.
pub(crate) const KEPT: Duration = Duration::from_secs(600);
const COOKIE_CHARS_MAX: usize = 2_048;

/// Derives all that belongs to one sign-in from what its browser holds. One key, a label for each use.
pub(super) struct Seal(Hmac<Sha256>);

/// What the cookie says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// 32 random bytes: nobody else's sign-in has the same.
    binding: [u8; 32],
    return_to: String,
    /// Unix seconds.
    until: i64,
}

/// One sign-in.
pub(super) struct Sealed {
    pub(super) cookie: String,
    pub(super) state: String,
    pub(super) nonce: String,
    /// 43 characters. Source: RFC 7636 §4.1.
    pub(super) verifier: Zeroizing<String>,
    pub(super) return_to: ReturnTo,
    pub(super) digest: [u8; 32],
    expected_state: Hmac<Sha256>,
}

impl Sealed {
    /// Source: RFC 7636 §4.2.
    pub(super) fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    /// Compares in constant time.
    pub(super) fn is_answered_by(&self, state: &str) -> bool {
        let given = BASE64_URL_SAFE_NO_PAD.decode(state);
        given.is_ok_and(|given| self.expected_state.clone().verify_slice(&given).is_ok())
    }
}

impl Seal {
    pub(super) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        // As HMAC itself pads it.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(key.iter()).for_each(|(to, from)| *to = *from);
        Self(<Hmac<Sha256> as KeyInit>::new(&(*block).into()))
    }

    pub(super) fn begin(&self, binding: [u8; 32], return_to: &ReturnTo, now: Timestamp) -> Sealed {
        let until = now.checked_add(KEPT).unwrap_or(now).as_second();
        let kept = Kept { binding, return_to: return_to.as_str().to_owned(), until };
        // Writing numbers and text as JSON cannot fail.
        let payload = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&kept).unwrap_or_default());
        self.sealed(&payload, return_to.clone())
    }

    /// None of what we have not sealed, and of what is too old.
    pub(super) fn open(&self, cookie: &str, now: Timestamp) -> Option<Sealed> {
        let (payload, proof) = cookie.split_once('.').filter(|_| cookie.len() <= COOKIE_CHARS_MAX)?;
        let proof = BASE64_URL_SAFE_NO_PAD.decode(proof).ok()?;
        self.labelled("cookie", payload).verify_slice(&proof).ok()?;
        let kept: Kept = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let return_to = ReturnTo::parse(&kept.return_to)?;
        (now.as_second() < kept.until).then(|| self.sealed(payload, return_to))
    }

    fn sealed(&self, payload: &str, return_to: ReturnTo) -> Sealed {
        let tag = |label| self.labelled(label, payload).finalize().into_bytes();
        let derive = |label| BASE64_URL_SAFE_NO_PAD.encode(tag(label));
        Sealed {
            cookie: format!("{payload}.{}", derive("cookie")),
            state: derive("state"),
            nonce: derive("nonce"),
            verifier: Zeroizing::new(derive("verifier")),
            return_to,
            digest: Sha256::digest(payload.as_bytes()).into(),
            expected_state: self.labelled("state", payload),
        }
    }

    fn labelled(&self, label: &str, payload: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in [label.as_bytes(), b"\0", payload.as_bytes()] {
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn seal() -> Seal {
        Seal::new(&Zeroizing::new([7; 32]))
    }

    fn begun() -> Sealed {
        seal().begin([1; 32], &ReturnTo::home(), now())
    }

    #[test]
    fn what_was_begun_is_opened_by_its_own_browser_for_ten_minutes() {
        let Sealed { cookie, state, nonce, verifier, .. } = begun();
        let opened = seal().open(&cookie, now()).unwrap();
        assert_eq!((&opened.state, &opened.nonce, &opened.verifier), (&state, &nonce, &verifier));
        assert!(opened.is_answered_by(&state));
        let later = |seconds| now() + Duration::from_secs(seconds);
        assert!(seal().open(&cookie, later(599)).is_some());
        assert!(seal().open(&cookie, later(600)).is_none());
    }

    #[test]
    fn nothing_that_goes_to_the_provider_can_be_made_of_what_another_browser_holds() {
        let (one, other) = (begun(), seal().begin([2; 32], &ReturnTo::home(), now()));
        let all = [&one.state, &one.nonce, &*one.verifier, &other.state, &other.nonce, &*other.verifier];
        for (at, text) in all.iter().enumerate() {
            assert_eq!(text.len(), 43);
            assert!(!all[..at].contains(text) && !one.cookie.contains(text.as_str()));
        }
        assert!(
            !one.is_answered_by(&other.state) && !one.is_answered_by("") && !one.is_answered_by(&one.nonce)
        );
    }

    #[test]
    fn a_cookie_that_was_changed_or_sealed_by_others_is_none() {
        let cookie = begun().cookie;
        let elsewhere = Seal::new(&Zeroizing::new([8; 32])).begin([1; 32], &ReturnTo::home(), now()).cookie;
        let (payload, proof) = cookie.split_once('.').unwrap();
        for wrong in [
            "",
            ".",
            payload,
            &format!("{payload}."),
            &format!("x{cookie}"),
            &elsewhere,
            &format!(".{proof}"),
        ] {
            assert!(seal().open(wrong, now()).is_none(), "{wrong}");
        }
    }
}
