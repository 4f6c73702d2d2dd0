use domain::{PolicyId, rate_limit_policy::Counting};

use super::*;
use crate::{
    index::{Index, limits::Rule},
    testing::{rate, read},
};

fn limit(slot: u32, requests: u64) -> Limit {
    let rule = Rule::Rate((&rate("some", requests)).into());
    Limit { slot: LimitSlot(slot), name: read("some"), requests, rule }
}

fn ask(limit: &Limit, counting: Counting, subject: u32) -> Ask<'_> {
    let account = AccountKey { environment: EnvironmentSlot(0), route: RouteSlot::NONE, counting, subject };
    Ask { account, resets: None, limit, revision: 1, cost: 1 }
}

fn read_all(counters: &Counters, asks: &[Ask<'_>], now: Moment) -> SmallVec<[Reading; 4]> {
    match counters.reserve(asks, now, Patience::Spent) {
        Reserved::Settled(readings) => readings,
        Reserved::Short(_) => panic!("nothing is shared here"),
    }
}

#[test]
fn limits_are_taken_from_together_or_not_at_all_also_under_concurrency() {
    let (narrow, wide_open) = (limit(1, 100), limit(2, 1_000_000));
    let counters = Counters::default();
    let now = Moment { ns: 0, second: 0 };
    let taken = std::thread::scope(|scope| {
        let many = |turned: bool| {
            let (counters, narrow, wide_open) = (&counters, &narrow, &wide_open);
            move || {
                let mut asks = [ask(narrow, Counting::Shared, 0), ask(wide_open, Counting::Client, 5)];
                if turned {
                    asks.reverse();
                }
                let passed = |_: &i32| {
                    read_all(counters, &asks, now).iter().all(|reading| reading.wait_seconds.is_none())
                };
                (0..2_000).filter(passed).count()
            }
        };
        let threads: Vec<_> = [true, false, true, false].map(|turned| scope.spawn(many(turned))).into();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert_eq!(taken, 100);
    let look = Ask { cost: 0, ..ask(&wide_open, Counting::Client, 5) };
    assert_eq!(read_all(&counters, &[look], now)[0].remaining, 1_000_000 - 100);
}

#[test]
fn a_counters_name_reads_back_in_another_run() {
    let mut index = Index::default();
    let policy = index.policies.slot_of(PolicyId::from_u128(7));
    let limit = index.policies.limit_slot_of(policy, &read("daily"));
    let environment = index.environments.slot_of(&read("prod"));
    let route = index.routes.slot_of(domain::RouteId::from_u128(8));
    let client = index.clients.slot_of(domain::ClientId::from_u128(9)).0;
    let key = index.keys.slot_of(domain::KeyId::from_u128(10)).0;
    for (counting, subject, route) in [
        (Counting::Client, client, RouteSlot::NONE),
        (Counting::Key, key, route),
        (Counting::Shared, policy.0, route),
    ] {
        let account = AccountKey { environment, route, counting, subject };
        let text = key_text(&account, limit, &index).unwrap();
        assert_eq!(read_key(&text, &mut index), Some((account, limit)), "{text}");
        let mut fresh = Index::default();
        let (account, limit) = read_key(&text, &mut fresh).unwrap();
        assert_eq!(key_text(&account, limit, &fresh), Some(text));
    }
    for rubbish in ["", "a/b/c/d/e", "////", "pol_00000000000000000000000001/daily/prod/all/any/more"] {
        assert_eq!(read_key(rubbish, &mut index), None, "{rubbish}");
    }
}
