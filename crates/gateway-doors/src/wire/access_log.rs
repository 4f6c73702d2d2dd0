//! `envoy.service.accesslog.v3`: what Envoy tells of calls that have ended.
//!
//! Source: Envoy's `api/envoy/service/accesslog/v3/als.proto`, `api/envoy/data/accesslog/v3/accesslog.proto`,
//! `api/envoy/config/core/v3/base.proto`, `google/protobuf/{duration,wrappers}.proto`; every number as the descriptors
//! inside Envoy 1.40's binary have it. An entry has sixty fields, with the path, addresses and headers among them: what is
//! not here is passed over and never becomes a value.

use super::ext_authz::Struct;

/// The service's full name.
pub const SERVICE: &str = "envoy.service.accesslog.v3.AccessLogService";

/// The path of its only method.
pub const STREAM_ACCESS_LOGS: &str = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";

/// Under which filter's name Envoy keeps what the `ext_authz` door says of a call. Envoy Gateway puts a name of
/// its own behind it, after a slash.
pub const EXT_AUTHZ: &str = "envoy.filters.http.ext_authz";

/// A batch of entries of one kind. Who sends it is said in the first one and not read.
#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamAccessLogsMessage {
    #[prost(message, optional, tag = "2")]
    pub http_logs: Option<HttpAccessLogEntries>,
    #[prost(message, optional, tag = "3")]
    pub tcp_logs: Option<TcpAccessLogEntries>,
}

/// Calls.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HttpAccessLogEntries {
    #[prost(message, repeated, tag = "1")]
    pub log_entry: Vec<HttpAccessLogEntry>,
}

/// Connections, of which only the number is of interest.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TcpAccessLogEntries {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub log_entry: Vec<Vec<u8>>,
}

/// One call, or one moment of it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HttpAccessLogEntry {
    #[prost(message, optional, tag = "1")]
    pub common_properties: Option<AccessLogCommon>,
    #[prost(message, optional, tag = "3")]
    pub request: Option<HttpRequestProperties>,
    #[prost(message, optional, tag = "4")]
    pub response: Option<HttpResponseProperties>,
}

/// What entries of every kind have.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AccessLogCommon {
    /// From the first byte received to the last byte sent.
    #[prost(message, optional, tag = "12")]
    pub time_to_last_downstream_tx_byte: Option<Duration>,
    #[prost(message, optional, tag = "16")]
    pub response_flags: Option<ResponseFlags>,
    #[prost(message, optional, tag = "17")]
    pub metadata: Option<Metadata>,
    /// Until the call was put away; longer than the other where nothing was sent.
    #[prost(message, optional, tag = "23")]
    pub duration: Option<Duration>,
    /// The older mark of an entry that is not the call's last.
    #[prost(bool, tag = "27")]
    pub intermediate_log_entry: bool,
    #[prost(enumeration = "AccessLogType", tag = "33")]
    pub access_log_type: i32,
}

/// At which moment of a call an entry was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum AccessLogType {
    NotSet = 0,
    DownstreamStart = 4,
    DownstreamPeriodic = 5,
    DownstreamEnd = 6,
    UpstreamEnd = 9,
}

/// Of the flags, those by which the upstream was at fault: it could not be reached, broke off or did not answer in time.
///
/// Not among them: `local_reset` (4) and `stream_idle_timeout` (17), which do not say whose fault it was; `no_route_found` (9),
/// `no_cluster_found` (25) and the like, which are Envoy's configuration; all that the caller or a filter did. An upstream that
/// answers 500 has answered: that is its status.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct ResponseFlags {
    /// UH: none of its hosts was fit to be asked.
    #[prost(bool, tag = "2")]
    pub no_healthy_upstream: bool,
    /// UT: no answer within the route's time.
    #[prost(bool, tag = "3")]
    pub upstream_request_timeout: bool,
    /// UR: it reset the call.
    #[prost(bool, tag = "5")]
    pub upstream_remote_reset: bool,
    /// UF: no connection could be made.
    #[prost(bool, tag = "6")]
    pub upstream_connection_failure: bool,
    /// UC: it closed the connection on the way.
    #[prost(bool, tag = "7")]
    pub upstream_connection_termination: bool,
    /// UO: so many calls were waiting for it that Envoy let no more through.
    #[prost(bool, tag = "8")]
    pub upstream_overflow: bool,
    /// URX: the last of the tries that the route allows failed too.
    #[prost(bool, tag = "16")]
    pub upstream_retry_limit_exceeded: bool,
    /// UMSDR: it had begun to answer and did not come to an end in time.
    #[prost(bool, tag = "20")]
    pub upstream_max_stream_duration_reached: bool,
    /// UPE: what it answered is no HTTP.
    #[prost(bool, tag = "24")]
    pub upstream_protocol_error: bool,
    /// DF: its name has no address.
    #[prost(bool, tag = "27")]
    pub dns_resolution_failure: bool,
}

/// The numbers of [`ResponseFlags`].
pub(crate) const UPSTREAM_ERRORS: [u64; 10] = [2, 3, 5, 6, 7, 8, 16, 20, 24, 27];

/// What filters have said of a call.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Metadata {
    #[prost(message, repeated, tag = "1")]
    pub filter_metadata: Vec<FilterMetadata>,
}

/// What one filter has said.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FilterMetadata {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub value: Option<Struct>,
}

/// The request's size.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct HttpRequestProperties {
    #[prost(uint64, tag = "11")]
    pub request_headers_bytes: u64,
    #[prost(uint64, tag = "12")]
    pub request_body_bytes: u64,
}

/// The answer, by its status and size.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct HttpResponseProperties {
    /// None where the caller was gone before there was one.
    #[prost(message, optional, tag = "1")]
    pub response_code: Option<UInt32Value>,
    #[prost(uint64, tag = "2")]
    pub response_headers_bytes: u64,
    #[prost(uint64, tag = "3")]
    pub response_body_bytes: u64,
}

/// `google.protobuf.UInt32Value`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct UInt32Value {
    #[prost(uint32, tag = "1")]
    pub value: u32,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Duration {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}
