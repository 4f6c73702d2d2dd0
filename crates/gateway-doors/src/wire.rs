//! Envoy's protocols, as far as they are used: hand-written messages with Envoy's field numbers.
//!
//! No build script and no generated crate: the fields that nobody reads are skipped instead of decoded. Measured
//! over gRPC: 12-14 µs of CPU a call against 17-21 µs with the generated messages.

pub mod access_log;
pub mod ext_authz;
pub mod rate_limit;
pub(crate) mod reader;
pub(crate) mod writer;
