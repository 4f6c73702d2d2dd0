//! Whatever is assigned and called: nobody gets more than a limit grants, and a refused call changes nothing.

use std::collections::BTreeMap;

use domain::{
    AssignmentId,
    decision::Outcome,
    rate_limit_policy::{Counting, Mode, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit},
};
use proptest::prelude::*;

use crate::{
    Call, Decision, LimitKind,
    testing::{CLIENT, KEY, Organisation, POLICY, ROUTE, call, quota, rate, read, secret, spec},
};

const OTHER_CLIENT: &str = "cli_00000000000000000000000002";
const OTHER_ROUTE: &str = "rte_00000000000000000000000002";
const POLICIES: u32 = 4;
const CALLERS: u32 = 3;

fn policy_id(number: u32) -> String {
    format!("pol_{number:026}")
}

fn key_id(number: u32) -> String {
    format!("key_{number:026}")
}

#[derive(Clone, Debug)]
enum Step {
    /// By the caller of that number, to one of two routes, at a cost or at its route's.
    Call(u32, bool, Option<u32>),
    Pass(i64),
    /// A policy, and which of client, route and environment the assignment names.
    Assign(u32, [bool; 3]),
    /// The oldest assignment.
    Unassign,
    Rotate(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (1..=CALLERS, any::<bool>(), prop::option::of(1_u32..4))
            .prop_map(|(caller, other, cost)| Step::Call(caller, other, cost)),
        4 => (0_i64..25).prop_map(Step::Pass),
        3 => (1..=POLICIES, any::<[bool; 3]>()).prop_map(|(policy, names)| Step::Assign(policy, names)),
        1 => Just(Step::Unassign),
        1 => (1..=CALLERS).prop_map(Step::Rotate),
    ];
    prop::collection::vec(step, 1..90)
}

fn policies() -> impl Strategy<Value = Vec<PolicySpec>> {
    let rates = prop::collection::vec((1_u64..8, 1_u32..90, 1_u64..9), 0..3);
    let quotas = prop::collection::vec((1_u64..15, any::<bool>()), 0..3);
    let counting =
        prop::sample::select(vec![Counting::Client, Counting::Key, Counting::Shared, Counting::Client]);
    let policy =
        (rates, quotas, counting, prop::bool::weighted(0.2)).prop_map(|(rates, quotas, counting, shadow)| {
            let rate = |(at, (requests, per_seconds, burst)): (usize, (u64, u32, u64))| RateLimit {
                per_seconds,
                burst,
                ..rate(&format!("rate-{at}"), requests)
            };
            let quota = |(at, (requests, rolling)): (usize, (u64, bool))| QuotaLimit {
                period: Period::Minute,
                window: if rolling { QuotaWindow::Rolling } else { QuotaWindow::Calendar },
                ..quota(&format!("quota-{at}"), requests)
            };
            let rates = rates.into_iter().enumerate().map(rate).collect();
            let quotas = quotas.into_iter().enumerate().map(quota).collect();
            PolicySpec {
                counting,
                mode: if shadow { Mode::Shadow } else { Mode::Enforce },
                ..spec(rates, quotas)
            }
        });
    prop::collection::vec(policy, usize::try_from(POLICIES).unwrap())
}

/// An assignment as the oracle remembers it.
#[derive(Clone, Copy, Debug)]
struct Made {
    id: AssignmentId,
    policy: u32,
    names: [bool; 3],
}

/// Whose cost a limit has let pass: policy, limit, whoever is counted, and the route where it is counted by itself.
type Account = (u32, String, u32, Option<bool>);

struct World {
    org: Organisation,
    policies: Vec<PolicySpec>,
    made: Vec<Made>,
    /// The number of the secret that each caller has now, and the version of its key.
    secrets: [(u32, u32); 3],
    granted: BTreeMap<Account, Vec<(i64, u64)>>,
}

impl World {
    fn new(policies: Vec<PolicySpec>) -> Self {
        let mut org = Organisation::small();
        org.issue(&key_id(2), CLIENT, 2, |_| {});
        org.register(OTHER_CLIENT, &["prod"], &["orders:read"]);
        org.issue(&key_id(3), OTHER_CLIENT, 3, |_| {});
        org.route(OTHER_ROUTE, |spec| (spec.path, spec.cost) = (read("/exports"), 2));
        for (number, spec) in (1..).zip(&policies) {
            org.policy(&policy_id(number), spec.clone());
        }
        let secrets = [(1, 1), (2, 1), (3, 1)];
        Self { org, policies, made: vec![], secrets, granted: BTreeMap::new() }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Pass(seconds) => self.org.pass(seconds),
            Step::Assign(policy, names) => {
                let [client, route, environment] = names;
                let id = self.org.assign(&policy_id(policy), |a| {
                    a.client_id = client.then(|| read(CLIENT));
                    a.route_id = route.then(|| read(ROUTE));
                    a.environment = environment.then(|| read("prod"));
                });
                self.made.push(Made { id, policy, names });
            }
            Step::Unassign if self.made.is_empty() => {}
            Step::Unassign => {
                let Made { id, policy, .. } = self.made.remove(0);
                self.org.unassign(&policy_id(policy), id);
            }
            Step::Rotate(caller) => {
                let (number, version) = &mut self.secrets[usize::try_from(caller).unwrap() - 1];
                (*number, *version) = (*number + 100, *version + 1);
                self.org.rotate(&key_id(caller), *version, *number, 30);
            }
            Step::Call(caller, other, cost) => self.call(caller, other, cost)?,
        }
        Ok(())
    }

    fn call(&mut self, caller: u32, other: bool, cost: Option<u32>) -> Result<(), TestCaseError> {
        let (number, _) = self.secrets[usize::try_from(caller).unwrap() - 1];
        let (secret, environment) = (secret(number), read("prod"));
        let path = if other { "/exports" } else { "/orders/1" };
        let look = Call { path, cost: Some(0), ..call(&secret, &environment) };
        let before = self.org.judge(&look);
        let decision = self.org.judge(&Call { cost, ..look });
        let after = self.org.judge(&look);
        // Of a call that the enforced ones refuse, the shadowed ones are not asked.
        let allowed = decision.outcome == Outcome::Allowed;
        let asked = if allowed { &[Mode::Enforce, Mode::Shadow][..] } else { &[Mode::Enforce] };
        prop_assert_eq!(limits(&decision), self.expected(caller, other, asked), "the winners");
        if allowed {
            self.note(&decision, caller, other, u64::from(cost.unwrap_or(if other { 2 } else { 1 })));
        } else {
            prop_assert!(matches!(decision.outcome, Outcome::RateLimited | Outcome::QuotaExceeded));
            prop_assert_eq!(left(&before), left(&after), "a refused call changed something");
        }
        Ok(())
    }

    /// The limits that bind a call, found the slow way: of each mode and kind those of the most specific assignment.
    fn expected(&self, caller: u32, other: bool, modes: &[Mode]) -> Vec<(u32, String)> {
        let mut limits = vec![];
        for mode in modes {
            let mut winners = vec![];
            for kind in [LimitKind::Rate, LimitKind::Quota] {
                let best = self.made.iter().enumerate().filter(|(_, made)| {
                    let spec = &self.policies[usize::try_from(made.policy).unwrap() - 1];
                    let [client, route, _] = made.names;
                    let has = match kind {
                        LimitKind::Rate => !spec.rates.is_empty(),
                        LimitKind::Quota => !spec.quotas.is_empty(),
                    };
                    has && spec.mode == *mode && !(client && caller == 3) && !(route && other)
                });
                // Client before route before environment, and the later of two alike.
                winners
                    .extend(best.max_by_key(|(at, made)| (made.names, *at)).map(|(_, made)| (kind, *made)));
            }
            for (kind, made) in winners {
                let spec = &self.policies[usize::try_from(made.policy).unwrap() - 1];
                let names: Vec<_> = match kind {
                    LimitKind::Rate => spec.rates.iter().map(|rate| rate.name.to_string()).collect(),
                    LimitKind::Quota => spec.quotas.iter().map(|quota| quota.name.to_string()).collect(),
                };
                limits.extend(names.into_iter().map(|name| (made.policy, name)));
            }
        }
        limits.sort();
        limits
    }

    fn note(&mut self, decision: &Decision, caller: u32, other: bool, cost: u64) {
        for limit in decision.limits.iter().filter(|limit| limit.mode == Mode::Enforce) {
            let made = self.made.iter().find(|made| made.id == limit.assignment_id).unwrap();
            let spec = &self.policies[usize::try_from(made.policy).unwrap() - 1];
            let subject = match spec.counting {
                Counting::Client => 100 + u32::from(caller == 3),
                Counting::Key => caller,
                Counting::Shared => 0,
            };
            let account = (made.policy, limit.name.to_string(), subject, made.names[1].then_some(other));
            self.granted.entry(account).or_default().push((self.org.now.as_second(), cost));
        }
    }

    /// Over any window, what passed is at most what the limit grants.
    fn check(&self) -> Result<(), TestCaseError> {
        for ((policy, name, ..), granted) in &self.granted {
            let spec = &self.policies[usize::try_from(*policy).unwrap() - 1];
            for (last, (end, _)) in granted.iter().enumerate() {
                let mut sum = 0;
                for (start, cost) in granted[..=last].iter().rev() {
                    sum += cost;
                    if let Some(rate) = spec.rates.iter().find(|rate| rate.name.as_str() == name) {
                        let seconds = u64::try_from(end - start).unwrap();
                        let most = rate.burst * u64::from(rate.per_seconds) + rate.requests * seconds;
                        prop_assert!(sum * u64::from(rate.per_seconds) <= most, "{name}: {granted:?}");
                    }
                    if let Some(quota) = spec.quotas.iter().find(|quota| quota.name.as_str() == name) {
                        let within = match quota.window {
                            QuotaWindow::Rolling => end - start < 60,
                            QuotaWindow::Calendar => end.div_euclid(60) == start.div_euclid(60),
                        };
                        prop_assert!(!within || sum <= quota.requests, "{name}: {granted:?}");
                    }
                }
            }
        }
        Ok(())
    }
}

fn limits(decision: &Decision) -> Vec<(u32, String)> {
    let number = |id: String| id.trim_start_matches("pol_").trim_start_matches('0').parse().unwrap();
    let mut limits: Vec<_> = decision
        .limits
        .iter()
        .map(|limit| (number(limit.policy_id.to_string()), limit.name.to_string()))
        .collect();
    limits.sort();
    limits
}

fn left(decision: &Decision) -> Vec<u64> {
    decision.limits.iter().map(|limit| limit.remaining).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_window_sees_more_than_its_limit_and_what_is_refused_changes_nothing(
        policies in policies(), steps in steps(),
    ) {
        let mut world = World::new(policies);
        for step in &steps {
            world.take(step)?;
        }
        world.check()?;
    }

    #[test]
    fn lowering_a_limit_lowers_it_at_once(
        granted in 1_u64..30, used in 0_u64..30, lowered in 1_u64..30, kind in 0_u8..3,
    ) {
        prop_assume!(lowered <= granted);
        let under = |requests| match kind {
            0 => spec(vec![rate("own", requests)], vec![]),
            1 => spec(vec![], vec![quota("own", requests)]),
            _ => spec(vec![], vec![QuotaLimit { window: QuotaWindow::Rolling, ..quota("own", requests) }]),
        };
        let mut org = Organisation::small();
        org.policy(POLICY, under(granted));
        org.assign(POLICY, |_| {});
        let allowed = |org: &Organisation, calls: u64| {
            u64::try_from((0..calls).filter(|_| org.call(1).outcome == Outcome::Allowed).count()).unwrap()
        };
        let used = allowed(&org, used);
        org.revise(POLICY, 2, under(lowered));
        org.rotate(KEY, 2, 101, 60);
        let more = allowed(&org, 60);
        // Of a bucket that became smaller, what is left of it is at most all of it.
        let most = if kind == 0 { lowered } else { lowered.saturating_sub(used) };
        prop_assert!(more <= most, "{more} of {lowered} after {used} of {granted}");
        if kind > 0 {
            prop_assert_eq!(more, most);
        }
    }

    #[test]
    fn a_rotation_resets_no_limit(used in 0_u64..10, rolling: bool, counting in 0_u8..3) {
        let window = if rolling { QuotaWindow::Rolling } else { QuotaWindow::Calendar };
        let counting = [Counting::Client, Counting::Key, Counting::Shared][usize::from(counting)];
        let limits = spec(vec![rate("burst", 12)], vec![QuotaLimit { window, ..quota("daily", 10) }]);
        let mut org = Organisation::small();
        org.policy(POLICY, PolicySpec { counting, ..limits });
        org.assign(POLICY, |_| {});
        (0..used).for_each(|_| drop(org.call(1)));
        let before = left(&org.judge(&Call { cost: Some(0), ..call(&secret(1), &read("prod")) }));
        org.rotate(KEY, 2, 101, 60);
        for number in [1, 101] {
            let after = left(&org.judge(&Call { cost: Some(0), ..call(&secret(number), &read("prod")) }));
            prop_assert_eq!(&after, &before);
        }
    }
}
