//! What was told and what became of it, in lists that are read page by page.

use std::{fmt, str::FromStr};

use domain::{
    ClientId, DeliveryId, Environment, MessageId, Name, NotificationRuleId, Position, Timestamp, WebhookId,
};

use crate::{
    AttemptOutcome, Channel, DeliveryState, MessageKind, Outbox, OutboxFailure,
    store::{Row, Select, Value},
};

/// A delivery's place among all, in the order that they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry(i64);

impl Entry {
    pub(crate) fn new(entry_no: i64) -> Self {
        Self(entry_no)
    }

    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Entry {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// One page: what comes after a place, at most so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<Place> {
    /// The last of the page before.
    pub after: Option<Place>,
    pub limit: u32,
}

impl<Place> Page<Place> {
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}

/// Which deliveries; what is none or empty leaves all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub endpoint_id: Option<WebhookId>,
    pub message_id: Option<MessageId>,
    pub channel: Option<Channel>,
    pub states: Vec<DeliveryState>,
    pub kinds: Vec<MessageKind>,
    pub types: Vec<String>,
    pub client_id: Option<ClientId>,
    /// Of events at these places of the log.
    pub positions: Vec<Position>,
    pub team: Option<Name>,
    pub environments: Vec<Environment>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
}

/// A delivery with what it tells, but for the body.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    pub entry: Entry,
    pub delivery_id: DeliveryId,
    pub message_id: MessageId,
    pub kind: MessageKind,
    pub message_type: String,
    pub subject: String,
    pub sequence: u64,
    pub position: Option<Position>,
    pub environment: Option<Environment>,
    pub team: Option<Name>,
    pub client_id: Option<ClientId>,
    pub channel: Channel,
    pub endpoint_id: Option<WebhookId>,
    /// None by webhook, and where it was erased.
    pub address: Option<String>,
    pub state: DeliveryState,
    pub attempts: u32,
    pub failures: u32,
    pub due_at: Timestamp,
    pub leased_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Of the last try that was reported.
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
}

impl fmt::Debug for DeliveryRow {
    /// Without the address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryRow")
            .field("entry", &self.entry)
            .field("delivery_id", &self.delivery_id)
            .field("message_id", &self.message_id)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A try that was reported. The answer may be personal: it is in no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct AttemptRow {
    pub attempt_no: u32,
    pub at: Timestamp,
    pub outcome: AttemptOutcome,
    pub status: Option<u16>,
    pub latency_ms: Option<u64>,
    pub answer: Option<String>,
    pub error: Option<String>,
}

impl fmt::Debug for AttemptRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptRow")
            .field("attempt_no", &self.attempt_no)
            .field("outcome", &self.outcome)
            .field("status", &self.status)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// A message as it is kept. The body may be personal: it is in no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub message_id: MessageId,
    pub kind: MessageKind,
    pub message_type: String,
    pub subject: String,
    pub sequence: u64,
    pub position: Option<Position>,
    pub environment: Option<Environment>,
    pub team: Option<Name>,
    pub client_id: Option<ClientId>,
    pub body: String,
    pub created_at: Timestamp,
    /// Of a notice: the rule that had it told, its window and its threshold.
    pub rule_id: Option<NotificationRuleId>,
    pub window: Option<String>,
    pub threshold: Option<i64>,
}

impl fmt::Debug for MessageRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageRow")
            .field("message_id", &self.message_id)
            .field("type", &self.message_type)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

const DOING: &str = "listing deliveries";

impl Outbox {
    /// The newest first.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        page: Page<Entry>,
    ) -> Result<Vec<DeliveryRow>, OutboxFailure> {
        let select = filter.select().and_some("entry_no < {}", page.after.map(Entry::get));
        self.list(select.then(" order by entry_no desc").limit(page.limit), DeliveryRow::read).await
    }

    /// # Errors
    /// When the outbox cannot be read.
    pub async fn delivery(&self, delivery_id: DeliveryId) -> Result<Option<DeliveryRow>, OutboxFailure> {
        let select = DeliveryFilter::default().select();
        let select = select.and("deliveries.delivery_id = {}", Value::of(delivery_id));
        Ok(self.list(select, DeliveryRow::read).await?.into_iter().next())
    }

    /// The tries of a delivery that were reported, in their order.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn attempts(&self, delivery_id: DeliveryId) -> Result<Vec<AttemptRow>, OutboxFailure> {
        let select = Select::new(include_str!("lists/select_attempts.sql"));
        let select = select.and("delivery_id = {}", Value::of(delivery_id));
        self.list(select.then(" order by attempt_no"), AttemptRow::read).await
    }

    /// # Errors
    /// When the outbox cannot be read.
    pub async fn message(&self, message_id: MessageId) -> Result<Option<MessageRow>, OutboxFailure> {
        let select = Select::new(include_str!("lists/select_messages.sql"));
        let select = select.and("messages.message_id = {}", Value::of(message_id));
        Ok(self.list(select, MessageRow::read).await?.into_iter().next())
    }

    async fn list<T>(
        &self,
        select: Select,
        read: impl Fn(&Row) -> Result<T, OutboxFailure>,
    ) -> Result<Vec<T>, OutboxFailure> {
        let (sql, values) = select.into_parts();
        self.store.fetch(DOING, &sql, values).await?.iter().map(read).collect()
    }
}

impl DeliveryFilter {
    fn select(&self) -> Select {
        let Self {
            endpoint_id,
            message_id,
            channel,
            states,
            kinds,
            types,
            client_id,
            positions,
            team,
            environments,
            from,
            until,
        } = self;
        Select::new(include_str!("lists/select_deliveries.sql"))
            .and_some("endpoint_id = {}", endpoint_id.map(Value::of))
            .and_some("deliveries.message_id = {}", message_id.map(Value::of))
            .and_some("channel = {}", channel.map(Value::of))
            .and_one_of("state", states.iter().map(Value::of))
            .and_one_of("kind", kinds.iter().map(Value::of))
            .and_one_of("type", types.iter().map(|one| one.as_str().into()))
            .and_some("client_id = {}", client_id.map(Value::of))
            .and_one_of("position", positions.iter().map(|position| (*position).into()))
            .and_some("team = {}", team.as_ref().map(Value::of))
            .and_one_of("environment", environments.iter().map(Value::of))
            .and_some("deliveries.created_at_us >= {}", *from)
            .and_some("deliveries.created_at_us < {}", *until)
    }
}

impl DeliveryRow {
    fn read(row: &Row) -> Result<Self, OutboxFailure> {
        Ok(Self {
            entry: Entry(row.integer("entry_no")?),
            delivery_id: row.parsed("delivery_id")?,
            message_id: row.parsed("message_id")?,
            kind: row.parsed("kind")?,
            message_type: row.text("type")?,
            subject: row.text("subject")?,
            sequence: row.count("sequence")?,
            position: row.position_or_none("position")?,
            environment: row.parsed_or_none("environment")?,
            team: row.parsed_or_none("team")?,
            client_id: row.parsed_or_none("client_id")?,
            channel: row.parsed("channel")?,
            endpoint_id: row.parsed_or_none("endpoint_id")?,
            address: row.text_or_none("address")?,
            state: row.parsed("state")?,
            attempts: row.small("attempts")?,
            failures: row.small("failures")?,
            due_at: row.time("due_at_us")?,
            leased_until: row.time_or_none("leased_until_us")?,
            created_at: row.time("created_at_us")?,
            ended_at: row.time_or_none("ended_at_us")?,
            last_status: row.status_or_none("status")?,
            last_error: row.text_or_none("error")?,
        })
    }
}

impl AttemptRow {
    fn read(row: &Row) -> Result<Self, OutboxFailure> {
        Ok(Self {
            attempt_no: row.small("attempt_no")?,
            at: row.time("at_us")?,
            outcome: row.parsed("outcome")?,
            status: row.status_or_none("status")?,
            latency_ms: row.count_or_none("latency_ms")?,
            answer: row.text_or_none("answer")?,
            error: row.text_or_none("error")?,
        })
    }
}

impl MessageRow {
    fn read(row: &Row) -> Result<Self, OutboxFailure> {
        Ok(Self {
            message_id: row.parsed("message_id")?,
            kind: row.parsed("kind")?,
            message_type: row.text("type")?,
            subject: row.text("subject")?,
            sequence: row.count("sequence")?,
            position: row.position_or_none("position")?,
            environment: row.parsed_or_none("environment")?,
            team: row.parsed_or_none("team")?,
            client_id: row.parsed_or_none("client_id")?,
            body: row.text("body")?,
            created_at: row.time("created_at_us")?,
            rule_id: row.parsed_or_none("rule_id")?,
            window: row.text_or_none("window_key")?,
            threshold: row.integer_or_none("threshold")?,
        })
    }
}
