//! What a policy may say: at least one limit, each within its bounds, each name once.

use super::*;
use crate::LimitName;

fn refuse(change: impl Fn(&mut PolicySpec), refusal: &RateLimitPolicyRefusal) {
    check([], define(&change), Err(refusal.clone()));
    let PolicySpec { name, rates, quotas, counting, mode, thresholds } = spec_with(change);
    let when = PolicyCommand::Revise(RevisePolicy {
        name: Some(name),
        rates: Some(rates),
        quotas: Some(quotas),
        counting: Some(counting),
        mode: Some(mode),
        thresholds: Some(thresholds),
    });
    check([defined()], when, Err(refusal.clone()));
}

fn take(change: impl Fn(&mut PolicySpec)) {
    check([], define(&change), Ok(vec![defined_with(change)]));
}

#[test]
fn a_policy_needs_a_rate_limit_or_a_quota() {
    take(|spec| spec.rates.clear());
    take(|spec| spec.quotas.clear());
    refuse(|spec| (spec.rates, spec.quotas) = (vec![], vec![]), &RateLimitPolicyRefusal::NoLimit);
}

#[test]
fn as_many_as_allowed_are_taken_and_one_more_is_refused() {
    let rates = |count| many::<LimitName, Vec<_>>(count).iter().map(|n| rate(n.as_str(), 1, 1, 1)).collect();
    let quotas = |count| many::<LimitName, Vec<_>>(count).iter().map(|n| quota(n.as_str(), 1)).collect();
    let too_many = |what, allowed| RateLimitPolicyRefusal::TooMany { what, given: allowed + 1, allowed };
    take(|spec| spec.rates = rates(8));
    refuse(|spec| spec.rates = rates(9), &too_many("rate limits", 8));
    take(|spec| spec.quotas = quotas(8));
    refuse(|spec| spec.quotas = quotas(9), &too_many("quotas", 8));
    take(|spec| spec.thresholds = (1..=10).collect());
    refuse(|spec| spec.thresholds = (1..=11).collect(), &too_many("thresholds", 10));
    take(|spec| spec.thresholds.clear());
}

#[test]
fn no_two_limits_have_one_name() {
    let taken = RateLimitPolicyRefusal::NameTaken { name: the("burst") };
    refuse(|spec| spec.rates.push(rate("burst", 1, 1, 1)), &taken);
    refuse(|spec| spec.quotas.push(quota("burst", 1)), &taken);
    let taken = RateLimitPolicyRefusal::NameTaken { name: the("monthly") };
    refuse(|spec| spec.quotas.push(quota("monthly", 1)), &taken);
}

#[test]
fn a_rate_limit_is_within_its_bounds() {
    let of = |what: &'static str, given: u64| match what {
        "requests" => rate("burst", given, 1, 1),
        "per_seconds" => rate("burst", 1, u32::try_from(given).unwrap(), 1),
        _ => rate("burst", 1, 1, given),
    };
    for (what, allowed) in [("requests", 1_000_000_000), ("per_seconds", 86_400), ("burst", 1_000_000_000)] {
        take(|spec| spec.rates = vec![of(what, 1)]);
        take(|spec| spec.rates = vec![of(what, allowed)]);
        for given in [0, allowed + 1] {
            let refusal = RateLimitPolicyRefusal::OutOfBounds { limit: the("burst"), what, given, allowed };
            refuse(|spec| spec.rates = vec![of(what, given)], &refusal);
        }
    }
}

#[test]
fn a_quota_is_within_its_bounds() {
    let (allowed, what) = (1_000_000_000_000, "requests");
    take(|spec| spec.quotas = vec![quota("monthly", 1)]);
    take(|spec| spec.quotas = vec![quota("monthly", allowed)]);
    for given in [0, allowed + 1, u64::MAX] {
        let refusal = RateLimitPolicyRefusal::OutOfBounds { limit: the("monthly"), what, given, allowed };
        refuse(|spec| spec.quotas = vec![quota("monthly", given)], &refusal);
    }
}

#[test]
fn a_threshold_is_one_to_a_hundred_percent() {
    take(|spec| spec.thresholds = [1, 100].into());
    for threshold in [0, 101, u8::MAX] {
        let refusal = RateLimitPolicyRefusal::ThresholdOutOfBounds { threshold };
        refuse(|spec| spec.thresholds = [50, threshold].into(), &refusal);
    }
}

#[test]
fn a_time_zone_is_kept_under_its_canonical_name() {
    for (text, name) in
        [("Europe/Berlin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("utc", "UTC")]
    {
        assert_eq!(the::<TimeZoneName>(text).as_str(), name);
        assert_eq!(the::<TimeZoneName>(text), the(name));
    }
    assert_eq!(the::<TimeZoneName>("UTC"), TimeZoneName::utc());
    assert_eq!(the::<TimeZoneName>("Europe/Berlin").zone().iana_name(), Some("Europe/Berlin"));
}

#[test]
fn what_is_no_time_zone_is_refused() {
    for bad in ["", "Berlin", "CEST-1", "+01:00", "Etc/Unknown", "etc/unknown", "Europe/Berlin ", "Zürich"] {
        assert!(bad.parse::<TimeZoneName>().is_err(), "{bad}");
    }
    assert!("x".repeat(10_000).parse::<TimeZoneName>().is_err());
}

#[test]
fn limits_are_read_without_unknown_fields_and_without_absurd_numbers() {
    let good = r#"{"name":"burst","requests":1,"per_seconds":1,"burst":1}"#;
    assert_eq!(serde_json::from_str::<RateLimit>(good).unwrap(), rate("burst", 1, 1, 1));
    for bad in [
        r#"{"name":"burst","requests":1,"per_seconds":1,"burst":1,"bust":1}"#,
        r#"{"name":"burst","requests":-1,"per_seconds":1,"burst":1}"#,
        r#"{"name":"burst","requests":1.5,"per_seconds":1,"burst":1}"#,
        r#"{"name":"burst","requests":1e30,"per_seconds":1,"burst":1}"#,
        r#"{"name":"burst","requests":1,"per_seconds":4294967296,"burst":1}"#,
        r#"{"name":"","requests":1,"per_seconds":1,"burst":1}"#,
        r#"{"name":"burst","requests":1,"per_seconds":1}"#,
    ] {
        assert!(serde_json::from_str::<RateLimit>(bad).is_err(), "{bad}");
    }
}
