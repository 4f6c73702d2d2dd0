//! Several messages told at once: what was gathered under a key for an address becomes one message.

use domain::{ClientId, DeliveryId, Environment, MessageId, Name, Position, Timestamp};

use crate::{
    NewMessage, Outbox, OutboxFailure,
    handover::create,
    store::{Row, Value, sql},
};

/// What is due to be told at once.
#[derive(Clone, PartialEq, Eq)]
pub struct Digest {
    pub address: String,
    pub digest_key: String,
    /// When it was looked at.
    pub as_of: Timestamp,
    /// All of them, though not all are shown.
    pub deliveries: u64,
    /// In the order they came in, the first of them where there are many.
    pub members: Vec<Gathered>,
}

/// A message that waits to be told in a digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Gathered {
    pub delivery_id: DeliveryId,
    pub message_id: MessageId,
    pub message_type: String,
    pub subject: String,
    pub position: Option<Position>,
    pub environment: Option<Environment>,
    pub team: Option<Name>,
    pub client_id: Option<ClientId>,
    pub body: String,
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Digest {
    /// Without address and bodies.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Digest").field("deliveries", &self.deliveries).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Gathered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gathered").field("delivery_id", &self.delivery_id).finish_non_exhaustive()
    }
}

/// Whether a digest took what was gathered for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// It is not as it was looked at: another took it, or something of it was cancelled. Nothing was written.
    Changed,
    /// There is a message of that id. Nothing was written.
    IdTaken,
}

impl Outbox {
    /// The digests that are due, the longest due first, each with its first members.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn due_digests(
        &self,
        now: Timestamp,
        max: u32,
        members_max: u32,
    ) -> Result<Vec<Digest>, OutboxFailure> {
        let doing = "looking for digests";
        let groups = self
            .store
            .fetch(doing, include_str!("digests/select_due.sql"), vec![now.into(), max.into()])
            .await?;
        let mut digests = vec![];
        for group in groups {
            let (address, digest_key) = (group.text("address")?, group.text("digest_key")?);
            let values =
                vec![address.as_str().into(), digest_key.as_str().into(), now.into(), members_max.into()];
            let rows = self.store.fetch(doing, include_str!("digests/select_members.sql"), values).await?;
            let members = rows.iter().map(Gathered::read).collect::<Result<_, _>>()?;
            let deliveries = group.count("deliveries")?;
            digests.push(Digest { address, digest_key, as_of: now, deliveries, members });
        }
        Ok(digests)
    }

    /// Makes a digest of what was gathered for it, once: its members end as it ends. The message's id is of what is in it, so that
    /// another digest of the same key is another message.
    ///
    /// # Errors
    /// When the outbox cannot be written; then everything is as it was.
    pub async fn take_digest(
        &self,
        digest: &Digest,
        message: NewMessage,
        at: Timestamp,
    ) -> Result<Taken, OutboxFailure> {
        let mut transaction = self.store.begin_alone("making a digest").await?;
        let values = [
            digest.address.as_str().into(),
            digest.digest_key.as_str().into(),
            digest.as_of.into(),
            Value::of(message.message_id),
        ];
        if transaction.execute(sql!("digests/take.sql"), values).await? != digest.deliveries {
            transaction.roll_back().await?;
            return Ok(Taken::Changed);
        }
        if create(&mut transaction, vec![message], at).await?.is_empty() {
            transaction.roll_back().await?;
            return Ok(Taken::IdTaken);
        }
        transaction.commit().await?;
        self.wake();
        Ok(Taken::Yes)
    }
}

impl Gathered {
    fn read(row: &Row) -> Result<Self, OutboxFailure> {
        Ok(Self {
            delivery_id: row.parsed("delivery_id")?,
            message_id: row.parsed("message_id")?,
            message_type: row.text("type")?,
            subject: row.text("subject")?,
            position: row.position_or_none("position")?,
            environment: row.parsed_or_none("environment")?,
            team: row.parsed_or_none("team")?,
            client_id: row.parsed_or_none("client_id")?,
            body: row.text("body")?,
            created_at: row.time("created_at_us")?,
        })
    }
}
