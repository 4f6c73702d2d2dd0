//! What the admin API asks of the gateways, which it does not know.

use std::{fmt, net::IpAddr, pin::Pin};

use domain::{
    ClientId, Environment, KeyId, RouteId, Timestamp,
    explain::{EffectivePolicies, Explanation, LimitUse},
};
use secrecy::SecretString;

/// An answer on its way. None: there is no such key, client or route.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<Option<T>, GatewaysAway>> + Send + 'a>>;

/// The gateways, wherever they are. What they are asked counts nothing and takes nothing.
pub trait Gateways: Send + Sync + 'static {
    /// What would be decided about a call, and why.
    fn explain(&self, asked: CallAsked) -> Answering<'_, Explanation>;

    /// Which policies apply, and what applies after them.
    fn effective(&self, asked: EffectiveAsked) -> Answering<'_, EffectivePolicies>;

    /// What is used of each limit of a client or a key; in all its environments where none is named.
    fn usage(&self, of: UsageOf, environment: Option<Environment>) -> Answering<'_, Vec<LimitUse>>;
}

/// Nobody knows the configuration yet.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no gateway has read the log yet")]
pub struct GatewaysAway;

/// One call to explain.
#[derive(Debug)]
pub struct CallAsked {
    pub who: Who,
    pub method: String,
    pub host: Option<String>,
    pub path: String,
    /// None: the key's own; where there is no key, the one that is served.
    pub environment: Option<Environment>,
    pub address: Option<IpAddr>,
    pub cost: Option<u32>,
    pub at: Timestamp,
}

/// Who makes it.
pub enum Who {
    /// Whoever holds this. It goes no further than this process.
    Secret(SecretString),
    /// Whoever holds the current secret of this key.
    Key(KeyId),
    /// Whoever holds a key of this client that has no bounds of its own.
    Client(ClientId),
    Nobody,
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret(…)"),
            Self::Key(id) => write!(f, "Key({id})"),
            Self::Client(id) => write!(f, "Client({id})"),
            Self::Nobody => f.write_str("Nobody"),
        }
    }
}

/// Calls whose policies are asked for; what is not given is whatever no assignment names.
#[derive(Clone, Debug)]
pub struct EffectiveAsked {
    pub client_id: Option<ClientId>,
    pub route_id: Option<RouteId>,
    /// None: the one that is served.
    pub environment: Option<Environment>,
    pub at: Timestamp,
}

/// Whose use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageOf {
    Client(ClientId),
    Key(KeyId),
}
