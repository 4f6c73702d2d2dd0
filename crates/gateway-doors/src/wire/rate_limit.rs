//! `envoy.service.ratelimit.v3`: what Envoy asks about limits alone, and what it is answered.
//!
//! Source: Envoy's `api/envoy/service/ratelimit/v3/rls.proto`, `api/envoy/extensions/common/ratelimit/v3/ratelimit.proto`,
//! `api/envoy/type/v3/ratelimit_unit.proto`; every number as the descriptors inside Envoy 1.40's binary have it. Not here are
//! quotas that Envoy would keep by itself, which it does not, and headers for the upstream.

use prost::bytes::Bytes;

use super::{
    access_log::{Duration, UInt32Value},
    ext_authz::{HeaderValue, Struct},
};

/// The service's full name.
pub const SERVICE: &str = "envoy.service.ratelimit.v3.RateLimitService";

/// The path of its only method.
pub const SHOULD_RATE_LIMIT: &str = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/// Envoy asks whether a call is within its limits.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RateLimitRequest {
    #[prost(string, tag = "1")]
    pub domain: String,
    #[prost(message, repeated, tag = "2")]
    pub descriptors: Vec<RateLimitDescriptor>,
    /// What the call counts for; 0 where nobody said.
    #[prost(uint32, tag = "3")]
    pub hits_addend: u32,
}

/// One view of the call, judged by itself.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RateLimitDescriptor {
    #[prost(message, repeated, tag = "1")]
    pub entries: Vec<DescriptorEntry>,
    /// A limit of its own.
    #[prost(message, optional, tag = "2")]
    pub limit: Option<RateLimitOverride>,
    /// In place of the request's. Of no hits, the call only looks.
    #[prost(message, optional, tag = "3")]
    pub hits_addend: Option<UInt64Value>,
    /// The hits are to be given back.
    #[prost(bool, tag = "4")]
    pub is_negative_hits: bool,
}

/// What a descriptor says.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DescriptorEntry {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A limit that comes with a descriptor.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct RateLimitOverride {
    #[prost(uint32, tag = "1")]
    pub requests_per_unit: u32,
    #[prost(enumeration = "Unit", tag = "2")]
    pub unit: i32,
    /// How many of the unit, where it is not one.
    #[prost(message, optional, tag = "3")]
    pub unit_multiplier: Option<UInt32Value>,
}

/// `google.protobuf.UInt64Value`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct UInt64Value {
    #[prost(uint64, tag = "1")]
    pub value: u64,
}

/// Units of windows. A week is answered and never asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Unit {
    Unknown = 0,
    Second = 1,
    Minute = 2,
    Hour = 3,
    Day = 4,
    Month = 5,
    Year = 6,
    Week = 7,
}

/// What becomes of the call.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RateLimitResponse {
    #[prost(enumeration = "Code", tag = "1")]
    pub overall_code: i32,
    /// Of each descriptor, in their order.
    #[prost(message, repeated, tag = "2")]
    pub statuses: Vec<DescriptorStatus>,
    /// For the caller, added to what is there.
    #[prost(message, repeated, tag = "3")]
    pub response_headers_to_add: Vec<HeaderValue>,
    /// For a caller that is refused.
    #[prost(bytes = "bytes", tag = "5")]
    pub raw_body: Bytes,
    /// Lands in Envoy's metadata under `envoy.filters.http.ratelimit`.
    #[prost(message, optional, tag = "6")]
    pub dynamic_metadata: Option<Struct>,
}

/// Whether limits grant a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Code {
    Unknown = 0,
    Ok = 1,
    OverLimit = 2,
}

/// Where a descriptor stands.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DescriptorStatus {
    #[prost(enumeration = "Code", tag = "1")]
    pub code: i32,
    /// None where no limit applies.
    #[prost(message, optional, tag = "2")]
    pub current_limit: Option<CurrentLimit>,
    #[prost(uint32, tag = "3")]
    pub limit_remaining: u32,
    #[prost(message, optional, tag = "4")]
    pub duration_until_reset: Option<Duration>,
}

/// `RateLimitResponse.RateLimit`: the limit that a descriptor met.
#[derive(Clone, PartialEq, prost::Message)]
pub struct CurrentLimit {
    #[prost(uint32, tag = "1")]
    pub requests_per_unit: u32,
    #[prost(enumeration = "Unit", tag = "2")]
    pub unit: i32,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(message, optional, tag = "4")]
    pub unit_multiplier: Option<UInt32Value>,
}
