//! Whom a rule means, of an occasion: webhooks, and addresses as far as they are not erased.

use std::collections::BTreeSet;

use domain::{WebhookId, notification_rule::Recipient, personal::PersonalValues};

use crate::{book::Book, occasion::Occasion, parts::Failure, rules::Rule};

/// Each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipients {
    pub(crate) webhooks: BTreeSet<WebhookId>,
    pub(crate) addresses: BTreeSet<String>,
}

/// # Errors
/// When the read models cannot be read.
pub(crate) async fn recipients(
    rule: &Rule,
    occasion: &Occasion,
    known: &PersonalValues,
    book: &Book,
) -> Result<Recipients, Failure> {
    let mut to = Recipients::default();
    for recipient in &rule.recipients {
        match recipient {
            Recipient::Contacts { role } => {
                let contacts = rule.concerned(occasion).flat_map(|client| client.contacts(*role));
                to.addresses.extend(contacts.map(str::to_owned));
            }
            Recipient::Owner => {
                let owners = rule.concerned(occasion).filter_map(|client| client.owner());
                to.addresses.extend(owners.map(str::to_owned));
            }
            Recipient::Address { address } => {
                to.addresses.extend(known.get(address).map(ToString::to_string));
            }
            Recipient::Named => {
                for id in &occasion.named {
                    to.addresses.extend(book.address_of(*id).await?);
                }
            }
            Recipient::Webhook { webhook_id } => {
                to.webhooks.insert(*webhook_id);
            }
        }
    }
    Ok(to)
}
