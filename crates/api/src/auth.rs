//! Who calls the admin API: bearer tokens, of which only digests are kept.

use domain::{
    access::{HeldGrant, Principal, PrincipalKind, Role},
    secret::{Peppers, SecretDigest},
};
use http::{HeaderMap, header};

use crate::secret::TOKEN_CHARS_MAX;

const LONG_TOKEN_CHARS_MAX: usize = 8 * 1024;

/// The digests of the tokens that open the admin API. A client's key is not among them and never opens it.
#[derive(Clone, Debug)]
pub struct AdminTokens {
    tokens: Vec<(SecretDigest, Principal)>,
}

impl AdminTokens {
    /// Each token with whom it stands for.
    pub fn new(tokens: impl IntoIterator<Item = (SecretDigest, Principal)>) -> Self {
        Self { tokens: tokens.into_iter().collect() }
    }

    /// The one token of a fresh installation.
    #[must_use]
    pub fn bootstrap(digest: SecretDigest) -> Self {
        Self::new([(digest, bootstrap_admin())])
    }

    /// And one that gateway nodes have in common.
    #[must_use]
    pub fn with_gateways(mut self, digest: SecretDigest) -> Self {
        self.tokens.push((digest, gateways()));
        self
    }

    /// Whom the token stands for. Looks at every digest, each in constant time, so that time tells nothing.
    pub(crate) fn principal(&self, peppers: &Peppers, token: &str) -> Option<Principal> {
        let matches = |kept: &SecretDigest| {
            peppers.digest(kept.pepper_version, token).is_some_and(|presented| presented.matches(kept))
        };
        self.tokens
            .iter()
            .fold(None, |found, (kept, principal)| if matches(kept) { Some(principal) } else { found })
            .cloned()
    }
}

fn bootstrap_admin() -> Principal {
    Principal {
        id: "bootstrap-admin".to_owned(),
        kind: PrincipalKind::Bootstrap,
        authenticated_by: "bootstrap_token",
        grants: vec![HeldGrant::built_in(Role::Admin)],
    }
}

/// Whoever holds a token that opens the claim anew: may claim, and nothing else.
pub(crate) fn claimant() -> Principal {
    Principal { authenticated_by: "claim_token", grants: vec![], ..bootstrap_admin() }
}

fn gateways() -> Principal {
    Principal {
        id: "gateways".to_owned(),
        kind: PrincipalKind::ServiceAccount { team: None },
        authenticated_by: "gateway_token",
        grants: vec![HeldGrant::built_in(Role::Gateway)],
    }
}

/// The one bearer token of a request. Source: RFC 6750 §2.1; a second `Authorization` field is refused.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    long_bearer(headers).filter(|token| token.len() <= TOKEN_CHARS_MAX)
}

/// The same of a token that another issuer has made: those are longer than ours.
pub(crate) fn long_bearer(headers: &HeaderMap) -> Option<&str> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let (field, None) = (fields.next()?, fields.next()) else { return None };
    let (scheme, token) = field.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    let well_formed =
        scheme.eq_ignore_ascii_case("bearer") && (1..=LONG_TOKEN_CHARS_MAX).contains(&token.len());
    (well_formed && token.bytes().all(|b| b.is_ascii_graphic())).then_some(token)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::{random::SystemRandom, secret::new_admin_token};

    fn headers(fields: &[&str]) -> HeaderMap {
        fields.iter().map(|field| (header::AUTHORIZATION, field.parse().unwrap())).collect()
    }

    #[test]
    fn one_bearer_token_is_read_and_nothing_else() {
        assert_eq!(bearer(&headers(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer(&headers(&["bEARER abc"])), Some("abc"));
        for fields in
            [&[][..], &["Basic abc"], &["Bearer"], &["Bearer "], &["Bearer a b"], &["Bearer a", "Bearer a"]]
        {
            assert_eq!(bearer(&headers(fields)), None, "{fields:?}");
        }
    }

    #[test]
    fn only_the_token_itself_opens() {
        let peppers = Peppers::new([(1, Zeroizing::new([1; 32]))]).unwrap();
        let token = new_admin_token(&SystemRandom).unwrap();
        let tokens = AdminTokens::bootstrap(peppers.digest_new(&token));
        assert_eq!(tokens.principal(&peppers, token.expose()).unwrap().id, "bootstrap-admin");
        assert_eq!(tokens.principal(&peppers, new_admin_token(&SystemRandom).unwrap().expose()), None);
        assert_eq!(AdminTokens::new([]).principal(&peppers, token.expose()), None);
    }
}
