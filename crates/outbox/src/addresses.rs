//! Mail addresses: those that mail does not reach, and those that are to be forgotten.

#[cfg(test)]
mod tests;

use domain::Timestamp;
use jiff::SignedDuration;
use serde_json::Value as Json;

use crate::{
    Outbox, OutboxFailure,
    store::{Value, sql},
};

/// Rows that are looked through by one statement, and rows that one changes: none takes long, however many there are.
const SEEN_AT_ONCE: u32 = 20_000;
const ROWS_AT_ONCE: u32 = 5_000;

const DOING: &str = "forgetting personal values";

/// Stands where a text was that is forgotten. Not nothing: a name or a reason that is empty is none, and nobody could read the
/// message back.
const ERASED: &str = "[erased]";

/// Why mail does not reach an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    pub marked_at: Timestamp,
    /// A stable code: `refused`, `bounced`.
    pub reason: String,
}

/// After so long an address that is marked is tried again: somebody may have mended it, and nobody would say so.
const AVOIDED_FOR: SignedDuration = SignedDuration::from_hours(24 * 7);

impl Marked {
    /// Until when nothing is sent there.
    #[must_use]
    pub fn avoided_until(&self) -> Timestamp {
        self.marked_at.saturating_add(AVOIDED_FOR).unwrap_or(Timestamp::MAX)
    }
}

/// An address that mail does not reach.
#[derive(Clone, PartialEq, Eq)]
pub struct MarkedAddress {
    /// In lower case.
    pub address: String,
    pub marked: Marked,
}

impl std::fmt::Debug for MarkedAddress {
    /// Without the address.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MarkedAddress").field("marked", &self.marked).finish_non_exhaustive()
    }
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
    /// Keeps that mail does not reach an address, in whatever case it is written. A later reason takes the place of an earlier.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn mark_address(
        &self,
        address: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), OutboxFailure> {
        let values = vec![address.to_lowercase().into(), now.into(), reason.into()];
        self.store.execute("marking an address", sql!("addresses/mark.sql"), values).await.map(drop)
    }

    /// Answers whether it was marked.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn unmark_address(&self, address: &str) -> Result<bool, OutboxFailure> {
        let sql = sql!("addresses/unmark.sql");
        Ok(self.store.execute("unmarking an address", sql, vec![address.to_lowercase().into()]).await? > 0)
    }

    /// Whether mail does not reach an address, and why.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn is_marked(&self, address: &str) -> Result<Option<Marked>, OutboxFailure> {
        let sql = include_str!("addresses/select.sql");
        let rows =
            self.store.fetch("looking an address up", sql, vec![address.to_lowercase().into()]).await?;
        let read = |row: &crate::store::Row| {
            Ok(Marked { marked_at: row.time("marked_at_us")?, reason: row.text("reason")? })
        };
        rows.first().map(read).transpose()
    }

    /// The addresses that are marked, in their order, behind one of them.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn marked_addresses(
        &self,
        after: Option<&str>,
        max: u32,
    ) -> Result<Vec<MarkedAddress>, OutboxFailure> {
        let values = vec![after.unwrap_or_default().into(), max.into()];
        let sql = include_str!("addresses/select_marked.sql");
        let rows = self.store.fetch("listing marked addresses", sql, values).await?;
        let read = |row: &crate::store::Row| {
            let marked = Marked { marked_at: row.time("marked_at_us")?, reason: row.text("reason")? };
            Ok(MarkedAddress { address: row.text("address")?, marked })
        };
        rows.iter().map(read).collect()
    }

    /// Forgets personal values for good, in whatever case they are written: deliveries to them lose their address and, where they
    /// have not ended, are cancelled; texts in the bodies of messages that contain them as words give way to `[erased]`, and answers
    /// are blanked. Safe to repeat.
    ///
    /// # Errors
    /// When the outbox cannot be written; ask again, for what was forgotten by then stays so.
    pub async fn forget_address(
        &self,
        values: &[String],
        now: Timestamp,
    ) -> Result<Forgotten, OutboxFailure> {
        let values: Vec<_> =
            values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).collect();
        let mut forgotten = Forgotten::default();
        if values.is_empty() {
            return Ok(forgotten);
        }
        for value in &values {
            self.store.execute(DOING, sql!("addresses/delete.sql"), vec![(*value).into()]).await?;
            forgotten.deliveries += self.lose_address(value, now).await?;
        }
        // A quotation mark is written otherwise within JSON.
        let written = values.iter().flat_map(|value| [(*value).to_owned(), within_json(value)]);
        // SQLite lowers no more than ASCII.
        let written = written.flat_map(|text| [text.to_lowercase(), text.to_ascii_lowercase()]);
        let written: Vec<_> = written.collect();
        let written = Value::rows(&written).map_err(|source| OutboxFailure::Rows { source })?;
        self.blank_answers(&written).await?;
        forgotten.messages = self.blank_bodies(&values, &written).await?;
        self.store.forget_the_past().await?;
        Ok(forgotten)
    }

    async fn lose_address(&self, value: &str, now: Timestamp) -> Result<u64, OutboxFailure> {
        let mut all: u64 = 0;
        loop {
            let next = vec![value.into(), ROWS_AT_ONCE.into()];
            self.store.execute(DOING, sql!("addresses/blank_answers_to.sql"), next).await?;
            let next = vec![value.into(), now.into(), ROWS_AT_ONCE.into()];
            let lost = self.store.execute(DOING, sql!("addresses/lose.sql"), next).await?;
            all = all.saturating_add(lost);
            if lost < ROWS_AT_ONCE.into() {
                return Ok(all);
            }
        }
    }

    async fn blank_answers(&self, written: &Value) -> Result<(), OutboxFailure> {
        let blank = sql!("addresses/blank_answers.sqlite.sql", "addresses/blank_answers.postgres.sql");
        let mut after = String::new();
        while let Some(until) = self.next(include_str!("addresses/next_attempts.sql"), &after).await? {
            let range = vec![written.clone(), after.into(), until.as_str().into()];
            self.store.execute(DOING, blank, range).await?;
            after = until;
        }
        Ok(())
    }

    async fn blank_bodies(&self, values: &[&str], written: &Value) -> Result<u64, OutboxFailure> {
        let select = sql!("addresses/select_bodies.sqlite.sql", "addresses/select_bodies.postgres.sql");
        let values: Vec<_> = values.iter().map(|value| value.to_lowercase()).collect();
        let (mut all, mut after) = (0, String::new());
        while let Some(until) = self.next(include_str!("addresses/next_messages.sql"), &after).await? {
            let mut transaction = self.store.begin(DOING).await?;
            let range = [written.clone(), after.into(), until.as_str().into()];
            for row in transaction.fetch(select, range).await? {
                if let Some(body) = blanked(&row.text("body")?, &values) {
                    let values = [row.text("message_id")?.into(), body.into()];
                    all += transaction.execute(sql!("addresses/blank_body.sql"), values).await?;
                }
            }
            transaction.commit().await?;
            after = until;
        }
        Ok(all)
    }

    /// The last id of the next that are looked through at once.
    async fn next(&self, sql: &str, after: &str) -> Result<Option<String>, OutboxFailure> {
        let rows = self.store.fetch(DOING, sql, vec![after.into(), SEEN_AT_ONCE.into()]).await?;
        rows.first().map_or(Ok(None), |row| row.text_or_none("until"))
    }
}

fn within_json(value: &str) -> String {
    let quoted = Json::from(value).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// The body with [`ERASED`] for every text that contains one of the values, which are in lower case; an empty object where that is not
/// enough; none where it contains none.
fn blanked(body: &str, values: &[String]) -> Option<String> {
    let Ok(mut json) = serde_json::from_str::<Json>(body) else {
        return contains_any(body, values).then(|| "{}".to_owned());
    };
    match blank(&mut json, values) {
        Blanked::Nothing => None,
        Blanked::Texts => Some(json.to_string()),
        Blanked::NotEnough => Some("{}".to_owned()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Blanked {
    Nothing,
    Texts,
    /// The value is in a name, or is a number.
    NotEnough,
}

fn blank(json: &mut Json, values: &[String]) -> Blanked {
    let of_name = |name: &str| {
        if contains_any(name, values) { Blanked::NotEnough } else { Blanked::Nothing }
    };
    match json {
        Json::String(text) if text.as_str() != ERASED && contains_any(text, values) => {
            ERASED.clone_into(text);
            Blanked::Texts
        }
        Json::String(_) | Json::Null | Json::Bool(_) => Blanked::Nothing,
        Json::Number(number) => of_name(&number.to_string()),
        Json::Array(items) => {
            items.iter_mut().map(|item| blank(item, values)).max().unwrap_or(Blanked::Nothing)
        }
        Json::Object(fields) => {
            let each = fields.iter_mut().map(|(name, field)| of_name(name).max(blank(field, values)));
            each.max().unwrap_or(Blanked::Nothing)
        }
    }
}

fn contains_any(text: &str, values: &[String]) -> bool {
    let text = text.to_lowercase();
    values.iter().any(|value| contains(&text, value))
}

/// As words of their own: a person called Al is not in every `total`, nor 10.0.0.1 in 110.0.0.12.
fn contains(text: &str, value: &str) -> bool {
    text.match_indices(value).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at.saturating_add(found.len())..).and_then(|after| after.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
