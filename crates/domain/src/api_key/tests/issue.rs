//! Issuing: whose, where, with what, from when until when, from where.

use super::*;

#[test]
fn issuing_records_the_first_secret_version() {
    check([], issue(|_| {}), Ok(vec![issued()]));
}

#[test]
fn issuing_twice_is_refused() {
    for standing in [vec![], vec![suspended()], vec![revoked(0)]] {
        let given = [vec![issued()], standing].concat();
        check(given, issue(|_| {}), Err(ApiKeyRefusal::AlreadyIssued));
    }
}

#[test]
fn only_an_active_client_is_issued_keys() {
    check([], issue(|ask| ask.client.standing = ClientStanding::Absent), Err(ApiKeyRefusal::NoClient));
    for standing in [ClientStanding::Suspended, ClientStanding::Archived] {
        let refused = ApiKeyRefusal::ClientNotActive { standing };
        check([], issue(|ask| ask.client.standing = standing), Err(refused));
    }
}

#[test]
fn a_key_lives_in_one_of_its_clients_environments() {
    let sandbox = issued_with(|event| event.environment = the("sandbox"));
    check([], issue(|ask| ask.environment = the("sandbox")), Ok(vec![sandbox]));
    let refused = ApiKeyRefusal::EnvironmentNotAllowed { environment: the("staging") };
    check([], issue(|ask| ask.environment = the("staging")), Err(refused));
    let nowhere = ApiKeyRefusal::EnvironmentNotAllowed { environment: the("prod") };
    check([], issue(|ask| ask.client.environments.clear()), Err(nowhere));
}

#[test]
fn a_keys_scopes_are_among_its_clients() {
    for scopes in [&["orders:read"][..], &["orders:read", "orders:write"]] {
        let then = issued_with(|event| event.scopes = Some(all(scopes)));
        check([], issue(|ask| ask.scopes = Some(all(scopes))), Ok(vec![then]));
    }
    let refused = ApiKeyRefusal::ScopeNotGranted { scope: the("admin") };
    check([], issue(|ask| ask.scopes = Some(all(&["orders:read", "admin"]))), Err(refused));
}

#[test]
fn an_empty_set_of_scopes_stays_empty_and_does_not_mean_all() {
    let then = issued_with(|event| event.scopes = Some(BTreeSet::new()));
    check([], issue(|ask| ask.scopes = Some(BTreeSet::new())), Ok(vec![then]));
}

#[test]
fn an_expiry_is_ahead_and_at_most_ten_years() {
    for seconds in [1, LIFETIME] {
        check([], issue(|ask| ask.expires_at = Some(at(seconds))), Ok(vec![ends(seconds)]));
    }
    for seconds in [0, -1, -LIFETIME] {
        let refused = ApiKeyRefusal::ExpiryNotAhead { expires_at: at(seconds), now: at(0) };
        check([], issue(|ask| ask.expires_at = Some(at(seconds))), Err(refused));
    }
    let refused = ApiKeyRefusal::ExpiryTooFar { expires_at: at(LIFETIME + 1), latest: at(LIFETIME) };
    check([], issue(|ask| ask.expires_at = Some(at(LIFETIME + 1))), Err(refused));
}

#[test]
fn an_expiry_comes_after_the_start() {
    let times = |start: i64, end: i64| {
        issue(move |ask| (ask.not_before, ask.expires_at) = (Some(at(start)), Some(at(end))))
    };
    let then = issued_with(|event| (event.not_before, event.expires_at) = (Some(at(50)), Some(at(51))));
    check([], times(50, 51), Ok(vec![then]));
    for end in [50, 49] {
        let refused = ApiKeyRefusal::ExpiryNotAfterStart { not_before: at(50), expires_at: at(end) };
        check([], times(50, end), Err(refused));
    }
}

#[test]
fn a_start_is_within_ten_years_of_now() {
    for seconds in [-LIFETIME, 0, LIFETIME] {
        let then = issued_with(|event| event.not_before = Some(at(seconds)));
        check([], issue(|ask| ask.not_before = Some(at(seconds))), Ok(vec![then]));
    }
    for not_before in [Timestamp::MIN, at(-LIFETIME - 1), at(LIFETIME + 1), Timestamp::MAX] {
        let (earliest, latest) = (at(-LIFETIME), at(LIFETIME));
        let refused = ApiKeyRefusal::StartOutOfBounds { not_before, earliest, latest };
        check([], issue(|ask| ask.not_before = Some(not_before)), Err(refused));
    }
}

#[test]
fn the_bounds_hold_at_both_ends_of_time() {
    let refused = ApiKeyRefusal::ExpiryNotAhead { expires_at: Timestamp::MAX, now: Timestamp::MAX };
    let last = issue(|ask| (ask.now, ask.expires_at) = (Timestamp::MAX, Some(Timestamp::MAX)));
    check([], last, Err(refused));
    let first = issue(|ask| (ask.now, ask.not_before) = (Timestamp::MIN, Some(Timestamp::MIN)));
    check([], first, Ok(vec![issued_with(|event| event.not_before = Some(Timestamp::MIN))]));
}

#[test]
fn address_ranges_are_kept_once_and_under_one_name() {
    let given = ["10.0.0.1/8", "10.0.0.0/8", "::ffff:10.1.2.3/104", "2001:db8::1/32", "192.0.2.7/32"];
    let kept = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"];
    let then = issued_with(|event| event.allowed_cidrs = all(&kept));
    check([], issue(|ask| ask.allowed_cidrs = all(&given)), Ok(vec![then]));
}

#[test]
fn only_a_range_wholly_of_mapped_addresses_becomes_one_of_ipv4() {
    let given = ["::ffff:0:0/96", "::ffff:192.0.2.1/128", "::ffff:0:0/95", "::/0"];
    let kept = ["0.0.0.0/0", "192.0.2.1/32", "::fffe:0:0/95", "::/0"];
    let then = issued_with(|event| event.allowed_cidrs = all(&kept));
    check([], issue(|ask| ask.allowed_cidrs = all(&given)), Ok(vec![then]));
}

#[test]
fn fifty_address_ranges_are_taken_and_fifty_one_refused() {
    let ranges = |count: usize| (0..count).map(|number| the(&format!("10.0.{number}.0/24"))).collect();
    let then = issued_with(|event| event.allowed_cidrs = ranges(50));
    check([], issue(|ask| ask.allowed_cidrs = ranges(50)), Ok(vec![then]));
    let refused = ApiKeyRefusal::TooManyCidrs { what: "address ranges", given: 51, allowed: 50 };
    check([], issue(|ask| ask.allowed_cidrs = ranges(51)), Err(refused));
}
