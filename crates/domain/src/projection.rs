//! What operators decide about a projection: that an event it cannot take is left out of it. The event stays in the log.

use std::{collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Aggregate, InvalidValue, Position, Reason, aggregate::event_types, refusal::refusals};

const NAME_BYTES_MAX: usize = 40;

/// The name of a projection: 1 to 40 of `a-z` and `_`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectionName {
    /// Filled up with zeroes.
    bytes: [u8; NAME_BYTES_MAX],
}

/// What happened to a projection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ProjectionEvent {
    EventSkipped(EventSkipped),
}

event_types!(ProjectionEvent { EventSkipped = "projection.event_skipped" });

/// An event is left out of a projection, which had stopped at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventSkipped {
    /// Of the event.
    #[schemars(with = "u64")]
    pub position: Position,
    pub reason: Reason,
}

/// What may be asked of a projection.
#[derive(Debug)]
pub enum ProjectionCommand {
    Skip(SkipEvent),
}

/// Leaves an event out.
#[derive(Debug)]
pub struct SkipEvent {
    pub position: Position,
    /// The event that the projection has stopped at, if it has.
    pub halted_at: Option<Position>,
    pub reason: Reason,
}

refusals! {
    /// Why a command about a projection was refused.
    pub enum ProjectionRefusal {
        NotHaltedThere { position: Position }
            = ("projection_not_halted", "the projection has not stopped at position {position}: only an event that it cannot take can be left out"),
    }
}

/// The events that are left out of a projection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    pub skipped: BTreeSet<Position>,
}

impl Aggregate for Projection {
    const TYPE: &'static str = "projection";
    type Command = ProjectionCommand;
    type Event = ProjectionEvent;
    type Refusal = ProjectionRefusal;

    fn decide(&self, command: &ProjectionCommand) -> Result<Vec<ProjectionEvent>, ProjectionRefusal> {
        let ProjectionCommand::Skip(SkipEvent { position, halted_at, reason }) = command;
        if self.skipped.contains(position) {
            return Ok(vec![]);
        }
        if *halted_at != Some(*position) {
            return Err(ProjectionRefusal::NotHaltedThere { position: *position });
        }
        Ok(vec![ProjectionEvent::EventSkipped(EventSkipped { position: *position, reason: reason.clone() })])
    }

    fn apply(&mut self, event: &ProjectionEvent) {
        let ProjectionEvent::EventSkipped(EventSkipped { position, reason: _ }) = event;
        self.skipped.insert(*position);
    }
}

impl ProjectionName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.bytes.iter().position(|byte| *byte == 0).unwrap_or(NAME_BYTES_MAX);
        self.bytes.get(..end).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }
}

impl FromStr for ProjectionName {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let well_formed = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if text.is_empty() || text.len() > NAME_BYTES_MAX || !well_formed {
            return Err(InvalidValue::expected("must be 1 to 40 characters of a-z and _"));
        }
        let mut bytes = [0; NAME_BYTES_MAX];
        for (place, byte) in bytes.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        Ok(Self { bytes })
    }
}

impl fmt::Display for ProjectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ProjectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for ProjectionName {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<ProjectionName> for String {
    fn from(name: ProjectionName) -> Self {
        name.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip(position: u64, halted_at: Option<u64>) -> ProjectionCommand {
        ProjectionCommand::Skip(SkipEvent {
            position: Position::new(position),
            halted_at: halted_at.map(Position::new),
            reason: "written by a broken release".parse().unwrap(),
        })
    }

    fn skipped(position: u64) -> ProjectionEvent {
        let reason = "written by a broken release".parse().unwrap();
        ProjectionEvent::EventSkipped(EventSkipped { position: Position::new(position), reason })
    }

    fn check(
        given: &[ProjectionEvent],
        when: &ProjectionCommand,
        then: Result<Vec<ProjectionEvent>, ProjectionRefusal>,
    ) {
        assert_eq!(Projection::replay(given).decide(when), then);
    }

    #[test]
    fn an_event_that_stops_a_projection_may_be_left_out() {
        check(&[], &skip(7, Some(7)), Ok(vec![skipped(7)]));
    }

    #[test]
    fn no_other_event_may_be_left_out() {
        for halted_at in [None, Some(6), Some(8)] {
            let refusal = ProjectionRefusal::NotHaltedThere { position: Position::new(7) };
            check(&[skipped(3)], &skip(7, halted_at), Err(refusal));
        }
    }

    #[test]
    fn leaving_it_out_twice_is_no_news() {
        check(&[skipped(7)], &skip(7, None), Ok(vec![]));
    }

    #[test]
    fn a_name_reads_back_as_it_prints() {
        for name in ["usage", "key_directory", &"a".repeat(40)] {
            assert_eq!(name.parse::<ProjectionName>().unwrap().to_string(), name);
        }
        for bad in ["", "Usage", "a b", "clé", &"a".repeat(41)] {
            assert!(bad.parse::<ProjectionName>().is_err(), "{bad}");
        }
    }
}
