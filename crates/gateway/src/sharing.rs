//! Quotas that several gateways share: each reserves a block ahead of need, so that a call seldom waits and the sum of
//! all is never more than the quota. The pool that they reserve from is said through a trait; see ADR 0016.

mod reserver;
mod settings;
#[cfg(test)]
mod tests;

use std::{error::Error, future::Future};

use tokio::{
    sync::futures::OwnedNotified,
    time::{Instant, timeout_at},
};

pub use self::{
    reserver::run,
    settings::{SharedQuotas, WhenAlone},
};
use crate::Decision;

/// What is counted together by all gateways: one quota of one account in one window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PoolKey {
    /// `<policy>/<limit>/<environment>/<client, key or all>/<route or any>`, stable over restarts and rotations.
    pub account: String,
    /// The window's first second since 1970, and the first after it.
    pub window: (i64, i64),
}

/// One question to the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    pub key: PoolKey,
    /// 0 only asks for the total.
    pub amount: u64,
    /// The same when it is asked again: it must not count twice then.
    pub id: String,
}

/// The number that gateways reserve from: one for each key, 0 until it is first asked.
pub trait QuotaPool: Send + Sync + 'static {
    /// Adds the amount and answers with the new total, which may lie beyond any quota. Asked again under the same id
    /// it adds nothing, and answers with the total as it is by then.
    ///
    /// # Errors
    /// When it is not certain that the amount was added.
    fn reserve(&self, reservation: &Reservation) -> impl Future<Output = Result<i64, PoolFailure>> + Send;

    /// Takes an amount off that was reserved and not used. Never asked twice: when in doubt it is lost.
    ///
    /// # Errors
    /// When it is not certain that the amount was taken off.
    fn give_back(&self, given: &Reservation) -> impl Future<Output = Result<(), PoolFailure>> + Send;

    /// The next total that a step of any gateway led to. It may be left out, and then never answers; but the fresher a
    /// total is, the less [`WhenAlone::Share`] can err. Dropping the future loses nothing.
    fn next_total(&self) -> impl Future<Output = (PoolKey, i64)> + Send {
        std::future::pending()
    }
}

/// The pool did not answer.
#[derive(Debug, thiserror::Error)]
#[error("asking the pool of shared quotas")]
pub struct PoolFailure {
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl PoolFailure {
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

/// What a gateway says to a call at the first try.
#[derive(Debug)]
pub enum Judged {
    Decided(Box<Decision>),
    /// More of a shared quota must be reserved first. Nothing was taken and nothing counted.
    Short(Shortage),
}

/// A call waits until more of a quota is reserved.
#[derive(Debug)]
pub struct Shortage {
    arrived: OwnedNotified,
}

impl Shortage {
    pub(crate) fn new(arrived: OwnedNotified) -> Self {
        Self { arrived }
    }

    /// Waits for the pool's next answer. False when there was none in time.
    pub async fn ended(self, deadline: Instant) -> bool {
        timeout_at(deadline, self.arrived).await.is_ok()
    }
}
