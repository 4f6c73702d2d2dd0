//! Given, when, then.

use domain::rate_limit_policy::{PolicyCommand, UnassignPolicy};

use super::*;
use crate::testing::{History, assign, assignment, at, client, define_policy, folded, policy};

#[test]
fn an_assignment_comes_and_goes() {
    let history = History::default().policy(1, &define_policy()).policy(1, &assign(1, Some(client(1))));
    let expected = AssignmentRow {
        assignment_id: assignment(1),
        policy_id: policy(1),
        client_id: Some(client(1)),
        route_id: None,
        environment: None,
        from: None,
        until: None,
        version: 2,
        position: Position::new(2),
        assigned_at: at(2),
    };
    assert_eq!(folded::<AssignmentDirectory>(&history, assignment(1)), Some(expected));

    let unassign = UnassignPolicy { assignment_id: assignment(1), reason: None };
    let history = history.policy(1, &PolicyCommand::Unassign(unassign));
    assert_eq!(folded::<AssignmentDirectory>(&history, assignment(1)), None);
}
