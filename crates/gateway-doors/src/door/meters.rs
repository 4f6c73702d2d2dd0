//! Counts decisions and their time. Handles are taken once: a look-up by name on every call would cost as much as
//! the decision.

use std::{sync::Once, time::Instant};

use domain::decision::Outcome;
use metrics::{Counter, Histogram, Unit};

use super::Kind;
use crate::refuse::Fault;

const DECISIONS: &str = "tollgate_decisions_total";
const SECONDS: &str = "tollgate_decision_seconds";
const FAULTS: &str = "tollgate_door_faults_total";

pub(super) struct Meters {
    ext_authz: PerDoor,
    verify: PerDoor,
    forward_auth: PerDoor,
    in_proxy: PerDoor,
    rate_limit: PerDoor,
    seconds: Histogram,
}

struct PerDoor {
    allowed: Counter,
    unauthenticated: Counter,
    forbidden: Counter,
    rate_limited: Counter,
    quota_exceeded: Counter,
}

/// When a decision was begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing(Instant);

impl Meters {
    pub(super) fn new() -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(describe);
        Self {
            ext_authz: PerDoor::new(Kind::ExtAuthz),
            verify: PerDoor::new(Kind::Verify),
            forward_auth: PerDoor::new(Kind::ForwardAuth),
            in_proxy: PerDoor::new(Kind::InProxy),
            rate_limit: PerDoor::new(Kind::RateLimit),
            seconds: metrics::histogram!(SECONDS),
        }
    }

    pub(super) fn begin(&self) -> Timing {
        Timing(Instant::now())
    }

    pub(super) fn decided(&self, kind: Kind, outcome: Outcome, Timing(begun): Timing) {
        let door = match kind {
            Kind::ExtAuthz => &self.ext_authz,
            Kind::Verify => &self.verify,
            Kind::ForwardAuth => &self.forward_auth,
            Kind::InProxy => &self.in_proxy,
            Kind::RateLimit => &self.rate_limit,
        };
        door.counter(outcome).increment(1);
        self.seconds.record(begun.elapsed());
    }

    /// Rare, hence looked up.
    pub(super) fn faulted(&self, kind: Kind, fault: Fault) {
        metrics::counter!(FAULTS, "door" => kind.as_str(), "fault" => fault.doc().code).increment(1);
    }
}

impl PerDoor {
    fn new(kind: Kind) -> Self {
        let of = |outcome: Outcome| metrics::counter!(DECISIONS, "outcome" => outcome.as_str(), "door" => kind.as_str());
        Self {
            allowed: of(Outcome::Allowed),
            unauthenticated: of(Outcome::Unauthenticated),
            forbidden: of(Outcome::Forbidden),
            rate_limited: of(Outcome::RateLimited),
            quota_exceeded: of(Outcome::QuotaExceeded),
        }
    }

    fn counter(&self, outcome: Outcome) -> &Counter {
        match outcome {
            Outcome::Allowed => &self.allowed,
            Outcome::Unauthenticated => &self.unauthenticated,
            Outcome::Forbidden => &self.forbidden,
            Outcome::RateLimited => &self.rate_limited,
            Outcome::QuotaExceeded => &self.quota_exceeded,
        }
    }
}

fn describe() {
    metrics::describe_counter!(DECISIONS, "Calls judged, by outcome and door");
    metrics::describe_histogram!(SECONDS, Unit::Seconds, "Time to judge one call, without its transport");
    metrics::describe_counter!(FAULTS, "Calls refused without a decision, by door and fault");
}
