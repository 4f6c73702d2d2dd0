//! One entry of Envoy's access log, as an answer that the gateway counts. Read as `wire::access_log::HttpAccessLogEntry` is
//! written.

use std::str::FromStr;

use domain::{Timestamp, decision::Outcome, ids::DecisionId, usage::StatusClass};
use gateway::Response;

use crate::wire::{
    access_log::{AccessLogType, EXT_AUTHZ, UPSTREAM_ERRORS},
    reader::{Fields, Malformed, Value, entry, utf8},
};

/// A decision further back is a mistake, or a call that was held open for a day.
const AGE_MAX_MS: i64 = 24 * 60 * 60 * 1000;
/// How much earlier than here it may be where the decision was taken: gateways' clocks differ.
const AHEAD_MAX_MS: i64 = 60 * 1000;
/// Twice the time after which a call is not counted. Sums of what is longer would be made up.
const DURATION_MAX_US: u64 = 2 * 24 * 60 * 60 * 1_000_000;
/// 16 TiB, which nobody sends in a day. A sum of a million still fits a database's integers.
const BYTES_MAX: u64 = 1 << 44;

/// Why an entry is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skipped {
    /// The call goes on, and is told of again when it ends.
    Unfinished,
    /// No decision of ours: a route where the door is not asked, or a door that was away.
    Undecided,
    /// It is no protobuf, says something of the decision that no gateway wrote, or names a time or a size that cannot be.
    Malformed,
    /// The decision is a day old, or yet to be taken.
    Untimely,
}

impl From<Malformed> for Skipped {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// Reads an entry.
pub(super) fn read(message: &[u8], now: Timestamp) -> Result<Response, Skipped> {
    let said = Said::read(message)?;
    if !said.is_last() {
        return Err(Skipped::Unfinished);
    }
    let decision = said.decision.ok_or(Skipped::Undecided)?;
    let decided_at = decided_at(parsed(decision.decision_id)?, now)?;
    let outcome = Outcome::ALL.into_iter().find(|outcome| decision.outcome == Some(outcome.as_str()));
    Ok(Response {
        decided_at,
        client_id: optional(decision.client_id)?,
        key_id: optional(decision.key_id)?,
        secret_version: optional(decision.secret_version)?,
        route_id: optional(decision.route_id)?,
        environment: parsed(decision.environment)?,
        outcome: outcome.ok_or(Skipped::Malformed)?,
        status: StatusClass::of(said.status),
        upstream_error: said.upstream_error,
        request_bytes: sum(said.request_bytes, BYTES_MAX)?,
        response_bytes: sum(said.response_bytes, BYTES_MAX)?,
        duration_us: sum(
            [said.until_last_byte_us.or(said.until_end_us).unwrap_or_default()],
            DURATION_MAX_US,
        )?,
    })
}

fn decided_at(id: DecisionId, now: Timestamp) -> Result<Timestamp, Skipped> {
    // An identifier begins with 48 bits of Unix milliseconds.
    let unix_ms = i64::try_from(id.to_u128() >> 80).map_err(|_| Skipped::Malformed)?;
    let age_ms = now.as_millisecond().saturating_sub(unix_ms);
    if !(-AHEAD_MAX_MS..=AGE_MAX_MS).contains(&age_ms) {
        return Err(Skipped::Untimely);
    }
    Timestamp::from_millisecond(unix_ms).map_err(|_| Skipped::Untimely)
}

fn parsed<T: FromStr>(text: Option<&str>) -> Result<T, Skipped> {
    text.and_then(|text| text.parse().ok()).ok_or(Skipped::Malformed)
}

fn optional<T: FromStr>(text: Option<&str>) -> Result<Option<T>, Skipped> {
    text.map(|text| parsed(Some(text))).transpose()
}

fn sum<const PARTS: usize>(parts: [u64; PARTS], max: u64) -> Result<u64, Skipped> {
    let sum = parts.into_iter().fold(0, u64::saturating_add);
    if sum > max { Err(Skipped::Malformed) } else { Ok(sum) }
}

/// The fields that are wanted. What is said twice is said last.
#[derive(Default)]
struct Said<'a> {
    access_log_type: u64,
    intermediate: bool,
    status: u32,
    upstream_error: bool,
    /// Headers and body.
    request_bytes: [u64; 2],
    response_bytes: [u64; 2],
    until_last_byte_us: Option<u64>,
    until_end_us: Option<u64>,
    decision: Option<Decided<'a>>,
}

/// What the `ext_authz` door wrote, in texts.
#[derive(Default)]
struct Decided<'a> {
    decision_id: Option<&'a str>,
    client_id: Option<&'a str>,
    key_id: Option<&'a str>,
    secret_version: Option<&'a str>,
    route_id: Option<&'a str>,
    environment: Option<&'a str>,
    outcome: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut said = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => said.read_common(field.value)?,
                3 => read_numbers(field.value, 11, &mut said.request_bytes)?,
                4 => said.read_response(field.value)?,
                _ => {}
            }
        }
        Ok(said)
    }

    /// Each call ends once, towards its caller. A kind that is not known is none that ends one.
    fn is_last(&self) -> bool {
        let last = [AccessLogType::NotSet, AccessLogType::DownstreamEnd].map(i32::from);
        !self.intermediate && last.into_iter().any(|last| u64::try_from(last) == Ok(self.access_log_type))
    }

    /// `AccessLogCommon`.
    fn read_common(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields::new(message).with_numbers() {
            match field? {
                (12, Value::Bytes(time)) => self.until_last_byte_us = Some(micros(time)?),
                (16, Value::Bytes(flags)) => self.read_flags(flags)?,
                (17, Value::Bytes(metadata)) => self.read_metadata(metadata)?,
                (23, Value::Bytes(time)) => self.until_end_us = Some(micros(time)?),
                (27, Value::Number(truth)) => self.intermediate = truth != 0,
                (33, Value::Number(number)) => self.access_log_type = number,
                (_, Value::Bytes(_) | Value::Number(_)) => {}
            }
        }
        Ok(())
    }

    fn read_flags(&mut self, message: &[u8]) -> Result<(), Malformed> {
        for field in Fields::new(message).with_numbers() {
            if let (flag, Value::Number(1..)) = field?
                && UPSTREAM_ERRORS.contains(&flag)
            {
                self.upstream_error = true;
            }
        }
        Ok(())
    }

    fn read_metadata(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields::new(message) {
            let field = field?;
            if field.number == 1 {
                let (filter, says) = entry(field.value, 2)?;
                let ours = filter.strip_prefix(EXT_AUTHZ);
                if ours.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                    self.read_decision(says)?;
                }
            }
        }
        Ok(())
    }

    /// Without an identifier it is none: Envoy and other doors of this kind may write here too.
    fn read_decision(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        let mut decision = Decided::default();
        for field in Fields::new(message) {
            let field = field?;
            if field.number == 1 {
                let (name, value) = entry(field.value, 2)?;
                if let Some(place) = decision.place(name) {
                    *place = text(value)?;
                }
            }
        }
        if decision.decision_id.is_some() {
            self.decision = Some(decision);
        }
        Ok(())
    }

    /// `HTTPResponseProperties`.
    fn read_response(&mut self, message: &[u8]) -> Result<(), Malformed> {
        for field in Fields::new(message) {
            let field = field?;
            if field.number == 1 {
                let mut code = [0];
                read_numbers(field.value, 1, &mut code)?;
                let [code] = code;
                self.status = u32::try_from(code).unwrap_or_default();
            }
        }
        read_numbers(message, 2, &mut self.response_bytes)
    }
}

impl<'a> Decided<'a> {
    fn place(&mut self, name: &str) -> Option<&mut Option<&'a str>> {
        match name {
            "decision_id" => Some(&mut self.decision_id),
            "client_id" => Some(&mut self.client_id),
            "key_id" => Some(&mut self.key_id),
            "secret_version" => Some(&mut self.secret_version),
            "route_id" => Some(&mut self.route_id),
            "environment" => Some(&mut self.environment),
            "outcome" => Some(&mut self.outcome),
            _ => None,
        }
    }
}

/// A text in a `google.protobuf.Value`; None of any other kind.
fn text(value: &[u8]) -> Result<Option<&str>, Malformed> {
    let mut found = None;
    for field in Fields::new(value) {
        let field = field?;
        if field.number == 3 {
            found = Some(utf8(field.value)?);
        }
    }
    Ok(found)
}

/// A `google.protobuf.Duration` in whole microseconds. A negative one, which a clock that was set back makes, is none.
fn micros(message: &[u8]) -> Result<u64, Malformed> {
    let mut parts = [0; 2];
    read_numbers(message, 1, &mut parts)?;
    let [seconds, nanos] = parts.map(|part| if i64::try_from(part).is_ok() { part } else { 0 });
    Ok(seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000))
}

/// Reads numbers that stand under successive field numbers, beginning with `first`.
fn read_numbers(message: &[u8], first: u64, places: &mut [u64]) -> Result<(), Malformed> {
    for field in Fields::new(message).with_numbers() {
        if let (number, Value::Number(value)) = field?
            && let Some(at) = number.checked_sub(first).and_then(|at| usize::try_from(at).ok())
            && let Some(place) = places.get_mut(at)
        {
            *place = value;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
