//! Counts descriptors by what was answered about them. Decisions about those who are known are counted as at the other doors.

use std::sync::Once;

use domain::decision::Outcome;
use gateway::{Metered, OwnStanding};
use metrics::Counter;

const DESCRIPTORS: &str = "tollgate_rate_limit_descriptors_total";

pub(super) struct Meters {
    ok: Counter,
    over_limit: Counter,
    refused: Counter,
    no_room: Counter,
    unknown: Counter,
}

impl Meters {
    pub(super) fn new() -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(|| {
            metrics::describe_counter!(
                DESCRIPTORS,
                "Descriptors of the rate limit service, by what was answered"
            );
        });
        let of = |outcome: &'static str| metrics::counter!(DESCRIPTORS, "outcome" => outcome);
        Self {
            ok: of("ok"),
            over_limit: of("over_limit"),
            refused: of("refused"),
            no_room: of("no_room"),
            unknown: of("unknown"),
        }
    }

    pub(super) fn count(&self, metered: &Metered) {
        let counter = match (&metered.decision, &metered.own) {
            (_, Some(OwnStanding { no_room: true, .. })) => &self.no_room,
            (_, Some(OwnStanding { wait_seconds: Some(_), .. })) => &self.over_limit,
            (Some(decision), _) => match decision.outcome {
                Outcome::Allowed => &self.ok,
                Outcome::RateLimited | Outcome::QuotaExceeded => &self.over_limit,
                Outcome::Unauthenticated | Outcome::Forbidden => &self.refused,
            },
            (None, Some(_)) => &self.ok,
            (None, None) => &self.unknown,
        };
        counter.increment(1);
    }
}
