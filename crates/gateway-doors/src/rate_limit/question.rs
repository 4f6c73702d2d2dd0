//! What Envoy asks, as calls that the gateway judges. Read as `wire::rate_limit::RateLimitRequest` is written.

#[cfg(test)]
mod tests;

use std::{net::IpAddr, num::NonZeroU32};

use domain::{ClientId, Environment, RouteId, route::COST_MAX};
use gateway::{Call, Every, MeteredCall, OwnLimit, Unit};
use smallvec::SmallVec;

use crate::{
    credential::{self, API_KEY},
    door::parse_address,
    wire::reader::{Fields, Malformed, Value, entry, utf8},
};

/// As many as a route's configuration has actions by far.
const DESCRIPTORS_MAX: usize = 64;
const ENTRIES_MAX: usize = 64;

/// A request that has no answer: Envoy's configuration is at fault, and no caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("not a RateLimitRequest")]
    Malformed,
    #[error("the request names no domain")]
    NoDomain,
    #[error("the request has no descriptor")]
    NoDescriptor,
    #[error("the request has more than {DESCRIPTORS_MAX} descriptors")]
    TooManyDescriptors,
    #[error("a descriptor has more than {ENTRIES_MAX} entries")]
    TooManyEntries,
    #[error("a descriptor says `{key}` twice")]
    SaidTwice { key: &'static str },
    #[error("a descriptor's `environment` is none: 2 to 12 of a-z and 0-9")]
    InvalidEnvironment,
    #[error("a descriptor's `limit` names no unit that is known, or none of it")]
    InvalidUnit,
}

impl From<Malformed> for Unreadable {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// One question of Envoy.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) domain: &'a str,
    pub(super) descriptors: Vec<Descriptor<'a>>,
}

/// One view of the call.
#[derive(Debug, Default)]
pub(super) struct Descriptor<'a> {
    entries: SmallVec<[(&'a str, &'a [u8]); 8]>,
    said: Said<'a>,
    environment: Option<Environment>,
    own: Option<(u64, Every)>,
    /// None where nobody said.
    hits: Option<u64>,
}

/// Its entries that are understood.
#[derive(Debug, Default)]
struct Said<'a> {
    api_key: Option<&'a str>,
    client_id: Option<&'a str>,
    route_id: Option<&'a str>,
    method: Option<&'a str>,
    path: Option<&'a str>,
    host: Option<&'a str>,
    environment: Option<&'a str>,
    remote_address: Option<&'a str>,
}

/// Reads a question.
///
/// # Errors
/// When it cannot be understood, or could be in two ways.
pub(super) fn read(message: &[u8]) -> Result<Question<'_>, Unreadable> {
    let mut question = Question { domain: "", descriptors: vec![] };
    let mut hits = 0;
    for field in Fields::new(message).with_numbers() {
        match field? {
            (1, Value::Bytes(domain)) => question.domain = utf8(domain)?,
            (2, Value::Bytes(descriptor)) => {
                if question.descriptors.len() == DESCRIPTORS_MAX {
                    return Err(Unreadable::TooManyDescriptors);
                }
                question.descriptors.push(Descriptor::read(descriptor)?);
            }
            (3, Value::Number(number)) => hits = number,
            _ => {}
        }
    }
    if question.domain.is_empty() {
        return Err(Unreadable::NoDomain);
    }
    if question.descriptors.is_empty() {
        return Err(Unreadable::NoDescriptor);
    }
    // A number that is not written is 0 as well.
    let all = Some(hits).filter(|hits| *hits > 0);
    for descriptor in &mut question.descriptors {
        descriptor.hits = descriptor.hits.or(all);
    }
    Ok(question)
}

impl<'a> Descriptor<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Unreadable> {
        let mut descriptor = Self::default();
        let mut gives_back = false;
        for field in Fields::new(message).with_numbers() {
            match field? {
                (1, Value::Bytes(said)) => descriptor.read_entry(said)?,
                (2, Value::Bytes(limit)) => descriptor.own = Some(read_limit(limit)?),
                (3, Value::Bytes(hits)) => descriptor.hits = Some(read_number(hits)?.unwrap_or(0)),
                (4, Value::Number(number)) => gives_back = number != 0,
                _ => {}
            }
        }
        if gives_back {
            // What was granted is not taken back on a word: such a call looks.
            descriptor.hits = Some(0);
        }
        let environment = descriptor.said.environment.map(str::parse).transpose();
        descriptor.environment = environment.map_err(|_| Unreadable::InvalidEnvironment)?;
        Ok(descriptor)
    }

    fn read_entry(&mut self, message: &'a [u8]) -> Result<(), Unreadable> {
        let (key, value) = entry(message, 2)?;
        if self.entries.len() == ENTRIES_MAX {
            return Err(Unreadable::TooManyEntries);
        }
        self.entries.push((key, value));
        let Some((key, place)) = self.said.place(key) else { return Ok(()) };
        match place.replace(text(value)) {
            None => Ok(()),
            Some(_) => Err(Unreadable::SaidTwice { key }),
        }
    }

    /// As the gateway judges it, in this environment unless it says another.
    pub(super) fn call<'call>(
        &'call self,
        domain: &'call str,
        served: &'call Environment,
    ) -> MeteredCall<'call> {
        let Said { api_key, client_id, route_id, method, path, host, environment: _, remote_address } =
            self.said;
        // Who is named is not asked for a secret.
        let api_key = api_key.filter(|_| client_id.is_none());
        let own = |(requests, every)| OwnLimit { domain, entries: &self.entries, requests, every };
        MeteredCall {
            call: Call {
                secret: api_key.and_then(|value| credential::read([(API_KEY, Some(value))]).secret),
                method: method.unwrap_or_default(),
                host,
                path: path.map(crate::path::insist_on_plain).unwrap_or_default(),
                environment: self.environment.as_ref().unwrap_or(served),
                address: address(remote_address),
                user_agent: None,
                cost: self.hits.map(cost),
                trusted_headers: None,
            },
            client_id: client_id.map(client),
            route_id: route_id.map(route),
            own: self.own.map(own),
        }
    }
}

impl<'a> Said<'a> {
    /// Where the value of a key goes.
    fn place(&mut self, key: &str) -> Option<(&'static str, &mut Option<&'a str>)> {
        Some(match key {
            "api_key" => ("api_key", &mut self.api_key),
            "client_id" => ("client_id", &mut self.client_id),
            "route_id" => ("route_id", &mut self.route_id),
            "method" => ("method", &mut self.method),
            "path" => ("path", &mut self.path),
            "host" => ("host", &mut self.host),
            "environment" => ("environment", &mut self.environment),
            "remote_address" => ("remote_address", &mut self.remote_address),
            _ => return None,
        })
    }
}

/// What is no text names nobody and nothing, and is no path. A question is not given up for it: Envoy sends on what a caller
/// wrote into a header, and would let the call pass.
fn text(value: &[u8]) -> &str {
    str::from_utf8(value).unwrap_or("\u{fffd}")
}

/// What is no identifier is the name of nobody: no client and no route is ever given this one.
fn client(text: &str) -> ClientId {
    text.parse().unwrap_or(ClientId::from_u128(0))
}

fn route(text: &str) -> RouteId {
    text.parse().unwrap_or(RouteId::from_u128(0))
}

fn address(text: Option<&str>) -> Option<IpAddr> {
    parse_address(text?)
}

/// What is more than a call may cost costs the most that it may.
fn cost(hits: u64) -> u32 {
    u32::try_from(hits).unwrap_or(COST_MAX).min(COST_MAX)
}

/// `RateLimitOverride`.
fn read_limit(message: &[u8]) -> Result<(u64, Every), Unreadable> {
    let (mut requests, mut unit, mut times) = (0, 0, 1);
    for field in Fields::new(message).with_numbers() {
        match field? {
            (1, Value::Number(number)) => requests = number,
            (2, Value::Number(number)) => unit = number,
            (3, Value::Bytes(number)) => times = read_number(number)?.unwrap_or(0),
            _ => {}
        }
    }
    let unit = match unit {
        1 => Unit::Second,
        2 => Unit::Minute,
        3 => Unit::Hour,
        4 => Unit::Day,
        5 => Unit::Month,
        6 => Unit::Year,
        _ => return Err(Unreadable::InvalidUnit),
    };
    let times = u32::try_from(times).ok().and_then(NonZeroU32::new).ok_or(Unreadable::InvalidUnit)?;
    Ok((requests, Every { unit, times }))
}

/// The number in a `UInt32Value` or `UInt64Value`.
fn read_number(message: &[u8]) -> Result<Option<u64>, Malformed> {
    let mut number = None;
    for field in Fields::new(message).with_numbers() {
        if let (1, Value::Number(value)) = field? {
            number = Some(value);
        }
    }
    Ok(number)
}
