//! What was counted, in portions that fit into a message of the bus: it holds a megabyte, of which levels and decisions may take
//! 550,000 bytes.

use std::collections::VecDeque;

use domain::usage::{AddressFact, ResponseFact, Seen, ShadowFact, Sighting, ThrottleFact, UsageFact};

/// Of one batch, as JSON.
const PORTION_BYTES_MAX: usize = 400_000;

/// What was counted and is in no batch yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) facts: VecDeque<UsageFact>,
    pub(super) throttled: VecDeque<ThrottleFact>,
    pub(super) responses: VecDeque<ResponseFact>,
    pub(super) shadow: VecDeque<ShadowFact>,
    pub(super) sightings: VecDeque<Sighting>,
    pub(super) addresses: VecDeque<AddressFact>,
}

/// As much of it as one batch takes.
#[derive(Debug, Default)]
pub(super) struct Portion {
    pub(super) facts: Vec<UsageFact>,
    pub(super) throttled: Vec<ThrottleFact>,
    pub(super) responses: Vec<ResponseFact>,
    pub(super) shadow: Vec<ShadowFact>,
    pub(super) sightings: Vec<Sighting>,
    pub(super) addresses: Vec<AddressFact>,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        let Self { facts, throttled, responses, shadow, sightings, addresses } = self;
        facts.is_empty()
            && throttled.is_empty()
            && responses.is_empty()
            && shadow.is_empty()
            && sightings.is_empty()
            && addresses.is_empty()
    }

    /// The oldest of it.
    pub(super) fn take(&mut self) -> Portion {
        let mut room = PORTION_BYTES_MAX;
        let Self { facts, throttled, responses, shadow, sightings, addresses } = self;
        Portion {
            facts: portion(facts, &mut room),
            throttled: portion(throttled, &mut room),
            responses: portion(responses, &mut room),
            shadow: portion(shadow, &mut room),
            sightings: portion(sightings, &mut room),
            addresses: portion(addresses, &mut room),
        }
    }
}

impl Portion {
    pub(super) fn is_empty(&self) -> bool {
        let Self { facts, throttled, responses, shadow, sightings, addresses } = self;
        facts.is_empty()
            && throttled.is_empty()
            && responses.is_empty()
            && shadow.is_empty()
            && sightings.is_empty()
            && addresses.is_empty()
    }
}

fn portion<T: Weighed>(waiting: &mut VecDeque<T>, room: &mut usize) -> Vec<T> {
    let mut taken = vec![];
    while let Some(first) = waiting.front() {
        let bytes = first.bytes_max();
        if bytes > *room {
            break;
        }
        *room -= bytes;
        taken.extend(waiting.pop_front());
    }
    taken
}

/// Something of which it is known how many bytes of JSON it takes at most.
trait Weighed {
    fn bytes_max(&self) -> usize;
}

/// Names, four identifiers of 30 characters, two times, numbers of 20 digits, and an environment.
const FACT_BYTES: usize = 600;

impl Weighed for UsageFact {
    fn bytes_max(&self) -> usize {
        FACT_BYTES + self.seconds.len() * 26
    }
}

impl Weighed for ThrottleFact {
    fn bytes_max(&self) -> usize {
        FACT_BYTES + 200
    }
}

impl Weighed for ResponseFact {
    fn bytes_max(&self) -> usize {
        FACT_BYTES + 300 + self.durations.buckets().count() * 26
    }
}

impl Weighed for ShadowFact {
    fn bytes_max(&self) -> usize {
        FACT_BYTES
    }
}

impl Weighed for AddressFact {
    fn bytes_max(&self) -> usize {
        200 + self.sketch.chars_max()
    }
}

impl Weighed for Sighting {
    fn bytes_max(&self) -> usize {
        // A control character is six bytes of JSON.
        let seen = |seen: &Seen| seen.value.len() * 6 + 100;
        let names = self.addresses.iter().chain(&self.user_agents).map(seen).sum::<usize>();
        (150 + names).min(PORTION_BYTES_MAX)
    }
}
