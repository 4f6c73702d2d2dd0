//! Samples of webhooks and of rules of what is told.

use super::{EPOCH_MS, Sampled, day, personal};
use crate::{
    ClientId, DeliveryId, WebhookId,
    access::{GrantScope, Limits},
    api_client::ContactRole,
    notice::NoticeName,
    notification_rule::{self, About, Cadence, NotificationRuleEvent, Recipient, RuleSpec},
    webhook::{self, DisableCause, SecretSource, WebhookEvent, WebhookSpec},
};

pub(super) fn webhook_events() -> Sampled<Vec<WebhookEvent>> {
    use WebhookEvent as E;
    let spec = |url: &str| -> Sampled<WebhookSpec> {
        let limits = Limits { team: Some("Orders".parse()?), environments: Some(["prod".parse()?].into()) };
        Ok(WebhookSpec {
            name: "Orders desk".parse()?,
            url: url.parse()?,
            events: ["api_key.*".parse()?, "notice.quota_threshold".parse()?].into(),
            scope: GrantScope::Limited(limits),
        })
    };
    let url = "https://hooks.partner.example/tollgate";
    Ok(vec![
        E::Created(webhook::Created {
            spec: spec(url)?,
            secret: SecretSource { version: 1, pepper_version: 1 },
        }),
        E::Revised(webhook::Revised { spec: spec("https://hooks.partner.example/t/2")? }),
        E::Verified(webhook::Verified { url: url.parse()? }),
        E::SecretRotated(webhook::SecretRotated {
            secret: SecretSource { version: 2, pepper_version: 1 },
            previous_until: day(1)?,
        }),
        E::Disabled(webhook::Disabled {
            cause: DisableCause::ByHand,
            reason: Some("The partner moves its receiver".parse()?),
        }),
        E::Enabled(webhook::Enabled { reason: Some("It has moved".parse()?) }),
        E::Deleted(webhook::Deleted { reason: Some("Contract ended".parse()?) }),
        E::VerificationAsked(webhook::VerificationAsked { url: url.parse()? }),
        E::TestAsked(webhook::TestAsked { event_type: "api_key.revoked".into() }),
        E::ResendAsked(webhook::ResendAsked { delivery_id: DeliveryId::from_parts(EPOCH_MS, 13) }),
    ])
}

pub(super) fn notification_rule_events(
    client_id: ClientId,
    webhook_id: WebhookId,
) -> Sampled<Vec<NotificationRuleEvent>> {
    use NotificationRuleEvent as E;
    let spec = |cadence: Cadence| -> Sampled<RuleSpec> {
        Ok(RuleSpec {
            name: "Partners about their keys".parse()?,
            notices: [NoticeName::KeyExpiring, NoticeName::QuotaThreshold].into(),
            thresholds: notification_rule::DEFAULT_THRESHOLDS.into(),
            days_before: notification_rule::DEFAULT_DAYS_BEFORE.into(),
            about: About {
                client_id: Some(client_id),
                team: Some("Orders".parse()?),
                environment: Some("prod".parse()?),
            },
            recipients: vec![
                Recipient::Contacts { role: Some(ContactRole::Technical) },
                Recipient::Owner,
                Recipient::Address { address: personal("desk@example.com") },
                Recipient::Named,
                Recipient::Webhook { webhook_id },
            ],
            cadence,
            // Came later, too.
            report: None,
        })
    };
    // As events of this version were first written: without `team_zones`, which came later.
    let team_zones = std::collections::BTreeMap::new();
    let digest = Cadence::Digest { hour: 8, time_zone: "Europe/Berlin".parse()?, team_zones };
    Ok(vec![
        E::Made(notification_rule::Made { spec: spec(Cadence::Immediate)? }),
        E::Revised(notification_rule::Revised { spec: spec(digest)? }),
        E::Ended(notification_rule::Ended { reason: Some("Contract ended".parse()?) }),
    ])
}
