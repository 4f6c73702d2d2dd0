//! Hands messages over with the checkpoint of what they were made from: both or neither.

use std::collections::{BTreeMap, HashSet};

use domain::{MessageId, Position, Timestamp};
use serde::Serialize;

use crate::{
    Channel, MessageKind, NewDelivery, NewMessage, NoticeKey, Outbox, OutboxFailure, Recipient, Start,
    store::{Transaction, Value, sql},
};

/// What is to be told, and how far that brings who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// None: what is told by the time, wherever the log is.
    pub checkpoint: Option<Moved>,
    pub at: Timestamp,
    pub messages: Vec<NewMessage>,
    /// Of what was there before; what this handover brings is not cancelled by it.
    pub cancels: Vec<Cancel>,
}

/// A checkpoint's move. From a place to the same one: nothing moves, and who is fenced learns of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub name: String,
    /// None: there is no checkpoint yet.
    pub from: Option<Position>,
    pub to: Position,
}

/// Cancels what waits under a key. One in flight is not called back, and not tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    pub cancel_key: String,
}

/// Whether a handover was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// With the messages that were new.
    Yes { created: Vec<MessageId> },
    /// The checkpoint is not where it was left: someone else moves it. Nothing was written.
    Fenced,
}

impl Outbox {
    /// How far the log was handed over under that name.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn checkpoint(&self, name: &str) -> Result<Option<Position>, OutboxFailure> {
        let sql = include_str!("handover/select_checkpoint.sql");
        let rows = self.store.fetch("reading a checkpoint of the outbox", sql, vec![name.into()]).await?;
        rows.first().map_or(Ok(None), |row| row.position_or_none("position"))
    }

    /// Writes messages, their deliveries and the checkpoint, whole or not at all. A message whose id is there, or whose notice was
    /// told, is left out with its deliveries.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn commit(&self, handover: Handover) -> Result<Committed, OutboxFailure> {
        let Handover { checkpoint, at, messages, cancels } = handover;
        let mut transaction = self.store.begin_alone("handing messages over").await?;
        if let Some(moved) = checkpoint
            && !moved.write(&mut transaction).await?
        {
            transaction.roll_back().await?;
            return Ok(Committed::Fenced);
        }
        for Cancel { cancel_key } in cancels {
            let values = [at.into(), cancel_key.into()];
            transaction.execute(sql!("handover/cancel.sql"), values).await?;
        }
        let created = create(&mut transaction, messages, at).await?;
        transaction.commit().await?;
        if !created.is_empty() {
            self.wake();
        }
        Ok(Committed::Yes { created })
    }
}

impl Moved {
    /// False where the checkpoint is not there any more.
    async fn write(self, transaction: &mut Transaction) -> Result<bool, OutboxFailure> {
        let Self { name, from, to } = self;
        let moved = match from {
            Some(from) => {
                let values = [to.into(), name.into(), from.into()];
                transaction.execute(sql!("handover/move_checkpoint.sql"), values).await?
            }
            None => {
                let values = [name.into(), to.into()];
                transaction.execute(sql!("handover/begin_checkpoint.sql"), values).await?
            }
        };
        Ok(moved > 0)
    }
}

/// Answers which of them were new, in their order.
pub(crate) async fn create(
    transaction: &mut Transaction,
    messages: Vec<NewMessage>,
    at: Timestamp,
) -> Result<Vec<MessageId>, OutboxFailure> {
    let gravest = gravest(&messages);
    let mut new = insert_numbered(transaction, &messages, at).await?;
    for message in messages.iter().filter(|message| !is_numbered(message)) {
        let lesser = |key: &NoticeKey| gravest.get(&of_window(key)).is_some_and(|most| *most > key.threshold);
        if message.notice.as_ref().is_some_and(lesser) {
            continue;
        }
        if insert_one(transaction, message, at).await? {
            new.insert(message.message_id);
        }
    }
    // Each once, though a handover names it twice.
    let mut created = vec![];
    let mut deliveries = vec![];
    for message in messages {
        if new.remove(&message.message_id) {
            created.push(message.message_id);
            let NewMessage { message_id, kind, deliveries: to, .. } = message;
            deliveries.extend(to.into_iter().map(|one| DeliveryToInsert::of(message_id, kind, one, at)));
        }
    }
    for (place, delivery) in (0_u64..).zip(&mut deliveries) {
        delivery.place = place;
    }
    if !deliveries.is_empty() {
        let insert = sql!("handover/insert_deliveries.sqlite.sql", "handover/insert_deliveries.postgres.sql");
        transaction.execute(insert, [rows(&deliveries)?]).await?;
    }
    Ok(created)
}

fn rows(rows: &impl Serialize) -> Result<Value, OutboxFailure> {
    Value::rows(rows).map_err(|source| OutboxFailure::Rows { source })
}

/// Whether all of it is known before it is written; notices are told once, and sequences are counted, one by one.
fn is_numbered(message: &NewMessage) -> bool {
    message.notice.is_none() && message.sequence.is_some()
}

/// All in one statement.
async fn insert_numbered(
    transaction: &mut Transaction,
    messages: &[NewMessage],
    at: Timestamp,
) -> Result<HashSet<MessageId>, OutboxFailure> {
    let numbered: Vec<_> =
        messages.iter().filter(|one| is_numbered(one)).map(|one| MessageToInsert::of(one, at)).collect();
    if numbered.is_empty() {
        return Ok(HashSet::new());
    }
    let insert = sql!("handover/insert_messages.sqlite.sql", "handover/insert_messages.postgres.sql");
    let inserted = transaction.fetch(insert, [rows(&numbered)?]).await?;
    inserted.iter().map(|row| row.parsed("message_id")).collect()
}

/// Answers whether it is told: its id is new, and so is what it is told for.
async fn insert_one(
    transaction: &mut Transaction,
    message: &NewMessage,
    at: Timestamp,
) -> Result<bool, OutboxFailure> {
    if let Some(key) = &message.notice {
        if transaction.execute(sql!("handover/mark.sql"), mark(key, message, key.threshold, at)).await? == 0 {
            return Ok(false);
        }
        for covered in key.covers.iter().filter(|covered| **covered < key.threshold) {
            transaction.execute(sql!("handover/cover.sql"), mark(key, message, *covered, at)).await?;
        }
    }
    if transaction.execute(sql!("handover/insert_message.sql"), message_values(message, at)).await? == 0 {
        return Ok(false);
    }
    if message.sequence.is_none() {
        let subject = [Value::from(message.subject.as_str())];
        transaction.execute(sql!("handover/count_subject.sql"), subject).await?;
    }
    Ok(true)
}

fn mark(key: &NoticeKey, message: &NewMessage, threshold: i64, at: Timestamp) -> [Value; 7] {
    [
        Value::of(key.rule_id),
        key.notice.as_str().into(),
        key.subject.as_str().into(),
        key.window.as_str().into(),
        threshold.into(),
        Value::of(message.message_id),
        at.into(),
    ]
}

type Window<'of> = (String, &'of str, &'of str, &'of str);

fn of_window(key: &NoticeKey) -> Window<'_> {
    (key.rule_id.to_string(), &key.notice, &key.subject, &key.window)
}

/// The gravest threshold of each window.
fn gravest(messages: &[NewMessage]) -> BTreeMap<Window<'_>, i64> {
    let mut gravest = BTreeMap::new();
    for key in messages.iter().filter_map(|message| message.notice.as_ref()) {
        let most = gravest.entry(of_window(key)).or_insert(key.threshold);
        *most = key.threshold.max(*most);
    }
    gravest
}

fn message_values(message: &NewMessage, at: Timestamp) -> [Value; 11] {
    [
        Value::of(message.message_id),
        Value::of(message.kind),
        message.message_type.as_str().into(),
        message.subject.as_str().into(),
        message.sequence.map_or(Value::Integer(None), Value::count),
        message.position.map_or(Value::Integer(None), Value::from),
        Value::of_some(message.environment.as_ref()),
        Value::of_some(message.team.as_ref()),
        Value::of_some(message.client_id),
        message.body.as_str().into(),
        at.into(),
    ]
}

#[derive(Serialize)]
struct MessageToInsert<'of> {
    message_id: MessageId,
    kind: MessageKind,
    #[serde(rename = "type")]
    message_type: &'of str,
    subject: &'of str,
    sequence: Option<u64>,
    position: Option<Position>,
    environment: Option<String>,
    team: Option<String>,
    client_id: Option<String>,
    body: &'of str,
    created_at_us: i64,
}

impl<'of> MessageToInsert<'of> {
    fn of(message: &'of NewMessage, at: Timestamp) -> Self {
        Self {
            message_id: message.message_id,
            kind: message.kind,
            message_type: &message.message_type,
            subject: &message.subject,
            sequence: message.sequence,
            position: message.position,
            environment: message.environment.as_ref().map(ToString::to_string),
            team: message.team.as_ref().map(ToString::to_string),
            client_id: message.client_id.map(|id| id.to_string()),
            body: &message.body,
            created_at_us: at.as_microsecond(),
        }
    }
}

#[derive(Serialize)]
struct DeliveryToInsert {
    place: u64,
    delivery_id: String,
    message_id: MessageId,
    channel: Channel,
    endpoint_id: Option<String>,
    address: Option<String>,
    /// 1: also where its endpoint is held.
    tries: u8,
    due_at_us: i64,
    digest_key: Option<String>,
    cancel_key: Option<String>,
    created_at_us: i64,
}

impl DeliveryToInsert {
    fn of(message_id: MessageId, kind: MessageKind, delivery: NewDelivery, at: Timestamp) -> Self {
        let NewDelivery { delivery_id, recipient, start, cancel_key } = delivery;
        let (due_at, digest_key) = match start {
            Start::Due(due_at) => (due_at, None),
            Start::Gathered { digest_key, due_at } => (due_at, Some(digest_key)),
        };
        let (channel, endpoint_id) = (recipient.channel(), recipient.endpoint_id().map(|id| id.to_string()));
        let address = match recipient {
            Recipient::Webhook(_) => None,
            Recipient::Email(address) => Some(address),
        };
        Self {
            place: 0,
            delivery_id: delivery_id.to_string(),
            message_id,
            channel,
            endpoint_id,
            address,
            tries: u8::from(kind.tries_the_endpoint()),
            due_at_us: due_at.as_microsecond(),
            digest_key,
            cancel_key,
            created_at_us: at.as_microsecond(),
        }
    }
}
