//! Grants: given at most once, never more than the granter holds, and gone for good once withdrawn.

use proptest::{collection::vec, option, prelude::*, sample};

use super::{CASES, COMMANDS_MAX, Step, follow, moment, reason};
use crate::{
    PrincipalId, Timestamp,
    access::{
        GrantScope, HeldGrant, Limits, Permission, Principal, PrincipalKind, ResourceFacts, Role, Source,
        authorize,
    },
    given::{at, the},
    grant::{GiveGrant, GivenGrant, GrantCommand, WithdrawGrant},
    principal::HolderFacts,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_sequence_of_commands_breaks_a_grant(commands in vec(command(), 1..COMMANDS_MAX)) {
        follow::<GivenGrant>(&commands, &[], assert_lawful);
    }
}

fn assert_lawful(step: &Step<'_, GivenGrant>) {
    let Step { before, command, answer, after } = step;
    let Ok(events) = answer else { return };
    match (before, command) {
        (GivenGrant::Absent, GrantCommand::Give(ask)) => {
            assert!(matches!(after, GivenGrant::Given(_)));
            assert!(!ask.scope.is_nothing() && ask.until.is_none_or(|until| until > ask.now));
            assert_not_more(ask);
        }
        (GivenGrant::Given(had), GrantCommand::Withdraw(ask)) => {
            assert!(!ask.is_last_admin);
            assert_eq!(**after, GivenGrant::Withdrawn(had.clone()));
        }
        (GivenGrant::Withdrawn(_), GrantCommand::Withdraw(_)) => assert_eq!(events, &[]),
        (before, command) => panic!("{command:?} was allowed in {before:?}"),
    }
}

/// Whatever the new holder may do by it, the granter may do, now and as long as it lasts.
fn assert_not_more(ask: &GiveGrant) {
    let GiveGrant { now, role, scope, until, granter, .. } = ask;
    let who = |grants: Vec<HeldGrant>| Principal {
        id: "prn".to_owned(),
        kind: PrincipalKind::Person,
        authenticated_by: "test",
        grants,
    };
    let given = HeldGrant { role: *role, scope: scope.clone(), until: *until, source: Source::BuiltIn };
    let (holder, granter) = (who(vec![given]), who(granter.clone()));
    let last = until.and_then(|until| until.checked_sub(jiff::SignedDuration::from_nanos(1)).ok());
    for time in [*now].into_iter().chain(last) {
        for permission in Permission::ALL {
            for facts in resources() {
                let may = |principal: &Principal| authorize(principal, permission, &facts, time).is_ok();
                assert!(!may(&holder) || may(&granter), "{permission:?} {facts:?} {ask:?}");
            }
        }
    }
}

fn resources() -> Vec<ResourceFacts> {
    let mut all = vec![ResourceFacts::Shared];
    for team in ["Orders", "Billing"] {
        for environments in [&["prod"][..], &["test"], &["prod", "test"]] {
            all.push(ResourceFacts::owned(&the(team), environments.iter().map(|name| the(name))));
        }
    }
    all
}

fn command() -> impl Strategy<Value = GrantCommand> {
    prop_oneof![
        3 => give().prop_map(GrantCommand::Give),
        2 => withdraw().prop_map(GrantCommand::Withdraw),
    ]
}

fn give() -> impl Strategy<Value = GiveGrant> {
    let rest = (option::weighted(0.3, moment()), reason(), held());
    (now(), holder(), role(), scope(), rest).prop_map(|(now, holder, role, scope, rest)| {
        let (until, reason, granter) = rest;
        let principal_id = PrincipalId::from_parts(1, 1);
        GiveGrant { now, principal_id, holder, role, scope, until, reason, granter }
    })
}

fn withdraw() -> impl Strategy<Value = WithdrawGrant> {
    (now(), reason(), held(), prop::bool::weighted(0.2)).prop_map(|(now, reason, granter, is_last_admin)| {
        WithdrawGrant { now, reason, granter, is_last_admin }
    })
}

fn now() -> impl Strategy<Value = Timestamp> {
    (0..6_i64).prop_map(|tens| at(tens * 10))
}

fn holder() -> impl Strategy<Value = HolderFacts> {
    prop_oneof![
        6 => Just(HolderFacts::Person { enabled: true }),
        3 => Just(HolderFacts::ServiceAccount { enabled: true }),
        1 => Just(HolderFacts::Person { enabled: false }),
        1 => Just(HolderFacts::Absent),
    ]
}

fn role() -> impl Strategy<Value = Role> {
    sample::select(Role::ALL.to_vec())
}

fn scope() -> impl Strategy<Value = GrantScope> {
    let team = option::of(sample::select(vec!["Orders", "Billing"]));
    let environments = option::of(sample::subsequence(vec!["prod", "test"], 0..=2));
    let limited = (team, environments).prop_map(|(team, environments)| {
        let environments = environments.map(|names| names.into_iter().map(the).collect());
        GrantScope::Limited(Limits { team: team.map(the), environments })
    });
    prop_oneof![1 => Just(GrantScope::All), 3 => limited]
}

/// What a granter holds: often everything, so that something is given at all.
fn held() -> impl Strategy<Value = Vec<HeldGrant>> {
    let role = prop_oneof![1 => Just(Role::Admin), 2 => role()];
    let one = (role, scope(), option::weighted(0.3, moment())).prop_map(|(role, scope, until)| HeldGrant {
        role,
        scope,
        until,
        source: Source::BuiltIn,
    });
    vec(one, 0..4)
}
