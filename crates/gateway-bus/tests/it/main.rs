//! Several gateways in one process, and a real nats-server between them.

mod membership;
mod pool;
mod quotas;
mod world;
