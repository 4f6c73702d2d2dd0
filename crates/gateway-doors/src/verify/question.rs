//! What is asked, each field within its bounds.

use std::{fmt, net::IpAddr};

use domain::Environment;
use gateway::{Call, path::PATH_BYTES_MAX};
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::ToSchema;

use crate::{
    refuse::{self, Refused, Rejection},
    user_agent::is_printable,
};

const SECRET_CHARS_MAX: usize = 256;
const METHOD_CHARS_MAX: usize = 16;
/// A name of 253 characters, and a port.
const HOST_CHARS_MAX: usize = 260;
const USER_AGENT_CHARS_MAX: usize = 1024;

/// One call to judge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// What the caller presented; empty when it presented nothing.
    #[serde(deserialize_with = "secret")]
    #[schema(max_length = 256, format = Password, example = "tg_prod_…")]
    secret: String,
    #[serde(deserialize_with = "method")]
    #[schema(pattern = "^[A-Za-z]{1,16}$", example = "GET")]
    method: String,
    /// May carry a port.
    #[serde(default, deserialize_with = "host")]
    #[schema(nullable, max_length = 260, pattern = "^[!-~]*$", example = "api.example.com")]
    host: Option<String>,
    /// May carry a query. At most 8 KiB.
    #[serde(deserialize_with = "path")]
    #[schema(min_length = 1, max_length = 8192, pattern = "^/", example = "/orders/17")]
    path: String,
    /// The environment that is called, if not the one that this door serves.
    #[serde(default)]
    #[schema(nullable, value_type = Option<String>, pattern = "^[a-z0-9]{2,12}$", example = "prod")]
    environment: Option<Environment>,
    /// The caller's address. Without it, a key that is bound to addresses is refused.
    #[serde(default)]
    #[schema(nullable, value_type = Option<String>, example = "198.51.100.7")]
    address: Option<IpAddr>,
    /// The caller's `User-Agent`: kept with the address for a time, so that it can be seen who still uses an old secret.
    #[serde(default, deserialize_with = "user_agent")]
    #[schema(
        nullable,
        max_length = 1024,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
        example = "orders-sync/2.4"
    )]
    user_agent: Option<String>,
    /// What the call takes from every limit, in place of the cost of its route and of its route's header: whoever asks
    /// says it, and no header of the call does.
    #[serde(default, deserialize_with = "cost")]
    #[schema(nullable, minimum = 1, maximum = 1000, example = 1)]
    cost: Option<u32>,
}

impl VerifyRequest {
    pub(super) fn call<'a>(&'a self, served: &'a Environment) -> Call<'a> {
        Call {
            secret: Some(self.secret.as_str()).filter(|secret| !secret.is_empty()),
            method: &self.method,
            host: self.host.as_deref(),
            path: &self.path,
            environment: self.environment.as_ref().unwrap_or(served),
            address: self.address.map(|address| address.to_canonical()),
            user_agent: self.user_agent.as_deref(),
            cost: self.cost,
            trusted_headers: None,
        }
    }
}

impl fmt::Debug for VerifyRequest {
    /// Without the secret, and without the path, which may carry personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Reads a body.
pub(super) fn parse(body: &[u8]) -> Result<VerifyRequest, Box<Refused>> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let request = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        wrong(error.inner(), Some(pointer))
    })?;
    json.end().map_err(|error| wrong(&error, None))?;
    Ok(request)
}

fn wrong(error: &serde_json::Error, pointer: Option<String>) -> Box<Refused> {
    if !error.is_data() {
        return Box::new(refuse::rejected(Rejection::BodyMalformed, None, None));
    }
    // Where it stands in the text helps nobody who wrote it by a library; `pointer` says it.
    let text = error.to_string();
    let detail = text.split(" at line ").next().map(str::to_owned);
    Box::new(refuse::rejected(Rejection::BodyInvalid, detail, pointer))
}

/// RFC 6901. No name of ours needs an escape, and an unknown one is named by the message.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let segment = |segment: &serde_path_to_error::Segment| format!("/{segment}");
    path.iter().map(segment).collect()
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.chars().count() > SECRET_CHARS_MAX {
        return Err(D::Error::custom("must be at most 256 characters"));
    }
    Ok(text)
}

fn method<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let letters = text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !letters || !(1..=METHOD_CHARS_MAX).contains(&text.len()) {
        return Err(D::Error::custom("must be 1 to 16 letters"));
    }
    Ok(text)
}

fn host<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let visible = |text: &String| text.len() <= HOST_CHARS_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    if text.as_ref().is_some_and(|text| !visible(text)) {
        return Err(D::Error::custom("must be at most 260 visible ASCII characters"));
    }
    Ok(text.filter(|text| !text.is_empty()))
}

fn user_agent<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let printable = |text: &String| text.chars().count() <= USER_AGENT_CHARS_MAX && is_printable(text);
    if text.as_ref().is_some_and(|text| !printable(text)) {
        return Err(D::Error::custom("must be at most 1024 characters, none of them a control character"));
    }
    Ok(text.filter(|text| !text.is_empty()))
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if !text.starts_with('/') || text.len() > PATH_BYTES_MAX {
        return Err(D::Error::custom("must begin with `/` and be at most 8192 bytes"));
    }
    Ok(text)
}

fn cost<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let cost = Option::<u32>::deserialize(from)?;
    if cost.is_some_and(|cost| !(1..=1000).contains(&cost)) {
        return Err(D::Error::custom("must be 1 to 1000"));
    }
    Ok(cost)
}
