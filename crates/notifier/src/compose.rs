//! From an occasion and a rule to a message and its deliveries: to whom, by which way, and when.

use std::collections::BTreeSet;

use domain::{
    Name, NoticeName, NotificationRuleId, Timestamp,
    ids::{DeliveryId, MessageId},
    notification_rule::Cadence,
    webhook::EventPattern,
};
use outbox::{MessageKind, NewDelivery, NewMessage, NoticeKey, Outbox, Recipient, Start, hashed};

use crate::{
    book::Book,
    mail::Morning,
    notice::Notice,
    occasion::{Marked, Occasion},
    parts::Failure,
    recipients::{Recipients, recipients},
    rules::{Rule, Wishes},
    told::Kept,
};

/// Under which what is told after a time of silence is gathered.
const CATCHING_UP: &str = "catching-up";

/// What messages are composed with.
pub(crate) struct Composer<'of> {
    pub(crate) book: &'of Book,
    pub(crate) outbox: &'of Outbox,
    pub(crate) wishes: &'of Wishes,
    pub(crate) now: Timestamp,
    /// Until when what is told by e-mail is gathered, because much of it comes at once; none: told as it comes.
    pub(crate) catching_up: Option<Timestamp>,
}

impl Composer<'_> {
    /// The messages that the rules make of an occasion, but for those that were told for certain.
    ///
    /// # Errors
    /// When the read models or the outbox cannot be read.
    pub(crate) async fn messages(
        &self,
        occasion: &Occasion,
        told: &(dyn Fn(&MessageId) -> bool + Sync),
    ) -> Result<Vec<NewMessage>, Failure> {
        let mut messages = vec![];
        for rule in &self.wishes.rules {
            let Some(Marked { notice, once_by, threshold, covers }) = rule.marks(occasion) else { continue };
            let key = NoticeKey {
                rule_id: rule.id,
                notice: once_by.to_owned(),
                subject: occasion.what.subject(),
                window: occasion.window.clone(),
                threshold,
                covers,
            };
            if !told(&of_notice(&key)) {
                messages.extend(self.message(rule, occasion, notice, key).await?);
            }
        }
        Ok(messages)
    }

    /// None where there is nobody left whom it could go to.
    async fn message(
        &self,
        rule: &Rule,
        occasion: &Occasion,
        notice: Notice,
        key: NoticeKey,
    ) -> Result<Option<NewMessage>, Failure> {
        let message_id = of_notice(&key);
        let is_report = notice.name() == NoticeName::UsageReport;
        let recipients = self.recipients(rule, occasion).await?;
        if recipients.is_empty() {
            return Ok(None);
        }
        let deliveries = recipients.into_iter().map(|recipient| NewDelivery {
            delivery_id: delivery_id(message_id, &recipient),
            // A report stands for a week or more, and is a letter of its own.
            start: if is_report {
                Start::Due(self.now)
            } else {
                self.start(rule.id, &rule.cadence, occasion.team(), &recipient)
            },
            cancel_key: occasion.cancel_key.clone(),
            recipient,
        });
        Ok(Some(NewMessage {
            message_id,
            kind: MessageKind::Notice,
            message_type: EventPattern::type_of(notice.name()),
            subject: key.subject.clone(),
            sequence: None,
            position: occasion.position,
            environment: occasion.environment.clone(),
            team: occasion.team().cloned(),
            client_id: occasion.client.as_ref().map(|client| client.told.id),
            body: serde_json::to_string(&Kept {
                rule: rule.name.clone(),
                csv: is_report && rule.sends_csv(),
                notice,
            })?,
            deliveries: deliveries.collect(),
            notice: Some(key),
        }))
    }

    /// An address that refuses letters is left out; where there was one, the owner is told in its place.
    async fn recipients(&self, rule: &Rule, occasion: &Occasion) -> Result<Vec<Recipient>, Failure> {
        let Recipients { webhooks, addresses } =
            recipients(rule, occasion, &self.wishes.addresses, self.book).await?;
        let addresses = self.reachable(addresses, occasion).await?;
        let webhooks = webhooks.into_iter().map(Recipient::Webhook);
        Ok(webhooks.chain(addresses.into_iter().map(Recipient::Email)).collect())
    }

    async fn reachable(
        &self,
        addresses: BTreeSet<String>,
        occasion: &Occasion,
    ) -> Result<BTreeSet<String>, Failure> {
        let mut reachable = BTreeSet::new();
        let mut refused = false;
        for address in addresses {
            if refuses(self.outbox, &address, self.now).await? {
                refused = true;
            } else {
                reachable.insert(address);
            }
        }
        if refused
            && let Some(owner) = occasion.client.as_ref().and_then(|client| client.owner())
            && !refuses(self.outbox, owner, self.now).await?
        {
            reachable.insert(owner.to_owned());
        }
        Ok(reachable)
    }

    /// Webhooks are told at once; letters when the rule says, where the team is, and together where much comes at once.
    fn start(
        &self,
        rule: NotificationRuleId,
        cadence: &Cadence,
        team: Option<&Name>,
        recipient: &Recipient,
    ) -> Start {
        let Recipient::Email(_) = recipient else { return Start::Due(self.now) };
        match (cadence, self.catching_up) {
            (Cadence::Digest { hour, time_zone, team_zones }, _) => {
                let zone = team.and_then(|team| team_zones.get(team)).unwrap_or(time_zone);
                Start::Gathered {
                    digest_key: format!("{rule}/{hour}/{}", zone.as_str()),
                    // A rule's hour is one.
                    due_at: Morning::new(*hour, zone.zone())
                        .map_or(self.now, |morning| morning.next_after(self.now)),
                }
            }
            (Cadence::Immediate, Some(due_at)) => {
                Start::Gathered { digest_key: CATCHING_UP.to_owned(), due_at }
            }
            (Cadence::Immediate, None) => Start::Due(self.now),
        }
    }
}

/// Whether letters to it were refused for good lately.
pub(crate) async fn refuses(outbox: &Outbox, address: &str, now: Timestamp) -> Result<bool, Failure> {
    let marked = outbox.is_marked(address).await?;
    Ok(marked.is_some_and(|marked| marked.avoided_until() > now))
}

/// What the same notice has whoever makes it, and however often.
fn of_notice(key: &NoticeKey) -> MessageId {
    let NoticeKey { rule_id, notice, subject, window, threshold, covers: _ } = key;
    MessageId::from_u128(hashed(&[
        "notice",
        &rule_id.to_string(),
        notice,
        subject,
        window,
        &threshold.to_string(),
    ]))
}

/// Of a message to a recipient.
pub(crate) fn delivery_id(message: MessageId, recipient: &Recipient) -> DeliveryId {
    let (way, to) = match recipient {
        Recipient::Webhook(id) => ("webhook", id.to_string()),
        Recipient::Email(address) => ("email", address.clone()),
    };
    DeliveryId::from_u128(hashed(&["delivery", &message.to_string(), way, &to]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_notice_has_the_same_number_and_another_another() {
        let key = |window: &str, threshold| NoticeKey {
            rule_id: NotificationRuleId::from_parts(1, 1),
            notice: "quota".to_owned(),
            subject: "cli_1".to_owned(),
            window: window.to_owned(),
            threshold,
            covers: vec![],
        };
        assert_eq!(of_notice(&key("a", 80)), of_notice(&key("a", 80)));
        assert_ne!(of_notice(&key("a", 80)), of_notice(&key("a", 90)));
        assert_ne!(of_notice(&key("a", 80)), of_notice(&key("b", 80)));
        assert_ne!(hashed(&["ab", "c"]), hashed(&["a", "bc"]));
        let (id, address) = (of_notice(&key("a", 80)), Recipient::Email("desk@example.com".to_owned()));
        let parsed: MessageId = id.to_string().parse().unwrap();
        assert_eq!(parsed, id);
        assert_ne!(delivery_id(id, &address), delivery_id(id, &Recipient::Email("d@example.com".to_owned())));
    }
}
