//! How many bytes the members of a usage batch take when it is sent: the bus takes messages of a megabyte, and one that is larger
//! would never arrive.

use domain::usage::{
    AddressFact, DecisionRecord, QuotaLevel, ResponseFact, Seen, ShadowFact, Sighting, ThrottleFact,
    UsageFact,
};

/// Something of which it is known how many bytes of JSON it takes at most, with the comma behind it.
pub(crate) trait Weighed {
    fn bytes_max(&self) -> usize;
}

/// How many of them, from the first on, there is room for, which they take.
pub(crate) fn fitting<'a, T: Weighed + 'a>(
    things: impl IntoIterator<Item = &'a T>,
    room: &mut usize,
) -> usize {
    let fits = |thing: &&T| match room.checked_sub(thing.bytes_max()) {
        Some(left) => {
            *room = left;
            true
        }
        None => false,
    };
    things.into_iter().take_while(fits).count()
}

/// Names, four identifiers of 30 characters, two times, numbers of 20 digits, and an environment.
const FACT_BYTES: usize = 600;
/// Names, two identifiers, seven numbers, and the limit's name of 32 characters.
const LIMIT_BYTES: usize = 400;

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

impl Weighed for QuotaLevel {
    fn bytes_max(&self) -> usize {
        500
    }
}

impl Weighed for AddressFact {
    fn bytes_max(&self) -> usize {
        200 + self.sketch.chars_max()
    }
}

impl Weighed for Sighting {
    fn bytes_max(&self) -> usize {
        // A control character is six bytes of JSON. There are eight names of 128 bytes in each list at most.
        let seen = |seen: &Seen| seen.value.len() * 6 + 100;
        150 + self.addresses.iter().chain(&self.user_agents).map(seen).sum::<usize>()
    }
}

impl Weighed for DecisionRecord {
    fn bytes_max(&self) -> usize {
        // At most 32 limits are looked at: of each kind and mode those of one policy, which has eight.
        FACT_BYTES + self.method.len() * 6 + self.limits.len() * LIMIT_BYTES
    }
}

#[cfg(test)]
mod tests;
