//! Several gateways in one process, and a real nats-server between them.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at what it did not expect, and waits for its tasks itself"
)]

mod membership;
mod pool;
mod quotas;
mod world;
