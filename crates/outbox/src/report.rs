//! What became of a try, told by who holds the lease.

use domain::{DeliveryId, Timestamp, WebhookId};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{
    DeliveryState, EndpointHealth, EndpointState, Lease, MessageKind, Outbox, OutboxFailure,
    named::named,
    store::{Store, Transaction, Value, sql},
};

/// What is kept of a receiver's answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1_024;

/// A try that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    pub delivery_id: DeliveryId,
    pub lease: Lease,
    pub attempt: Attempt,
    pub outcome: Outcome,
}

/// What is known of a try. The answer may be personal: it is in no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// As it was claimed.
    pub attempt_no: u32,
    pub at: Timestamp,
    /// Of HTTP, or of SMTP.
    pub status: Option<u16>,
    pub latency_ms: Option<u64>,
    /// Its first 1 KiB are kept.
    pub answer: Option<String>,
    /// A stable code, where there was no answer or a wrong one: `timed_out`.
    pub error: Option<String>,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("attempt_no", &self.attempt_no)
            .field("status", &self.status)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Report")
            .field("delivery_id", &self.delivery_id)
            .field("attempt", &self.attempt)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// What is to become of the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// It failed, and is tried again then: held instead where its endpoint is by now.
    RetryAt(Timestamp),
    /// It failed, and is given up.
    Dead,
    /// There is nothing in it that could be sent, now or later: it is given up, and does not count for its endpoint.
    Unsendable,
    /// It failed, and waits until its endpoint is open again.
    Held,
}

named!(
    /// How a try ended, as it is kept.
    AttemptOutcome {
        Delivered = "delivered",
        Retry = "retry",
        Dead = "dead",
        Held = "held",
        /// Reported after its lease had ended: it changed nothing.
        Late = "late",
    }
);

impl Outcome {
    fn kept(self) -> AttemptOutcome {
        match self {
            Self::Delivered => AttemptOutcome::Delivered,
            Self::RetryAt(_) => AttemptOutcome::Retry,
            Self::Dead | Self::Unsendable => AttemptOutcome::Dead,
            Self::Held => AttemptOutcome::Held,
        }
    }
}

/// What a report has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    Done {
        state: DeliveryState,
        /// After it; none by e-mail, and where nothing was sent yet. Verifications and tests do not count.
        health: Option<EndpointHealth>,
    },
    /// The lease is another's by now, or nobody's. The attempt was kept, nothing else.
    Late,
}

/// What becomes of a claimed delivery that was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// Due as before: this process stops, say.
    Pending,
    /// Its endpoint is disabled.
    Held,
    /// There is nobody any more whom it could go to.
    Cancelled,
}

/// Reports that wait for the one writer of the embedded engine, each with who waits for it.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Vec<(Report, oneshot::Sender<Reported>)>>);

const DOING: &str = "reporting a delivery";

/// A delivery as a report finds it.
struct Found {
    state: DeliveryState,
    endpoint_id: Option<WebhookId>,
    kind: MessageKind,
    message_id: String,
}

impl Outbox {
    /// Ends a try: writes it down, moves the delivery on, and counts for its endpoint, all of it or nothing.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn report(&self, report: Report) -> Result<Reported, OutboxFailure> {
        match &self.store {
            Store::Sqlite { .. } => self.report_in_group(report).await,
            Store::Postgres { .. } => self.report_alone(&report).await,
        }
    }

    async fn report_alone(&self, report: &Report) -> Result<Reported, OutboxFailure> {
        let mut transaction = self.store.begin(DOING).await?;
        if let Some(reported) = write(&mut transaction, report).await? {
            transaction.commit().await?;
            return Ok(reported);
        }
        // The lease went in between: what was counted is not to stay.
        transaction.roll_back().await?;
        let mut transaction = self.store.begin(DOING).await?;
        keep(&mut transaction, report, AttemptOutcome::Late).await?;
        transaction.commit().await?;
        Ok(Reported::Late)
    }

    /// One wait for the disk for all that wait for it: whoever has the writer's turn writes for the others.
    async fn report_in_group(&self, report: Report) -> Result<Reported, OutboxFailure> {
        loop {
            let (tell, mut told) = oneshot::channel();
            self.reports.0.lock().push((report.clone(), tell));
            let transaction = tokio::select! {
                biased;
                done = &mut told => match done {
                    Ok(reported) => return Ok(reported),
                    // Whoever wrote for us was dropped, or has failed.
                    Err(_) => continue,
                },
                transaction = self.store.begin(DOING) => transaction?,
            };
            self.write_group(transaction).await?;
            if let Ok(reported) = told.await {
                return Ok(reported);
            }
        }
    }

    async fn write_group(&self, mut transaction: Transaction) -> Result<(), OutboxFailure> {
        let group = std::mem::take(&mut *self.reports.0.lock());
        let mut done = vec![];
        for (report, tell) in group {
            // There is no other writer who could take the lease in between.
            let reported = write(&mut transaction, &report).await?.unwrap_or(Reported::Late);
            done.push((reported, tell));
        }
        transaction.commit().await?;
        for (reported, tell) in done {
            // None is left to tell where the one who reported was dropped.
            drop(tell.send(reported));
        }
        Ok(())
    }

    /// Gives a claimed delivery back that was not tried. False where the lease is not the caller's any more.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn give_back(
        &self,
        delivery_id: DeliveryId,
        lease: Lease,
        unsent: Unsent,
        now: Timestamp,
    ) -> Result<bool, OutboxFailure> {
        let (state, ended_at) = match unsent {
            Unsent::Pending => (DeliveryState::Pending, None),
            Unsent::Held => (DeliveryState::Held, None),
            Unsent::Cancelled => (DeliveryState::Cancelled, Some(now)),
        };
        let values = vec![Value::of(delivery_id), lease.value(), Value::of(state), ended_at.into()];
        let doing = "giving a delivery back";
        let given = self.store.execute(doing, sql!("report/give_back.sql"), values).await?;
        if unsent == Unsent::Pending {
            self.wake();
        }
        Ok(given > 0)
    }
}

/// None where the lease went while this was written.
async fn write(transaction: &mut Transaction, report: &Report) -> Result<Option<Reported>, OutboxFailure> {
    let Some(found) = find(transaction, report.delivery_id, report.lease).await? else {
        keep(transaction, report, AttemptOutcome::Late).await?;
        return Ok(Some(Reported::Late));
    };
    let health = count(transaction, &found, report).await?;
    let state = found.after(report.outcome, health.as_ref());
    if !settle(transaction, &found, report, state).await? {
        return Ok(None);
    }
    keep(transaction, report, report.outcome.kept()).await?;
    let health = health.filter(|_| !found.kind.tries_the_endpoint());
    Ok(Some(Reported::Done { state, health }))
}

async fn find(
    transaction: &mut Transaction,
    delivery_id: DeliveryId,
    lease: Lease,
) -> Result<Option<Found>, OutboxFailure> {
    let values = [Value::of(delivery_id), lease.value()];
    let Some(row) = transaction.fetch_one(sql!("report/select_leased.sql"), values).await? else {
        return Ok(None);
    };
    Ok(Some(Found {
        state: row.parsed("state")?,
        endpoint_id: row.parsed_or_none("endpoint_id")?,
        kind: row.parsed("kind")?,
        message_id: row.text("message_id")?,
    }))
}

/// First of all: the endpoint's row keeps who holds or opens it waiting, so that the delivery goes where it says.
async fn count(
    transaction: &mut Transaction,
    found: &Found,
    report: &Report,
) -> Result<Option<EndpointHealth>, OutboxFailure> {
    let Some(endpoint_id) = found.endpoint_id else { return Ok(None) };
    let id = Value::of(endpoint_id);
    let row = match (found.kind.tries_the_endpoint(), report.outcome) {
        (true, _) | (false, Outcome::Unsendable) => {
            transaction.fetch_one(sql!("endpoints/select.sql"), [id]).await?
        }
        (false, Outcome::Delivered) => {
            transaction.fetch_one(sql!("report/count_success.sql"), [id, report.attempt.at.into()]).await?
        }
        (false, Outcome::RetryAt(_) | Outcome::Dead | Outcome::Held) => {
            transaction.fetch_one(sql!("report/count_failure.sql"), [id, report.attempt.at.into()]).await?
        }
    };
    row.as_ref().map(EndpointHealth::read).transpose()
}

impl Found {
    fn after(&self, outcome: Outcome, health: Option<&EndpointHealth>) -> DeliveryState {
        let endpoint = health.map_or(EndpointState::Open, |health| health.state);
        match (outcome, endpoint) {
            (Outcome::Delivered, _) => DeliveryState::Delivered,
            // Cancelled while it was in flight.
            (_, _) if self.state.has_ended() => self.state,
            (Outcome::Dead | Outcome::Unsendable, _) => DeliveryState::Dead,
            (Outcome::Held | Outcome::RetryAt(_), EndpointState::Removed) => DeliveryState::Cancelled,
            (Outcome::Held, _) => DeliveryState::Held,
            (Outcome::RetryAt(_), EndpointState::Held) if !self.kind.tries_the_endpoint() => {
                DeliveryState::Held
            }
            (Outcome::RetryAt(_), _) => DeliveryState::Pending,
        }
    }
}

/// False where the lease is not there any more.
async fn settle(
    transaction: &mut Transaction,
    found: &Found,
    report: &Report,
    state: DeliveryState,
) -> Result<bool, OutboxFailure> {
    let (failed, retry_at) = match report.outcome {
        Outcome::Delivered => (0_u32, None),
        Outcome::RetryAt(at) => (1, Some(at)),
        Outcome::Dead | Outcome::Unsendable | Outcome::Held => (1, None),
    };
    let ended_at = state.has_ended().then_some(report.attempt.at);
    let values = [
        Value::of(report.delivery_id),
        report.lease.value(),
        Value::of(state),
        Value::from(failed),
        retry_at.into(),
        ended_at.into(),
    ];
    if transaction.execute(sql!("report/settle.sql"), values).await? == 0 {
        return Ok(false);
    }
    if found.kind == MessageKind::Digest && state.has_ended() {
        let values = [found.message_id.as_str().into(), Value::of(state), ended_at.into()];
        transaction.execute(sql!("report/settle_gathered.sql"), values).await?;
    }
    Ok(true)
}

async fn keep(
    transaction: &mut Transaction,
    report: &Report,
    outcome: AttemptOutcome,
) -> Result<(), OutboxFailure> {
    let Attempt { attempt_no, at, status, latency_ms, answer, error } = &report.attempt;
    let values = [
        Value::of(report.delivery_id),
        (*attempt_no).into(),
        (*at).into(),
        Value::of(outcome),
        Value::Integer(status.map(i64::from)),
        latency_ms.map_or(Value::Integer(None), Value::count),
        Value::of_some(answer.as_deref().map(kept_of)),
        Value::of_some(error.as_deref()),
    ];
    transaction.execute(sql!("report/insert_attempt.sql"), values).await.map(drop)
}

/// Its first bytes, up to a whole character. Neither engine keeps a NUL in a text.
fn kept_of(answer: &str) -> String {
    let end = answer.floor_char_boundary(ANSWER_BYTES_MAX);
    answer.get(..end).unwrap_or_default().replace('\0', "\u{fffd}")
}
