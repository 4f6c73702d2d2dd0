//! The doors over a real listener, before a gateway that has followed a log.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

mod it {
    mod access_log;
    mod client;
    mod cost;
    mod ext_authz;
    mod forward_auth;
    mod listener;
    mod rate_limit;
    mod sharing;
    mod sightings;
    mod verify;
    mod world;
}
