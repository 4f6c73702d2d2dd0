//! How long a group of commands is waited for.

use std::time::Duration;

use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, timeout_at},
};

use crate::under_way::UnderWay;

/// So many callers who wait for what comes of their commands make a group worth waiting for.
const AWAY_MIN: usize = 4;
/// Whoever waits for the read models waits as long again, and longer.
const GATHER_FOR: Duration = Duration::from_millis(5);

/// Waits for more than there is where many are away, waiting for what comes of their commands: they come back with their next
/// ones before long, and not each should make a commit, and all that follows one, for itself. Answers whether so many were
/// away.
///
/// Source: `commit_delay` and `commit_siblings` of Postgres, which wait for the transactions that are open.
pub(super) async fn gather<T>(
    queue: &mut Receiver<T>,
    group: &mut Vec<T>,
    group_max: usize,
    under_way: &UnderWay,
) -> bool {
    if under_way.count() < AWAY_MIN {
        return false;
    }
    let until = Instant::now() + GATHER_FOR;
    loop {
        let room = group_max.saturating_sub(group.len());
        // As many as are still away make the next group while this one is on its way.
        if room == 0 || group.len() >= under_way.count() {
            return true;
        }
        match timeout_at(until, queue.recv_many(group, room)).await {
            Ok(0) | Err(_) => return true,
            Ok(_more) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{sync::mpsc, time::sleep};

    use super::*;

    const GROUP_MAX: usize = 8;

    /// Of a group that begins with one while so many are away and others come, each after so many milliseconds: whether it
    /// was waited for, for how long, and how many they are.
    async fn gathered(away: usize, others: &[u64]) -> (bool, u64, usize) {
        let under_way = UnderWay::default();
        let _away: Vec<_> = (0..away).map(|_| under_way.begin()).collect();
        let (send, mut queue) = mpsc::channel(64);
        let (begun, mut group) = (Instant::now(), vec![0]);
        let coming = async {
            for after in others {
                sleep(Duration::from_millis(*after)).await;
                send.send(*after).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let waited = tokio::select! {
            waited = gather(&mut queue, &mut group, GROUP_MAX, &under_way) => waited,
            () = coming => unreachable!("it waits for good"),
        };
        (waited, u64::try_from(begun.elapsed().as_millis()).unwrap(), group.len())
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_where_few_are_away() {
        assert_eq!(gathered(0, &[1]).await, (false, 0, 1));
        assert_eq!(gathered(3, &[1]).await, (false, 0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_as_are_away_are_waited_for_and_no_more() {
        assert_eq!(gathered(4, &[1, 1, 1, 1]).await, (true, 3, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_longer_than_that() {
        assert_eq!(gathered(30, &[2, 2, 2]).await, (true, 5, 3));
        assert_eq!(gathered(30, &[]).await, (true, 5, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_group_waits_for_nobody() {
        assert_eq!(gathered(30, &[0; 20]).await, (true, 0, GROUP_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_goes_on_when_the_log_closes() {
        let under_way = UnderWay::default();
        let _away: Vec<_> = (0..9).map(|_| under_way.begin()).collect();
        let (send, mut queue) = mpsc::channel(1);
        send.send(1).await.unwrap();
        drop(send);
        let mut group = vec![0];
        assert!(gather(&mut queue, &mut group, GROUP_MAX, &under_way).await);
        assert_eq!(group, [0, 1]);
    }
}
