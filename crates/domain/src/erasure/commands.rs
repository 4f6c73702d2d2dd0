//! What may be asked of an erasure, and the rules that answer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Erased, ErasedValue, Erasure, ErasureEvent, Holder, VALUES_MAX, VALUES_PER_EVENT};
use crate::{Aggregate, Reason, refusal::refusals};

/// What may be asked of an erasure.
#[derive(Debug)]
pub enum ErasureCommand {
    Erase(Erase),
}

/// Erases what was found.
#[derive(Debug)]
pub struct Erase {
    /// At most [`VALUES_MAX`] of them.
    pub found: Vec<Found>,
    /// Whether one of those that it is about may still sign in: nobody is erased who goes on being known.
    pub holder_is_enabled: bool,
    pub reason: Reason,
}

/// A value that is still there, and in whose events it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub of: Holder,
    pub value: ErasedValue,
}

refusals! {
    /// Why a command about an erasure was refused.
    pub enum ErasureRefusal {
        Done = ("erasure_done", "the erasure is done; another takes what has come since"),
        NothingThere = ("nothing_to_erase", "no such personal value is on record, or it is erased already"),
        HolderEnabled = ("principal_enabled", "the person may still sign in: disable them first"),
        TooMany { what: &'static str, given: usize, allowed: usize }
            = ("too_many_items", "{given} {what} are more than the {allowed} allowed"),
    }
}

impl Aggregate for Erasure {
    const TYPE: &'static str = "erasure";
    type Command = ErasureCommand;
    type Event = ErasureEvent;
    type Refusal = ErasureRefusal;

    fn decide(&self, command: &ErasureCommand) -> Result<Vec<ErasureEvent>, ErasureRefusal> {
        let ErasureCommand::Erase(ask) = command;
        if *self != Self::default() {
            return Err(ErasureRefusal::Done);
        }
        if ask.holder_is_enabled {
            return Err(ErasureRefusal::HolderEnabled);
        }
        if ask.found.len() > VALUES_MAX {
            let (what, given) = ("values", ask.found.len());
            return Err(ErasureRefusal::TooMany { what, given, allowed: VALUES_MAX });
        }
        let events = ask.events();
        if events.is_empty() { Err(ErasureRefusal::NothingThere) } else { Ok(events) }
    }

    fn apply(&mut self, event: &ErasureEvent) {
        self.fold(event);
    }
}

impl Erase {
    /// One event for each whose events the values were in, or several where they are many; each value once.
    fn events(&self) -> Vec<ErasureEvent> {
        let mut by_holder: BTreeMap<Holder, BTreeSet<ErasedValue>> = BTreeMap::new();
        for Found { of, value } in &self.found {
            by_holder.entry(*of).or_default().insert(*value);
        }
        let mut events = vec![];
        for (of, values) in by_holder {
            let values: Vec<_> = values.into_iter().collect();
            events.extend(values.chunks(VALUES_PER_EVENT).map(|values| {
                let (values, reason) = (values.to_vec(), self.reason.clone());
                ErasureEvent::Erased(Erased { of, values, reason })
            }));
        }
        events
    }
}
