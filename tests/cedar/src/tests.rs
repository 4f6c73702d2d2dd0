//! Both are asked the same.

use std::fmt::Debug;
use std::str::FromStr;

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use domain::{
    GrantId, Name, Timestamp,
    access::{
        GrantScope, HeldGrant, Limits, Permission, Principal, PrincipalKind, ResourceFacts, Role, Source,
        authorize,
    },
};
use proptest::{collection::vec, option, prelude::*, sample};
use serde_json::json;

use crate::policies::{entities, policies, seconds};

const TEAMS: [&str; 2] = ["Orders", "Größe & \"Söhne\""];
const ENVIRONMENTS: [&str; 3] = ["prod", "sandbox", "test"];

fn the<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + seconds).unwrap()
}

/// Every permission on one resource: by Cedar, and by us.
fn assert_same(principal: &Principal, facts: &ResourceFacts, now: Timestamp) {
    let policies: PolicySet = policies(principal).parse().unwrap();
    let entities = Entities::from_json_value(entities(principal, facts), None).unwrap();
    let context = Context::from_json_value(json!({ "now": seconds(now) }), None).unwrap();
    let uid = |of: &str, id: &str| -> EntityUid { format!("{of}::{}", json!(id)).parse().unwrap() };
    for permission in Permission::ALL {
        let (who, what) = (uid("Principal", &principal.id), uid("Action", permission.as_str()));
        let request = Request::new(who, what, uid("Resource", "it"), context.clone(), None).unwrap();
        let answer = Authorizer::new().is_authorized(&request, &policies, &entities);
        let errors: Vec<String> = answer.diagnostics().errors().map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let ours = authorize(principal, permission, facts, now).is_ok();
        assert_eq!(ours, answer.decision() == Decision::Allow, "{permission:?} {principal:?} {facts:?}");
    }
}

fn principal(kind: PrincipalKind, grants: Vec<HeldGrant>) -> Principal {
    Principal { id: "prn_1".to_owned(), kind, authenticated_by: "test", grants }
}

fn held(role: Role, scope: GrantScope, until: Option<Timestamp>) -> HeldGrant {
    HeldGrant { role, scope, until, source: Source::Grant(GrantId::from_parts(1, 1)) }
}

#[test]
fn each_role_in_each_scope_is_decided_as_cedar_does() {
    let team: Name = the("Orders");
    let environments = || ["prod", "sandbox"].map(the);
    let scopes = [
        GrantScope::All,
        GrantScope::Limited(Limits::default()),
        GrantScope::environments([]),
        GrantScope::team(team.clone()),
        GrantScope::environments(environments()),
        GrantScope::Limited(Limits { team: Some(team.clone()), environments: Some(environments().into()) }),
    ];
    let resources = [
        ResourceFacts::Shared,
        ResourceFacts::within(&the("prod")),
        ResourceFacts::owned(&team, []),
        ResourceFacts::owned(&team, ["prod", "test"].map(the)),
        ResourceFacts::owned(&the("Billing"), ["prod"].map(the)),
    ];
    for role in Role::ALL {
        for scope in &scopes {
            for facts in &resources {
                let asked = principal(PrincipalKind::Person, vec![held(role, scope.clone(), None)]);
                assert_same(&asked, facts, at(0));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_principal_is_decided_as_cedar_does(
        kind in sample::select(vec![
            PrincipalKind::Person,
            PrincipalKind::ServiceAccount { team: None },
            PrincipalKind::Bootstrap,
        ]),
        grants in vec(grant(), 0..4),
        facts in facts(),
        now in 0..4_i64,
    ) {
        assert_same(&principal(kind, grants), &facts, at(now));
    }
}

fn grant() -> impl Strategy<Value = HeldGrant> {
    let until = option::weighted(0.3, (0..4_i64).prop_map(at));
    (sample::select(Role::ALL.to_vec()), scope(), until)
        .prop_map(|(role, scope, until)| held(role, scope, until))
}

fn scope() -> impl Strategy<Value = GrantScope> {
    let limited =
        (option::of(sample::select(TEAMS.to_vec())), option::of(names())).prop_map(|(team, names)| {
            let environments = names.map(|names| names.into_iter().map(the).collect());
            GrantScope::Limited(Limits { team: team.map(the), environments })
        });
    prop_oneof![1 => Just(GrantScope::All), 5 => limited]
}

fn facts() -> impl Strategy<Value = ResourceFacts> {
    let owned = (option::of(sample::select(TEAMS.to_vec())), names()).prop_map(|(team, names)| {
        let environments = names.into_iter().map(the).collect();
        ResourceFacts::Owned { owner_team: team.map(the), environments }
    });
    prop_oneof![1 => Just(ResourceFacts::Shared), 4 => owned]
}

fn names() -> impl Strategy<Value = Vec<&'static str>> {
    sample::subsequence(ENVIRONMENTS.to_vec(), 0..=3)
}
