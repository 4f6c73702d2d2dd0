//! Claims what is due for a while: whoever holds the lease delivers it, and reports before it ends.

use std::time::Duration;

use domain::{ClientId, DeliveryId, Environment, MessageId, Name, Position, Timestamp, WebhookId};

use crate::{
    Channel, MessageKind, Outbox, OutboxFailure,
    store::{Row, Sql, Transaction, Value, sql},
};

/// How many due deliveries are looked at for each that is taken: enough that those of endpoints which take no more do not hide
/// the others behind them.
const SEEN_FOR_EACH: u32 = 4;
/// How much of what is in the way one claim puts behind: it costs the claim some 80 ms on Postgres, once for each delivery.
const BEHIND_AT_ONCE: u32 = 1_000;
/// A round that takes little finds out whose deliveries are in the way; the next leaves them out.
const ROUNDS_MAX: u32 = 8;

/// What a claim is held by. Made of random bits, anew for each claim.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease(u128);

impl Lease {
    #[must_use]
    pub fn from_random(bits: u128) -> Self {
        Self(bits)
    }

    pub(crate) fn value(self) -> Value {
        Value::Text(Some(format!("{:032x}", self.0)))
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub channel: Channel,
    pub now: Timestamp,
    pub lease: Lease,
    /// Longer than an attempt may take.
    pub lease_for: Duration,
    pub max: u32,
    /// In flight at once to one endpoint, whoever claims.
    pub per_endpoint_max: u32,
}

/// A delivery that is this process's to try, until its lease ends.
#[derive(Clone, PartialEq, Eq)]
pub struct Claimed {
    pub delivery_id: DeliveryId,
    pub lease: Lease,
    pub leased_until: Timestamp,
    /// From 1, each claim its own: a try that was never reported leaves a gap.
    pub attempt_no: u32,
    /// Before this one, as the schedule counts them.
    pub failures: u32,
    pub due_at: Timestamp,
    pub endpoint_id: Option<WebhookId>,
    /// None also where it was erased.
    pub address: Option<String>,
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
}

impl std::fmt::Debug for Claimed {
    /// Without address and body.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claimed")
            .field("delivery_id", &self.delivery_id)
            .field("attempt_no", &self.attempt_no)
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

impl Outbox {
    /// Leases what is due: what was never tried before what was, the longest due first, and what was leased to somebody who did not
    /// report in time among it. Two who claim at once never get the same.
    ///
    /// # Errors
    /// When the outbox cannot be written; then nothing is leased.
    pub async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, OutboxFailure> {
        let until = claim.leased_until();
        let mut transaction = self.store.begin("claiming deliveries").await?;
        // Who counts what is in flight counts what others have claimed by then: one after the other.
        let alone = sql!("claim/alone.sqlite.sql", "claim/alone.postgres.sql");
        transaction.execute(alone, [Value::of(claim.channel)]).await?;
        step_up(&mut transaction, &claim).await?;
        let mut taken = 0;
        for (which, put_behind) in [
            (
                sql!("claim/first.sqlite.sql", "claim/first.postgres.sql"),
                sql!("claim/put_first_behind.sqlite.sql", "claim/put_first_behind.postgres.sql"),
            ),
            (
                sql!("claim/again.sqlite.sql", "claim/again.postgres.sql"),
                sql!("claim/put_again_behind.sqlite.sql", "claim/put_again_behind.postgres.sql"),
            ),
        ] {
            for _ in 0..ROUNDS_MAX {
                let left = claim.max.saturating_sub(taken);
                if left == 0 {
                    break;
                }
                let got = take(&mut transaction, which, &claim, until, left).await?;
                taken = taken.saturating_add(got);
                if got == 0 {
                    break;
                }
            }
            let values = [
                Value::of(claim.channel),
                claim.now.into(),
                claim.per_endpoint_max.into(),
                BEHIND_AT_ONCE.into(),
            ];
            transaction.execute(put_behind, values).await?;
        }
        if taken == 0 {
            transaction.commit().await?;
            return Ok(vec![]);
        }
        let rows =
            transaction.fetch(sql!("claim/select_claimed.sql"), [claim.lease.value(), until.into()]).await?;
        let claimed = rows.iter().map(|row| Claimed::read(row, claim.lease)).collect::<Result<_, _>>()?;
        transaction.commit().await?;
        Ok(claimed)
    }
}

impl Claim {
    fn leased_until(&self) -> Timestamp {
        self.now.saturating_add(self.lease_for).unwrap_or(Timestamp::MAX)
    }
}

/// Of endpoints that take more again, what was put behind.
async fn step_up(transaction: &mut Transaction, claim: &Claim) -> Result<(), OutboxFailure> {
    let select = sql!("claim/select_free.sqlite.sql", "claim/select_free.postgres.sql");
    let values = [claim.now.into(), claim.per_endpoint_max.into()];
    for row in transaction.fetch(select, values).await? {
        let values = [row.text("endpoint_id")?.into(), row.integer("slots")?.into()];
        transaction.execute(sql!("claim/step_up.sqlite.sql", "claim/step_up.postgres.sql"), values).await?;
    }
    Ok(())
}

async fn take(
    transaction: &mut Transaction,
    which: Sql,
    claim: &Claim,
    until: Timestamp,
    left: u32,
) -> Result<u32, OutboxFailure> {
    let values = [
        Value::of(claim.channel),
        claim.now.into(),
        claim.lease.value(),
        until.into(),
        claim.per_endpoint_max.into(),
        left.saturating_mul(SEEN_FOR_EACH).into(),
        left.into(),
    ];
    let got = transaction.execute(which, values).await?;
    Ok(u32::try_from(got).unwrap_or(u32::MAX))
}

impl Claimed {
    fn read(row: &Row, lease: Lease) -> Result<Self, OutboxFailure> {
        Ok(Self {
            delivery_id: row.parsed("delivery_id")?,
            lease,
            leased_until: row.time("leased_until_us")?,
            attempt_no: row.small("attempts")?,
            failures: row.small("failures")?,
            due_at: row.time("due_at_us")?,
            endpoint_id: row.parsed_or_none("endpoint_id")?,
            address: row.text_or_none("address")?,
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
        })
    }
}
