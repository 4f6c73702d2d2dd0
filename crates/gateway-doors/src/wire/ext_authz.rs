//! `envoy.service.auth.v3`: what Envoy asks and what it is answered.
//!
//! Source: Envoy's `api/envoy/service/auth/v3/{external_auth,attribute_context}.proto`,
//! `api/envoy/config/core/v3/{base,address}.proto`, `google/rpc/status.proto`, `google/protobuf/struct.proto`.
//! A `map<string, string>` is a repeated entry on the wire and is read as one: nothing is hashed, and an entry given
//! twice can be told.

mod answer;

pub use answer::{
    CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue, HeaderValueOption, HttpResponse,
    HttpStatus, ListValue, MetadataField, MetadataKind, MetadataValue, OkHttpResponse, Status, Struct,
};

/// The service's full name.
pub const SERVICE: &str = "envoy.service.auth.v3.Authorization";

/// The path of its only method.
pub const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Envoy asks whether a call may pass.
#[derive(Clone, PartialEq, prost::Message)]
pub struct CheckRequest {
    #[prost(message, optional, tag = "1")]
    pub attributes: Option<AttributeContext>,
}

/// What Envoy knows of the call.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AttributeContext {
    /// The connection's other end.
    #[prost(message, optional, tag = "1")]
    pub source: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    pub request: Option<Request>,
    /// Set by Envoy's configuration alone; no caller can.
    #[prost(message, repeated, tag = "10")]
    pub context_extensions: Vec<Entry>,
}

/// One end of a connection.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Peer {
    #[prost(message, optional, tag = "1")]
    pub address: Option<Address>,
}

/// `envoy.config.core.v3.Address`, of which only the first kind names a network address.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Address {
    #[prost(message, optional, tag = "1")]
    pub socket_address: Option<SocketAddress>,
}

/// An address and a port.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SocketAddress {
    #[prost(string, tag = "2")]
    pub address: String,
    #[prost(uint32, tag = "3")]
    pub port_value: u32,
}

/// The call, whatever its protocol.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Request {
    #[prost(message, optional, tag = "2")]
    pub http: Option<HttpRequest>,
}

/// The call as HTTP. Its body, should Envoy be told to send it, is skipped.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HttpRequest {
    #[prost(string, tag = "2")]
    pub method: String,
    /// Names in lower case. Envoy joins values of one name with commas.
    #[prost(message, repeated, tag = "3")]
    pub headers: Vec<Entry>,
    /// The path with its query.
    #[prost(string, tag = "4")]
    pub path: String,
    #[prost(string, tag = "5")]
    pub host: String,
    /// In place of `headers` where Envoy is told to `encode_raw_headers`.
    #[prost(message, optional, tag = "13")]
    pub header_map: Option<HeaderMap>,
}

/// One entry of a map.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Entry {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// Headers one by one, repeated names included.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HeaderMap {
    #[prost(message, repeated, tag = "1")]
    pub headers: Vec<RawHeader>,
}

/// A header as bytes.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RawHeader {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(bytes = "vec", tag = "3")]
    pub raw_value: Vec<u8>,
}
