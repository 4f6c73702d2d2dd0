//! The sign-in of a person: to the provider and back, bound to the one browser that began it.
//!
//! Authorization code with PKCE. Source: `OpenID` Connect Core §3.1, RFC 7636, RFC 9207, RFC 9700. Nothing is stored while
//! the person is away: the browser holds what was begun, sealed, and what goes to the provider is derived from it under
//! a key that never leaves us.

mod begun;
mod return_to;

use std::{fmt, sync::Arc};

use domain::Timestamp;
use http::StatusCode;
use outbound::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    claims::{Expected, Identity, TokenRefusal},
    provider::{Doors, Provider, ProviderFailure},
    web::WebFailure,
};
use begun::{Seal, Sealed};
pub use return_to::ReturnTo;

/// No code and no state is longer.
const PARAMETER_CHARS_MAX: usize = 4_096;

/// How we are known to the provider.
#[derive(Clone, Debug)]
pub struct FlowSettings {
    pub client_id: String,
    /// None for a client that has none; PKCE alone proves it then.
    pub client_secret: Option<SecretString>,
    /// Where the provider sends people back to; registered there, to the letter.
    pub redirect_uri: String,
    /// `openid` and whatever makes the provider tell of groups.
    pub scopes: Vec<String>,
}

/// A sign-in that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser goes.
    pub location: String,
    /// What it keeps meanwhile, in a cookie of ten minutes.
    pub cookie: String,
}

/// What the browser brings back. Unknown parameters are the provider's own affair.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Callback {
    pub code: Option<String>,
    pub state: Option<String>,
    pub iss: Option<String>,
    /// Why the provider did not let the person in.
    pub error: Option<String>,
}

/// A sign-in that has come to its end: somebody is who they say.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    pub identity: Identity,
    pub return_to: ReturnTo,
    /// Of what was begun: no second session is opened for it.
    pub begun: [u8; 32],
}

/// Why a sign-in has not come to its end. The person is told no more than whether to try again.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    #[error("this browser has not begun a sign-in, or too long ago")]
    NotBegun,
    #[error("what came back does not belong to what this browser has begun")]
    OtherSignIn,
    #[error("the provider did not let the person in")]
    Denied { error: String },
    #[error("the provider did not take the code")]
    Code {
        #[source]
        source: WebFailure,
    },
    #[error("the provider's token is not taken")]
    Token {
        #[source]
        source: TokenRefusal,
    },
    #[error("the provider cannot be asked")]
    Provider {
        #[source]
        source: ProviderFailure,
    },
}

impl SignInRefusal {
    /// Whether whoever came back may have tried what is not theirs. That the provider cannot be asked is nobody's failure.
    #[must_use]
    pub fn is_of_the_caller(&self) -> bool {
        match self {
            Self::NotBegun | Self::OtherSignIn | Self::Denied { .. } => true,
            // What a code that is none is answered. Source: RFC 6749 §5.2.
            Self::Code { source } => {
                matches!(source, WebFailure::Status { status, .. } if *status == StatusCode::BAD_REQUEST)
            }
            Self::Token { source } => *source != TokenRefusal::KeysNotHad,
            Self::Provider { .. } => false,
        }
    }
}

/// What signs people in by one provider.
pub struct CodeFlow {
    provider: Arc<Provider>,
    settings: FlowSettings,
    seal: Seal,
}

impl CodeFlow {
    /// The key is the same in every process that a browser may come back to.
    #[must_use]
    pub fn new(provider: Arc<Provider>, settings: FlowSettings, key: Zeroizing<[u8; 32]>) -> Self {
        Self { provider, settings, seal: Seal::new(&key) }
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        self.provider.issuer()
    }

    /// Where a person signs out at the provider, too; none where it has not said so. It asks them there, for nothing of their session
    /// is kept here that would name it. Source: `OpenID` Connect RP-Initiated Logout §2.
    pub async fn sign_out(&self, now: Timestamp) -> Option<String> {
        let mut location = self.provider.doors(now).await.ok()?.end_session?;
        location.query_pairs_mut().append_pair("client_id", &self.settings.client_id);
        Some(location.into())
    }

    /// Begins a sign-in, bound to 32 random bytes.
    ///
    /// # Errors
    /// When the provider has not said where its door is.
    pub async fn begin(
        &self,
        binding: [u8; 32],
        return_to: &ReturnTo,
        now: Timestamp,
    ) -> Result<Begun, ProviderFailure> {
        let doors = self.provider.doors(now).await?;
        let absent = ProviderFailure::Address { what: "authorization_endpoint" };
        let mut location = doors.authorization.ok_or(absent)?;
        let sealed = self.seal.begin(binding, return_to, now);
        let FlowSettings { client_id, redirect_uri, scopes, .. } = &self.settings;
        location.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("scope", &scopes.join(" ")),
            ("state", &sealed.state),
            ("nonce", &sealed.nonce),
            ("code_challenge", &sealed.challenge()),
            ("code_challenge_method", "S256"),
        ]);
        Ok(Begun { location: location.into(), cookie: sealed.cookie })
    }

    /// Ends a sign-in with what the browser kept and what it brings back.
    ///
    /// # Errors
    /// [`SignInRefusal`].
    pub async fn finish(
        &self,
        cookie: &str,
        callback: Callback,
        now: Timestamp,
    ) -> Result<Finished, SignInRefusal> {
        let sealed = self.seal.open(cookie, now).ok_or(SignInRefusal::NotBegun)?;
        let Callback { code, state, iss, error } = callback;
        if !state.is_some_and(|state| sealed.is_answered_by(&state)) {
            return Err(SignInRefusal::OtherSignIn);
        }
        let failed = |source| SignInRefusal::Provider { source };
        let doors = self.provider.doors(now).await.map_err(failed)?;
        // Another provider that we trust could be made to answer in this one's place.
        match iss {
            Some(iss) if iss != self.issuer() => return Err(SignInRefusal::OtherSignIn),
            None if doors.names_itself => return Err(SignInRefusal::OtherSignIn),
            Some(_) | None => {}
        }
        if let Some(error) = error {
            let harmless = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            return Err(SignInRefusal::Denied { error: error.chars().filter(harmless).take(64).collect() });
        }
        let code = code.filter(|code| (1..=PARAMETER_CHARS_MAX).contains(&code.len()));
        let code = code.ok_or(SignInRefusal::OtherSignIn)?;
        let token = self.exchange(&doors, &code, &sealed).await?;
        let FlowSettings { client_id, .. } = &self.settings;
        let expected = Expected { issuer: self.issuer(), audience: client_id, nonce: Some(&sealed.nonce) };
        let proven = self.provider.prove(token.expose_secret(), expected, &["jwt"], now).await;
        let identity = proven.map_err(|source| SignInRefusal::Token { source })?;
        Ok(Finished { identity, return_to: sealed.return_to, begun: sealed.digest })
    }

    /// The provider's token about the person, for the code that the browser has brought.
    async fn exchange(
        &self,
        doors: &Doors,
        code: &str,
        sealed: &Sealed,
    ) -> Result<SecretString, SignInRefusal> {
        #[derive(Deserialize)]
        struct Answer {
            id_token: SecretString,
        }
        let absent = ProviderFailure::Address { what: "token_endpoint" };
        let place = doors.token.as_ref().ok_or(SignInRefusal::Provider { source: absent })?;
        let FlowSettings { client_id, client_secret, redirect_uri, .. } = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &sealed.verifier),
            ("client_id", client_id),
        ];
        let secret = client_secret.as_ref().map(ExposeSecret::expose_secret);
        let encoded = (form_encoded(client_id), secret.map(|secret| Zeroizing::new(form_encoded(secret))));
        let basic = match (&encoded, secret) {
            ((_, Some(_)), Some(secret)) if doors.secret_in_form => {
                form.push(("client_secret", secret));
                None
            }
            ((id, Some(secret)), _) => Some((id.as_str(), secret.as_str())),
            ((_, None), _) => None,
        };
        let answer = self.provider.web().post::<Answer>(place, &form, basic).await;
        answer.map(|Answer { id_token }| id_token).map_err(|source| SignInRefusal::Code { source })
    }
}

impl fmt::Debug for CodeFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeFlow").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// As a form writes it: what stands in the header is encoded so first. Source: RFC 6749 §2.3.1.
fn form_encoded(text: &str) -> String {
    let Ok(mut url) = "form:".parse::<Url>() else { return String::new() };
    url.query_pairs_mut().append_key_only(text);
    url.query().unwrap_or_default().to_owned()
}
