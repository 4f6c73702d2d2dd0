//! `Idempotency-Key`: the caller's own name for a command, so that a retry is recognised and not repeated.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;
use eventlog::{Idempotency, Remembered};
use http::{HeaderMap, HeaderName, Method, Uri};
use sha2::{Digest, Sha256};

use crate::problem::{Problem, kinds};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_CHARS_MAX: usize = 255;

/// The key that a request gives, if it gives one.
pub(crate) fn given_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut fields = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    let refused = || Problem::new(kinds::IDEMPOTENCY_KEY_INVALID);
    let key = field.to_str().map_err(|_| refused())?;
    let well_formed = (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if well_formed && fields.next().is_none() { Ok(Some(key.to_owned())) } else { Err(refused()) }
}

/// What was asked, in 32 bytes. Each part is preceded by its length, so that no two requests read alike.
pub(crate) fn request_digest(method: &Method, uri: &Uri, body: &Bytes) -> [u8; 32] {
    let path = uri.path_and_query().map_or(uri.path(), http::uri::PathAndQuery::as_str);
    let parts = [method.as_str().as_bytes(), path.as_bytes(), body];
    let digest = parts.iter().fold(Sha256::new(), |digest, part| {
        digest.chain_update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()).chain_update(part)
    });
    digest.finalize().into()
}

/// The commands that this process is carrying out under a caller's key.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight {
    keys: Arc<Mutex<HashSet<String>>>,
}

impl InFlight {
    fn keys(&self) -> MutexGuard<'_, HashSet<String>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the key until the claim is dropped.
    pub(crate) fn claim(&self, idempotency: Idempotency) -> Result<Claim, Problem> {
        if self.keys().insert(idempotency.key.clone()) {
            Ok(Claim { idempotency, in_flight: self.clone() })
        } else {
            Err(Problem::new(kinds::IDEMPOTENCY_IN_PROGRESS))
        }
    }
}

/// The right to carry out the command of this key; nobody else in this process has it.
#[derive(Debug)]
pub(crate) struct Claim {
    idempotency: Idempotency,
    in_flight: InFlight,
}

impl Claim {
    pub(crate) fn idempotency(&self) -> &Idempotency {
        &self.idempotency
    }

    /// What became of the command, provided that it is the same.
    pub(crate) fn check(&self, remembered: Remembered) -> Result<Remembered, Problem> {
        if remembered.request_digest == self.idempotency.request_digest {
            Ok(remembered)
        } else {
            Err(Problem::new(kinds::IDEMPOTENCY_KEY_REUSED))
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.in_flight.keys().remove(&self.idempotency.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(fields: &[&str]) -> Result<Option<String>, u16> {
        let headers = fields.iter().map(|field| (IDEMPOTENCY_KEY, field.parse().unwrap())).collect();
        given_key(&headers).map_err(|problem| problem.status())
    }

    #[test]
    fn a_key_is_visible_ascii_and_given_once() {
        assert_eq!(given(&[]), Ok(None));
        assert_eq!(given(&["a-1"]), Ok(Some("a-1".to_owned())));
        assert!(given(&[&"k".repeat(255)]).is_ok());
        for fields in [&[""][..], &["a b"], &["a", "a"], &[&"k".repeat(256)]] {
            assert_eq!(given(fields), Err(400), "{fields:?}");
        }
    }

    #[test]
    fn requests_that_differ_have_digests_that_differ() {
        let digest = |method: Method, path: &str, body: &'static str| {
            request_digest(&method, &path.parse().unwrap(), &Bytes::from_static(body.as_bytes()))
        };
        let one = digest(Method::POST, "/v1/clients", "{}");
        assert_eq!(one, digest(Method::POST, "/v1/clients", "{}"));
        assert_ne!(one, digest(Method::PATCH, "/v1/clients", "{}"));
        assert_ne!(one, digest(Method::POST, "/v1/clients?a=b", "{}"));
        assert_ne!(one, digest(Method::POST, "/v1/clients", "{ }"));
        assert_ne!(digest(Method::POST, "/ab", "c"), digest(Method::POST, "/a", "bc"));
    }

    #[test]
    fn a_key_is_free_again_once_its_claim_is_dropped() {
        let in_flight = InFlight::default();
        let idempotency = Idempotency { key: "p:k".to_owned(), request_digest: [0; 32] };
        let claim = in_flight.claim(idempotency.clone()).unwrap();
        assert_eq!(in_flight.claim(idempotency.clone()).unwrap_err().status(), 409);
        drop(claim);
        assert!(in_flight.claim(idempotency).is_ok());
    }
}
