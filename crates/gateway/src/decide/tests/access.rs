use domain::{
    Reason,
    api_client::{self, ApiClientEvent},
    api_key::{self, ApiKeyEvent},
    decision::{Outcome, RefusalReason},
};
use jiff::SignedDuration;

use crate::{
    Call, Decision, OnStale, Settings,
    testing::{CLIENT, KEY, Organisation, call, ids, read, read_all, secret, settings},
};

fn why() -> Reason {
    read("why")
}

/// Refused for that reason, or allowed.
fn check(decision: &Decision, expected: Option<RefusalReason>) {
    assert_eq!(decision.reason, expected);
    assert_eq!(decision.outcome, expected.map_or(Outcome::Allowed, RefusalReason::outcome));
}

/// A call as it is, but for what is changed.
fn check_call(org: &Organisation, change: impl FnOnce(&mut Call<'_>), expected: Option<RefusalReason>) {
    let (secret, environment) = (secret(1), read("prod"));
    let mut asked = call(&secret, &environment);
    change(&mut asked);
    check(&org.judge(&asked), expected);
}

#[test]
fn a_good_call_is_allowed_and_says_who_called_what() {
    let org = Organisation::small();
    let decision = org.call(1);
    check(&decision, None);
    let (client, key, route, _) = ids();
    assert_eq!((decision.client_id, decision.key_id), (Some(client), Some(key)));
    assert_eq!((decision.secret_version, decision.route_id), (Some(1), Some(route)));
    assert_eq!(decision.scopes.to_vec(), [read("orders:read"), read("orders:write")]);
    assert_eq!((decision.environment.as_str(), decision.position.get()), ("prod", 3));
    assert!(!decision.stale);
    assert_ne!(decision.id, org.call(1).id);
}

#[test]
fn nobody_is_named_whose_secret_is_not_genuine() {
    let org = Organisation::small();
    // The locator of a known key with other random characters, and a correct checksum.
    let random = zeroize::Zeroizing::new(format!("{:010}{:032}", 1, 8));
    let forged = domain::secret::PlainSecret::compose("tg", &read("prod"), &random).unwrap();
    let (unknown, environment) = (secret(99), read("prod"));
    for (presented, reason) in [
        (None, RefusalReason::MissingSecret),
        (Some(""), RefusalReason::MalformedSecret),
        (Some("tg_prod_rubbish"), RefusalReason::MalformedSecret),
        (Some(unknown.as_str()), RefusalReason::UnknownSecret),
        (Some(forged.expose()), RefusalReason::UnknownSecret),
    ] {
        let decision = org.judge(&Call { secret: presented, ..call("", &environment) });
        check(&decision, Some(reason));
        assert_eq!((decision.client_id, decision.key_id, decision.secret_version), (None, None, None));
        assert!(decision.scopes.is_empty() && decision.limits.is_empty());
    }
}

#[test]
fn a_revoked_key_is_refused_and_named() {
    let mut org = Organisation::small();
    org.key(KEY, ApiKeyEvent::Revoked(api_key::Revoked { revoked_at: org.now, reason: why() }));
    let decision = org.call(1);
    check(&decision, Some(RefusalReason::KeyRevoked));
    assert_eq!(decision.key_id, Some(read(KEY)));
}

#[test]
fn a_revoked_key_stays_revoked_when_older_events_arrive_late() {
    let mut org = Organisation::small();
    let suspended = ApiKeyEvent::Suspended(api_key::Suspended { reason: why() });
    let reinstated = ApiKeyEvent::Reinstated(api_key::Reinstated { reason: why() });
    org.key(KEY, suspended);
    org.key(KEY, reinstated.clone());
    org.key(KEY, ApiKeyEvent::Revoked(api_key::Revoked { revoked_at: org.now, reason: why() }));
    let late = domain::DomainEvent::ApiKey { id: read(KEY), event: reinstated.clone() };
    org.gateway.apply(&[crate::testing::recorded(5, org.now, late)], org.now);
    check(&org.call(1), Some(RefusalReason::KeyRevoked));
    // Nor does a log that contradicts itself bring it back.
    org.key(KEY, reinstated);
    check(&org.call(1), Some(RefusalReason::KeyRevoked));
}

#[test]
fn a_planned_revocation_is_honoured_to_the_second() {
    let mut org = Organisation::small();
    let revoke_at = org.after(10);
    org.key(KEY, ApiKeyEvent::RevocationScheduled(api_key::RevocationScheduled { revoke_at, reason: why() }));
    org.pass(9);
    check(&org.call(1), None);
    org.pass(1);
    check(&org.call(1), Some(RefusalReason::KeyRevoked));
}

#[test]
fn a_key_works_from_its_start_to_its_expiry() {
    let mut org = Organisation::small();
    let (not_before, expires_at) = (Some(org.after(10)), Some(org.after(20)));
    org.issue("key_00000000000000000000000002", CLIENT, 2, |issued| {
        (issued.not_before, issued.expires_at) = (not_before, expires_at);
    });
    check(&org.call(2), Some(RefusalReason::KeyNotYetValid));
    org.pass(10);
    check(&org.call(2), None);
    org.pass(10);
    check(&org.call(2), Some(RefusalReason::KeyExpired));
}

#[test]
fn both_secrets_live_during_the_overlap_and_then_one() {
    let mut org = Organisation::small();
    org.rotate(KEY, 2, 2, 60);
    for (number, version) in [(1, 1), (2, 2)] {
        let decision = org.call(number);
        check(&decision, None);
        assert_eq!((decision.secret_version, decision.key_id), (Some(version), Some(read(KEY))));
    }
    org.pass(60);
    check(&org.call(1), Some(RefusalReason::SecretRetired));
    assert_eq!(org.call(1).secret_version, Some(1));
    check(&org.call(2), None);
    // The one before the last is forgotten.
    org.rotate(KEY, 3, 3, 0);
    check(&org.call(1), Some(RefusalReason::UnknownSecret));
    check(&org.call(2), Some(RefusalReason::SecretRetired));
    check(&org.call(3), None);
}

#[test]
fn an_old_secret_does_not_end_with_the_new_ones_expiry() {
    let mut org = Organisation::small();
    let rotated = api_key::Rotated {
        secret: org.version(2, 2),
        previous_until: org.after(60),
        expires_at: Some(org.after(30)),
        reason: None,
        rotated_at: None,
        retire_when_idle_hours: None,
    };
    org.key(KEY, ApiKeyEvent::Rotated(rotated));
    org.pass(30);
    check(&org.call(1), None);
    check(&org.call(2), Some(RefusalReason::KeyExpired));
}

#[test]
fn an_extended_overlap_lets_the_old_secret_in_for_longer() {
    let mut org = Organisation::small();
    org.rotate(KEY, 2, 2, 60);
    let (previous_until, reason) = (org.after(90), why());
    let extended = api_key::OverlapExtended { version: 1, previous_until, reason };
    org.key(KEY, ApiKeyEvent::OverlapExtended(extended));
    org.pass(89);
    check(&org.call(1), None);
    org.pass(1);
    check(&org.call(1), Some(RefusalReason::SecretRetired));
    check(&org.call(2), None);
}

#[test]
fn a_retired_secret_is_refused_at_once_and_the_new_one_is_not() {
    let mut org = Organisation::small();
    org.rotate(KEY, 2, 2, 60);
    check(&org.call(1), None);
    let (retired_at, last_used_at) = (org.after(0), None);
    let retired = api_key::PreviousRetired { version: 1, retired_at, last_used_at, reason: why() };
    org.key(KEY, ApiKeyEvent::PreviousRetired(retired));
    check(&org.call(1), Some(RefusalReason::SecretRetired));
    check(&org.call(2), None);
    // A clock that is set back does not let it in again.
    org.pass(-3_600);
    check(&org.call(1), Some(RefusalReason::SecretRetired));
}

#[test]
fn a_cancelled_revocation_does_not_come() {
    let mut org = Organisation::small();
    let (revoke_at, reason) = (org.after(60), why());
    org.key(KEY, ApiKeyEvent::RevocationScheduled(api_key::RevocationScheduled { revoke_at, reason }));
    let (revoke_at, reason) = (org.after(60), why());
    org.key(KEY, ApiKeyEvent::RevocationCancelled(api_key::RevocationCancelled { revoke_at, reason }));
    org.pass(60);
    check(&org.call(1), None);
}

#[test]
fn a_suspended_key_or_client_is_forbidden_until_reinstated() {
    let mut org = Organisation::small();
    org.key(KEY, ApiKeyEvent::Suspended(api_key::Suspended { reason: why() }));
    check(&org.call(1), Some(RefusalReason::KeySuspended));
    org.key(KEY, ApiKeyEvent::Reinstated(api_key::Reinstated { reason: why() }));
    check(&org.call(1), None);
    org.client(CLIENT, ApiClientEvent::Suspended(api_client::Suspended { reason: why() }));
    check(&org.call(1), Some(RefusalReason::ClientSuspended));
    org.client(CLIENT, ApiClientEvent::Reinstated(api_client::Reinstated { reason: why() }));
    check(&org.call(1), None);
    org.client(CLIENT, ApiClientEvent::Archived(api_client::Archived { reason: why() }));
    check(&org.call(1), Some(RefusalReason::ClientArchived));
    assert_eq!(org.call(1).client_id, Some(read(CLIENT)));
}

#[test]
fn a_key_serves_the_environment_it_was_issued_for() {
    let mut org = Organisation::small();
    for other in ["test", "nowhere"] {
        check(&org.judge(&call(&secret(1), &read(other))), Some(RefusalReason::WrongEnvironment));
    }
    let withdrawn = api_client::EnvironmentWithdrawn { environment: read("prod") };
    org.client(CLIENT, ApiClientEvent::EnvironmentWithdrawn(withdrawn));
    check(&org.call(1), Some(RefusalReason::WrongEnvironment));
    let allowed = api_client::EnvironmentAllowed { environment: read("prod") };
    org.client(CLIENT, ApiClientEvent::EnvironmentAllowed(allowed));
    check(&org.call(1), None);
}

#[test]
fn a_key_bound_to_addresses_is_refused_from_elsewhere_and_from_nowhere() {
    let mut org = Organisation::small();
    org.issue("key_00000000000000000000000002", CLIENT, 2, |issued| {
        issued.allowed_cidrs = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    });
    let (secret, environment) = (secret(2), read("prod"));
    for (address, expected) in [
        (Some("10.200.0.1"), None),
        (Some("::ffff:10.200.0.1"), None),
        (Some("2001:db8:1::1"), None),
        (Some("11.0.0.1"), Some(RefusalReason::AddressNotAllowed)),
        (None, Some(RefusalReason::AddressNotAllowed)),
    ] {
        let address = address.map(|text| text.parse().unwrap());
        check(&org.judge(&Call { address, ..call(&secret, &environment) }), expected);
    }
}

#[test]
fn a_path_without_a_safe_reading_is_refused() {
    let org = Organisation::small();
    check_call(&org, |asked| asked.path = "/orders/%2e%2e%2forders", Some(RefusalReason::BadPath));
    check_call(&org, |asked| asked.path = "//orders/./1?x=%2f", None);
}

#[test]
fn calls_that_no_route_takes_are_refused_unless_the_environment_lets_them() {
    let mut org = Organisation::small();
    check_call(&org, |asked| asked.path = "/invoices", Some(RefusalReason::UnknownRoute));
    check_call(&org, |asked| asked.method = "HEAD", Some(RefusalReason::UnknownRoute));
    check_call(&org, |asked| asked.method = "get", Some(RefusalReason::UnknownRoute));
    org.issue("key_00000000000000000000000002", CLIENT, 2, |issued| issued.environment = read("open"));
    let (secret, environment) = (secret(2), read("open"));
    let unmatched = org.judge(&Call { path: "/invoices", ..call(&secret, &environment) });
    check(&unmatched, None);
    assert_eq!(unmatched.route_id, None);
    let bad = org.judge(&Call { path: "/a%00", ..call(&secret, &environment) });
    check(&bad, Some(RefusalReason::BadPath));
}

#[test]
fn scopes_are_those_of_the_key_that_the_client_still_holds() {
    let mut org = Organisation::small();
    org.issue("key_00000000000000000000000002", CLIENT, 2, |issued| {
        issued.scopes = Some(read_all(&["orders:read"]));
    });
    org.issue("key_00000000000000000000000003", CLIENT, 3, |issued| {
        issued.scopes = Some(read_all(&["orders:write", "other"]));
    });
    assert_eq!(org.call(2).scopes.to_vec(), [read("orders:read")]);
    let refused = org.call(3);
    check(&refused, Some(RefusalReason::MissingScope));
    assert_eq!(refused.scopes.to_vec(), [read("orders:write")]);
    let revoked = api_client::ScopeRevoked { scope: read("orders:read") };
    org.client(CLIENT, ApiClientEvent::ScopeRevoked(revoked));
    check(&org.call(1), Some(RefusalReason::MissingScope));
    check(&org.call(2), Some(RefusalReason::MissingScope));
    let granted = api_client::ScopeGranted { scope: read("orders:read") };
    org.client(CLIENT, ApiClientEvent::ScopeGranted(granted));
    check(&org.call(2), None);
}

#[test]
fn a_stale_configuration_is_served_or_refused_as_set() {
    for (on_stale, expected) in
        [(OnStale::Serve, None), (OnStale::Refuse, Some(RefusalReason::StaleConfiguration))]
    {
        let mut org = Organisation::empty(Settings { on_stale, ..settings() });
        org.register(CLIENT, &["prod"], &["orders:read"]);
        org.issue(KEY, CLIENT, 1, |_| {});
        org.route("rte_00000000000000000000000001", |_| {});
        assert!(!org.gateway.is_stale(org.after(60)) && org.gateway.is_stale(org.after(61)));
        org.now += SignedDuration::from_secs(61);
        let decision = org.call(1);
        check(&decision, expected);
        assert!(decision.stale);
        // Who has no secret is told so first.
        check(&org.call(9), Some(RefusalReason::UnknownSecret));
        org.pass(0);
        check(&org.call(1), None);
    }
}

#[test]
fn a_feed_that_is_behind_makes_nothing_ready_or_fresh() {
    let org = Organisation::empty(settings());
    assert!(!org.gateway.ready() && org.gateway.is_stale(org.now));
    org.gateway.caught_up(domain::Position::new(1), org.now);
    assert!(!org.gateway.ready());
    org.gateway.caught_up(domain::Position::START, org.now);
    assert!(org.gateway.ready() && !org.gateway.is_stale(org.now));
}
