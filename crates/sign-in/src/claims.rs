//! What a proven token claims, and whether it is meant for us and now. Source: `OpenID` Connect Core §3.1.3.7, RFC 7519 §4.1.

use std::time::Duration;

use domain::Timestamp;
use jiff::SignedDuration;
use serde_json::{Map, Value};

/// How far the clocks of the two sides may be apart.
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);
const SUBJECT_CHARS_MAX: usize = 255;

/// Who a token is about: the issuer and the subject together, and nothing else. An e-mail address is neither stable
/// nor always the provider's to give.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub issuer: String,
    /// 1 to 255 visible ASCII characters.
    pub subject: String,
    pub expires_at: Timestamp,
    /// Everything that it claims, for the rules that give roles.
    pub claims: Map<String, Value>,
}

/// Why a token is not taken. For the log of the process: whoever sent it is told none of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    #[error("it is no signed token")]
    Malformed,
    #[error("it is of another type")]
    Type,
    #[error("it is signed in a way that is not set")]
    Algorithm,
    #[error("it is of an issuer that is not set")]
    Issuer,
    #[error("the issuer has no such key")]
    UnknownKey,
    /// Nothing that is said of the token: whether it is genuine cannot be known now.
    #[error("the issuer's keys cannot be had")]
    KeysNotHad,
    #[error("the key has not signed it")]
    Signature,
    #[error("it is not meant for us")]
    Audience,
    #[error("it was given to somebody else")]
    AuthorizedParty,
    #[error("its time is over")]
    Expired,
    #[error("its time is still to come")]
    NotYetValid,
    #[error("it belongs to another sign-in")]
    Nonce,
    #[error("it says not whom it is about")]
    Subject,
}

impl TokenRefusal {
    /// For measures.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Type => "type",
            Self::Algorithm => "algorithm",
            Self::Issuer => "issuer",
            Self::UnknownKey => "unknown_key",
            Self::KeysNotHad => "keys_not_had",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::AuthorizedParty => "authorized_party",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Nonce => "nonce",
            Self::Subject => "subject",
        }
    }
}

/// What a token has to say to be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    /// Of the sign-in that it answers: then it is an identity token, and has to be given to the audience alone.
    pub(crate) nonce: Option<&'a str>,
}

impl Expected<'_> {
    pub(crate) fn check(self, payload: &[u8], now: Timestamp) -> Result<Identity, TokenRefusal> {
        let claims: Map<String, Value> =
            serde_json::from_slice(payload).map_err(|_| TokenRefusal::Malformed)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(self.issuer) {
            return Err(TokenRefusal::Issuer);
        }
        self.is_meant(&claims)?;
        let expires_at = valid_now(&claims, now)?;
        if self.nonce.is_some() && text("nonce") != self.nonce {
            return Err(TokenRefusal::Nonce);
        }
        let visible = |subject: &&str| {
            (1..=SUBJECT_CHARS_MAX).contains(&subject.len()) && subject.bytes().all(|b| b.is_ascii_graphic())
        };
        let subject = text("sub").filter(visible).ok_or(TokenRefusal::Subject)?.to_owned();
        Ok(Identity { issuer: self.issuer.to_owned(), subject, expires_at, claims })
    }

    fn is_meant(self, claims: &Map<String, Value>) -> Result<(), TokenRefusal> {
        let (meant, alone) = match claims.get("aud") {
            Some(Value::String(one)) => (one == self.audience, true),
            Some(Value::Array(several)) => {
                (several.iter().any(|one| one.as_str() == Some(self.audience)), several.len() == 1)
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => (false, false),
        };
        if !meant {
            return Err(TokenRefusal::Audience);
        }
        if self.nonce.is_none() {
            // A machine's token names as `azp` the machine, not us.
            return Ok(());
        }
        match claims.get("azp") {
            None if alone => Ok(()),
            Some(Value::String(party)) if party == self.audience => Ok(()),
            None | Some(_) => Err(TokenRefusal::AuthorizedParty),
        }
    }
}

/// Until when it holds.
fn valid_now(claims: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, TokenRefusal> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => seconds(value).map(Some).ok_or(TokenRefusal::Malformed),
    };
    let latest = now.checked_add(LEEWAY).unwrap_or(Timestamp::MAX);
    let expires_at = time("exp")?.ok_or(TokenRefusal::Expired)?;
    if expires_at.checked_add(LEEWAY).is_ok_and(|end| end <= now) {
        return Err(TokenRefusal::Expired);
    }
    for start in [time("nbf")?, time("iat")?].into_iter().flatten() {
        if start > latest {
            return Err(TokenRefusal::NotYetValid);
        }
    }
    Ok(expires_at)
}

/// Seconds since 1970, which may have a fraction. Source: RFC 7519 §2, `NumericDate`.
fn seconds(value: &Value) -> Option<Timestamp> {
    let since = match value.as_i64() {
        Some(whole) => SignedDuration::from_secs(whole),
        None => SignedDuration::try_from_secs_f64(value.as_f64()?).ok()?,
    };
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}
