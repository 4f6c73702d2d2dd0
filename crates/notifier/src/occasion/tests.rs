//! What a rule's marks make of what has come near.

use super::*;

fn expiring(days_left: u16) -> What {
    let Notice::KeyExpiring(told) = Notice::sample(NoticeName::KeyExpiring) else { panic!("another notice") };
    What::Expiry(KeyExpiring { days_left, ..told })
}

fn quota(used: u64, allowed: u64) -> What {
    let Notice::QuotaThreshold(told) = Notice::sample(NoticeName::QuotaThreshold) else {
        panic!("another notice")
    };
    let told = QuotaThreshold { used, allowed, ..told };
    What::Quota(Box::new(QuotaLevel { told, thresholds: vec![70] }))
}

const DAYS: [u16; 6] = [1, 3, 7, 14, 30, 60];
const PERCENT: [u8; 4] = [50, 80, 90, 100];

fn told(what: &What, wanted: &[NoticeName]) -> Option<(NoticeName, i64, Vec<i64>)> {
    told_by(what, wanted, &PERCENT)
}

fn told_by(what: &What, wanted: &[NoticeName], thresholds: &[u8]) -> Option<(NoticeName, i64, Vec<i64>)> {
    let marks = Marks { days_before: &DAYS, thresholds, report: None, environment: None };
    let marked = what.marked(&|name| wanted.contains(&name), &marks)?;
    Some((marked.notice.name(), marked.threshold, marked.covers))
}

#[test]
fn a_key_that_expires_is_told_by_the_nearest_mark_that_is_reached() {
    use NoticeName::KeyExpiring as E;
    assert_eq!(told(&expiring(61), &[E]), None);
    assert_eq!(told(&expiring(60), &[E]), Some((E, -60, vec![])));
    assert_eq!(told(&expiring(31), &[E]), Some((E, -60, vec![])));
    // After a time of silence the nearest alone is told, and stands for the others.
    assert_eq!(told(&expiring(2), &[E]), Some((E, -3, vec![-7, -14, -30, -60])));
    assert_eq!(told(&expiring(0), &[E]), Some((E, -1, vec![-3, -7, -14, -30, -60])));
    assert_eq!(told(&expiring(2), &[NoticeName::KeyExpired]), None);
}

#[test]
fn of_a_quota_the_gravest_share_is_told() {
    use NoticeName::{QuotaExhausted as X, QuotaThreshold as T};
    assert_eq!(told(&quota(49, 100), &[T, X]), None);
    assert_eq!(told(&quota(50, 100), &[T, X]), Some((T, 50, vec![])));
    assert_eq!(told(&quota(95, 100), &[T, X]), Some((T, 90, vec![50, 80])));
    assert_eq!(told(&quota(100, 100), &[T, X]), Some((X, 100, vec![50, 80, 90])));
    assert_eq!(told(&quota(120, 100), &[T]), Some((T, 100, vec![50, 80, 90])));
    // 99.99 % is not all of it.
    assert_eq!(told(&quota(9_999, 10_000), &[X]), None);
    assert_eq!(told(&quota(u64::MAX, u64::MAX), &[X]), Some((X, 100, vec![50, 80, 90])));
}

#[test]
fn a_rule_without_shares_goes_by_the_policys() {
    use NoticeName::QuotaThreshold as T;
    assert_eq!(told_by(&quota(75, 100), &[T], &[]), Some((T, 70, vec![])));
    assert_eq!(told_by(&quota(69, 100), &[T], &[]), None);
}

#[test]
fn what_happens_once_is_told_to_who_wants_it() {
    let revoked = What::Once(Notice::sample(NoticeName::KeyRevoked));
    assert_eq!(told(&revoked, &[NoticeName::KeyRevoked]), Some((NoticeName::KeyRevoked, 0, vec![])));
    assert_eq!(told(&revoked, &[NoticeName::KeyIssued]), None);
    assert!(revoked.subject().starts_with("key_"));
}
