//! A call that somebody else has authenticated, of which only the limits are asked.

use std::num::NonZeroU32;

use domain::{ClientId, RouteId};

use crate::{Call, Decision};

/// What is asked about such a call. Its scopes, its environment and the addresses that its key is bound to are not judged.
#[derive(Clone, Copy, Debug)]
pub struct MeteredCall<'a> {
    /// Its secret is proven where no client is named. Without a path (an empty one) it is on no route, and what it costs is said there too.
    pub call: Call<'a>,
    /// Who calls, believed as it is said.
    pub client_id: Option<ClientId>,
    /// Where, in place of method, host and path.
    pub route_id: Option<RouteId>,
    /// In place of what the policies say.
    pub own: Option<OwnLimit<'a>>,
}

/// A limit that comes with the call.
#[derive(Clone, Copy, Debug)]
pub struct OwnLimit<'a> {
    /// Calls that agree in this and the next are counted together, whatever the order of the entries.
    pub domain: &'a str,
    /// Values are bytes: they come from callers, and one that is no text is to be counted like any other.
    pub entries: &'a [(&'a str, &'a [u8])],
    pub requests: u64,
    pub every: Every,
}

/// A window that turns at whole multiples of itself since 1970, in UTC; of months and years, since the year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Every {
    pub unit: Unit,
    pub times: NonZeroU32,
}

/// The units of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Metered {
    /// None where the call names nobody who is known: then no policy limits it, and no usage is counted.
    pub decision: Option<Decision>,
    /// Where its own limit stands, where that was asked.
    pub own: Option<OwnStanding>,
}

/// Where a limit stands that came with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnStanding {
    pub requests: u64,
    pub window_seconds: u64,
    pub remaining: u64,
    pub reset_seconds: u64,
    /// How long to wait, of a limit that refused.
    pub wait_seconds: Option<u64>,
    /// Whether it refused because there was no room for one more counter.
    pub no_room: bool,
}
