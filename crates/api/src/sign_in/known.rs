//! Who asks, by whichever way they have proven it; and what it costs not to prove it.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use domain::{
    PrincipalId,
    access::{Principal, PrincipalKind},
    observation::SignInWay,
};
use http::{HeaderMap, header, request::Parts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use sign_in::{Identity, SessionRow, TokenRefusal, is_shaped_like_jwt, refuse_cross_site};

use super::Given;
use crate::{
    auth::{bearer, long_bearer},
    circumstances::Circumstances,
    guard::Door,
    problem::{Problem, kinds},
};

/// What stands for a subject in a machine's name: no colon, no slash.
const NAMED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'@');
/// A longer name is told by its digest.
const NAME_CHARS_MAX: usize = 180;

/// Somebody who is known.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) principal: Principal,
    /// Of a person who has signed in.
    pub(crate) session: Option<SessionRow>,
}

impl Door {
    /// Who asks. From where somebody fails too often, only what we have given out ourselves is still looked at: it cannot be guessed,
    /// and whoever shares an address with others is not shut out by them.
    pub(crate) async fn authenticate(&self, parts: &Parts) -> Result<Known, Problem> {
        let (address, now, failures) = (address_of(parts), self.now(), &self.api().sign_in.failures);
        let heard = failures.check_address(address, now);
        let cookie = self.api().sign_in.cookies.read_session(&parts.headers);
        let known = if parts.headers.contains_key(header::AUTHORIZATION) {
            match self.by_own_token(&parts.headers) {
                Err(refused) if refused.is_unauthenticated() && heard.is_ok() => {
                    self.by_token_of_issuer(&parts.headers).await
                }
                known => known,
            }
        } else if let Some(cookie) = cookie {
            self.by_session(parts, cookie).await
        } else {
            // Who shows nothing has not tried to be anybody.
            return heard.map_or_else(
                |spent| Err(Problem::too_many_failures(spent)),
                |()| Err(Problem::unauthenticated()),
            );
        };
        if !known.as_ref().is_err_and(Problem::is_unauthenticated) {
            return known;
        }
        self.observe_failure(parts);
        if let Err(spent) = heard {
            return Err(Problem::too_many_failures(spent));
        }
        failures.fail_address(address, now);
        known
    }

    fn observe_failure(&self, parts: &Parts) {
        if let Some(circumstances) = parts.extensions.get::<Circumstances>() {
            self.api().observer.failed(SignInWay::Credential, circumstances, self.now());
        }
    }

    fn by_own_token(&self, headers: &HeaderMap) -> Result<Known, Problem> {
        let token = bearer(headers).ok_or_else(Problem::unauthenticated)?;
        self.holder(token).map(|principal| Known { principal, session: None })
    }

    async fn by_token_of_issuer(&self, headers: &HeaderMap) -> Result<Known, Problem> {
        let sign_in = &self.api().sign_in;
        let token =
            long_bearer(headers).filter(|token| is_shaped_like_jwt(token) && !sign_in.machines.is_empty());
        let Some(token) = token else { return Err(Problem::unauthenticated()) };
        let (issuer, identity) = sign_in.machines.prove(token, self.now()).await.map_err(|refusal| {
            tracing::info!(error = %refusal, "Refused a token of another issuer");
            // That its issuer is away is no failure of whoever shows it.
            if refusal == TokenRefusal::KeysNotHad {
                Problem::unavailable()
            } else {
                Problem::unauthenticated()
            }
        })?;
        let grants = sign_in.given_to_machine(issuer, &identity);
        let kind = PrincipalKind::ServiceAccount { team: None };
        let principal = Principal { id: machine(&identity), kind, authenticated_by: "jwt", grants };
        Ok(Known { principal, session: None })
    }

    async fn by_session(&self, parts: &Parts, cookie: &str) -> Result<Known, Problem> {
        let (api, now) = (self.api(), self.now());
        refuse_cross_site(&parts.method, &parts.headers, &api.sign_in.origin).map_err(|why| {
            tracing::warn!(error = %why, "Refused a request for another site");
            Problem::new(kinds::CROSS_SITE_REQUEST)
        })?;
        let nobody = || Problem::signed_out(api.sign_in.cookies.no_session());
        let session = api.sign_in.sessions.find(cookie, now).await.map_err(|why| Problem::unkept(&why))?;
        let session = session.ok_or_else(nobody)?;
        let id: PrincipalId = session.principal_id.parse().map_err(|_| nobody())?;
        if !api.access.is_complete() {
            // Whether it is disabled may be known in a moment.
            return Err(Problem::unavailable());
        }
        if !api.access.is_enabled(id) {
            api.sign_in.sessions.end_all(&session.principal_id).await.map_err(|why| Problem::unkept(&why))?;
            return Err(nobody());
        }
        let given: Vec<Given> =
            serde_json::from_str(&session.gives).map_err(|failure| Problem::internal(&failure))?;
        let mut grants = api.access.held(id, now);
        grants.extend(given.into_iter().map(|given| given.held(session.ends_at)));
        let (id, kind) = (session.principal_id.clone(), PrincipalKind::Person);
        let principal = Principal { id, kind, authenticated_by: "oidc", grants };
        Ok(Known { principal, session: Some(session) })
    }
}

/// Where a request comes from, as it is counted.
pub(crate) fn address_of(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<Circumstances>().and_then(|circumstances| circumstances.address)
}

/// A machine's name: its issuer and its subject, so that two never share one, and no name of ours is among them.
fn machine(identity: &Identity) -> String {
    let Identity { issuer, subject, .. } = identity;
    let issuer = issuer.strip_prefix("https://").unwrap_or(issuer);
    let name = format!("jwt/{}/{}", issuer.replace(':', "%3A"), utf8_percent_encode(subject, NAMED));
    if name.len() <= NAME_CHARS_MAX {
        return name;
    }
    format!("jwt/{}", hex::encode(Sha256::digest(name)))
}

/// A request in a session, and in which.
#[derive(Debug)]
pub(crate) struct InSession(pub(crate) SessionRow);

impl FromRequestParts<Door> for InSession {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let Known { session, .. } = door.authenticate(parts).await?;
        session.map(Self).ok_or_else(|| Problem::new(kinds::SESSION_NOT_FOUND))
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    #[test]
    fn two_machines_never_share_a_name() {
        let name = |issuer: &str, subject: &str| {
            let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
            machine(&Identity {
                issuer,
                subject,
                expires_at: Timestamp::UNIX_EPOCH,
                claims: serde_json::Map::new(),
            })
        };
        assert_eq!(name("https://ci.example", "repo:a/b"), "jwt/ci.example/repo%3Aa%2Fb");
        let long = "x".repeat(200);
        let all = [
            name("https://a/b", "c"),
            name("https://a", "b/c"),
            name("http://a/b", "c"),
            name("https://a", &long),
            name("https://b", &long),
            name("https://a:1", "c"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(one.len() <= 200 && !one.contains(':') && !all[..at].contains(one), "{one}");
        }
    }
}
