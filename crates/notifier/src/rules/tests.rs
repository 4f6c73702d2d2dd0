//! What a rule is about.

use std::collections::BTreeMap;

use domain::{ClientId, Position, access::ResourceFacts, api_client::ClientKind};
use projections::{ClientStatus, queries::clients::ClientRow};

use super::*;
use crate::{book::KnownClient, notice::Notice, occasion::What, of_events::ANYTHING};

fn client(number: u128, team: &str) -> KnownClient {
    let row = ClientRow {
        client_id: ClientId::from_parts(1, number),
        name: "Booking".to_owned(),
        kind: ClientKind::Partner,
        status: ClientStatus::Active,
        owner_team: team.to_owned(),
        owner_email: None,
        owner_email_of: None,
        contacts: vec![],
        environments: vec!["prod".to_owned(), "test".to_owned()],
        scopes: vec![],
        labels: BTreeMap::new(),
        version: 1,
        position: Position::new(1),
        registered_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    };
    KnownClient::of(row).unwrap()
}

fn occasion(notice: NoticeName, of: Option<KnownClient>, environment: Option<&str>) -> Occasion {
    let environment: Option<Environment> = environment.map(|name| name.parse().unwrap());
    let facts = match (&of, &environment) {
        (Some(client), Some(there)) => ResourceFacts::owned(&client.told.owner_team, [there.clone()]),
        (Some(client), None) => client.facts(),
        (None, _) => ANYTHING,
    };
    Occasion {
        what: What::Once(Notice::sample(notice)),
        window: "w".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        position: None,
        client: of,
        environment,
        facts,
        sharing: vec![],
        named: vec![],
        cancel_key: None,
    }
}

fn rule(about: About, notices: &[NoticeName]) -> Rule {
    let spec = RuleSpec {
        name: "a".parse().unwrap(),
        notices: notices.iter().copied().collect(),
        thresholds: [].into(),
        days_before: [].into(),
        about,
        recipients: vec![Recipient::Owner],
        cadence: Cadence::Immediate,
        report: None,
    };
    Rule::of(NotificationRuleId::from_parts(1, 1), &spec, Timestamp::UNIX_EPOCH)
}

#[test]
fn a_rule_is_asked_about_what_it_is_about_and_nothing_else() {
    let revoked = NoticeName::KeyRevoked;
    let of = |team: Option<&str>, environment: Option<&str>, client: Option<u128>| About {
        client_id: client.map(|number| ClientId::from_parts(1, number)),
        team: team.map(|team| team.parse().unwrap()),
        environment: environment.map(|name| name.parse().unwrap()),
    };
    let here = || occasion(revoked, Some(client(7, "Orders")), Some("prod"));
    for (about, expected) in [
        (About::default(), true),
        (of(Some("Orders"), None, None), true),
        (of(Some("Billing"), None, None), false),
        (of(None, Some("prod"), None), true),
        (of(None, Some("test"), None), false),
        (of(None, None, Some(7)), true),
        (of(None, None, Some(8)), false),
        (of(Some("Orders"), Some("prod"), Some(7)), true),
        (of(Some("Orders"), Some("test"), Some(7)), false),
    ] {
        assert_eq!(rule(about.clone(), &[revoked]).marks(&here()).is_some(), expected, "{about:?}");
    }
    assert!(rule(About::default(), &[NoticeName::KeyIssued]).marks(&here()).is_none());
    // A client that is suspended is so in each of its environments.
    let everywhere = || occasion(NoticeName::ClientSuspended, Some(client(7, "Orders")), None);
    assert!(
        rule(of(None, Some("test"), None), &[NoticeName::ClientSuspended]).marks(&everywhere()).is_some()
    );
    assert!(rule(of(None, Some("dev"), None), &[NoticeName::ClientSuspended]).marks(&everywhere()).is_none());
    // What is nobody's is not a team's.
    let nobodys = || occasion(NoticeName::CheckpointAlarm, None, None);
    assert!(rule(About::default(), &[NoticeName::CheckpointAlarm]).marks(&nobodys()).is_some());
    assert!(rule(of(Some("Orders"), None, None), &[NoticeName::CheckpointAlarm]).marks(&nobodys()).is_none());
}

#[test]
fn a_webhook_that_subscribes_to_notices_is_told_within_its_scope() {
    use domain::webhook::{Endpoint, SecretSource, WebhookSpec};
    let webhook = |events: &[&str], scope: GrantScope| WebhookRow {
        webhook_id: WebhookId::from_parts(1, 3),
        status: projections::WebhookStatus::Active,
        endpoint: Endpoint {
            spec: WebhookSpec {
                name: "a".parse().unwrap(),
                url: "https://example.com/".parse().unwrap(),
                events: events.iter().map(|text| text.parse().unwrap()).collect(),
                scope,
            },
            verified: true,
            disabled: None,
            secret: SecretSource { version: 1, pepper_version: 1 },
            previous: None,
        },
        version: 1,
        position: Position::new(1),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(Rule::of_webhook(&webhook(&["api_key.*"], GrantScope::All)), None);
    let orders = GrantScope::team("Orders".parse().unwrap());
    assert!("notice.key_*".parse::<EventPattern>().is_err(), "a pattern ends after a dot");
    let rule = Rule::of_webhook(&webhook(&["notice.*"], orders)).unwrap();
    assert!(rule.marks(&occasion(NoticeName::KeyRevoked, Some(client(7, "Orders")), Some("prod"))).is_some());
    assert!(
        rule.marks(&occasion(NoticeName::KeyRevoked, Some(client(7, "Billing")), Some("prod"))).is_none()
    );
    assert!(rule.marks(&occasion(NoticeName::CheckpointAlarm, None, None)).is_none());
    assert_eq!(rule.recipients, [Recipient::Webhook { webhook_id: WebhookId::from_parts(1, 3) }]);
}
