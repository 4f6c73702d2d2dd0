//! What Envoy asks, as a call that the gateway judges. Read as `wire::ext_authz::CheckRequest` is written.

use std::{borrow::Cow, net::IpAddr};

use domain::Environment;
use gateway::{Call, HeaderField, Headers};
use smallvec::SmallVec;

use crate::{
    credential::{self, Credential},
    door::{Door, parse_address},
    refuse::Fault,
    user_agent,
    wire::reader::{Fields, Malformed, at, entry, utf8},
};

/// Set on a route of Envoy's configuration to serve another environment than the door's.
const ENVIRONMENT_EXTENSION: &str = "tollgate.environment";
/// The caller's address behind trusted proxies. Envoy sets it itself where it is told to `use_remote_address`; the
/// address beside the headers is the connection's, which behind a proxy is that proxy's.
const EXTERNAL_ADDRESS: &str = "x-envoy-external-address";

/// One question of Envoy.
pub(super) struct Question<'a> {
    credential: Credential<'a>,
    method: &'a str,
    host: Option<&'a str>,
    path: &'a str,
    environment: Cow<'a, Environment>,
    address: Option<IpAddr>,
    user_agent: Option<&'a str>,
    /// Empty unless the door trusts them.
    headers: Given<'a>,
}

/// Every header, in whichever of the two forms Envoy was told to send them; a value that is no text as none.
type Given<'a> = SmallVec<[(&'a str, Option<&'a str>); 8]>;

/// Reads a question.
///
/// A path that Envoy would serve in another spelling than it asks about is judged as one that cannot be read: Envoy
/// is not set to normalise paths, and the route judged might not be the route served.
pub(super) fn read<'a>(door: &'a Door, message: &'a [u8]) -> Result<Question<'a>, Fault> {
    let said = Said::read(message).map_err(|Malformed| Fault::UnclearCall)?;
    // No HTTP, no method: Envoy's network filter asks, which knows of no calls.
    let method = said.method.ok_or(Fault::UnclearCall)?;
    Ok(Question {
        credential: credential::read(said.headers.iter().copied()),
        method,
        host: said.host,
        path: crate::path::insist_on_plain(said.path),
        environment: environment(door, said.environment)?,
        address: address(door, &said),
        user_agent: user_agent::read(said.headers.iter().copied()),
        headers: if door.trusts_cost_headers() { said.headers } else { SmallVec::new() },
    })
}

impl Question<'_> {
    pub(super) fn call(&self) -> Call<'_> {
        Call {
            secret: self.credential.secret,
            method: self.method,
            host: self.host,
            path: self.path,
            environment: &self.environment,
            address: self.address,
            user_agent: self.user_agent,
            cost: None,
            trusted_headers: (!self.headers.is_empty()).then_some(self),
        }
    }

    pub(super) fn in_authorization(&self) -> bool {
        self.credential.in_authorization
    }
}

impl Headers for Question<'_> {
    fn header(&self, name: &str) -> HeaderField<'_> {
        let mut given = self.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        match (given.next(), given.next()) {
            (None, _) => HeaderField::Absent,
            (Some((_, Some(value))), None) => HeaderField::One(value),
            (Some((_, None)), None) | (Some(_), Some(_)) => HeaderField::Unclear,
        }
    }
}

/// An extension that is no environment refuses the call: falling back to the door's would open it to the wrong keys.
fn environment<'a>(door: &'a Door, extension: Option<&str>) -> Result<Cow<'a, Environment>, Fault> {
    let Some(name) = extension else { return Ok(Cow::Borrowed(door.environment())) };
    name.parse().map(Cow::Owned).map_err(|_| {
        tracing::warn!(
            "Envoy's context extension `{ENVIRONMENT_EXTENSION}` is no environment: 2 to 12 of a-z and 0-9"
        );
        Fault::InvalidEnvironment
    })
}

fn address(door: &Door, said: &Said<'_>) -> Option<IpAddr> {
    if !door.trusts_forwarded() {
        return said.source.and_then(parse_address);
    }
    let mut given = said.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(EXTERNAL_ADDRESS));
    match (given.next(), given.next()) {
        (Some((_, Some(value))), None) => parse_address(value),
        // Unknown rather than the proxy's own: a key that is bound to addresses is then refused.
        _ => None,
    }
}

/// The fields that are wanted, where they lie. What is said twice is said last.
#[derive(Default)]
struct Said<'a> {
    /// The connection's other end.
    source: Option<&'a str>,
    method: Option<&'a str>,
    host: Option<&'a str>,
    /// An empty text is not written.
    path: &'a str,
    environment: Option<&'a str>,
    headers: Given<'a>,
}

impl<'a> Said<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut said = Self::default();
        for field in Fields::new(message) {
            let field = field?;
            if field.number == 1 {
                said.read_attributes(field.value)?;
            }
        }
        Ok(said)
    }

    /// `AttributeContext`.
    fn read_attributes(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                // Peer, Address, SocketAddress, address.
                1 => {
                    if let Some(source) = at(field.value, &[1, 1, 2])? {
                        self.source = Some(utf8(source)?);
                    }
                }
                4 => {
                    if let Some(http) = at(field.value, &[2])? {
                        self.read_http(http)?;
                    }
                }
                10 => {
                    let (key, value) = entry(field.value, 2)?;
                    if key == ENVIRONMENT_EXTENSION {
                        // No text is no environment either.
                        self.environment = Some(str::from_utf8(value).unwrap_or_default());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `HttpRequest`.
    fn read_http(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                2 => self.method = Some(utf8(field.value)?),
                3 => self.read_header(field.value, 2)?,
                4 => self.path = utf8(field.value)?,
                5 => self.host = Some(utf8(field.value)?),
                // HeaderMap, and of each HeaderValue the `raw_value`.
                13 => {
                    for header in Fields::new(field.value) {
                        self.read_header(header?.value, 3)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_header(&mut self, message: &'a [u8], value: u64) -> Result<(), Malformed> {
        let (name, value) = entry(message, value)?;
        self.headers.push((name, str::from_utf8(value).ok()));
        Ok(())
    }
}
