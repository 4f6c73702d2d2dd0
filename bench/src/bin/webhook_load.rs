//! How soon a webhook is first tried while others hang: from the handover to the arrival, over 10,000 endpoints of which 100 take
//! a connection and never answer. Once with none that hangs and once with them, in the same run; on the embedded engine.
#![expect(clippy::print_stdout, reason = "a benchmark tells its numbers")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Parser;
use domain::{
    Clock, DeliveryId, MessageId, Metadata, Timestamp, WebhookId,
    access::GrantScope,
    metadata::ActorKind,
    secret::Peppers,
    webhook::{CreateWebhook, VerifyWebhook, Webhook, WebhookCommand, WebhookSpec, WebhookUrl},
};
use eventlog::{EventLog, Execute, usage::UsageLog};
use futures::{StreamExt as _, stream};
use notifier::{Notifier, Parts, Settings, templates::Templates};
use outbound::{Client, Policy, SystemLookup};
use outbox::{Handover, MessageKind, NewDelivery, NewMessage, Outbox, Recipient, Start};
use projections::{Projections, ReadModel};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

#[derive(Parser)]
struct Flags {
    /// Endpoints, each of which is told once
    #[arg(long, default_value_t = 10_000)]
    endpoints: u32,
    /// Of them, those that never answer
    #[arg(long, default_value_t = 100)]
    hanging: u32,
    /// Deliveries that become due in a second
    #[arg(long, default_value_t = 500)]
    rate: u32,
}

struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        tollgate_tests::now()
    }
}

/// When each endpoint was first called.
type Arrivals = Arc<Mutex<HashMap<u32, Instant>>>;

#[tokio::main]
async fn main() -> Result<()> {
    let flags = Flags::parse();
    let quiet = run(&flags, 0).await?;
    let hung = run(&flags, flags.hanging).await?;
    println!(
        "p99 with {} hanging / with none: {:.2}",
        flags.hanging,
        hung.as_secs_f64() / quiet.as_secs_f64()
    );
    Ok(())
}

/// The p99 of those that answer.
#[expect(clippy::too_many_lines, reason = "one part after the other")]
async fn run(flags: &Flags, hanging: u32) -> Result<Duration> {
    let arrivals = Arrivals::default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(receive(listener, Arc::clone(&arrivals)));
    let dir = tempfile::tempdir()?;
    let clock = Arc::new(Wall);
    let log = EventLog::open_sqlite(&dir.path().join("events.db"), clock.clone()).await?;
    let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await?;
    let read = ReadModel::open_sqlite(&dir.path().join("read.db")).await?;
    let outbox = Outbox::open_sqlite(&dir.path().join("outbox.db")).await?;
    let projections = Projections::open(read.clone(), log.clone(), usage).await?;
    let (visibility, stop) = (projections.visibility(), CancellationToken::new());
    let projecting = stop.clone();
    tasks.spawn(async move { projections.run(projecting).await.unwrap_or_default() });
    let hangs = |number: u32| hanging > 0 && number.is_multiple_of(flags.endpoints / hanging);
    let url = |number: u32| {
        let way = if hangs(number) { "hang" } else { "hook" };
        format!("http://{address}/{way}/{number}")
    };
    let making = stream::iter(0..flags.endpoints).map(|number| webhook(&log, number, url(number)));
    making
        .buffer_unordered(200)
        .collect::<Vec<Result<()>>>()
        .await
        .into_iter()
        .collect::<Result<Vec<()>>>()?;
    anyhow::ensure!(visibility.wait_for(log.head(), Duration::from_secs(120)).await, "the read models lag");
    let policy = Policy { allow: vec!["127.0.0.0/8".parse()?], deny: vec![], allow_http: true };
    let parts = Parts {
        log,
        read,
        visibility,
        outbox: outbox.clone(),
        clock,
        peppers: Peppers::new([(1, Zeroizing::new([7; 32]))])?,
        web: Client::new(policy, outbound::Settings::default(), SystemLookup::default())?,
        mail: None,
        templates: Arc::new(Templates::new(None)?),
        public_url: "https://tollgate.example.com".parse()?,
        zone: jiff::tz::TimeZone::UTC,
        settings: Settings::default(),
    };
    let notifier = Notifier::new(parts)?;
    tasks.spawn(notifier.run(stop.clone()));
    let due = hand_over(flags, &outbox).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop.cancel();
    let waited = waited(&due, &arrivals, hangs);
    let tried = waited.len();
    let at = |share: f64| {
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a list"
        )]
        let place = ((tried as f64 * share) as usize).min(tried.saturating_sub(1));
        waited.get(place).copied().context("nothing has arrived")
    };
    let (median, p99, longest) = (at(0.5)?, at(0.99)?, at(1.0)?);
    println!(
        "{} endpoints, {hanging} hanging, {} a second: {tried} first tries, median {median:.1?}, p99 {p99:.1?}, longest {longest:.1?}",
        flags.endpoints, flags.rate
    );
    tasks.abort_all();
    Ok(p99)
}

/// Sorted; of those that answer.
fn waited(due: &HashMap<u32, Instant>, arrivals: &Arrivals, hangs: impl Fn(u32) -> bool) -> Vec<Duration> {
    let arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    let answering = due.iter().filter(|(number, _)| !hangs(**number));
    let mut waited: Vec<Duration> =
        answering.filter_map(|(number, due)| Some(arrivals.get(number)?.duration_since(*due))).collect();
    waited.sort_unstable();
    waited
}

/// So many a second. When each was handed over.
async fn hand_over(flags: &Flags, outbox: &Outbox) -> Result<HashMap<u32, Instant>> {
    let mut due = HashMap::new();
    // In tenths of a second, as events come.
    let at_once = (flags.rate / 10).max(1);
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    for first in (0..flags.endpoints).step_by(usize::try_from(at_once)?) {
        ticks.tick().await;
        let numbers: Vec<u32> = (first..(first + at_once).min(flags.endpoints)).collect();
        let now = tollgate_tests::now();
        let messages = numbers.iter().map(|number| message(*number, now)).collect();
        outbox.commit(Handover { checkpoint: None, at: now, messages, cancels: vec![] }).await?;
        let handed = Instant::now();
        due.extend(numbers.into_iter().map(|number| (number, handed)));
    }
    Ok(due)
}

fn message(number: u32, now: Timestamp) -> NewMessage {
    let id = u128::from(number);
    NewMessage {
        message_id: MessageId::from_parts(1, id),
        kind: MessageKind::Event,
        message_type: "api_key.issued".to_owned(),
        subject: format!("key_{number}"),
        sequence: Some(1),
        position: None,
        environment: None,
        team: None,
        client_id: None,
        body: "{\"type\":\"api_key.issued\"}".to_owned(),
        notice: None,
        deliveries: vec![NewDelivery {
            delivery_id: DeliveryId::from_parts(1, id),
            recipient: Recipient::Webhook(WebhookId::from_parts(1, id)),
            start: Start::Due(now),
            cancel_key: None,
        }],
    }
}

/// One that is verified.
async fn webhook(log: &EventLog, number: u32, url: String) -> Result<()> {
    let id = WebhookId::from_parts(1, number.into());
    let url: WebhookUrl = url.parse()?;
    let spec = WebhookSpec {
        name: "bench".parse()?,
        url: url.clone(),
        events: ["api_key.*".parse()?].into(),
        scope: GrantScope::All,
    };
    let create = WebhookCommand::Create(CreateWebhook { spec, pepper_version: 1 });
    for command in [create, WebhookCommand::Verify(VerifyWebhook { url })] {
        let (expected_version, idempotency) = (None, None);
        let metadata = metadata(tollgate_tests::now());
        let ask: Execute<Webhook> =
            Execute { id, command, metadata, expected_version, idempotency, personal: vec![] };
        log.execute(ask).await?;
    }
    Ok(())
}

/// Takes posts, and answers those that are not for one who hangs.
async fn receive(listener: TcpListener, arrivals: Arrivals) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let arrivals = Arc::clone(&arrivals);
        connections.spawn(async move { serve(stream, &arrivals).await.unwrap_or_default() });
    }
}

async fn serve(stream: TcpStream, arrivals: &Arrivals) -> Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = bytes.trim().parse()?;
            }
        }
        stream.read_exact(&mut vec![0; length]).await?;
        let path = head.split(' ').nth(1).unwrap_or_default();
        let number: u32 = path.rsplit('/').next().unwrap_or_default().parse()?;
        arrivals.lock().unwrap_or_else(PoisonError::into_inner).entry(number).or_insert_with(Instant::now);
        if path.starts_with("/hang") {
            std::future::pending::<()>().await;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    }
}

fn metadata(occurred_at: Timestamp) -> Metadata {
    Metadata {
        occurred_at,
        actor: "bench".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: None,
        user_agent: None,
        request_id: "r".to_owned(),
        correlation_id: "r".to_owned(),
        causation_id: None,
        reason: None,
        command_id: "c".to_owned(),
    }
}
