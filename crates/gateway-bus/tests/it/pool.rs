//! The pool by itself.

use anyhow::{Result, ensure};
use gateway::{PoolKey, QuotaPool as _, Reservation};
use test_servers::{Nats, until};
use tollgate_gateway_bus::{NatsPool, PoolSettings};

use super::world::connect;

fn asked(account: &str, amount: u64, id: &str) -> Reservation {
    let key = PoolKey { account: account.to_owned(), window: (0, 86_400) };
    Reservation { key, amount, id: id.to_owned() }
}

const ACCOUNT: &str = "pol_1/daily/prod/cli_1/any";

#[tokio::test]
async fn each_account_and_window_is_counted_by_itself() -> Result<()> {
    let nats = Nats::start().await?;
    let pool = NatsPool::new(connect(&nats).await?, PoolSettings::default());
    ensure!(pool.reserve(&asked(ACCOUNT, 5, "a")).await? == 5);
    ensure!(pool.reserve(&asked(ACCOUNT, 7, "b")).await? == 12);
    ensure!(pool.reserve(&asked("pol_1/daily/prod/cli_2/any", 1, "c")).await? == 1);
    let mut tomorrow = asked(ACCOUNT, 1, "d");
    tomorrow.key.window = (86_400, 172_800);
    ensure!(pool.reserve(&tomorrow).await? == 1);
    pool.give_back(&asked(ACCOUNT, 4, "e")).await?;
    ensure!(pool.reserve(&asked(ACCOUNT, 0, "f")).await? == 8);
    Ok(())
}

#[tokio::test]
async fn a_question_asked_again_counts_once_also_after_a_crash_of_the_server() -> Result<()> {
    let mut nats = Nats::start().await?;
    let pool = NatsPool::new(connect(&nats).await?, PoolSettings::default());
    ensure!(pool.reserve(&asked(ACCOUNT, 5, "a")).await? == 5);
    ensure!(pool.reserve(&asked(ACCOUNT, 5, "a")).await? == 5, "asked twice");
    ensure!(pool.reserve(&asked(ACCOUNT, 1, "b")).await? == 6);
    ensure!(pool.reserve(&asked(ACCOUNT, 5, "a")).await? == 6, "asked a third time");
    nats.kill_9()?;
    ensure!(pool.reserve(&asked(ACCOUNT, 5, "c")).await.is_err(), "nobody answers");
    nats.start_again().await?;
    let total = until("the pool to answer again", std::time::Duration::from_secs(30), async || {
        Ok(Some(pool.reserve(&asked(ACCOUNT, 5, "a")).await?))
    });
    ensure!(total.await? == 6, "asked before the crash and after it");
    Ok(())
}
