//! Given, when, then.

use domain::api_key::ApiKeyCommand;

use super::*;
use crate::testing::{History, at, folded, issue, key, leak, report_leak};

#[test]
fn a_report_is_a_row_and_what_else_happens_to_the_key_is_none() {
    let history = History::default().key(1, &ApiKeyCommand::Issue(issue(1))).key(1, &report_leak(1));
    let expected = LeakRow {
        leak_id: leak(1),
        key_id: key(1),
        client_id: None,
        secret_version: 1,
        receiver: LeakReceiver::Github,
        source: Some("commit".to_owned()),
        url: Some("https://example.com/a".to_owned()),
        action: LeakAction::Quarantined,
        position: Position::new(2),
        reported_at: at(2),
    };
    assert_eq!(folded::<LeakDirectory>(&history, leak(1)), Some(expected));
    let keyed = history.events.iter().filter(|recorded| LeakDirectory::key(&recorded.event).is_some());
    assert_eq!(keyed.count(), 1, "the quarantine that follows is the key's");
}
