//! The original call, as a proxy describes it in the headers of its sub-request.

use std::net::IpAddr;

use gateway::{Call, HeaderField, Headers};
use http::{HeaderMap, HeaderValue, header::GetAll};

use crate::{
    credential,
    door::{Door, parse_address},
    refuse::Fault,
    user_agent,
};

/// Each is said by one of two names; which one depends on the proxy.
const METHOD: [&str; 2] = ["x-original-method", "x-forwarded-method"];
const URI: [&str; 2] = ["x-original-uri", "x-forwarded-uri"];
const HOST: [&str; 2] = ["x-original-host", "x-forwarded-host"];

/// The headers of a sub-request.
pub(super) struct Given<'a>(pub(super) &'a HeaderMap);

impl Headers for Given<'_> {
    fn header(&self, name: &str) -> HeaderField<'_> {
        let mut given = self.0.get_all(name).iter();
        match (given.next(), given.next()) {
            (None, _) => HeaderField::Absent,
            (Some(value), None) => value.to_str().map_or(HeaderField::Unclear, HeaderField::One),
            (Some(_), Some(_)) => HeaderField::Unclear,
        }
    }
}

/// Reads the call. Method and URI must be there.
pub(super) fn read<'a>(door: &'a Door, given: &'a Given<'a>) -> Result<Call<'a>, Fault> {
    let Given(headers) = given;
    let fields = || headers.iter().map(|(name, value)| (name.as_str(), value.to_str().ok()));
    Ok(Call {
        secret: credential::read(fields()).secret,
        method: agreed(headers, METHOD)?.ok_or(Fault::UnclearCall)?,
        host: agreed(headers, HOST)?,
        path: crate::path::insist_on_plain(agreed(headers, URI)?.ok_or(Fault::UnclearCall)?),
        environment: door.environment(),
        address: address(door, headers),
        user_agent: user_agent::read(fields()),
        cost: None,
        trusted_headers: door.trusts_cost_headers().then_some(given),
    })
}

/// The value under either name. A caller may have written the name that its proxy does not overwrite, so two that
/// differ, or one twice, refuse the call.
fn agreed<'a>(headers: &'a HeaderMap, names: [&str; 2]) -> Result<Option<&'a str>, Fault> {
    let mut agreed = None;
    for name in names {
        let value = single(headers.get_all(name))?;
        match (agreed, value) {
            (Some(one), Some(other)) if one != other => return Err(Fault::UnclearCall),
            (_, Some(value)) => agreed = Some(value),
            (_, None) => {}
        }
    }
    Ok(agreed)
}

fn single<'a>(values: GetAll<'a, HeaderValue>) -> Result<Option<&'a str>, Fault> {
    let mut values = values.iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Fault::UnclearCall),
        (Some(_), Some(_)) => Err(Fault::UnclearCall),
    }
}

/// The caller's address, where the proxies of this door are trusted with it. The last of `X-Forwarded-For` is the one
/// that the proxy itself saw. Two claims that differ are none: a proxy that sets one of them passes the other on.
fn address(door: &Door, headers: &HeaderMap) -> Option<IpAddr> {
    if !door.trusts_forwarded() {
        return None;
    }
    let real = headers.get_all("x-real-ip").iter().next_back();
    let chain = headers.get_all("x-forwarded-for").iter().next_back();
    let last = |value: &HeaderValue| {
        let text = value.to_str().ok()?;
        parse_address(text.rsplit(',').next()?)
    };
    match (real.map(last), chain.map(last)) {
        (Some(one), Some(other)) => one.filter(|_| one == other),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => None,
    }
}
