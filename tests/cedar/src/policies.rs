//! The table and a principal's grants in Cedar's words: roles are groups of actions, a grant is a policy.

use domain::{
    Environment, Timestamp,
    access::{
        Access, GrantScope, HeldGrant, Limits, Permission, Principal, PrincipalKind, ResourceFacts, Role,
    },
};
use serde_json::{Value, json};

/// What nobody may whom no grant is for; and each grant as permits of its own.
pub(crate) fn policies(principal: &Principal) -> String {
    let mut text = String::from(
        "forbid(principal, action in Action::\"for_people\", resource) when { !principal.acts_as_person };\n",
    );
    for held in &principal.grants {
        text.push_str(&permits(principal, held));
    }
    text
}

fn permits(principal: &Principal, held: &HeldGrant) -> String {
    let HeldGrant { role, scope, until, source: _ } = held;
    let until = until.map_or_else(|| "true".to_owned(), |until| format!("context.now < {}", seconds(until)));
    let permit = |actions: &str, when: &str| {
        format!(
            "permit(principal == Principal::\"{}\", action in Action::\"{}\", resource) \
             when {{ ({until}) && action in Action::\"{actions}\" && ({when}) }};\n",
            principal.id,
            role.as_str(),
        )
    };
    let Some(limits) = limits(scope) else { return permit("any", "true") };
    let team = limits.team.as_ref().map_or_else(
        || "true".to_owned(),
        |team| format!("resource has owner_team && resource.owner_team == {}", json!(team.as_str())),
    );
    let environments = |test: fn(&str) -> String| {
        let set = limits.environments.as_ref().map(|set| json!(names(set)).to_string());
        set.map_or_else(|| "true".to_owned(), |set| test(&set))
    };
    let seen = environments(|set| format!("resource.environments.containsAny({set})"));
    let changed = environments(|set| {
        format!("!resource.environments.isEmpty() && {set}.containsAll(resource.environments)")
    });
    // A scope without bounds, or with an empty one, has no policy that could permit.
    if limits.is_empty() {
        return String::new();
    }
    [
        permit("looks", &format!("!resource.shared && ({team}) && ({seen})")),
        permit("acts", &format!("!resource.shared && ({team}) && ({changed})")),
        permit("looks", "resource.shared"),
    ]
    .concat()
}

fn limits(scope: &GrantScope) -> Option<&Limits> {
    match scope {
        GrantScope::All => None,
        GrantScope::Limited(limits) => Some(limits),
    }
}

fn names<'set>(set: impl IntoIterator<Item = &'set Environment>) -> Vec<&'set str> {
    set.into_iter().map(Environment::as_str).collect()
}

pub(crate) fn seconds(time: Timestamp) -> i64 {
    time.as_second()
}

/// The principal, the resource, and every action with the groups that the table puts it in.
pub(crate) fn entities(principal: &Principal, facts: &ResourceFacts) -> Value {
    let groups = ["any", "looks", "acts", "for_people"].into_iter().chain(Role::ALL.map(Role::as_str));
    let mut all: Vec<Value> = groups.map(|group| action(group, &[])).collect();
    for permission in Permission::ALL {
        let mut parents = vec!["any"];
        parents.push(if permission.access() == Access::Read { "looks" } else { "acts" });
        if permission.is_for_people() {
            parents.push("for_people");
        }
        parents.extend(Role::ALL.into_iter().filter(|role| role.holds(permission)).map(Role::as_str));
        all.push(action(permission.as_str(), &parents));
    }
    let acts_as_person = match principal.kind {
        PrincipalKind::Person | PrincipalKind::Bootstrap => true,
        PrincipalKind::ServiceAccount { .. } => false,
    };
    all.push(entity("Principal", &principal.id, json!({ "acts_as_person": acts_as_person })));
    all.push(entity("Resource", "it", resource(facts)));
    Value::Array(all)
}

fn resource(facts: &ResourceFacts) -> Value {
    match facts {
        ResourceFacts::Shared => json!({ "shared": true, "environments": [] }),
        ResourceFacts::Owned { owner_team: None, environments } => {
            json!({ "shared": false, "environments": names(environments) })
        }
        ResourceFacts::Owned { owner_team: Some(team), environments } => {
            json!({ "shared": false, "owner_team": team.as_str(), "environments": names(environments) })
        }
    }
}

fn action(id: &str, parents: &[&str]) -> Value {
    let parents: Vec<Value> = parents.iter().map(|group| json!({ "type": "Action", "id": group })).collect();
    json!({ "uid": { "type": "Action", "id": id }, "attrs": {}, "parents": parents })
}

fn entity(of: &str, id: &str, attrs: Value) -> Value {
    json!({ "uid": { "type": of, "id": id }, "attrs": attrs, "parents": [] })
}
