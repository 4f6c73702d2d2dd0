//! What became of calls, as the proxy saw it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Durations;
use crate::{ClientId, Environment, KeyId, RouteId, decision::Outcome};

/// Answers that agree in whose they are and in their class, of one minute. The proxy's access log names the decision that
/// each rests on; whose the call was is what that decision said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseFact {
    /// The start of the minute in which the decision was taken, in Unix seconds: a multiple of 60.
    pub minute: i64,
    /// Like the next two: only of a genuine secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_version: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_id: Option<RouteId>,
    pub environment: Environment,
    pub outcome: Outcome,
    pub status: StatusClass,
    pub calls: u64,
    /// Of them, those where the upstream could not be reached, broke off or did not answer in time.
    pub upstream_errors: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    /// From the first byte of the request to the last of the answer, all calls together.
    pub duration_us: u64,
    pub durations: Durations,
}

/// The hundreds of an HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum StatusClass {
    /// The caller was gone before there was one.
    #[serde(rename = "none")]
    None,
    #[serde(rename = "1xx")]
    Informational,
    #[serde(rename = "2xx")]
    Success,
    #[serde(rename = "3xx")]
    Redirection,
    #[serde(rename = "4xx")]
    ClientError,
    #[serde(rename = "5xx")]
    ServerError,
}

impl StatusClass {
    /// Anything that is no status of HTTP counts as none.
    #[must_use]
    pub fn of(status: u32) -> Self {
        match status {
            100..=199 => Self::Informational,
            200..=299 => Self::Success,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            0..=99 | 600.. => Self::None,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Informational => "1xx",
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        }
    }
}
