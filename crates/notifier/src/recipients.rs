//! Whom a rule means, of an occasion: webhooks, and addresses as far as they are not erased.

use std::collections::BTreeSet;

use domain::{WebhookId, notification_rule::Recipient, personal::PersonalValues};

use crate::{book::Book, occasion::Occasion, parts::Failure};

/// Each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipients {
    pub(crate) webhooks: BTreeSet<WebhookId>,
    pub(crate) addresses: BTreeSet<String>,
}

/// # Errors
/// When the read models cannot be read.
pub(crate) async fn recipients(
    wanted: &[Recipient],
    occasion: &Occasion,
    known: &PersonalValues,
    book: &Book,
) -> Result<Recipients, Failure> {
    let mut to = Recipients::default();
    let client = occasion.client.as_ref();
    for recipient in wanted {
        match recipient {
            Recipient::Contacts { role } => {
                let contacts = client.into_iter().flat_map(|client| client.contacts(*role));
                to.addresses.extend(contacts.map(str::to_owned));
            }
            Recipient::Owner => {
                to.addresses.extend(client.and_then(|client| client.owner()).map(str::to_owned))
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
