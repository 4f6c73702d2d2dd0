//! A node among others: it says that it lives, shares quotas with them, and answers what they ask.

use std::{sync::Arc, time::Duration};

use domain::SharedClock;
use eventlog::bus::Bus;
use gateway::{Gateway, PoolKey, QuotaPool as _, Reservation};
use gateway_bus::{Member, NatsPool, PoolSettings};
use tracing::warn;

use crate::Keepers;

/// What a gateway waits for before its doors open: longer, and it begins with what it knows.
const SETTLED_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until the configuration is that of now and shared quotas can be asked for, for a bounded time. A door that is not
/// open yet is passed over by its callers; one that opens early refuses them, or lets in who was revoked meanwhile.
pub async fn settle(gateway: &Gateway, bus: Option<&Bus>, clock: &SharedClock) {
    let begun = clock.now();
    let settled = async {
        while !(gateway.caught_up_at() >= Some(begun) && bus.is_none_or(Bus::is_connected)) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if tokio::time::timeout(SETTLED_WITHIN, settled).await.is_err() {
        warn!("Opening the doors without news of the log: judging by what is known");
    }
}

/// Asks the pool once, so that the first call need not wait for its stream to be made. One that is away is found so again.
async fn warm_up(pool: &NatsPool) {
    let key = PoolKey { account: "warm-up".to_owned(), window: (0, 0) };
    let question = Reservation { key, amount: 0, id: "warm-up".to_owned() };
    let asked = tokio::time::timeout(SETTLED_WITHIN, pool.reserve(&question)).await;
    if !matches!(asked, Ok(Ok(_))) {
        warn!("The pool of shared quotas does not answer yet");
    }
}

/// Says to the other nodes that this one lives, and shares quotas with them.
pub async fn join_others(
    bus: &Bus,
    gateway: &Arc<Gateway>,
    member: Member,
    clock: &SharedClock,
    keepers: &mut impl Keepers,
) {
    let pool = Arc::new(NatsPool::new(bus.client(), PoolSettings { replicas: bus.settings().replicas }));
    warm_up(&pool).await;
    let (sharing, stop, at) = (Arc::clone(gateway), keepers.stop_token(), Arc::clone(clock));
    keepers.keep("shared quotas", async move {
        gateway::sharing::run(sharing, pool, at, stop).await;
        Ok(())
    });
    let (client, asked, stop) = (bus.client(), Arc::clone(gateway), keepers.stop_token());
    let (environment, at) = (member.environment.clone(), Arc::clone(clock));
    let (announcing, member_of) = (bus.client(), Arc::clone(gateway));
    let (beating, ending) = (Arc::clone(clock), keepers.stop_token());
    keepers.keep("membership", async move {
        Ok(gateway_bus::announce(announcing, member, member_of, beating, ending).await?)
    });
    keepers.keep("questions", async move {
        Ok(gateway_bus::answer_questions(client, environment, asked, at, stop).await?)
    });
}
