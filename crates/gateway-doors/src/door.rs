//! What all doors share: the gateway, the present, the environment that is served, and what is measured.

mod meters;

use std::{
    fmt,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use domain::{Environment, SharedClock, Timestamp};
use gateway::{Call, Decision, Gateway};

use self::meters::Meters;
use crate::refuse::Fault;

/// Which door a call came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ExtAuthz,
    Verify,
    ForwardAuth,
}

/// Asks the gateway about calls, for every kind of door.
pub struct Door {
    gateway: Arc<Gateway>,
    clock: SharedClock,
    environment: Environment,
    trust_forwarded: bool,
    meters: Meters,
}

impl Door {
    /// A door for calls in one environment. It believes nobody about a caller's address until told to.
    ///
    /// Its meters belong to the `metrics` recorder that is installed now: install it first.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, clock: SharedClock, environment: Environment) -> Self {
        Self { gateway, clock, environment, trust_forwarded: false, meters: Meters::new() }
    }

    /// Whether the caller's address is what the proxy says it is: `x-envoy-external-address` at the `ext_authz` door,
    /// `X-Real-IP` and the last of `X-Forwarded-For` at the forward-auth door. Right where every proxy that reaches
    /// this door sets these itself; wrong where one passes on what a caller wrote.
    #[must_use]
    pub fn trusting_forwarded(mut self, trust: bool) -> Self {
        self.trust_forwarded = trust;
        self
    }

    pub(crate) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn trusts_forwarded(&self) -> bool {
        self.trust_forwarded
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Judges one call. The decision is final: it has consumed what it allows.
    pub(crate) fn judge(&self, kind: Kind, call: &Call<'_>) -> Result<Decision, Fault> {
        if !self.gateway.ready() {
            return Err(Fault::NotReady);
        }
        let timing = self.meters.begin();
        let decision = self.gateway.judge(call, self.clock.now());
        self.meters.decided(kind, decision.outcome, timing);
        Ok(decision)
    }

    /// Carries out what answers a call, and turns a panic into a fault, so that it refuses this call and no other.
    pub(crate) fn guarded<T>(&self, kind: Kind, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let answer = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            // The panic hook has written down where.
            tracing::error!(door = kind.as_str(), "A call made the gateway panic; it was refused");
            Err(Fault::Panicked)
        });
        if let Err(fault) = &answer {
            self.meters.faulted(kind, *fault);
        }
        answer
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("environment", &self.environment)
            .field("trust_forwarded", &self.trust_forwarded)
            .finish_non_exhaustive()
    }
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ExtAuthz => "ext_authz",
            Self::Verify => "verify",
            Self::ForwardAuth => "forward_auth",
        }
    }
}

/// An address as it is compared: an IPv4 address that travels as IPv6 is that IPv4 address.
pub(crate) fn parse_address(text: &str) -> Option<IpAddr> {
    text.trim_ascii().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
