//! What a decision costs with a million keys, and what a key costs in memory.
//! `cargo bench -p tollgate-bench-decisions --bench decide`
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a benchmark stops where something is wrong, and speaks to its terminal"
)]

mod organisation;

use std::{
    hint::black_box,
    net::IpAddr,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use domain::{Environment, decision::Outcome};
use gateway::{Call, Gateway};

use organisation::{CLIENTS, KEYS, Organisation, ROUTES, resident_bytes};

/// As many calls as a busy gateway judges between two flushes.
const CALLS_PER_FLUSH: u64 = 50_000;

fn decide(criterion: &mut Criterion) {
    let organisation = Organisation::new();
    let mut group = criterion.benchmark_group(format!("{KEYS} keys, {CLIENTS} clients, {ROUTES} routes"));
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    let environment: Environment = "prod".parse().expect("a good name");
    let judge = |secrets: &[&str], outcome: Outcome, calls: u64| {
        spent(&organisation.gateway, calls, |turn| {
            let secret = secrets[usize::try_from(turn).unwrap_or(0) % secrets.len()];
            let path = organisation.path(turn);
            let call = Call {
                secret: Some(secret),
                method: "GET",
                host: Some("api.example.com"),
                path,
                environment: &environment,
                address: Some(IpAddr::from([192, 0, 2, 1])),
                user_agent: Some("orders-sync/2.4 (linux; amd64)"),
                cost: None,
                trusted_headers: None,
            };
            let decision = organisation.gateway.judge(black_box(&call), organisation.now());
            assert_eq!(decision.outcome, outcome, "{:?}", decision.reason);
            black_box(decision);
        })
    };
    let secrets: Vec<&str> = organisation.secrets().collect();
    let forged: Vec<String> = organisation.forged(1_000_000);
    let forged: Vec<&str> = forged.iter().map(String::as_str).collect();
    group.bench_function("HMAC of a secret alone", |bench| {
        bench.iter(|| organisation.peppers.digest(1, black_box(secrets[0])));
    });
    group.bench_function("allowed, no limits, the same key", |bench| {
        bench.iter_custom(|calls| judge(&secrets[..1], Outcome::Allowed, calls));
    });
    group.bench_function("allowed, no limits, any key", |bench| {
        bench.iter_custom(|calls| judge(&secrets, Outcome::Allowed, calls));
    });
    group.bench_function("unknown key", |bench| {
        bench.iter_custom(|calls| judge(&forged, Outcome::Unauthenticated, calls));
    });
    group.bench_function("malformed secret", |bench| {
        bench.iter_custom(|calls| judge(&["not-one-of-our-secrets"], Outcome::Unauthenticated, calls));
    });
    let before_limits = resident_bytes();
    organisation.assign_limits();
    group.bench_function("allowed, rate and quota, the same key", |bench| {
        bench.iter_custom(|calls| judge(&secrets[..1], Outcome::Allowed, calls));
    });
    // Every counter exists before the clock runs.
    judge(&secrets, Outcome::Allowed, KEYS);
    let grown = resident_bytes().saturating_sub(before_limits);
    eprintln!("{} bytes for each client with a live rate and quota counter", grown / CLIENTS);
    group.bench_function("allowed, rate and quota, any key", |bench| {
        bench.iter_custom(|calls| judge(&secrets, Outcome::Allowed, calls));
    });
    group.finish();
}

/// The time of so many calls, without the flushes in between.
fn spent(gateway: &Gateway, calls: u64, mut call: impl FnMut(u64)) -> Duration {
    let mut spent = Duration::ZERO;
    let mut turn = 0;
    while turn < calls {
        let until = calls.min(turn + CALLS_PER_FLUSH);
        let start = Instant::now();
        for number in turn..until {
            call(number);
        }
        spent += start.elapsed();
        turn = until;
        black_box(gateway.take_flush(domain::Timestamp::UNIX_EPOCH));
    }
    spent
}

criterion_group!(benches, decide);
criterion_main!(benches);
