//! What several gateways say over NATS: to each other what they reserve of shared quotas and that they live, to the control
//! plane what they would decide and where their counters stand.

mod asking;
mod listen;
mod membership;
mod pool;

pub use asking::{GatewayAsker, run as answer_questions};
pub use listen::listen;
pub use membership::{Heartbeat, Member, MembershipFailure, run as announce};
pub use pool::{NatsPool, PoolSettings, STREAM};
