//! What was judged is what was flushed, to the unit.

use std::collections::HashMap;

use domain::{
    Environment, KeyId, Timestamp,
    decision::Outcome,
    rate_limit_policy::{Period, QuotaLimit, QuotaWindow},
    usage::UsageFact,
};
use jiff::SignedDuration;

use crate::{
    Call, Flush, Gateway, Subject,
    testing::{
        CLIENT, KEY, Organisation, POLICY, call, ids, peppers, quota, rate, read, secret, settings, spec,
    },
};

fn facts(flush: &Flush) -> &[UsageFact] {
    flush.batch.as_ref().map(|batch| batch.facts.as_slice()).unwrap_or_default()
}

fn sum<'a>(facts: impl IntoIterator<Item = &'a UsageFact>) -> u64 {
    facts.into_iter().map(|fact| fact.calls).sum()
}

/// The small organisation under a rate and a quota.
fn limited() -> Organisation {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("burst", 50)], vec![quota("daily", 100)]));
    org.assign(POLICY, |_| {});
    org
}

#[test]
fn an_allowed_call_allocates_nothing() {
    let org = limited();
    let (secret, environment) = (secret(1), read("prod"));
    let address = Some(read("192.0.2.1"));
    let call = Call { address, user_agent: Some("orders-sync/2.4"), ..call(&secret, &environment) };
    // Counters, the fact and who presents the secret are there from the first on.
    assert_eq!(org.judge(&call).outcome, Outcome::Allowed);
    let allocated = allocation_counter::measure(|| {
        for _ in 0..10 {
            assert_eq!(org.judge(&call).outcome, Outcome::Allowed);
        }
    });
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
    let one = allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(one.count_total, 1, "what is allocated is counted");
}

#[test]
fn calls_are_counted_by_minute_caller_route_and_outcome() {
    let mut org = limited();
    for _ in 0..55 {
        org.call(1);
    }
    org.call(99);
    let last = org.now;
    org.pass(61);
    org.call(1);
    let flush = org.gateway.take_flush(org.now);
    let batch = flush.batch.as_ref().unwrap();
    assert_eq!((batch.node.as_str(), batch.boot.as_str(), batch.sequence), ("node-1", "boot-1", 1));
    let (client, key, route, _) = ids();
    let minute = last.as_second();
    let fact = |minute: i64, outcome, calls, last_at: Timestamp, named: bool| UsageFact {
        seconds: if named {
            vec![(u8::try_from(last_at.as_second() - minute).unwrap(), calls)]
        } else {
            vec![]
        },
        minute,
        client_id: named.then_some(client),
        key_id: named.then_some(key),
        secret_version: named.then_some(1),
        route_id: named.then_some(route),
        environment: read("prod"),
        outcome,
        calls,
        last_at,
    };
    let expected = [
        fact(minute, Outcome::Allowed, 50, last, true),
        fact(minute, Outcome::RateLimited, 5, last, true),
        fact(minute, Outcome::Unauthenticated, 1, last, false),
        fact(minute + 60, Outcome::Allowed, 1, org.now, true),
    ];
    assert_eq!(batch.facts, expected);
    assert_eq!(org.gateway.take_flush(org.now), Flush::default());
}

#[test]
fn a_known_caller_is_named_however_the_call_ends() {
    let mut org = Organisation::small();
    let reason = read("why");
    org.key(
        KEY,
        domain::api_key::ApiKeyEvent::Revoked(domain::api_key::Revoked { revoked_at: org.now, reason }),
    );
    org.call(1);
    let flush = org.gateway.take_flush(org.now);
    let fact = &facts(&flush)[0];
    assert_eq!(
        (fact.outcome, fact.key_id, fact.client_id),
        (Outcome::Unauthenticated, Some(ids().1), Some(ids().0))
    );
}

#[test]
fn a_batch_that_was_not_kept_comes_again_as_it_was() {
    let org = limited();
    org.call(1);
    let first = org.gateway.take_flush(org.now);
    org.call(1);
    org.gateway.give_back(first.clone());
    org.call(1);
    let again = org.gateway.take_flush(org.now);
    assert_eq!(again.batch, first.batch);
    // The counters are those of now, each once.
    assert_eq!(again.counters.len(), 2);
    assert!(again.counters.iter().any(|row| row.key.contains("/daily/") && row.state.contains("\"u\":3")));
    let rest = org.gateway.take_flush(org.now);
    assert_eq!((rest.batch.as_ref().unwrap().sequence, sum(facts(&rest))), (2, 2));
    assert!(rest.counters.is_empty());
}

#[test]
fn every_call_is_in_exactly_one_batch_also_under_concurrency() {
    const THREADS: u32 = 4;
    const CALLS: u32 = 3_000;
    let org = limited();
    let (gateway, now) = (&org.gateway, org.now);
    let mut flushed = vec![];
    let allowed: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || judge_many(gateway, now, thread, CALLS))).collect();
        while !threads.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            flushed.push(gateway.take_flush(now));
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    flushed.push(gateway.take_flush(now));
    let all = || flushed.iter().flat_map(facts);
    assert_eq!(sum(all()), u64::from(THREADS * CALLS));
    assert_eq!(sum(all().filter(|fact| fact.outcome == Outcome::Allowed)), allowed);
    assert_eq!(allowed, 50);
    let sequences: Vec<u64> =
        flushed.iter().filter_map(|flush| Some(flush.batch.as_ref()?.sequence)).collect();
    assert!(sequences.iter().copied().eq(1..=u64::try_from(sequences.len()).unwrap()));
}

/// The clock of each thread goes from 0 to 0.3 seconds; a burst of 50 a minute gives no more than 50 by then.
fn judge_many(gateway: &Gateway, start: Timestamp, thread: u32, calls: u32) -> u64 {
    let (good, unknown, environment) = (secret(1), secret(50 + thread), read("prod"));
    let mut allowed = 0;
    for turn in 0..calls {
        let now = start + SignedDuration::from_micros(i64::from(turn) * 100);
        let presented = if turn % 7 == 0 { &unknown } else { &good };
        allowed += u64::from(gateway.judge(&call(presented, &environment), now).outcome == Outcome::Allowed);
    }
    allowed
}

#[test]
fn beyond_its_bound_usage_loses_detail_and_no_call() {
    let usage = crate::usage::Usage::new(10, 0);
    let org = Organisation::small();
    let index = parking_lot::RwLock::new(crate::index::Index::default());
    let environment = index.write().environments.slot_of(&read("prod"));
    let (secret, prod) = (secret(1), read("prod"));
    let presenter = crate::sightings::Presenter::of(&call(&secret, &prod));
    for number in 0..100 {
        let counted = crate::usage::Counted {
            client: crate::index::slots::ClientSlot(number % 20),
            key: crate::index::slots::KeySlot(number),
            secret_version: 1,
            route: crate::index::slots::RouteSlot(number),
            environment,
            outcome: Outcome::Allowed,
        };
        usage.count(counted, presenter, &crate::testing::peppers(), org.now);
        usage.count(counted, presenter, &crate::testing::peppers(), org.now);
    }
    let facts = usage.drain(&index).facts;
    assert_eq!(sum(&facts), 200);
    assert!(facts.len() <= 21, "{}", facts.len());
}

#[test]
fn environments_that_only_calls_name_are_bounded() {
    let org = Organisation::small();
    let good = secret(1);
    for number in 0..1_200 {
        let environment: Environment = read(&format!("env{number}"));
        let decision = org.judge(&call(&good, &environment));
        assert_eq!(decision.environment, environment);
    }
    let mut told = vec![];
    while told.is_empty() || org.gateway.more_waits() {
        told.extend(facts(&org.gateway.take_flush(org.now)).to_vec());
    }
    assert_eq!(sum(&told), 1_200);
    let other = told.iter().find(|fact| fact.environment.as_str() == "other").unwrap();
    assert!((200..300).contains(&other.calls), "{}", other.calls);
}

/// What a gateway would know that was started anew and has read the log again.
fn restarted(org: &mut Organisation, rows: HashMap<String, String>) {
    let rows = rows.into_iter().map(|(key, state)| crate::CounterRow { key, state }).collect();
    org.gateway = Gateway::new(settings(), peppers());
    org.gateway.restore_counters(rows, org.now);
    org.position = 0;
}

#[test]
fn counters_survive_a_restart() {
    let rolling = QuotaLimit { period: Period::Hour, window: QuotaWindow::Rolling, ..quota("rolling", 100) };
    let tell = |org: &mut Organisation| {
        org.register(CLIENT, &["prod", "test", "open"], &["orders:read", "orders:write"]);
        org.issue(KEY, CLIENT, 1, |_| {});
        org.route("rte_00000000000000000000000001", |_| {});
        org.policy(POLICY, spec(vec![rate("burst", 50)], vec![quota("daily", 100), rolling.clone()]));
        org.assign(POLICY, |a| a.route_id = Some(read("rte_00000000000000000000000001")));
    };
    let mut org = Organisation::empty(settings());
    tell(&mut org);
    let mut kept = HashMap::new();
    for _ in 0..10 {
        org.call(1);
        kept.extend(org.gateway.take_flush(org.now).counters.into_iter().map(|row| (row.key, row.state)));
    }
    assert_eq!(kept.len(), 3);
    let key = format!("{POLICY}/daily/prod/{CLIENT}/rte_00000000000000000000000001");
    assert!(kept.contains_key(&key), "{kept:?}");
    kept.insert("rubbish".to_owned(), "{}".to_owned());
    kept.insert(key.replace("daily", "other"), "rubbish".to_owned());
    restarted(&mut org, kept);
    tell(&mut org);
    let remaining: Vec<u64> = org.call(1).limits.iter().map(|limit| limit.remaining).collect();
    assert_eq!(remaining, [39, 89, 89]);
}

#[test]
fn a_counter_is_forgotten_when_it_is_back_at_its_start_and_not_before() {
    let mut org = limited();
    org.call(1);
    assert_eq!(org.gateway.take_flush(org.now).counters.len(), 2);
    let mut forgotten = vec![];
    let mut sweep = |org: &Organisation| {
        for _ in 0..100 {
            forgotten.extend(org.gateway.take_flush(org.now).counters);
        }
        forgotten.iter().filter(|row| row.state.is_empty()).count()
    };
    assert_eq!((sweep(&org), org.gateway.counters.len()), (0, 2));
    org.pass(60);
    assert_eq!((sweep(&org), org.gateway.counters.len()), (1, 1));
    org.pass(86_400);
    assert_eq!((sweep(&org), org.gateway.counters.len()), (2, 0));
}

#[test]
fn nothing_prints_a_digest_or_a_secret() {
    let org = Organisation::small();
    let good = secret(1);
    let environment = read("prod");
    let shown = format!(
        "{:?} {:?} {:?}",
        org.gateway,
        Call { ..call(&good, &environment) },
        org.gateway.index.read()
    );
    assert!(!shown.contains(&good) && !shown.contains("hmac"), "{shown}");
}

/// Trap 1: a short look-up hash is an authentication bypass. Two digests that agree in all but the last byte are two.
#[test]
fn a_digest_is_compared_whole() {
    const FOREIGN: &str = "kong-3fPq9sKd02mzX";
    let mut org = Organisation::small();
    org.import("key_00000000000000000000000002", FOREIGN);
    let mut bytes = *domain::secret::ForeignDigest::of(FOREIGN).unwrap().as_bytes();
    bytes[31] ^= 1;
    let keys = &org.gateway.index.read().keys;
    assert!(keys.find_foreign(&domain::secret::ForeignDigest::of(FOREIGN).unwrap()).is_some());
    assert!(keys.find_foreign(&domain::secret::ForeignDigest::from_bytes(bytes)).is_none());
}

#[test]
fn whoever_asks_makes_nothing() {
    let org = limited();
    let (client, _, _, policy) = ids();
    let sizes = || {
        let index = org.gateway.index.read();
        (index.environments.len(), index.keys.len())
    };
    let before = sizes();
    let elsewhere = read::<Environment>("nowhere");
    let stranger = read::<KeyId>("key_01jx3v6k9q8z7m5n4p3r2s1t0v");
    let named = org.gateway.effective(Some(client), None, &elsewhere, org.now).unwrap();
    assert_eq!(named.in_force.len(), 2, "what binds everywhere binds there: {:?}", named.in_force);
    assert!(org.gateway.tracked(Subject::Client(client), &elsewhere, org.now).unwrap().is_empty());
    let counters =
        [format!("{policy}/daily/nowhere/{client}/any"), format!("{policy}/daily/prod/{stranger}/any")];
    assert!(org.gateway.standing(&counters, org.now).counters.is_empty());
    assert_eq!(sizes(), before);
}
