//! How something observed gets on record.

use serde::{Deserialize, Serialize};

use super::{AccessDenied, AuthenticationFailed, ObservationEvent, Overflowed};
use crate::{Aggregate, Timestamp, refusal::refusals};

/// Whether it is on record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    #[default]
    Absent,
    OnRecord,
}

/// Puts on record what was observed.
#[derive(Clone, Debug)]
pub struct Observe(pub ObservationEvent);

refusals! {
    /// Why an observation was not put on record.
    pub enum ObservationRefusal {
        Nothing = ("observation_empty", "nothing was observed"),
        Backwards { first_at: Timestamp, last_at: Timestamp }
            = ("observation_backwards", "what ended at {last_at} cannot have begun at {first_at}"),
    }
}

impl Aggregate for Observation {
    const TYPE: &'static str = "observation";
    type Command = Observe;
    type Event = ObservationEvent;
    type Refusal = ObservationRefusal;

    fn decide(&self, Observe(event): &Observe) -> Result<Vec<ObservationEvent>, ObservationRefusal> {
        // What is given again after a failure of the store may have been taken the first time.
        let Self::Absent = self else { return Ok(vec![]) };
        if let Some((times, first_at, last_at)) = counted(event) {
            if times == 0 {
                return Err(ObservationRefusal::Nothing);
            }
            if first_at > last_at {
                return Err(ObservationRefusal::Backwards { first_at, last_at });
            }
        }
        Ok(vec![event.clone()])
    }

    fn apply(&mut self, _: &ObservationEvent) {
        *self = Self::OnRecord;
    }
}

/// How often within which time, of what is counted.
fn counted(event: &ObservationEvent) -> Option<(u64, Timestamp, Timestamp)> {
    use ObservationEvent as E;
    match event {
        E::AccessDenied(AccessDenied { permission: _, times, first_at, last_at })
        | E::AuthenticationFailed(AuthenticationFailed { way: _, times, first_at, last_at }) => {
            Some((*times, *first_at, *last_at))
        }
        E::Overflowed(Overflowed { denied, failed, first_at, last_at }) => {
            Some((denied.saturating_add(*failed), *first_at, *last_at))
        }
        E::SignedIn(_)
        | E::SignedOut(_)
        | E::Exported(_)
        | E::SecretSearched(_)
        | E::AddressesMarked(_)
        | E::AddressesUnmarked(_) => None,
    }
}
