//! Mail addresses: those that mail does not reach, and those that are to be forgotten.

#[cfg(test)]
mod tests;

use domain::Timestamp;
use serde_json::Value as Json;

use crate::{
    Outbox, OutboxFailure,
    store::{Transaction, Value, sql},
};

/// Messages that are looked through at once.
const MESSAGES_AT_ONCE: u32 = 500;

/// Why mail does not reach an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    pub marked_at: Timestamp,
    /// A stable code: `refused`, `bounced`.
    pub reason: String,
}

/// What an erasure found here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Deliveries that have lost their address.
    pub deliveries: u64,
    /// Messages in which the value was blanked.
    pub messages: u64,
}

impl Outbox {
    /// Keeps that mail does not reach an address. A later reason takes the place of an earlier.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn mark_address(
        &self,
        address: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), OutboxFailure> {
        let values = vec![address.into(), now.into(), reason.into()];
        self.store.execute("marking an address", sql!("addresses/mark.sql"), values).await.map(drop)
    }

    /// Answers whether it was marked.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn unmark_address(&self, address: &str) -> Result<bool, OutboxFailure> {
        let sql = sql!("addresses/unmark.sql");
        Ok(self.store.execute("unmarking an address", sql, vec![address.into()]).await? > 0)
    }

    /// Whether mail does not reach an address, and why.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn is_marked(&self, address: &str) -> Result<Option<Marked>, OutboxFailure> {
        let sql = include_str!("addresses/select.sql");
        let rows = self.store.fetch("looking an address up", sql, vec![address.into()]).await?;
        let read = |row: &crate::store::Row| {
            Ok(Marked { marked_at: row.time("marked_at_us")?, reason: row.text("reason")? })
        };
        rows.first().map(read).transpose()
    }

    /// Forgets personal values for good, in whatever case they are written: deliveries to them lose their address and, where they
    /// have not ended, are cancelled; in the bodies of messages and in answers what contains them is blanked. Safe to repeat.
    ///
    /// # Errors
    /// When the outbox cannot be written; ask again, for then nothing is forgotten.
    pub async fn forget_address(
        &self,
        values: &[String],
        now: Timestamp,
    ) -> Result<Forgotten, OutboxFailure> {
        let mut forgotten = Forgotten::default();
        let mut transaction = self.store.begin_alone("forgetting personal values").await?;
        for value in values.iter().filter(|value| !value.trim().is_empty()) {
            let one = forget(&mut transaction, value, now).await?;
            forgotten.deliveries = forgotten.deliveries.saturating_add(one.deliveries);
            forgotten.messages = forgotten.messages.saturating_add(one.messages);
        }
        transaction.commit().await?;
        self.store.forget_the_past().await?;
        Ok(forgotten)
    }
}

async fn forget(
    transaction: &mut Transaction,
    value: &str,
    now: Timestamp,
) -> Result<Forgotten, OutboxFailure> {
    let text = || Value::from(value);
    transaction.execute(sql!("addresses/delete.sql"), [text()]).await?;
    let answers = sql!("addresses/blank_answers.sqlite.sql", "addresses/blank_answers.postgres.sql");
    transaction.execute(answers, [text()]).await?;
    let deliveries = transaction.execute(sql!("addresses/lose.sql"), [text(), now.into()]).await?;
    // A quotation mark is written otherwise within JSON.
    let quoted = Json::from(value).to_string();
    let escaped = quoted.trim_start_matches('"').trim_end_matches('"');
    let select = sql!("addresses/select_bodies.sqlite.sql", "addresses/select_bodies.postgres.sql");
    let (mut messages, mut after) = (0, String::new());
    loop {
        let values = [text(), escaped.into(), after.as_str().into(), MESSAGES_AT_ONCE.into()];
        let rows = transaction.fetch(select, values).await?;
        let Some(last) = rows.last() else { return Ok(Forgotten { deliveries, messages }) };
        after = last.text("message_id")?;
        for row in &rows {
            let blanked = blanked(&row.text("body")?, value);
            let values = [row.text("message_id")?.into(), blanked.into()];
            messages += transaction.execute(sql!("addresses/blank_body.sql"), values).await?;
        }
    }
}

/// The body with every text blanked that contains the value; an empty object where that is not enough.
fn blanked(body: &str, value: &str) -> String {
    let value = value.to_lowercase();
    let blanked = serde_json::from_str::<Json>(body)
        .ok()
        .and_then(|mut json| blank(&mut json, &value).then(|| json.to_string()));
    blanked.unwrap_or_else(|| "{}".to_owned())
}

/// False where the value is in a name, or is a number.
fn blank(json: &mut Json, value: &str) -> bool {
    match json {
        Json::String(text) => {
            if text.to_lowercase().contains(value) {
                text.clear();
            }
            true
        }
        Json::Array(items) => items.iter_mut().all(|item| blank(item, value)),
        Json::Object(fields) => {
            fields.iter_mut().all(|(name, field)| !name.to_lowercase().contains(value) && blank(field, value))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => !json.to_string().contains(value),
    }
}
