//! The table against a second one, and the decision against a second one: written apart from the first, by other means.

use std::collections::BTreeSet;

use super::{
    Access, Grant, GrantScope, HeldGrant, Limits, Permission, Principal, PrincipalKind, Reach, ResourceFacts,
    Role, Source, TABLE, authorize, holds, may_give, page, reach,
};
use crate::{
    Environment, GrantId, Name, PrincipalId, Timestamp,
    given::{at, the},
};

/// What each role holds, a second time, in words.
const BOOK: [(Role, &str); 9] = [
    (Role::Viewer, LOOKS),
    (
        Role::Auditor,
        "+viewer audit.read audit.export report.export leak.read principal.read service_account.read grant.read \
         webhook.read",
    ),
    (
        Role::Operator,
        "+viewer client.write client.suspend key.issue key.rotate key.suspend key.revoke key.import call.verify \
         report.export limit.reset leak.read notification_rule.write",
    ),
    (Role::PolicyManager, "+viewer route.write policy.write policy.assign report.export limit.reset"),
    (
        Role::AccessAdmin,
        "+viewer audit.read principal.read principal.write principal.disable service_account.read \
         service_account.write grant.read grant.write",
    ),
    (
        Role::SecurityOfficer,
        "+viewer audit.read report.export leak.read principal.read service_account.read grant.read \
         client.suspend key.suspend key.revoke principal.disable approval.decide webhook.read webhook.write \
         notification_rule.write",
    ),
    (Role::Admin, "*"),
    (Role::BreakGlass, "break_glass.open"),
    (Role::Gateway, "gateway.follow"),
];
const LOOKS: &str = "client.read key.read route.read policy.read report.read metrics.read change.read gateway.read \
                     decision.read operation.read approval.read notification_rule.read";
/// Those that only look.
const READS: &str = "audit.read audit.export report.export leak.read principal.read service_account.read grant.read webhook.read";
const FOR_PEOPLE: &str = "principal.write principal.disable service_account.write grant.write personal.erase \
                          break_glass.open approval.decide approval_rule.write";

fn booked(role: Role, permission: Permission) -> bool {
    let (_, held) = BOOK.iter().find(|(of, _)| *of == role).unwrap();
    let mut words: Vec<&str> = held.split_ascii_whitespace().collect();
    if words.contains(&"+viewer") {
        words.extend(LOOKS.split_ascii_whitespace());
    }
    words.contains(&"*") || words.contains(&permission.as_str())
}

fn looks(permission: Permission) -> bool {
    format!(" {LOOKS} {READS} ").contains(&format!(" {} ", permission.as_str()))
}

fn scope(team: Option<&str>, environments: Option<&[&str]>) -> GrantScope {
    let environments = environments.map(|names| names.iter().map(|name| the(name)).collect());
    GrantScope::Limited(Limits { team: team.map(the), environments })
}

fn scopes() -> Vec<GrantScope> {
    vec![
        GrantScope::All,
        scope(None, None),
        scope(None, Some(&[])),
        scope(Some("Orders"), Some(&[])),
        scope(Some("Orders"), None),
        scope(Some("Billing"), None),
        scope(None, Some(&["prod"])),
        scope(None, Some(&["prod", "sandbox"])),
        scope(Some("Orders"), Some(&["prod"])),
        scope(Some("Orders"), Some(&["prod", "sandbox"])),
    ]
}

fn owned(team: Option<&str>, environments: &[&str]) -> ResourceFacts {
    let environments = environments.iter().map(|name| the(name)).collect();
    ResourceFacts::Owned { owner_team: team.map(the), environments }
}

fn resources() -> Vec<ResourceFacts> {
    let mut all = vec![ResourceFacts::Shared];
    for team in [None, Some("Orders"), Some("Billing")] {
        for environments in [&[][..], &["prod"], &["sandbox"], &["prod", "sandbox"], &["prod", "test"]] {
            all.push(owned(team, environments));
        }
    }
    all
}

fn held(role: Role, scope: GrantScope) -> HeldGrant {
    HeldGrant { role, scope, until: None, source: Source::Grant(GrantId::from_parts(1, 1)) }
}

fn principal(kind: PrincipalKind, grants: Vec<HeldGrant>) -> Principal {
    Principal { id: "prn_1".to_owned(), kind, authenticated_by: "test", grants }
}

fn person(grants: Vec<HeldGrant>) -> Principal {
    principal(PrincipalKind::Person, grants)
}

fn machine(grants: Vec<HeldGrant>) -> Principal {
    principal(PrincipalKind::ServiceAccount { team: None }, grants)
}

/// The second decision: it counts what speaks against.
fn expected(role: Role, permission: Permission, scope: &GrantScope, facts: &ResourceFacts) -> bool {
    if !booked(role, permission) {
        return false;
    }
    let GrantScope::Limited(Limits { team, environments }) = scope else { return true };
    let named: Option<Vec<&Environment>> = environments.as_ref().map(|set| set.iter().collect());
    if (team.is_none() && named.is_none()) || named.as_ref().is_some_and(Vec::is_empty) {
        return false;
    }
    let ResourceFacts::Owned { owner_team, environments } = facts else { return looks(permission) };
    let mut against = 0;
    if let Some(team) = team {
        against += usize::from(owner_team.as_ref().map(Name::as_str) != Some(team.as_str()));
    }
    if let Some(named) = named {
        let outside = environments.iter().filter(|environment| !named.contains(environment)).count();
        let inside = environments.len() - outside;
        against +=
            if looks(permission) { usize::from(inside == 0) } else { outside + usize::from(inside == 0) };
    }
    against == 0
}

#[test]
fn the_table_says_what_the_book_says() {
    for role in Role::ALL {
        for permission in Permission::ALL {
            assert_eq!(role.holds(permission), booked(role, permission), "{role:?} {permission:?}");
        }
    }
    assert_eq!(TABLE.map(|(permission, _)| permission), Permission::ALL, "one row each, in one order");
    assert!(TABLE.iter().all(|(_, held)| held.iter().all(|one| *one <= 1)));
    let known: BTreeSet<&str> = Permission::ALL.map(Permission::as_str).into();
    let words = BOOK.iter().flat_map(|(_, held)| held.split_ascii_whitespace());
    let words: Vec<&str> = words.chain(READS.split_ascii_whitespace()).collect();
    assert!(words.iter().all(|word| known.contains(word) || ["*", "+viewer"].contains(word)), "{words:?}");
}

#[test]
fn every_role_permission_scope_and_resource_is_decided_as_the_second_book_says() {
    let mut decided = 0;
    for role in Role::ALL {
        for permission in Permission::ALL {
            assert_eq!(permission.access() == Access::Read, looks(permission), "{permission:?}");
            for scope in scopes() {
                for facts in resources() {
                    let asked = person(vec![held(role, scope.clone())]);
                    let answer = authorize(&asked, permission, &facts, at(0));
                    let expected = expected(role, permission, &scope, &facts);
                    assert_eq!(answer.is_ok(), expected, "{role:?} {permission:?} {scope:?} {facts:?}");
                    decided += 1;
                }
            }
        }
    }
    assert_eq!(decided, 9 * Permission::ALL.len() * 10 * 16);
}

#[test]
fn an_empty_set_of_grants_grants_nothing() {
    for permission in Permission::ALL {
        for facts in resources() {
            assert!(authorize(&person(vec![]), permission, &facts, at(0)).is_err(), "{permission:?}");
        }
        assert!(holds(&person(vec![]), permission, at(0)).is_err());
        assert!(reach(&person(vec![]), permission, at(0)).is_nothing());
    }
}

#[test]
fn a_grant_in_an_empty_scope_grants_nothing() {
    for empty in [scope(None, None), scope(None, Some(&[])), scope(Some("Orders"), Some(&[]))] {
        let asked = person(vec![held(Role::Admin, empty.clone())]);
        for permission in Permission::ALL {
            let answers = resources().into_iter().map(|facts| authorize(&asked, permission, &facts, at(0)));
            assert!(answers.into_iter().all(|answer| answer.is_err()), "{permission:?} {empty:?}");
            assert!(holds(&asked, permission, at(0)).is_err());
            assert!(reach(&asked, permission, at(0)).is_nothing());
        }
    }
}

#[test]
fn two_grants_that_each_cover_half_of_a_change_do_not_add_up() {
    let half = |environment| held(Role::Operator, scope(None, Some(&[environment])));
    let asked = person(vec![half("prod"), half("sandbox")]);
    let both = owned(Some("Orders"), &["prod", "sandbox"]);
    assert!(authorize(&asked, Permission::ClientRead, &both, at(0)).is_ok());
    assert!(authorize(&asked, Permission::ClientWrite, &both, at(0)).is_err());
    assert!(authorize(&asked, Permission::ClientWrite, &owned(Some("Orders"), &["prod"]), at(0)).is_ok());
}

#[test]
fn what_only_people_may_do_is_refused_to_a_service_account_whatever_it_holds() {
    let admin = || vec![held(Role::Admin, GrantScope::All)];
    for permission in Permission::ALL {
        let for_people = FOR_PEOPLE.split_ascii_whitespace().any(|name| name == permission.as_str());
        let answer = authorize(&machine(admin()), permission, &ResourceFacts::Shared, at(0));
        assert_eq!(answer.is_err(), for_people, "{permission:?}");
        assert_eq!(holds(&machine(admin()), permission, at(0)).is_err(), for_people);
        assert_eq!(reach(&machine(admin()), permission, at(0)).is_nothing(), for_people);
        for kind in [PrincipalKind::Person, PrincipalKind::Bootstrap] {
            assert!(authorize(&principal(kind, admin()), permission, &ResourceFacts::Shared, at(0)).is_ok());
        }
    }
}

#[test]
fn a_grant_ends_when_it_said_it_would() {
    let until = HeldGrant { until: Some(at(10)), ..held(Role::Viewer, GrantScope::All) };
    let asked = |seconds| {
        let answer = authorize(
            &person(vec![until.clone()]),
            Permission::ClientRead,
            &ResourceFacts::Shared,
            at(seconds),
        );
        answer.is_ok()
    };
    assert!(asked(0) && asked(9));
    assert!(!asked(10) && !asked(11));
}

#[test]
fn what_a_list_shows_is_what_a_look_at_each_would_have_shown() {
    let pairs = scopes().into_iter().flat_map(|one| scopes().into_iter().map(move |two| [one.clone(), two]));
    for pair in pairs {
        let asked = person(pair.map(|scope| held(Role::Viewer, scope)).into());
        let seen = reach(&asked, Permission::ClientRead, at(0));
        for facts in resources().into_iter().filter(|facts| *facts != ResourceFacts::Shared) {
            let single = authorize(&asked, Permission::ClientRead, &facts, at(0)).is_ok();
            assert_eq!(listed(&seen, &facts), single, "{seen:?} {facts:?}");
        }
    }
}

/// As a query decides it: by the columns of a row.
fn listed(reach: &Reach, facts: &ResourceFacts) -> bool {
    let ResourceFacts::Owned { owner_team, environments } = facts else { return true };
    let within = |limits: &Limits| {
        limits.team.as_ref().is_none_or(|team| owner_team.as_ref() == Some(team))
            && limits.environments.as_ref().is_none_or(|of| environments.iter().any(|one| of.contains(one)))
    };
    match reach {
        Reach::Everything => true,
        Reach::Within(limits) => limits.iter().any(within),
    }
}

#[test]
fn nobody_gives_what_they_do_not_hold() {
    let (all, orders, prod) = (GrantScope::All, scope(Some("Orders"), None), scope(None, Some(&["prod"])));
    let give =
        |held: &[HeldGrant], role, scope: &GrantScope| may_give(held, role, scope, None, at(0)).is_none();
    let admin = [held(Role::Admin, all.clone())];
    for role in Role::ALL {
        assert!(give(&admin, role, &all) && give(&admin, role, &orders), "{role:?}");
        assert!(!give(&[], role, &orders), "{role:?}");
    }
    let access = [held(Role::AccessAdmin, all.clone())];
    let given: Vec<Role> = Role::ALL.into_iter().filter(|role| give(&access, *role, &all)).collect();
    assert_eq!(given, [Role::Viewer, Role::AccessAdmin], "whatever `grant.write` it holds");
    let both = [held(Role::AccessAdmin, all.clone()), held(Role::Operator, orders.clone())];
    assert!(give(&both, Role::Operator, &orders));
    assert!(give(&both, Role::Operator, &scope(Some("Orders"), Some(&["prod"]))), "a narrower one");
    for wider in [&all, &prod, &scope(Some("Billing"), None)] {
        assert!(!give(&both, Role::Operator, wider), "{wider:?}");
    }
    assert_eq!(may_give(&both, Role::Admin, &orders, None, at(0)), Some(Permission::RouteWrite));
}

#[test]
fn nobody_gives_for_longer_than_they_hold() {
    let held = [HeldGrant { until: Some(at(10)), ..held(Role::Admin, GrantScope::All) }];
    let give = |until: Option<Timestamp>, now| {
        may_give(&held, Role::Viewer, &GrantScope::All, until, at(now)).is_none()
    };
    assert!(give(Some(at(10)), 0) && give(Some(at(9)), 0));
    assert!(!give(None, 0) && !give(Some(at(11)), 0));
    assert!(!give(Some(at(10)), 10), "what has ended gives nothing");
}

#[test]
fn a_scope_covers_another_if_it_reaches_all_that_the_other_reaches() {
    for one in scopes() {
        for other in scopes().into_iter().filter(|other| !other.is_nothing()) {
            let reaches = |scope: &GrantScope, facts: &ResourceFacts| scope.reaches(Access::Write, facts);
            let all = resources().iter().all(|facts| !reaches(&other, facts) || reaches(&one, facts));
            assert_eq!(one.covers(&other), all, "{one:?} {other:?}");
        }
    }
}

#[test]
fn what_allowed_a_command_is_said_with_it() {
    let (grant, glass) = (GrantId::from_parts(1, 2), PrincipalId::from_parts(1, 3));
    let say = |held: HeldGrant| Grant::from(&held).describe();
    assert_eq!(say(HeldGrant::built_in(Role::Admin)), "role:admin");
    let mut operator = held(Role::Operator, scope(Some("Orders"), Some(&["prod", "sandbox"])));
    operator.source = Source::Grant(grant);
    let said = format!("role:operator grant:{grant} scope:environments:prod,sandbox team:Orders");
    assert_eq!(say(operator), said);
    let broken = HeldGrant {
        until: Some(at(60)),
        source: Source::BreakGlass(glass),
        ..HeldGrant::built_in(Role::Admin)
    };
    assert_eq!(say(broken), format!("role:admin break_glass:{glass} until:2026-03-01T12:01:00Z"));
}

#[test]
fn a_permission_and_a_role_are_written_as_they_print() {
    for permission in Permission::ALL {
        assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
        assert!(permission.says().ends_with('.'), "{permission:?}");
    }
    for role in Role::ALL {
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        assert_eq!(role.as_str().parse::<Role>(), Ok(role));
    }
    assert!("root".parse::<Role>().is_err());
}

#[test]
fn a_scope_that_is_left_out_is_not_read_as_all() {
    for text in [
        "{}",
        "null",
        r#"{"team":"Orders"}"#,
        r#"{"kind":"everything"}"#,
        r#"{"kind":"all","team":"Orders"}"#,
        r#"{"kind":"all","teams":["Orders"]}"#,
    ] {
        assert!(serde_json::from_str::<GrantScope>(text).is_err(), "{text}");
    }
    let limited: GrantScope = serde_json::from_str(r#"{"kind":"limited"}"#).unwrap();
    assert!(limited.is_nothing());
    let written = serde_json::to_value(scope(Some("Orders"), Some(&["prod"]))).unwrap();
    assert_eq!(written, serde_json::json!({ "kind": "limited", "team": "Orders", "environments": ["prod"] }));
}

#[test]
fn the_page_on_file_is_the_page() {
    let on_file = include_str!("../../../../docs/access.md");
    assert_eq!(on_file, page(), "`cargo run -p tollgate-domain --example access_page > docs/access.md`");
}

#[test]
fn the_page_shows_the_table() {
    let page = page();
    for (permission, held) in TABLE {
        let row =
            page.lines().find(|line| line.starts_with(&format!("| `{}` |", permission.as_str()))).unwrap();
        let marks: Vec<bool> = row.split('|').skip(3).take(9).map(|cell| cell.contains('●')).collect();
        assert_eq!(marks, held.map(|one| one == 1), "{row}");
    }
}
