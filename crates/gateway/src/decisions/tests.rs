use std::collections::BTreeSet;

use domain::decision::{Outcome, RefusalReason};

use super::*;
use crate::{
    Gateway,
    testing::{CLIENT, Organisation, POLICY, call, peppers, quota, read, secret, settings, spec},
};

fn organisation(kept: KeptDecisions) -> Organisation {
    let mut org = Organisation::empty(settings());
    org.gateway = Gateway::new(settings(), peppers()).keeping_decisions(kept);
    org.retell();
    org
}

fn taken(org: &Organisation) -> (Vec<DecisionRecord>, DecisionsLeftOut) {
    let batch = org.gateway.take_flush(org.now).batch;
    batch.map(|batch| (batch.decisions, batch.left_out)).unwrap_or_default()
}

#[test]
fn every_refusal_is_kept_as_it_was_taken() {
    let mut org = organisation(KeptDecisions { allowed_one_in: 0, ..KeptDecisions::default() });
    org.policy(POLICY, spec(vec![], vec![quota("daily", 1)]));
    org.assign(POLICY, |assignment| assignment.client_id = Some(read(CLIENT)));
    org.call(1);
    let prod = read("prod");
    let address = Some("198.51.100.77".parse().unwrap());
    let refused = org.judge(&Call { address, ..call(&secret(1), &prod) });
    let (records, left_out) = taken(&org);
    assert!(left_out.is_none());
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((record.id, record.outcome), (refused.id, Outcome::QuotaExceeded));
    assert_eq!((record.reason, &record.limits), (refused.reason, &refused.limits.to_vec()));
    assert_eq!(record.network, Some("198.51.100.0/24".parse().unwrap()));
    let text = serde_json::to_string(record).unwrap();
    assert!(!text.contains(&secret(1)) && !text.contains("/orders") && !text.contains(".77"), "{text}");
    assert_eq!(taken(&org).0, []);
}

#[test]
fn of_allowed_calls_a_share_is_kept_by_their_number() {
    let org = organisation(KeptDecisions { allowed_one_in: 4, ..KeptDecisions::default() });
    let sampled: Vec<_> = (0..400).map(|_| org.call(1).id).filter(|id| is_sampled(*id, 4)).collect();
    let kept: Vec<_> = taken(&org).0.into_iter().map(|record| record.id).collect();
    assert_eq!(kept, sampled);
    assert!((50..200).contains(&kept.len()), "{} of 400", kept.len());
}

#[test]
fn a_flood_is_counted_and_leaves_room_for_those_with_a_secret() {
    let kept = KeptDecisions { allowed_one_in: 0, proven_max: 10, unproven_max: 3 };
    let org = organisation(kept);
    for _ in 0..20 {
        org.call(9);
    }
    let test = read("test");
    org.judge(&call(&secret(1), &test));
    let (records, left_out) = taken(&org);
    assert_eq!(left_out, DecisionsLeftOut { proven: 0, unproven: 17 });
    let reasons: Vec<_> = records.iter().filter_map(|record| record.reason).collect();
    assert_eq!(reasons.iter().filter(|reason| **reason == RefusalReason::UnknownSecret).count(), 3);
    assert!(reasons.contains(&RefusalReason::WrongEnvironment));
    // With the flush there is room again.
    org.call(9);
    assert_eq!(taken(&org).0.len(), 1);
}

#[test]
fn many_decisions_go_in_several_batches_and_each_once() {
    let org = organisation(KeptDecisions { allowed_one_in: 1, ..KeptDecisions::default() });
    let decided: BTreeSet<_> = (0..1_200).map(|_| org.call(1).id).collect();
    let mut kept = BTreeSet::new();
    let mut batches = 0;
    while org.gateway.more_waits() {
        let flush = org.gateway.take_flush(org.now);
        let batch = flush.batch.unwrap();
        assert!(batch.decisions.len() <= AT_ONCE_MAX);
        assert_eq!(batch.facts.is_empty(), batches > 0);
        kept.extend(batch.decisions.iter().map(|record| record.id));
        batches += 1;
    }
    assert_eq!((kept, batches), (decided, 3));
}

/// Some doors hand on whatever text they were told, and a database may refuse a batch for one character.
#[test]
fn of_a_method_only_what_http_knows_is_kept() {
    let org = organisation(KeptDecisions::default());
    let (long, prod) = ("A".repeat(100), read("prod"));
    for (said, kept) in [
        ("GET", "GET"),
        ("M-SEARCH", "M-SEARCH"),
        (&long, &long[..16]),
        ("", ""),
        ("GET\0", ""),
        ("GET /", ""),
        ("GRÖSSE", ""),
        (&format!("{long}\0"), ""),
    ] {
        org.judge(&Call { method: said, ..call(&secret(9), &prod) });
        let methods: Vec<_> = taken(&org).0.into_iter().map(|record| record.method).collect();
        assert_eq!(methods, [kept], "{said:?}");
    }
}
