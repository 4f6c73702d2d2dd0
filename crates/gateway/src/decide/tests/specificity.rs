use domain::{
    LimitName,
    rate_limit_policy::{Assignment, Mode, PolicySpec},
};
use proptest::prelude::*;

use crate::testing::{CLIENT, Organisation, POLICY, ROUTE, quota, rate, read, spec};

const OTHER_CLIENT: &str = "cli_00000000000000000000000002";
const OTHER_ROUTE: &str = "rte_00000000000000000000000002";

fn policy_id(number: usize) -> String {
    format!("pol_{number:026}")
}

/// The limits that a call was held against.
fn limits(org: &Organisation) -> Vec<LimitName> {
    org.call(1).limits.into_iter().map(|limit| limit.name).collect()
}

/// From the most specific to the least.
fn levels() -> [fn(&mut Assignment); 8] {
    [
        |a| {
            (a.client_id, a.route_id, a.environment) =
                (Some(read(CLIENT)), Some(read(ROUTE)), Some(read("prod")))
        },
        |a| (a.client_id, a.route_id) = (Some(read(CLIENT)), Some(read(ROUTE))),
        |a| (a.client_id, a.environment) = (Some(read(CLIENT)), Some(read("prod"))),
        |a| a.client_id = Some(read(CLIENT)),
        |a| (a.route_id, a.environment) = (Some(read(ROUTE)), Some(read("prod"))),
        |a| a.route_id = Some(read(ROUTE)),
        |a| a.environment = Some(read("prod")),
        |_| {},
    ]
}

proptest! {
    #[test]
    fn the_most_specific_assignment_wins(order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(), count in 1..=8_usize) {
        let mut org = Organisation::small();
        let assigned = &order[..count];
        for level in assigned {
            org.policy(&policy_id(*level), spec(vec![rate(&format!("level-{level}"), 1_000)], vec![]));
            org.assign(&policy_id(*level), levels()[*level]);
        }
        let best = assigned.iter().min().unwrap();
        prop_assert_eq!(limits(&org), [read::<LimitName>(&format!("level-{best}"))]);
    }
}

#[test]
fn an_assignment_binds_only_calls_that_fit_all_of_it() {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("some", 10)], vec![]));
    let misfits: [fn(&mut Assignment); 5] = [
        |a| a.client_id = Some(read(OTHER_CLIENT)),
        |a| a.route_id = Some(read(OTHER_ROUTE)),
        |a| a.environment = Some(read("test")),
        |a| (a.client_id, a.route_id) = (Some(read(CLIENT)), Some(read(OTHER_ROUTE))),
        |a| (a.client_id, a.environment) = (Some(read(CLIENT)), Some(read("test"))),
    ];
    for misfit in misfits {
        org.assign(POLICY, misfit);
        assert_eq!(limits(&org), []);
    }
}

#[test]
fn kinds_and_modes_are_resolved_by_themselves() {
    let mut org = Organisation::small();
    org.policy(&policy_id(1), spec(vec![rate("rate", 10)], vec![quota("quota", 10)]));
    org.assign(&policy_id(1), |_| {});
    org.policy(&policy_id(2), spec(vec![], vec![quota("own-quota", 10)]));
    org.assign(&policy_id(2), |a| a.client_id = Some(read(CLIENT)));
    org.policy(&policy_id(3), PolicySpec { mode: Mode::Shadow, ..spec(vec![rate("trial", 10)], vec![]) });
    org.assign(&policy_id(3), |a| a.client_id = Some(read(CLIENT)));
    let names: [LimitName; 3] = [read("own-quota"), read("rate"), read("trial")];
    assert_eq!(limits(&org), names);
}

#[test]
fn of_two_for_the_same_calls_the_later_wins_until_it_is_gone() {
    let mut org = Organisation::small();
    for number in [1, 2] {
        org.policy(&policy_id(number), spec(vec![rate(&format!("policy-{number}"), 10)], vec![]));
    }
    org.assign(&policy_id(2), |_| {});
    let later = org.assign(&policy_id(1), |_| {});
    assert_eq!(limits(&org), [read::<LimitName>("policy-1")]);
    org.unassign(&policy_id(1), later);
    assert_eq!(limits(&org), [read::<LimitName>("policy-2")]);
}

#[test]
fn an_assignment_binds_within_its_time() {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("some", 10)], vec![]));
    let (from, until) = (org.after(10), org.after(20));
    org.assign(POLICY, |a| (a.from, a.until) = (Some(from), Some(until)));
    for bound in [false, true, false] {
        assert_eq!(!limits(&org).is_empty(), bound);
        org.pass(10);
    }
}

#[test]
fn a_lower_limit_for_one_client_lowers_it() {
    let mut org = Organisation::small();
    org.policy(&policy_id(1), spec(vec![rate("default", 100)], vec![]));
    org.assign(&policy_id(1), |_| {});
    org.policy(&policy_id(2), spec(vec![rate("own", 2)], vec![]));
    org.assign(&policy_id(2), |a| a.client_id = Some(read(CLIENT)));
    let allowed = (0..10).filter(|_| org.call(1).reason.is_none()).count();
    assert_eq!(allowed, 2);
}
