//! Given, when, then.

use domain::rate_limit_policy::{Mode, PolicyCommand, RetirePolicy, RevisePolicy};

use super::*;
use crate::testing::{History, assign, at, define_policy, folded, policy};

fn row(history: &History) -> PolicyRow {
    folded::<PolicyDirectory>(history, policy(1)).unwrap()
}

#[test]
fn a_revision_counts_specifications_and_an_assignment_only_the_version() {
    let history = History::default().policy(1, &define_policy()).policy(1, &assign(1, None));
    let assigned = row(&history);
    assert_eq!((assigned.revision, assigned.version, assigned.spec.mode), (1, 2, Mode::Enforce));

    let revise = RevisePolicy { mode: Some(Mode::Shadow), ..RevisePolicy::default() };
    let history = history.policy(1, &PolicyCommand::Revise(revise));
    let revised = row(&history);
    assert_eq!((revised.revision, revised.version, revised.spec.mode), (2, 3, Mode::Shadow));
    assert_eq!((revised.defined_at, revised.updated_at), (at(1), at(3)));
}

#[test]
fn a_retired_policy_keeps_its_row() {
    let retire = PolicyCommand::Retire(RetirePolicy { reason: None });
    let retired = row(&History::default().policy(1, &define_policy()).policy(1, &retire));
    assert_eq!((retired.status, retired.version), (PolicyStatus::Retired, 2));
}
