//! People who hold one role each, known by tokens that follow from their names.

use domain::{
    access::{GrantScope, HeldGrant, Principal, PrincipalKind, Role},
    secret::{Peppers, SecretDigest},
};

/// The token of whoever is called so.
pub(super) fn token(name: &str) -> String {
    format!("holder-of-{name}-0000000000")
}

/// Each role over everything, within two teams, and within two environments; and a program that is an administrator.
pub(super) fn all(peppers: &Peppers) -> Vec<(SecretDigest, Principal)> {
    let scopes: [(&str, GrantScope); 5] = [
        ("", GrantScope::All),
        ("@Payments", GrantScope::team("Payments".parse().unwrap())),
        ("@Travel", GrantScope::team("Travel".parse().unwrap())),
        ("@prod", GrantScope::environments(["prod".parse().unwrap()])),
        ("@test", GrantScope::environments(["test".parse().unwrap()])),
    ];
    let mut all = vec![];
    for role in Role::ALL {
        for (suffix, scope) in &scopes {
            let held = HeldGrant { scope: scope.clone(), ..HeldGrant::built_in(role) };
            all.push(known(peppers, format!("{}{suffix}", role.as_str()), PrincipalKind::Person, held));
        }
    }
    let machine = PrincipalKind::ServiceAccount { team: None };
    all.push(known(peppers, "machine".to_owned(), machine, HeldGrant::built_in(Role::Admin)));
    all
}

fn known(peppers: &Peppers, name: String, kind: PrincipalKind, held: HeldGrant) -> (SecretDigest, Principal) {
    let digest = peppers.digest_chosen(&token(&name));
    (digest, Principal { id: name, kind, authenticated_by: "test", grants: vec![held] })
}
