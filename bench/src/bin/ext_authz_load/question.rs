//! What Envoy sends of a call, the fields that the door skips included.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use gateway_doors::wire::ext_authz::{Address, Entry, Peer, SocketAddress};
use prost::{Message, bytes::Bytes};
use prost_types::Timestamp;

use bench_decisions::population::{Population, path, secret};

use crate::limitador;

/// As `CheckRequest`, with all that Envoy fills in.
#[derive(Clone, PartialEq, Message)]
struct Question {
    #[prost(message, optional, tag = "1")]
    attributes: Option<Attributes>,
}

#[derive(Clone, PartialEq, Message)]
struct Attributes {
    #[prost(message, optional, tag = "1")]
    source: Option<Peer>,
    #[prost(message, optional, tag = "2")]
    destination: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    request: Option<Request>,
}

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, optional, tag = "1")]
    time: Option<Timestamp>,
    #[prost(message, optional, tag = "2")]
    http: Option<Http>,
}

#[derive(Clone, PartialEq, Message)]
struct Http {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    method: String,
    #[prost(message, repeated, tag = "3")]
    headers: Vec<Entry>,
    #[prost(string, tag = "4")]
    path: String,
    #[prost(string, tag = "5")]
    host: String,
    #[prost(string, tag = "6")]
    scheme: String,
    #[prost(int64, tag = "9")]
    size: i64,
    #[prost(string, tag = "10")]
    protocol: String,
}

/// As many as the population gives each.
pub(crate) const KEYS_OF_A_CLIENT: u32 = 10;

/// Questions of the same callers, to each kind of server.
#[derive(Clone)]
pub(crate) struct Questions {
    pub(crate) ext_authz: Arc<[Bytes]>,
    pub(crate) limits: Arc<[Bytes]>,
}

/// Questions of so many callers, framed as gRPC sends them.
pub(crate) fn all(population: &Population, callers: u32, seed: u64) -> Result<Questions> {
    let mut number = seed;
    let mut next = || -> Result<u32> {
        // Source: Knuth's MMIX; the upper half of it is random enough to defeat caches.
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(u32::try_from(number >> 32)?)
    };
    let (mut ext_authz, mut limits) = (vec![], vec![]);
    for _ in 0..callers {
        let (key, random) = (next()? % population.keys, next()?);
        ext_authz.push(framed(&question(key, random)?.encode_to_vec())?);
        limits.push(limitador::question(key)?);
    }
    Ok(Questions { ext_authz: ext_authz.into(), limits: limits.into() })
}

pub(crate) fn framed(message: &[u8]) -> Result<Bytes> {
    let length = u32::try_from(message.len()).context("a question is short")?;
    Ok([&[0][..], &length.to_be_bytes(), message].concat().into())
}

fn question(key: u32, random: u32) -> Result<Question> {
    let id = format!("{random:08x}-87a8-4109-b560-d8ef299b62eb");
    let secret = secret(key)?;
    let entry = |key: &str, value: &str| Entry { key: key.to_owned(), value: value.to_owned() };
    let headers = vec![
        entry("x-envoy-external-address", "198.51.100.7"),
        entry("x-request-id", &id),
        entry("x-api-key", secret.expose()),
    ];
    let http = Http {
        id,
        method: "GET".to_owned(),
        headers,
        path: path(random),
        host: "api.example.com".to_owned(),
        scheme: "http".to_owned(),
        size: -1,
        protocol: "HTTP/1.1".to_owned(),
    };
    let time = Timestamp { seconds: 1_772_600_767, nanos: 123_456_789 };
    let attributes = Attributes {
        source: Some(peer("198.51.100.7", 51_000)),
        destination: Some(peer("192.0.2.1", 443)),
        request: Some(Request { time: Some(time), http: Some(http) }),
    };
    Ok(Question { attributes: Some(attributes) })
}

fn peer(address: &str, port_value: u32) -> Peer {
    let socket_address = SocketAddress { address: address.to_owned(), port_value };
    Peer { address: Some(Address { socket_address: Some(socket_address) }) }
}
