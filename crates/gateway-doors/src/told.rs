//! Which fields of a decision are told, and to whom: what nobody reads costs a proxy something for every call.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can be told or left out.
pub trait Choice: Copy + fmt::Debug + 'static {
    const ALL: &'static [Self];

    fn as_str(self) -> &'static str;

    /// One bit, of its own.
    fn bit(self) -> u16;
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $bit:literal, $word:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
        pub enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn bit(self) -> u16 {
                match self { $(Self::$variant => 1 << $bit),+ }
            }
        }
    };
}

choice! {
    /// A field of the metadata for access logs and later filters.
    ToldField {
        DecisionId = 0, "decision_id";
        ClientId = 1, "client_id";
        KeyId = 2, "key_id";
        RouteId = 3, "route_id";
        SecretVersion = 4, "secret_version";
        Environment = 5, "environment";
        Outcome = 6, "outcome";
        Reason = 7, "reason";
        Policies = 8, "policies";
        ShadowRefused = 9, "shadow_refused";
        Position = 10, "position";
    }
}

choice! {
    /// A header that tells the upstream who calls: `x-tollgate-client-id` and so on. One that is not told is taken away from what
    /// callers send all the same.
    IdentityHeader {
        ClientId = 0, "client_id";
        KeyId = 1, "key_id";
        DecisionId = 2, "decision_id";
        Environment = 3, "environment";
        Scopes = 4, "scopes";
    }
}

choice! {
    /// Headers that tell the caller where it stands.
    RateLimitHeaders {
        // `RateLimit` and `RateLimit-Policy`.
        RateLimit = 0, "ratelimit";
        // `X-RateLimit-Limit`, `-Remaining` and `-Reset`.
        XRateLimit = 1, "x_ratelimit";
    }
}

/// Some of them; all, where nothing is said.
pub struct Chosen<T>(u16, PhantomData<T>);

/// Which headers tell of a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The upstream, of who calls.
    pub identity: Chosen<IdentityHeader>,
    /// The caller, of where it stands.
    pub rate_limit: Chosen<RateLimitHeaders>,
}

/// A word that is none of those that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is none of {known}")]
pub struct NoChoice {
    word: String,
    known: String,
}

impl<T: Choice> Chosen<T> {
    pub(crate) fn contains(self, choice: T) -> bool {
        self.0 & choice.bit() != 0
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    fn all(self) -> impl Iterator<Item = T> {
        T::ALL.iter().copied().filter(move |choice| self.contains(*choice))
    }
}

impl<T> Clone for Chosen<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Chosen<T> {}

impl<T> PartialEq for Chosen<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Chosen<T> {}

impl<T: Choice> fmt::Debug for Chosen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.all()).finish()
    }
}

impl<T: Choice> Default for Chosen<T> {
    fn default() -> Self {
        T::ALL.iter().copied().collect()
    }
}

impl<T: Choice> FromIterator<T> for Chosen<T> {
    fn from_iter<I: IntoIterator<Item = T>>(choices: I) -> Self {
        Self(choices.into_iter().fold(0, |set, choice| set | choice.bit()), PhantomData)
    }
}

impl<'de, T: Choice + Deserialize<'de>> Deserialize<'de> for Chosen<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|choices| choices.into_iter().collect())
    }
}

impl<T: Choice> Serialize for Chosen<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.all().map(Choice::as_str))
    }
}

/// Words with commas between them, or `none`.
impl<T: Choice> FromStr for Chosen<T> {
    type Err = NoChoice;

    fn from_str(text: &str) -> Result<Self, NoChoice> {
        if text.trim() == "none" {
            return Ok([].into_iter().collect());
        }
        let choice = |word: &str| {
            let known = || T::ALL.iter().map(|choice| choice.as_str()).collect::<Vec<_>>().join(", ");
            T::ALL
                .iter()
                .copied()
                .find(|choice| choice.as_str() == word)
                .ok_or_else(|| NoChoice { word: word.to_owned(), known: known() })
        };
        text.split(',').map(str::trim).map(choice).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_said_in_words_and_a_wrong_one_is_named() {
        type Headers = Chosen<IdentityHeader>;
        let some: Headers = [IdentityHeader::ClientId, IdentityHeader::Scopes].into_iter().collect();
        assert_eq!("scopes, client_id".parse(), Ok(some));
        assert_eq!(serde_json::to_string(&some).unwrap(), r#"["client_id","scopes"]"#);
        assert_eq!(serde_json::from_str::<Headers>(r#"["client_id","scopes"]"#).unwrap(), some);
        assert!("none".parse::<Headers>().unwrap().is_none() && !Headers::default().is_none());
        let failure = "secret".parse::<Headers>().unwrap_err().to_string();
        assert_eq!(failure, "`secret` is none of client_id, key_id, decision_id, environment, scopes");
    }

    /// Two that had the same bit would be told together.
    #[test]
    fn each_has_a_bit_of_its_own() {
        fn check<T: Choice>() {
            let bits: std::collections::BTreeSet<_> = T::ALL.iter().map(|choice| choice.bit()).collect();
            assert_eq!(bits.len(), T::ALL.len());
        }
        check::<ToldField>();
        check::<IdentityHeader>();
        check::<RateLimitHeaders>();
    }
}
