//! A gateway that begins with a snapshot is one that read the whole log.

use domain::{
    DomainEvent, Position, Timestamp,
    api_client::{ApiClientEvent, Reinstated, ScopeGranted, ScopeRevoked, Suspended},
    api_key::{self, ApiKeyEvent},
    rate_limit_policy::{Mode, Period, QuotaLimit, QuotaWindow, TimeZoneName},
    route::{CostFromHeader, Retired, RouteEvent},
};
use proptest::prelude::*;

use super::*;
use crate::{
    Call, Decision, Gateway, HeaderField,
    testing::{Organisation, Said, call, peppers, quota, rate, read, read_all, secret, settings, spec},
};

/// One thing that happened, to one of a few.
#[derive(Clone, Copy, Debug)]
enum Step {
    Register(u32),
    Issue(u32, u32),
    Rotate(u32, i64),
    Revoke(u32),
    Suspend(u32),
    Reinstate(u32),
    Scope(u32, bool),
    Route(u32),
    Retire(u32),
    Policy(u32),
    Assign(u32, u32),
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = 1_u32..5;
    let step = prop_oneof![
        some.clone().prop_map(Step::Register),
        (some.clone(), some.clone()).prop_map(|(key, client)| Step::Issue(key, client)),
        (some.clone(), 0_i64..100).prop_map(|(key, overlap)| Step::Rotate(key, overlap)),
        some.clone().prop_map(Step::Revoke),
        some.clone().prop_map(Step::Suspend),
        some.clone().prop_map(Step::Reinstate),
        (some.clone(), any::<bool>()).prop_map(|(client, more)| Step::Scope(client, more)),
        some.clone().prop_map(Step::Route),
        some.clone().prop_map(Step::Retire),
        some.clone().prop_map(Step::Policy),
        (some.clone(), 0_u32..8).prop_map(|(policy, whom)| Step::Assign(policy, whom)),
        (0_i64..50).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..80)
}

fn id(prefix: &str, number: u32) -> String {
    format!("{prefix}_{number:026}")
}

/// What there is to call with: the first of a key's secrets has its number, those after it 100 more each.
struct History {
    org: Organisation,
    versions: [u32; 5],
}

impl History {
    #[expect(clippy::too_many_lines, reason = "a list of steps")]
    fn tell(&mut self, step: Step) {
        let org = &mut self.org;
        match step {
            Step::Register(client) => {
                org.register(&id("cli", client), &["prod", "test"], &["orders:read"]);
            }
            Step::Issue(key, client) => org.issue(&id("key", key), &id("cli", client), key, |issued| {
                issued.allowed_cidrs = if key == 3 { vec![read("10.0.0.0/8")] } else { vec![] };
                issued.scopes = (key == 4).then(|| [read("orders:read")].into());
            }),
            Step::Rotate(key, overlap) => {
                let version = &mut self.versions[usize::try_from(key).unwrap()];
                *version += 1;
                org.rotate(&id("key", key), *version + 1, key + *version * 100, overlap);
            }
            Step::Revoke(key) => {
                let (revoked_at, reason) = (org.now, read("why"));
                org.key(&id("key", key), ApiKeyEvent::Revoked(api_key::Revoked { revoked_at, reason }));
            }
            Step::Suspend(client) => {
                let event = ApiClientEvent::Suspended(Suspended { reason: read("why") });
                org.client(&id("cli", client), event);
            }
            Step::Reinstate(client) => {
                let event = ApiClientEvent::Reinstated(Reinstated { reason: read("why") });
                org.client(&id("cli", client), event);
            }
            Step::Scope(client, true) => {
                let event = ApiClientEvent::ScopeGranted(ScopeGranted { scope: read("orders:read") });
                org.client(&id("cli", client), event);
            }
            Step::Scope(client, false) => {
                let event = ApiClientEvent::ScopeRevoked(ScopeRevoked { scope: read("orders:read") });
                org.client(&id("cli", client), event);
            }
            Step::Route(route) => org.route(&id("rte", route), |spec| {
                spec.hosts = match route {
                    2 => read_all(&["api.example.com"]),
                    3 => read_all(&["*.example.com", "other.example.com"]),
                    _ => [].into(),
                };
                spec.path = read(
                    ["/orders/{id}", "/orders/{any}", "/{*rest}", "/orders/1"]
                        [usize::try_from(route).unwrap() - 1],
                );
                spec.cost = route;
                let header = CostFromHeader { name: read("x-call-cost"), max: 9 };
                spec.cost_from_header = (route == 4).then_some(header);
            }),
            Step::Retire(route) => {
                let event = RouteEvent::Retired(Retired { reason: None });
                org.tell(DomainEvent::Route { id: read(&id("rte", route)), event });
            }
            Step::Policy(policy) => org.policy(&id("pol", policy), limits(policy)),
            Step::Assign(policy, whom) => {
                org.assign(&id("pol", policy), |assignment| {
                    assignment.client_id = (whom & 1 > 0).then(|| read(&id("cli", 1)));
                    assignment.route_id = (whom & 2 > 0).then(|| read(&id("rte", 1)));
                    assignment.environment = (whom & 4 > 0).then(|| read("prod"));
                });
            }
            Step::Pass(seconds) => org.pass(seconds),
        }
    }
}

fn limits(policy: u32) -> domain::rate_limit_policy::PolicySpec {
    let zone: TimeZoneName = read("Europe/Berlin");
    let monthly = QuotaLimit { period: Period::Month, time_zone: zone, ..quota("monthly", 40) };
    let rolling = QuotaLimit { period: Period::Hour, window: QuotaWindow::Rolling, ..quota("rolling", 9) };
    let rates = vec![rate("burst", u64::from(policy) * 3)];
    let mut spec = spec(rates, if policy.is_multiple_of(2) { vec![monthly] } else { vec![rolling] });
    spec.mode = if policy == 3 { Mode::Shadow } else { Mode::Enforce };
    spec
}

/// All that differs between two answers to the same call, but the decision's own id.
fn answer(gateway: &Gateway, call: &Call<'_>, now: Timestamp) -> String {
    let decision: Decision = gateway.judge(call, now);
    let Decision { id: _, outcome, reason, client_id, key_id, .. } = &decision;
    let told = (outcome, reason, client_id, key_id, decision.secret_version, decision.route_id);
    let rest = (&decision.limits, decision.retry_after_seconds, decision.position, decision.stale);
    format!("{told:?} {rest:?} {:?}", decision.scopes.to_vec())
}

/// Many calls: every secret, some places and hosts, some times. Both gateways must say the same to each.
fn compare(one: &Gateway, other: &Gateway, from: Timestamp) -> Result<(), TestCaseError> {
    for turn in 0..6_i64 {
        let now = from + jiff::SignedDuration::from_secs(turn * 17);
        for number in (1..5).flat_map(|key| (0..4).map(move |version| key + version * 100)) {
            let (secret, environment) = (secret(number), read(if turn % 3 == 2 { "test" } else { "prod" }));
            let call = Call {
                host: (turn % 2 == 0).then_some("api.example.com"),
                path: if turn % 4 == 3 { "/other" } else { "/orders/1" },
                address: Some(read(if number % 2 == 0 { "10.1.2.3" } else { "192.0.2.1" })),
                trusted_headers: Some(&Said(HeaderField::One("2"))),
                ..call(&secret, &environment)
            };
            prop_assert_eq!(answer(one, &call, now), answer(other, &call, now));
        }
    }
    Ok(())
}

fn restored(snapshot: &GatewaySnapshot) -> Gateway {
    let gateway = Gateway::new(settings(), peppers());
    let snapshot = GatewaySnapshot::from_bytes(snapshot.as_bytes().to_vec()).unwrap();
    gateway.restore(&snapshot).unwrap();
    gateway
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_snapshot_and_the_log_after_it_are_worth_the_whole_log(before in steps(), after in steps()) {
        let mut history = History { org: Organisation::empty(settings()), versions: [0; 5] };
        history.tell(Step::Register(1));
        before.into_iter().for_each(|step| history.tell(step));
        let snapshot = history.org.gateway.snapshot().unwrap();
        prop_assert_eq!(snapshot.position().get(), history.org.position);
        // One that stays as it was when the snapshot was taken is compared on the spot; the other follows on.
        let (there, follower) = (restored(&snapshot), restored(&snapshot));
        prop_assert_eq!(there.snapshot().unwrap().position(), snapshot.position());
        history.org.record_from_now();
        after.into_iter().for_each(|step| history.tell(step));
        let told = history.org.recorded();
        follower.apply(&told, history.org.now);
        follower.caught_up(Position::new(history.org.position), history.org.now);
        compare(&history.org.gateway, &follower, history.org.now)?;
    }
}

#[test]
fn a_snapshot_of_a_restored_gateway_is_the_same_snapshot() {
    let mut history = History { org: Organisation::small(), versions: [0; 5] };
    for step in
        [Step::Register(2), Step::Issue(2, 2), Step::Rotate(2, 50), Step::Policy(1), Step::Assign(1, 7)]
    {
        history.tell(step);
    }
    let snapshot = history.org.gateway.snapshot().unwrap();
    assert_eq!(restored(&snapshot).snapshot().unwrap().as_bytes(), snapshot.as_bytes());
}

#[test]
fn one_who_begins_with_an_old_snapshot_serves_and_says_that_it_is_stale() {
    let mut org = Organisation::small();
    let snapshot = org.gateway.snapshot().unwrap();
    let gateway = restored(&snapshot);
    assert!(gateway.ready());
    let (secret, environment) = (secret(1), read("prod"));
    let at_once = gateway.judge(&call(&secret, &environment), org.now);
    assert_eq!((at_once.reason, at_once.stale), (None, false));
    org.pass(3_600);
    let later = gateway.judge(&call(&secret, &environment), org.now);
    assert_eq!((later.reason, later.stale), (None, true));
    gateway.caught_up(Position::new(org.position), org.now);
    assert!(!gateway.judge(&call(&secret, &environment), org.now).stale);
}

#[test]
fn one_who_has_read_nothing_has_nothing_to_give() {
    assert!(Gateway::new(settings(), peppers()).snapshot().is_none());
}

#[test]
fn one_who_follows_already_takes_no_snapshot_over() {
    let org = Organisation::small();
    let snapshot = org.gateway.snapshot().unwrap();
    assert!(matches!(org.gateway.restore(&snapshot), Err(SnapshotFailure::NotEmpty { .. })));
    assert_eq!(org.call(1).reason, None);
}

#[test]
fn no_damage_goes_unnoticed() {
    let bytes = Organisation::small().gateway.snapshot().unwrap().as_bytes().to_vec();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(GatewaySnapshot::from_bytes(damaged).is_err(), "byte {at}");
        assert!(GatewaySnapshot::from_bytes(bytes[..at].to_vec()).is_err(), "cut at {at}");
    }
}

#[test]
fn another_format_is_refused_by_its_name() {
    let bytes = Organisation::small().gateway.snapshot().unwrap().as_bytes().to_vec();
    let newer = String::from_utf8(bytes).unwrap().replacen("\"version\":2", "\"version\":3", 1);
    let refused = GatewaySnapshot::from_bytes(newer.into_bytes()).unwrap_err();
    assert_eq!(refused.to_string(), "the snapshot is of format 3; this gateway reads 2");
    assert!(matches!(GatewaySnapshot::from_bytes(b"{}\n".to_vec()), Err(SnapshotFailure::NotASnapshot)));
}

#[test]
fn a_key_takes_some_200_bytes() {
    let mut org = Organisation::small();
    let before = org.gateway.snapshot().unwrap().as_bytes().len();
    for number in 0..1_000 {
        org.issue(&id("key", 100 + number), crate::testing::CLIENT, 100 + number, |_| {});
    }
    let after = org.gateway.snapshot().unwrap().as_bytes().len();
    assert!((after - before) / 1_000 < 200, "{}", (after - before) / 1_000);
}

#[tokio::test(start_paused = true)]
async fn what_is_news_is_kept_and_what_is_known_at_the_stop() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.snapshot");
    let kept = || crate::snapshot_file::load(&path).unwrap().map(|kept| kept.position().get());
    let gateway = std::sync::Arc::new(Gateway::new(settings(), peppers()));
    let stop = tokio_util::sync::CancellationToken::new();
    let (minute, org) = (std::time::Duration::from_secs(60), Organisation::small());
    let keeping =
        crate::snapshot_file::keep(std::sync::Arc::clone(&gateway), path.clone(), minute, stop.clone());
    let living = async {
        tokio::time::sleep(minute / 2).await;
        assert_eq!(kept(), None, "nothing is known yet");
        gateway.apply(&org.recorded(), org.now);
        gateway.caught_up(gateway.position(), org.now);
        tokio::time::sleep(minute).await;
        while kept().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(kept(), Some(org.position));
        std::fs::remove_file(&path).unwrap();
        stop.cancel();
    };
    tokio::join!(keeping, living);
    assert_eq!(kept(), Some(org.position), "once more at the stop");
}

#[test]
fn a_file_is_whole_private_and_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.snapshot");
    assert!(crate::snapshot_file::load(&path).unwrap().is_none());
    let mut org = Organisation::small();
    // One that a crash left behind is in nobody's way.
    std::fs::write(directory.path().join("gateway.snapshot.new"), "half").unwrap();
    for _ in 0..2 {
        org.rotate(crate::testing::KEY, 2, 7, 10);
        let snapshot = org.gateway.snapshot().unwrap();
        crate::snapshot_file::save(&path, &snapshot).unwrap();
        let loaded = crate::snapshot_file::load(&path).unwrap().unwrap();
        assert_eq!(loaded.as_bytes(), snapshot.as_bytes());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    std::fs::write(&path, "rubbish").unwrap();
    assert!(crate::snapshot_file::load(&path).is_err());
}
