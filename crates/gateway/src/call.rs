//! What is asked about one call, and what is answered.

use std::{fmt, net::IpAddr};

use domain::{
    ClientId, Environment, KeyId, Position, RouteId,
    decision::{LimitStatus, Outcome, RefusalReason},
    ids::DecisionId,
};
use smallvec::SmallVec;

use crate::scopes::Scopes;

/// One call to a governed API, as a door received it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What the caller presented; None when it presented nothing.
    pub secret: Option<&'a str>,
    pub method: &'a str,
    /// May carry a port and capitals.
    pub host: Option<&'a str>,
    /// As received; may carry a query.
    pub path: &'a str,
    /// The environment that the door serves.
    pub environment: &'a Environment,
    /// The caller's address, as far as the door trusts what it knows of it.
    pub address: Option<IpAddr>,
    /// What the caller says it is. Never judged by.
    pub user_agent: Option<&'a str>,
    /// What the call takes from every limit, in place of its route's cost. 0 looks without taking.
    pub cost: Option<u32>,
    /// The call's headers, of a door whose proxies are trusted with what a call costs; none at any other.
    pub trusted_headers: Option<&'a dyn Headers>,
}

/// The headers of one call.
pub trait Headers: Sync {
    /// The header of a name in lower case.
    fn header(&self, name: &str) -> HeaderField<'_>;
}

/// One header of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderField<'a> {
    Absent,
    One(&'a str),
    /// There twice, or no text.
    Unclear,
}

impl fmt::Debug for Call<'_> {
    /// Without the secret, and without the path, which may carry personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("environment", &self.environment)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

/// What the gateway answers to one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub id: DecisionId,
    pub outcome: Outcome,
    /// None when the call is allowed.
    pub reason: Option<RefusalReason>,
    /// Like the next two: known only of a secret that was proven genuine.
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub secret_version: Option<u32>,
    /// What the key may do: its own scopes as far as its client still holds them.
    pub scopes: Scopes,
    pub environment: Environment,
    /// None when the call did not come as far as its route, or none matched.
    pub route_id: Option<RouteId>,
    /// Every limit that was looked at, the enforced before the shadowed.
    pub limits: SmallVec<[LimitStatus; 4]>,
    /// How long to wait before the same call may pass; only of calls refused by a limit, at least 1.
    pub retry_after_seconds: Option<u64>,
    /// How much of the log the decision rests on.
    pub position: Position,
    /// Whether the log has been out of sight for longer than allowed.
    pub stale: bool,
}
