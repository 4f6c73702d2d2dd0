//! What Envoy asks, as a call that the gateway judges.

use std::{borrow::Cow, net::IpAddr};

use domain::Environment;
use gateway::Call;

use crate::{
    credential::{self, Credential},
    door::{Door, parse_address},
    refuse::Fault,
    wire::ext_authz::{AttributeContext, CheckRequest, HttpRequest},
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
}

/// Reads a question.
///
/// A path that Envoy would serve in another spelling than it asks about is judged as one that cannot be read: Envoy
/// is not set to normalise paths, and the route judged might not be the route served.
pub(super) fn read<'a>(door: &'a Door, request: &'a CheckRequest) -> Result<Question<'a>, Fault> {
    let attributes = request.attributes.as_ref().ok_or(Fault::UnclearCall)?;
    let http = attributes.request.as_ref().and_then(|request| request.http.as_ref());
    let http = http.ok_or(Fault::UnclearCall)?;
    Ok(Question {
        credential: credential::read(fields(http)),
        method: &http.method,
        host: Some(http.host.as_str()).filter(|host| !host.is_empty()),
        path: crate::path::insist_on_plain(&http.path),
        environment: environment(door, attributes)?,
        address: address(door, attributes, http),
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
            cost: None,
        }
    }

    pub(super) fn in_authorization(&self) -> bool {
        self.credential.in_authorization
    }
}

/// Every header, in whichever of the two forms Envoy was told to send them; a value that is no text as none.
fn fields(http: &HttpRequest) -> impl Iterator<Item = (&str, Option<&str>)> {
    let joined = http.headers.iter().map(|entry| (entry.key.as_str(), Some(entry.value.as_str())));
    let raw = http.header_map.iter().flat_map(|map| &map.headers);
    joined.chain(raw.map(|header| (header.key.as_str(), str::from_utf8(&header.raw_value).ok())))
}

/// An extension that is no environment refuses the call: falling back to the door's would open it to the wrong keys.
fn environment<'a>(door: &'a Door, attributes: &AttributeContext) -> Result<Cow<'a, Environment>, Fault> {
    let mut given = attributes.context_extensions.iter().filter(|entry| entry.key == ENVIRONMENT_EXTENSION);
    let Some(entry) = given.next() else { return Ok(Cow::Borrowed(door.environment())) };
    entry.value.parse().map(Cow::Owned).map_err(|_| {
        tracing::warn!(
            "Envoy's context extension `{ENVIRONMENT_EXTENSION}` is no environment: 2 to 12 of a-z and 0-9"
        );
        Fault::InvalidEnvironment
    })
}

fn address(door: &Door, attributes: &AttributeContext, http: &HttpRequest) -> Option<IpAddr> {
    if door.trusts_forwarded() {
        let mut given = fields(http).filter(|(name, _)| name.eq_ignore_ascii_case(EXTERNAL_ADDRESS));
        return match (given.next(), given.next()) {
            (Some((_, Some(value))), None) => parse_address(value),
            // Unknown rather than the proxy's own: a key that is bound to addresses is then refused.
            _ => None,
        };
    }
    let address = attributes.source.as_ref()?.address.as_ref()?.socket_address.as_ref()?;
    parse_address(&address.address)
}
