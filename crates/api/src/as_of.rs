//! `as_of`: a read of things as they stood, made from the log by the folds that the read models are made by. Source: ADR 0029.

use std::str::FromStr;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{InvalidValue, Position, Timestamp};
use http::{HeaderName, HeaderValue};
use projections::{Past, ReadModel, queries::audit};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    docs::form,
    guard::{Allowed, Needs},
    problem::{Problem, kinds},
    query::parsed,
    values::Moment,
};

/// The position that an answer about the past is of.
pub(crate) const AS_OF: HeaderName = HeaderName::from_static("tollgate-as-of");
/// Read at once.
const EVENTS_AT_ONCE: usize = 2_000;

/// A moment of the past: behind the event at a position, or at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AsOf {
    Position(Position),
    Time(Timestamp),
}

impl FromStr for AsOf {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let position = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        match position.map(str::parse) {
            Some(Ok(position)) => Ok(Self::Position(Position::new(position))),
            Some(Err(_)) => Err(InvalidValue::expected("must be a position of the log or a time")),
            None => text.parse().map(|Moment(time)| Self::Time(time)),
        }
    }
}

/// For operations that show one thing.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Then {
    /// A position of the log or a time: the thing as it stood then, by the events up to it. Use is in no event, so that
    /// `last_used_at` is null.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::AsOf, inline, required = false)]
    pub(crate) as_of: Option<AsOf>,
}

/// What an answer is read from.
pub(crate) struct Reading {
    pub(crate) model: ReadModel,
    /// None: it is the present.
    at: Option<Position>,
}

/// Of what the past is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of<'id> {
    /// Of one thing, whose events suffice.
    One(&'id str),
    Everything,
}

impl Reading {
    /// An answer that says of when it is.
    pub(crate) fn answer(&self, body: impl Serialize) -> Response {
        self.said(Json(body).into_response())
    }

    pub(crate) fn said(&self, mut response: Response) -> Response {
        if let Some(at) = self.at {
            response.headers_mut().insert(AS_OF, HeaderValue::from(at.get()));
        }
        response
    }
}

impl<P: Needs> Allowed<P> {
    /// The read models as they stand, or as they stood.
    pub(crate) async fn reading(&self, as_of: Option<AsOf>, of: Of<'_>) -> Result<Reading, Problem> {
        let Some(as_of) = as_of else { return Ok(Reading { model: self.read().clone(), at: None }) };
        let at = self.position(as_of).await?;
        let past = match of {
            Of::One(id) => self.past_of(id, at).await?,
            Of::Everything => self.past(at).await?,
        };
        let model = past.read_model().await.map_err(|failure| Problem::internal(&failure))?;
        Ok(Reading { model, at: Some(at) })
    }

    /// The moment that a report goes by: at a position, when its event occurred. For an `as_of` that [`Self::reading`] has
    /// taken.
    pub(crate) async fn moment(&self, as_of: Option<AsOf>) -> Result<Timestamp, Problem> {
        match as_of {
            None => Ok(self.now()),
            Some(AsOf::Time(time)) => Ok(time),
            Some(AsOf::Position(position)) => {
                let found =
                    audit::get(self.read(), position).await.map_err(|failure| Problem::unread(&failure))?;
                // Before the first event there was nothing to judge.
                Ok(found.map_or(Timestamp::UNIX_EPOCH, |entry| entry.occurred_at))
            }
        }
    }

    /// Of what has not been yet nothing can be said.
    async fn position(&self, as_of: AsOf) -> Result<Position, Problem> {
        let head = self.log().head();
        let ahead = match as_of {
            AsOf::Position(position) => position > head,
            AsOf::Time(time) => time > self.now(),
        };
        if ahead {
            return Err(Problem::new(kinds::AS_OF_AHEAD));
        }
        // The audit log knows which events there were: it must have them all.
        if !self.visibility().wait_for(head, self.door().settings().visible_wait).await {
            return Err(Problem::unavailable());
        }
        match as_of {
            AsOf::Position(position) => Ok(position),
            AsOf::Time(time) => {
                let found = audit::position_at(self.read(), time).await;
                Ok(found.map_err(|failure| Problem::unread(&failure))?.unwrap_or(Position::START))
            }
        }
    }

    async fn past_of(&self, id: &str, at: Position) -> Result<Past, Problem> {
        let events_max = self.door().settings().as_of_events_max;
        let found = audit::positions_of(self.read(), id, at, events_max.saturating_add(1)).await;
        let positions = found.map_err(|failure| Problem::unread(&failure))?;
        check_bound(positions.len(), events_max)?;
        let mut past = Past::default();
        let mut rest = positions.as_slice();
        while let Some(first) = rest.first() {
            let run = rest.iter().zip(first.get()..).take_while(|(position, next)| position.get() == *next);
            let run = run.count().min(EVENTS_AT_ONCE);
            self.take(&mut past, Position::new(first.get().saturating_sub(1)), run).await?;
            rest = rest.get(run..).unwrap_or_default();
        }
        Ok(past)
    }

    async fn past(&self, at: Position) -> Result<Past, Problem> {
        let events_max = self.door().settings().as_of_events_max;
        check_bound(usize::try_from(at.get()).unwrap_or(usize::MAX), events_max)?;
        let mut past = Past::default();
        let mut after = Position::START;
        while after < at {
            let left = usize::try_from(at.get().saturating_sub(after.get())).unwrap_or(usize::MAX);
            after = self.take(&mut past, after, left.min(EVENTS_AT_ONCE)).await?;
        }
        Ok(past)
    }

    /// Takes the next events behind a position, and answers where they end.
    async fn take(&self, past: &mut Past, after: Position, events: usize) -> Result<Position, Problem> {
        let batch = self.log().read(after, events).await.map_err(|failure| Problem::failed(&failure))?;
        for recorded in &batch {
            past.take(recorded).map_err(|poison| Problem::internal(&poison))?;
        }
        batch.last().map(|last| last.position).ok_or_else(Problem::unavailable)
    }
}

fn check_bound(events: usize, events_max: u32) -> Result<(), Problem> {
    if u32::try_from(events).is_ok_and(|events| events <= events_max) {
        return Ok(());
    }
    let detail = format!(
        "the state as of then stands on more than {events_max} events; ask for one thing, or an earlier time"
    );
    Err(Problem::because(kinds::AS_OF_TOO_FAR, detail).with("events_max", events_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        assert_eq!("7".parse(), Ok(AsOf::Position(Position::new(7))));
        assert!(matches!("2026-01-31T12:00:00Z".parse(), Ok(AsOf::Time(_))));
        for wrong in ["", "-1", "7.5", "yesterday", "2026-01-31", "99999999999999999999"] {
            assert!(wrong.parse::<AsOf>().is_err(), "{wrong}");
        }
    }
}
