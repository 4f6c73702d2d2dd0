//! Secrets that another system has made, and secrets that have leaked.

use std::net::IpAddr;

use domain::{
    api_key::{ApiKeyEvent, Quarantined, Released},
    decision::RefusalReason,
    explain::Claim,
    secret::ForeignDigest,
};

use crate::{
    Call, Decision, Gateway, LimitKind,
    testing::{CLIENT, KEY, Organisation, POLICY, call, peppers, rate, read, secret, settings, spec},
};

const FOREIGN: &str = "kong-3fPq9sKd02mzX";
const IMPORTED: &str = "key_00000000000000000000000002";

fn presenting(org: &Organisation, secret: &str) -> Decision {
    org.judge(&call(secret, &read("prod")))
}

fn check(org: &Organisation, secret: &str, expected: Option<RefusalReason>) {
    assert_eq!(presenting(org, secret).reason, expected, "{secret}");
}

#[test]
fn a_foreign_secret_opens_its_key_and_no_other_text_does() {
    let mut org = Organisation::small();
    org.import(IMPORTED, FOREIGN);
    let decision = presenting(&org, FOREIGN);
    assert_eq!((decision.reason, decision.key_id), (None, Some(read(IMPORTED))));
    assert_eq!((decision.client_id, decision.secret_version), (Some(read(CLIENT)), Some(1)));
    for other in ["kong-3fPq9sKd02mzx", "kong-3fPq9sKd02mz", "kong-3fPq9sKd02mzXX", "rubbish-of-some-length"]
    {
        check(&org, other, Some(RefusalReason::UnknownSecret));
    }
    // Neither its digest nor what cannot be a secret at all.
    let digest = hex(ForeignDigest::of(FOREIGN).unwrap().as_bytes());
    check(&org, &digest, Some(RefusalReason::UnknownSecret));
    check(&org, "short", Some(RefusalReason::MalformedSecret));
    check(&org, &"k".repeat(257), Some(RefusalReason::MalformedSecret));
    check(&org, &secret(1), None);
    check(&org, &secret(99), Some(RefusalReason::UnknownSecret));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn rubbish_is_dropped_by_its_form_while_there_are_no_foreign_secrets() {
    let org = Organisation::small();
    check(&org, FOREIGN, Some(RefusalReason::MalformedSecret));
}

#[test]
fn a_rotated_foreign_secret_lives_on_for_the_overlap_and_is_then_forgotten() {
    let mut org = Organisation::small();
    org.import(IMPORTED, FOREIGN);
    org.rotate(IMPORTED, 2, 7, 10);
    check(&org, FOREIGN, None);
    assert_eq!(presenting(&org, &secret(7)).secret_version, Some(2));
    org.pass(10);
    check(&org, FOREIGN, Some(RefusalReason::SecretRetired));
    org.rotate(IMPORTED, 3, 8, 10);
    check(&org, FOREIGN, Some(RefusalReason::UnknownSecret));
    check(&org, &secret(7), None);
    check(&org, &secret(8), None);
}

#[test]
fn a_snapshot_carries_foreign_secrets_and_quarantines() {
    let mut org = Organisation::small();
    org.import(IMPORTED, FOREIGN);
    org.rotate(IMPORTED, 2, 7, 100);
    quarantine(&mut org, KEY, 1, &["192.0.2.7/32"]);
    let gateway = Gateway::new(settings(), peppers());
    gateway.restore(&org.gateway.snapshot().unwrap()).unwrap();
    org.gateway = gateway;
    org.pass(0);
    check(&org, FOREIGN, None);
    check(&org, "rubbish-of-some-length", Some(RefusalReason::UnknownSecret));
    check(&org, &secret(1), Some(RefusalReason::KeyQuarantined));
    assert_eq!(from(&org, &secret(1), "192.0.2.7").reason, None);
}

#[test]
fn a_holder_is_found_by_whatever_secret_it_has() {
    let mut org = Organisation::small();
    org.import(IMPORTED, FOREIGN);
    org.rotate(IMPORTED, 2, 7, 10);
    let claims = |text: &str, key: &str, secret_version| {
        let claim = Claim::Proven { key_id: read(key), secret_version };
        assert_eq!(org.gateway.identify(Some(text)), claim);
    };
    claims(&secret(1), KEY, 1);
    claims(FOREIGN, IMPORTED, 1);
    claims(&secret(7), IMPORTED, 2);
    let unknown = Claim::Refused(RefusalReason::UnknownSecret);
    assert_eq!(org.gateway.identify(Some(&secret(99))), unknown);
    assert_eq!(org.gateway.identify(Some("rubbish-of-some-length")), unknown);
}

fn quarantine(org: &mut Organisation, key: &str, secret_version: u32, known: &[&str]) {
    org.key(
        key,
        ApiKeyEvent::Quarantined(Quarantined {
            leak_id: read("lek_00000000000000000000000001"),
            secret_version,
            known_addresses: known.iter().map(|range| read(range)).collect(),
            calls_per_minute: 2,
        }),
    );
}

fn from(org: &Organisation, secret: &str, address: &str) -> Decision {
    let (environment, address) = (read("prod"), address.parse::<IpAddr>().unwrap());
    org.judge(&Call { address: Some(address), ..call(secret, &environment) })
}

#[test]
fn a_quarantined_secret_opens_little_and_only_from_where_it_was_used_before() {
    let mut org = Organisation::small();
    quarantine(&mut org, KEY, 1, &["192.0.2.7/32"]);
    check(&org, &secret(1), Some(RefusalReason::KeyQuarantined));
    assert_eq!(from(&org, &secret(1), "198.51.100.1").reason, Some(RefusalReason::KeyQuarantined));
    for _ in 0..2 {
        assert_eq!(from(&org, &secret(1), "192.0.2.7").reason, None);
    }
    let third = from(&org, &secret(1), "192.0.2.7");
    assert_eq!((third.reason, third.retry_after_seconds), (Some(RefusalReason::RateLimited), Some(30)));
    org.pass(30);
    assert_eq!(from(&org, &secret(1), "192.0.2.7").reason, None);
}

#[test]
fn a_later_secret_is_free_and_a_released_key_is_too() {
    let mut org = Organisation::small();
    quarantine(&mut org, KEY, 1, &[]);
    org.rotate(KEY, 2, 7, 10);
    check(&org, &secret(1), Some(RefusalReason::KeyQuarantined));
    check(&org, &secret(7), None);
    org.key(KEY, ApiKeyEvent::Released(Released { reason: read("rotated") }));
    check(&org, &secret(1), None);
}

#[test]
fn what_other_limits_refuse_is_not_taken_from_what_a_quarantine_leaves() {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![rate("burst", 1)], vec![]));
    org.assign(POLICY, |assignment| assignment.client_id = Some(read(CLIENT)));
    quarantine(&mut org, KEY, 1, &["192.0.2.7/32"]);
    assert_eq!(from(&org, &secret(1), "192.0.2.7").reason, None);
    for _ in 0..5 {
        let refused = from(&org, &secret(1), "192.0.2.7");
        assert_eq!(refused.reason, Some(RefusalReason::RateLimited));
        assert_eq!(refused.limits.first().map(|limit| limit.kind), Some(LimitKind::Rate), "by the policy");
    }
    org.pass(60);
    assert_eq!(from(&org, &secret(1), "192.0.2.7").reason, None);
}
