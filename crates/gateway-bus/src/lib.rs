//! What several gateways say to each other over NATS: what they reserve of shared quotas, and that they live.

mod listen;
mod membership;
mod pool;

pub use listen::listen;
pub use membership::{Heartbeat, Member, MembershipFailure, run as announce};
pub use pool::{NatsPool, PoolSettings, STREAM};
