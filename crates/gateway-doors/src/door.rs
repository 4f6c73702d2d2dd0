//! What all doors share: the gateway, the present, the environment that is served, and what is measured.

mod meters;

use std::{
    fmt,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use domain::{Environment, SharedClock, Timestamp};
use gateway::{Call, Decision, Gateway, Judged, Metered, MeteredCall, Shortage};
use tokio::time::Instant;

use self::meters::{Meters, Timing};
use crate::{refuse::Fault, told::Told};

/// Which door a call came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ExtAuthz,
    Verify,
    ForwardAuth,
    InProxy,
    RateLimit,
}

/// Asks the gateway about calls, for every kind of door.
pub struct Door {
    gateway: Arc<Gateway>,
    clock: SharedClock,
    environment: Environment,
    trust_forwarded: bool,
    trust_cost: bool,
    told: Told,
    meters: Meters,
}

impl Door {
    /// A door for calls in one environment. It believes nobody about a caller's address until told to.
    ///
    /// Its meters belong to the `metrics` recorder that is installed now: install it first.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, clock: SharedClock, environment: Environment) -> Self {
        Self {
            gateway,
            clock,
            environment,
            trust_forwarded: false,
            trust_cost: false,
            told: Told::default(),
            meters: Meters::new(),
        }
    }

    /// Whether the caller's address is what the proxy says it is: `x-envoy-external-address` at the `ext_authz` door,
    /// `X-Real-IP` and the last of `X-Forwarded-For` at the forward-auth door. Right where every proxy that reaches
    /// this door sets these itself; wrong where one passes on what a caller wrote.
    #[must_use]
    pub fn trusting_forwarded(mut self, trust: bool) -> Self {
        self.trust_forwarded = trust;
        self
    }

    /// Whether the header that a route names says what a call costs. Right where every proxy that reaches this door
    /// removes it from what callers send before it sets it, or does not, itself: a caller would else set its own price.
    #[must_use]
    pub fn trusting_cost_headers(mut self, trust: bool) -> Self {
        self.trust_cost = trust;
        self
    }

    /// Which headers tell of a decision, in the place of all.
    #[must_use]
    pub fn telling(mut self, told: Told) -> Self {
        self.told = told;
        self
    }

    pub(crate) fn told(&self) -> Told {
        self.told
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

    pub(crate) fn trusts_cost_headers(&self) -> bool {
        self.trust_cost
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Begins to answer one call.
    pub(crate) fn turn(&self) -> Turn {
        Turn { begun: self.meters.begin(), last: false }
    }

    /// Judges one call. The decision is final: it has consumed what it allows.
    pub(crate) fn judge(&self, kind: Kind, call: &Call<'_>, turn: Turn) -> Result<Decision, Halt> {
        if !self.gateway.ready() {
            return Err(Fault::NotReady.into());
        }
        let now = self.clock.now();
        let decision = if turn.last {
            self.gateway.judge(call, now)
        } else {
            match self.gateway.attempt(call, now) {
                Judged::Decided(decision) => *decision,
                Judged::Short(shortage) => return Err(Halt::Short(shortage)),
            }
        };
        self.meters.decided(kind, decision.outcome, turn.begun);
        Ok(decision)
    }

    /// Judges one call by its limits alone. As final as [`Self::judge`].
    pub(crate) fn meter(&self, kind: Kind, call: &MeteredCall<'_>, turn: Turn) -> Result<Metered, Halt> {
        if !self.gateway.ready() {
            return Err(Fault::NotReady.into());
        }
        let metered = self.gateway.meter(call, self.clock.now(), turn.last).map_err(Halt::Short)?;
        if let Some(decision) = &metered.decision {
            self.meters.decided(kind, decision.outcome, turn.begun);
        }
        Ok(metered)
    }

    /// Carries out what answers a call, as often as a shared quota must be reserved first; at last without waiting.
    pub(crate) async fn answer<T>(
        &self,
        kind: Kind,
        work: impl Fn(Turn) -> Result<T, Halt>,
    ) -> Result<T, Fault> {
        let turn = self.turn();
        match self.guarded(kind, || work(turn)) {
            Ok(answer) => Ok(answer),
            Err(Halt::Fault(fault)) => Err(fault),
            Err(Halt::Short(shortage)) => self.answer_later(kind, turn, shortage, work).await,
        }
    }

    /// Goes on with a call whose first turn came too early.
    pub(crate) async fn answer_later<T>(
        &self,
        kind: Kind,
        mut turn: Turn,
        mut shortage: Shortage,
        mut work: impl FnMut(Turn) -> Result<T, Halt>,
    ) -> Result<T, Fault> {
        let deadline = Instant::now() + self.gateway.wait_max();
        loop {
            turn.last = !shortage.ended(deadline).await;
            match self.guarded(kind, || work(turn)) {
                Ok(answer) => return Ok(answer),
                Err(Halt::Fault(fault)) => return Err(fault),
                Err(Halt::Short(again)) => shortage = again,
            }
        }
    }

    /// Carries out what answers a call, and turns a panic into a fault, so that it refuses this call and no other.
    pub(crate) fn guarded<T, E: From<Fault> + Halts>(
        &self,
        kind: Kind,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let answer = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            // The panic hook has written down where.
            tracing::error!(door = kind.as_str(), "A call made the gateway panic; it was refused");
            Err(Fault::Panicked.into())
        });
        if let Some(fault) = answer.as_ref().err().and_then(Halts::fault) {
            self.meters.faulted(kind, fault);
        }
        answer
    }
}

/// One try at a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    begun: Timing,
    /// It must be answered now.
    last: bool,
}

impl Turn {
    /// The same, that must be answered now.
    pub(crate) fn last(self) -> Self {
        Self { last: true, ..self }
    }
}

/// Why a try gave no answer.
#[derive(Debug)]
pub(crate) enum Halt {
    Fault(Fault),
    /// More of a shared quota must be reserved first.
    Short(Shortage),
}

/// What may end a try.
pub(crate) trait Halts {
    fn fault(&self) -> Option<Fault>;
}

impl Halts for Fault {
    fn fault(&self) -> Option<Fault> {
        Some(*self)
    }
}

impl Halts for Halt {
    fn fault(&self) -> Option<Fault> {
        match self {
            Self::Fault(fault) => Some(*fault),
            Self::Short(_) => None,
        }
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("environment", &self.environment)
            .field("trust_forwarded", &self.trust_forwarded)
            .field("trust_cost", &self.trust_cost)
            .finish_non_exhaustive()
    }
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ExtAuthz => "ext_authz",
            Self::Verify => "verify",
            Self::ForwardAuth => "forward_auth",
            Self::InProxy => "in_proxy",
            Self::RateLimit => "rate_limit",
        }
    }
}

/// An address as it is compared: an IPv4 address that travels as IPv6 is that IPv4 address.
pub(crate) fn parse_address(text: &str) -> Option<IpAddr> {
    text.trim_ascii().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
