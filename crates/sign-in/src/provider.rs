//! One identity provider: where its doors are, its keys, and whether a token is its own.

use std::{fmt, sync::Arc, time::Duration};

use domain::Timestamp;
use outbound::Url;
use parking_lot::Mutex;
use serde::Deserialize;

use crate::{
    claims::{Expected, Identity, TokenRefusal},
    jwk::{Jwk, JwkSet},
    jws::{Algorithm, Jws},
    keys::{FRESH, KEPT, Keys, Known, Pace, age_of_unknown, since},
    web::{Web, WebFailure},
};

/// A provider that does not answer is not asked for its doors more often than this.
const DOORS_ASKED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What is set of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSettings {
    /// As its tokens and its own document name it, to the letter: `https://login.example.com/realms/ops`.
    pub issuer: String,
    /// How its tokens may be signed; what a token says of itself chooses among these and nothing else.
    pub algorithms: Vec<Algorithm>,
}

/// An issuer that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitIssuer {
    #[error(
        "an issuer must be a URL of HTTPS without a user, a query or a fragment; HTTP is taken from loopback alone"
    )]
    Address,
    #[error("name at least one algorithm that the issuer signs with")]
    NoAlgorithm,
}

/// A provider has not told where its doors and keys are.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFailure {
    #[error(transparent)]
    Web(#[from] WebFailure),
    #[error("the provider calls itself `{claimed}`, which is not the issuer that is set")]
    OtherIssuer { claimed: String },
    #[error("the provider's {what} is no URL that we may ask")]
    Address { what: &'static str },
    #[error("the provider did not answer, and is asked again soon")]
    NotAskedAgainYet,
}

/// What a provider says of itself. Source: `OpenID` Connect Discovery §3, RP-Initiated Logout §2.1, RFC 9207 §3.
#[derive(Clone, Debug, Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Where a provider is asked for what.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    keys: Url,
    pub(crate) authorization: Option<Url>,
    pub(crate) token: Option<Url>,
    /// Where a person signs out there.
    pub(crate) end_session: Option<Url>,
    /// A client's secret goes into the form: it does not take the header.
    pub(crate) secret_in_form: bool,
    /// It names itself in each answer to a sign-in.
    pub(crate) names_itself: bool,
}

/// An identity provider that we trust.
pub struct Provider {
    settings: ProviderSettings,
    address: Url,
    web: Web,
    keys: Keys,
    doors: Mutex<Option<(Doors, Timestamp)>>,
    doors_pace: Pace,
}

impl Provider {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// [`UnfitIssuer`] when the issuer is no address of HTTPS, or no algorithm is named.
    pub fn new(settings: ProviderSettings, web: Web) -> Result<Self, UnfitIssuer> {
        let address = settings.issuer.parse::<Url>().map_err(|_| UnfitIssuer::Address)?;
        let plain =
            address.query().is_none() && address.fragment().is_none() && address.username().is_empty();
        if !plain || address.password().is_some() || !is_private(&address) {
            return Err(UnfitIssuer::Address);
        }
        if settings.algorithms.is_empty() {
            return Err(UnfitIssuer::NoAlgorithm);
        }
        let doors_pace = Pace::every(DOORS_ASKED_AGAIN_AFTER);
        Ok(Self { settings, address, web, keys: Keys::new(), doors: Mutex::default(), doors_pace })
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    pub(crate) fn web(&self) -> &Web {
        &self.web
    }

    /// Who the token is about, if the provider has signed it, for this audience, and it holds now.
    pub(crate) async fn prove(
        &self,
        token: &str,
        expected: Expected<'_>,
        types: &[&str],
        now: Timestamp,
    ) -> Result<Identity, TokenRefusal> {
        let jws = Jws::parse(token, &self.settings.algorithms)?;
        self.prove_parsed(&jws, expected, types, now).await
    }

    async fn prove_parsed(
        &self,
        jws: &Jws<'_>,
        expected: Expected<'_>,
        types: &[&str],
        now: Timestamp,
    ) -> Result<Identity, TokenRefusal> {
        let named = |typ: &String| {
            let typ = typ.to_ascii_lowercase();
            types.contains(&typ.strip_prefix("application/").unwrap_or(&typ))
        };
        if !jws.typ.as_ref().is_none_or(named) {
            return Err(TokenRefusal::Type);
        }
        let unknown = || match self.keys.may_be_incomplete() {
            true => TokenRefusal::KeysNotHad,
            false => TokenRefusal::UnknownKey,
        };
        let key = self.key(jws, now).await.ok_or_else(unknown)?;
        expected.check(jws.proven(&key)?, now)
    }

    async fn key(&self, jws: &Jws<'_>, now: Timestamp) -> Option<Jwk> {
        let find = || self.keys.find(jws.kid.as_deref(), jws.algorithm, now);
        let found = match find() {
            Known::Fresh(key) => return Some(key),
            Known::Aged(key) => {
                // One asks whether it still serves; the others go on with it.
                let Ok(_asking) = self.keys.asking.try_lock() else { return Some(key) };
                if !self.keys.pace.admits(now) {
                    return Some(key);
                }
                self.ask_keys(now).await;
                find()
            }
            Known::Unknown => {
                let _asking = self.keys.asking.lock().await;
                // Whoever waited here may find that the one before has brought it.
                match find() {
                    Known::Unknown if self.keys.pace.admits(now) => {
                        self.ask_keys(now).await;
                        find()
                    }
                    known @ (Known::Unknown | Known::Fresh(_) | Known::Aged(_)) => known,
                }
            }
        };
        match found {
            Known::Fresh(key) | Known::Aged(key) => Some(key),
            Known::Unknown => None,
        }
    }

    async fn ask_keys(&self, now: Timestamp) {
        let asked = async {
            let doors = self.doors(now).await?;
            Ok::<JwkSet, ProviderFailure>(self.web.get(&doors.keys).await?)
        };
        let outcome = match asked.await {
            Ok(set) => {
                self.keys.keep(set.usable(), now);
                "had"
            }
            Err(failure) => {
                self.keys.miss();
                let cause: &dyn std::error::Error = &failure;
                tracing::warn!(
                    error = cause,
                    provider.issuer = self.issuer(),
                    "Cannot have the keys of `{}`; tokens that name others than before are refused",
                    self.issuer()
                );
                "failed"
            }
        };
        let labels = [("issuer", self.issuer().to_owned()), ("outcome", outcome.to_owned())];
        metrics::counter!("tollgate_sign_in_key_fetches_total", &labels).increment(1);
    }

    /// Where the provider's doors are; asked for again after an hour, and kept for a day while it does not answer.
    pub(crate) async fn doors(&self, now: Timestamp) -> Result<Doors, ProviderFailure> {
        let held = |bound: Duration| {
            let mut held = self.doors.lock();
            if let Some((_, had_at)) = held.as_mut() {
                age_of_unknown(had_at, now);
            }
            held.as_ref().filter(|(_, had)| since(*had, now) < bound).map(|(doors, _)| doors.clone())
        };
        if let Some(doors) = held(FRESH) {
            return Ok(doors);
        }
        if !self.doors_pace.admits(now) {
            return held(KEPT).ok_or(ProviderFailure::NotAskedAgainYet);
        }
        match self.ask_doors().await {
            Ok(doors) => {
                *self.doors.lock() = Some((doors.clone(), now));
                Ok(doors)
            }
            Err(failure) => held(KEPT).ok_or(failure),
        }
    }

    async fn ask_doors(&self) -> Result<Doors, ProviderFailure> {
        let mut place = self.address.clone();
        let path = format!("{}/.well-known/openid-configuration", place.path().trim_end_matches('/'));
        place.set_path(&path);
        let document: Document = self.web.get(&place).await?;
        // Otherwise one provider could speak for another. Source: OpenID Connect Discovery §4.3.
        if document.issuer != self.settings.issuer {
            let claimed = document.issuer.chars().take(200).collect();
            return Err(ProviderFailure::OtherIssuer { claimed });
        }
        let url = |what, text: &str| {
            let url = text.parse::<Url>().ok().filter(|url| self.may_ask(url));
            url.ok_or(ProviderFailure::Address { what })
        };
        let optional = |what, text: &Option<String>| text.as_deref().map(|text| url(what, text)).transpose();
        // Nobody is kept from signing in by where one signs out.
        let end_session = document.end_session_endpoint.as_deref();
        let end_session = end_session.and_then(|text| url("end_session_endpoint", text).ok());
        let methods = document.token_endpoint_auth_methods_supported;
        let takes = |how: &str| methods.as_ref().is_some_and(|methods| methods.iter().any(|one| one == how));
        Ok(Doors {
            keys: url("jwks_uri", &document.jwks_uri)?,
            authorization: optional("authorization_endpoint", &document.authorization_endpoint)?,
            token: optional("token_endpoint", &document.token_endpoint)?,
            end_session,
            secret_in_form: takes("client_secret_post") && !takes("client_secret_basic"),
            names_itself: document.authorization_response_iss_parameter_supported,
        })
    }

    /// A provider on the network does not send us to the plain text, or to this machine.
    fn may_ask(&self, url: &Url) -> bool {
        url.scheme() == "https" || (self.address.scheme() == "http" && is_private(url))
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Whether nobody on the way can read or change what is said there.
fn is_private(url: &Url) -> bool {
    let loopback = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    url.host_str().is_some() && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

/// The issuers whose tokens machines may show instead of one of ours, each with the audience it has to name.
#[derive(Debug, Default)]
pub struct Machines {
    trusted: Vec<(Arc<Provider>, String)>,
}

impl Machines {
    /// In the order that [`Machines::prove`] counts them.
    #[must_use]
    pub fn new(trusted: Vec<(Arc<Provider>, String)>) -> Self {
        Self { trusted }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trusted.is_empty()
    }

    /// Which of the issuers has signed it, and about whom.
    ///
    /// # Errors
    /// [`TokenRefusal`], which is for the log alone.
    pub async fn prove(&self, token: &str, now: Timestamp) -> Result<(usize, Identity), TokenRefusal> {
        let proven = self.find(token, now).await;
        let outcome = proven.as_ref().map_or_else(|refusal| refusal.code(), |_| "proven");
        metrics::counter!("tollgate_sign_in_tokens_total", "outcome" => outcome).increment(1);
        proven
    }

    async fn find(&self, token: &str, now: Timestamp) -> Result<(usize, Identity), TokenRefusal> {
        let issuer = Jws::parse(token, &Algorithm::ALL)?.claimed_issuer().ok_or(TokenRefusal::Issuer)?;
        let mut refusal = TokenRefusal::Issuer;
        // The same issuer may be trusted for several audiences.
        for (at, (provider, audience)) in self.trusted.iter().enumerate() {
            if provider.issuer() != issuer {
                continue;
            }
            let expected = Expected { issuer: provider.issuer(), audience, nonce: None };
            match provider.prove(token, expected, &["jwt", "at+jwt"], now).await {
                Ok(identity) => return Ok((at, identity)),
                Err(why) => refusal = why,
            }
        }
        Err(refusal)
    }
}
