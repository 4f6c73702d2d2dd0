//! Policies: within their bounds, one revision after the other, bound once to the same calls, retired for good.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use proptest::{collection::vec, option, prelude::*, sample};

use super::{CASES, COMMANDS_MAX, Step, follow_but, moment, moved, name, pace, reason, sized};
use crate::{
    AssignmentId, ClientId, KeyId, RouteId,
    given::{at, the},
    rate_limit_policy::{
        ActivePolicy, AssignPolicy, Assignment, Counting, DefinePolicy, Mode, Period, PolicyCommand,
        PolicySpec, QuotaLimit, QuotaWindow, RateLimit, RateLimitPolicy, RateLimitPolicyEvent, ResetLimit,
        RetirePolicy, RevisePolicy, UnassignPolicy,
    },
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_sequence_of_commands_breaks_a_policy(commands in commands()) {
        // What has been used since the last reset is given back by the next.
        let reset = |command: &PolicyCommand| matches!(command, PolicyCommand::Reset(_));
        follow_but::<RateLimitPolicy>(&commands, &[], reset, |step| {
            assert_possible(step.after);
            assert_lawful(step);
        });
    }
}

fn assert_possible(policy: &RateLimitPolicy) {
    let policy = match policy {
        RateLimitPolicy::Absent => return,
        RateLimitPolicy::Active(policy) => policy,
        RateLimitPolicy::Retired(policy) => {
            assert!(policy.assignments.is_empty(), "a retired policy binds nobody");
            policy
        }
    };
    assert!(policy.revision >= 1);
    assert_within_bounds(&policy.spec);
    let assignments: Vec<&Assignment> = policy.assignments.values().collect();
    for (index, one) in assignments.iter().enumerate() {
        assert!(start(one) < end(one), "{one:?}");
        for other in assignments.iter().skip(index + 1) {
            assert!(!overlap(one, other), "{one:?} and {other:?}");
        }
    }
}

fn assert_within_bounds(spec: &PolicySpec) {
    let PolicySpec { name: _, rates, quotas, counting: _, mode: _, thresholds } = spec;
    assert!(rates.len() <= 8 && quotas.len() <= 8 && rates.len() + quotas.len() > 0);
    let names: BTreeSet<_> = rates.iter().map(|r| &r.name).chain(quotas.iter().map(|q| &q.name)).collect();
    assert_eq!(names.len(), rates.len() + quotas.len());
    assert!(thresholds.len() <= 10 && thresholds.iter().all(|percent| (1..=100).contains(percent)));
    for RateLimit { name: _, requests, per_seconds, burst } in rates {
        assert!(*requests >= 1 && *requests <= 1_000_000_000);
        assert!(*per_seconds >= 1 && *per_seconds <= 86_400);
        assert!(*burst >= 1 && *burst <= 1_000_000_000);
    }
    assert!(quotas.iter().all(|quota| (1..=1_000_000_000_000).contains(&quota.requests)));
}

fn start(assignment: &Assignment) -> i128 {
    assignment.from.map_or(i128::MIN, |time| time.as_nanosecond())
}

fn end(assignment: &Assignment) -> i128 {
    assignment.until.map_or(i128::MAX, |time| time.as_nanosecond())
}

fn overlap(one: &Assignment, other: &Assignment) -> bool {
    let whom = |asg: &Assignment| (asg.client_id, asg.route_id, asg.environment.clone());
    whom(one) == whom(other) && start(one).max(start(other)) < end(one).min(end(other))
}

fn assert_lawful(step: &Step<'_, RateLimitPolicy>) {
    use RateLimitPolicyEvent as E;
    let Step { before, command, answer, after } = step;
    let Ok(events) = answer else { return };
    match (before, events.as_slice()) {
        (_, []) => assert_eq!(before, after),
        (RateLimitPolicy::Absent, [E::Defined(defined)]) => {
            let ActivePolicy { revision, spec, assignments } = active(after);
            assert_eq!((*revision, spec, assignments.len()), (1, &defined.spec, 0));
        }
        (RateLimitPolicy::Active(had), [E::Revised(revised)]) => {
            let ActivePolicy { revision, spec, assignments } = active(after);
            assert_eq!((*revision, revised.revision), (had.revision + 1, had.revision + 1));
            assert_eq!((spec, assignments), (&revised.spec, &had.assignments));
            assert_ne!(*spec, had.spec);
        }
        (RateLimitPolicy::Active(had), [E::Assigned(_)]) => {
            let PolicyCommand::Assign(ask) = command else { panic!("{command:?}") };
            assert!(ask.assignment.until.is_none_or(|until| until > ask.now), "it has not ended yet");
            let now = active(after);
            assert_eq!((now.revision, &now.spec), (had.revision, &had.spec));
            assert_eq!(now.assignments.len(), had.assignments.len() + 1);
        }
        (RateLimitPolicy::Active(had), [E::Unassigned(gone)]) => {
            let mut left = had.clone();
            assert!(left.assignments.remove(&gone.assignment_id).is_some());
            assert_eq!(*active(after), left);
        }
        (RateLimitPolicy::Active(had), [E::Retired(_)]) => {
            assert_eq!(**after, RateLimitPolicy::Retired(had.clone()));
        }
        (RateLimitPolicy::Active(had), [E::LimitReset(reset)]) => {
            let spec = &had.spec;
            let rate = spec.rates.iter().any(|rate| rate.name == reset.limit);
            assert!(rate || spec.quotas.iter().any(|quota| quota.name == reset.limit));
            assert_eq!(before, after);
        }
        (before, events) => panic!("{events:?} in {before:?}"),
    }
}

fn active(policy: &RateLimitPolicy) -> &ActivePolicy {
    let RateLimitPolicy::Active(policy) = policy else { panic!("{policy:?} is not active") };
    policy
}

fn commands() -> impl Strategy<Value = Vec<PolicyCommand>> {
    vec((pace(), command()), 1..COMMANDS_MAX).prop_map(|steps| {
        let mut passed = SignedDuration::ZERO;
        let mut paced = |(pace, command)| {
            passed += pace;
            after(passed, command)
        };
        steps.into_iter().map(&mut paced).collect()
    })
}

/// The command as it is asked when that much time has passed.
fn after(passed: SignedDuration, command: PolicyCommand) -> PolicyCommand {
    match command {
        PolicyCommand::Assign(AssignPolicy { now, assignment }) => {
            let from = assignment.from.map(|time| moved(time, passed));
            let until = assignment.until.map(|time| moved(time, passed));
            let assignment = Assignment { from, until, ..assignment };
            PolicyCommand::Assign(AssignPolicy { now: moved(now, passed), assignment })
        }
        timeless @ (PolicyCommand::Define(_)
        | PolicyCommand::Revise(_)
        | PolicyCommand::Unassign(_)
        | PolicyCommand::Retire(_)
        | PolicyCommand::Reset(_)) => timeless,
    }
}

fn command() -> impl Strategy<Value = PolicyCommand> {
    prop_oneof![
        6 => spec().prop_map(|spec| PolicyCommand::Define(DefinePolicy { spec })),
        4 => revise().prop_map(PolicyCommand::Revise),
        8 => assignment().prop_map(|assignment| PolicyCommand::Assign(AssignPolicy { now: at(0), assignment })),
        6 => (assignment_id(), option::of(reason())).prop_map(|(assignment_id, reason)| {
            PolicyCommand::Unassign(UnassignPolicy { assignment_id, reason })
        }),
        2 => option::of(reason()).prop_map(|reason| PolicyCommand::Retire(RetirePolicy { reason })),
        4 => reset().prop_map(PolicyCommand::Reset),
    ]
}

fn reset() -> impl Strategy<Value = ResetLimit> {
    let client_id = option::of(Just(ClientId::from_parts(1, 0)));
    let key_id = option::of(Just(KeyId::from_parts(1, 0)));
    (sample::select(vec!["r0", "q0", "odd"]), client_id, key_id, reason()).prop_map(
        |(limit, client_id, key_id, reason)| ResetLimit {
            limit: the(limit),
            client_id,
            key_id,
            environment: None,
            reason,
        },
    )
}

fn assignment_id() -> impl Strategy<Value = AssignmentId> {
    (0..4_u128).prop_map(|number| AssignmentId::from_parts(1, number))
}

fn assignment() -> impl Strategy<Value = Assignment> {
    let client_id = option::of((0..2_u128).prop_map(|number| ClientId::from_parts(1, number)));
    let route_id = option::weighted(0.2, Just(RouteId::from_parts(1, 1)));
    let environment = option::weighted(0.2, Just(the("prod")));
    let (from, until) = (option::of(moment()), option::of(moment()));
    (assignment_id(), client_id, route_id, environment, from, until).prop_map(
        |(assignment_id, client_id, route_id, environment, from, until)| Assignment {
            assignment_id,
            client_id,
            route_id,
            environment,
            from,
            until,
        },
    )
}

fn spec() -> impl Strategy<Value = PolicySpec> {
    (name(), rates(), quotas(), counting(), mode(), thresholds()).prop_map(
        |(name, rates, quotas, counting, mode, thresholds)| PolicySpec {
            name,
            rates,
            quotas,
            counting,
            mode,
            thresholds: thresholds.into_iter().collect(),
        },
    )
}

fn revise() -> impl Strategy<Value = RevisePolicy> {
    let (name, rates, quotas) = (option::of(name()), option::of(rates()), option::of(quotas()));
    (name, rates, quotas, option::of(counting()), option::of(mode()), option::of(thresholds())).prop_map(
        |(name, rates, quotas, counting, mode, thresholds)| RevisePolicy {
            name,
            rates,
            quotas,
            counting,
            mode,
            thresholds: thresholds.map(|thresholds| thresholds.into_iter().collect()),
        },
    )
}

fn rates() -> impl Strategy<Value = Vec<RateLimit>> {
    let odd = sample::select(vec![(0, 1, 1), (1, 0, 1), (1, 86_401, 1), (1, 86_400, 0), (u64::MAX, 1, 1)]);
    let odd = odd.prop_map(|(requests, per_seconds, burst)| {
        vec![RateLimit { name: the("odd"), requests, per_seconds, burst }]
    });
    let sound = sized(3, 8, |number| RateLimit {
        name: the(&format!("r{number}")),
        requests: 1_000_000_000,
        per_seconds: 60,
        burst: 1,
    });
    prop_oneof![8 => sound, 1 => odd]
}

fn quotas() -> impl Strategy<Value = Vec<QuotaLimit>> {
    let sound = |name: &str, requests: u64, number: usize| QuotaLimit {
        name: the(name),
        requests,
        period: [Period::Minute, Period::Day, Period::Month, Period::Year][number % 4],
        window: [QuotaWindow::Calendar, QuotaWindow::Rolling][number % 2],
        time_zone: the(["UTC", "Asia/Kathmandu", "America/New_York"][number % 3]),
    };
    // The name of a rate limit, the name of another quota, no request, too many.
    let odd = vec![("r0", 1), ("q0", 1), ("q9", 0), ("q9", 1_000_000_000_001)];
    let odd = sample::select(odd)
        .prop_map(move |(name, requests)| vec![sound("q0", 1, 0), sound(name, requests, 1)]);
    let sound = sized(3, 8, move |number| sound(&format!("q{number}"), 1_000_000_000_000, number));
    prop_oneof![8 => sound, 1 => odd]
}

fn counting() -> impl Strategy<Value = Counting> {
    sample::select(vec![Counting::Client, Counting::Key, Counting::Shared])
}

fn mode() -> impl Strategy<Value = Mode> {
    sample::select(vec![Mode::Enforce, Mode::Shadow])
}

fn thresholds() -> impl Strategy<Value = Vec<u8>> {
    let odd = sample::select(vec![vec![0], vec![101], vec![255, 50]]);
    prop_oneof![8 => sized(3, 10, |number| u8::try_from(100 - number).unwrap()), 1 => odd]
}
