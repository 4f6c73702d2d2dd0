//! What was counted, in portions that fit into a message of the bus, beside levels and decisions.

use std::collections::VecDeque;

use domain::usage::{AddressFact, ResponseFact, ShadowFact, Sighting, ThrottleFact, UsageFact};

use crate::weighed::{Weighed, fitting};

/// What the members of one batch may take together, as JSON. A message of the bus holds 1,048,576 bytes, with its headers and the
/// names of node and run.
pub(super) const BATCH_BYTES_MAX: usize = 950_000;
/// What was counted may take so much of it: beside that and the levels, of which there are 250,000 bytes at most, as much is left
/// for decisions at least.
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

    /// The oldest of it, and how many bytes it takes at most.
    pub(super) fn take(&mut self) -> (Portion, usize) {
        let mut room = PORTION_BYTES_MAX;
        let Self { facts, throttled, responses, shadow, sightings, addresses } = self;
        let portion = Portion {
            facts: portion(facts, &mut room),
            throttled: portion(throttled, &mut room),
            responses: portion(responses, &mut room),
            shadow: portion(shadow, &mut room),
            sightings: portion(sightings, &mut room),
            addresses: portion(addresses, &mut room),
        };
        (portion, PORTION_BYTES_MAX - room)
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
    let taken = fitting(waiting.iter(), room);
    waiting.drain(..taken).collect()
}
