//! A history as an installation has it, decided by the rules and copied straight into the store: a million commands one
//! after the other would take longer than what is measured with them.
//!
//! Of a hundred draws 87 are about keys (26 to issue, 31 to rotate, 16 to suspend or reinstate, 14 to revoke) and 13
//! about clients (5 to register, 8 to rename); what the rules refuse is drawn again. Whose turn it is is drawn too, so
//! that the events of one key lie far apart. Each
//! event carries what a request through the REST API leaves: identifiers of its own, the program, and the commitment to
//! the caller's address, whose value is there.

use anyhow::{Context as _, Result, ensure};
use domain::{
    Aggregate, ClientId, EventId, EventType as _, KeyId, Metadata, Position, Timestamp,
    api_client::{ApiClient, ApiClientCommand, ClientFacts, ClientStanding},
    api_key::{ApiKey, ApiKeyCommand, IssueKey, NewSecret, ReinstateKey, RevokeKey, RotateKey, SuspendKey},
    metadata::ActorKind,
    personal::PersonalValue,
    secret::SecretDigest,
};
use eventlog::{EventLog, canonical, merkle::leaf_hash};
use jiff::SignedDuration;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tollgate_bench::{now, register, rename};

const EVENTS_AT_ONCE: u32 = 10_000;
const CHECKED: u64 = 2_000;

const EVENTS: &str = "copy tollgate.events (event_no, aggregate_type, aggregate_id, sequence, event_type, event_version, \
    payload, metadata, event_id, recorded_at) from stdin";
const LOG: &str = "copy tollgate.log (position, event_no, leaf_hash) from stdin";
const PERSONAL: &str = "copy tollgate.personal_data (event_no, commitment, subject, salt, value) from stdin";

/// Fills an empty log.
pub(crate) async fn fill(url: &str, events: u32) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    // What refers to an event is written with it.
    connection.execute("set session_replication_role = replica; set synchronous_commit = off").await?;
    let mut history = History { now: now()?, ..History::default() };
    let mut written = 0;
    while written < events {
        let many = EVENTS_AT_ONCE.min(events - written);
        for _ in 0..many {
            history.go_on()?;
        }
        for (statement, rows) in
            [(EVENTS, &mut history.events), (LOG, &mut history.log), (PERSONAL, &mut history.personal)]
        {
            let mut copy = connection.copy_in_raw(statement).await?;
            copy.send(std::mem::take(rows).into_bytes()).await?;
            copy.finish().await?;
        }
        written += many;
    }
    connection.close().await.context("closing the connection")
}

/// What was written past the log is what the log would have written.
pub(crate) async fn check(log: &EventLog) -> Result<()> {
    let (checked, altered) = log.altered(Position::new(CHECKED)).await?;
    ensure!(checked == CHECKED && altered.is_empty(), "the log finds other hashes at {altered:?}");
    let read = log.read(Position::START, 1_000).await?;
    ensure!(read.len() == 1_000 && read.iter().all(|event| !event.personal.is_empty()), "what was read");
    Ok(())
}

/// The states so far, and the rows that are not written yet.
#[derive(Default)]
struct History {
    now: Timestamp,
    position: u64,
    drawn: u64,
    clients: Vec<Stream<ApiClient>>,
    keys: Vec<Stream<ApiKey>>,
    suspended: Vec<usize>,
    events: String,
    log: String,
    personal: String,
}

#[derive(Default)]
struct Stream<A> {
    state: A,
    sequence: u64,
}

impl History {
    /// Draws until the rules take it.
    fn go_on(&mut self) -> Result<()> {
        self.now = self.now.checked_add(SignedDuration::from_secs(1))?;
        let before = self.position;
        while self.position == before {
            match self.draw(100) {
                0..5 => self.on_client(self.clients.len(), &register()?)?,
                _ if self.clients.is_empty() => {}
                5..13 => {
                    let client = self.draw(self.clients.len());
                    self.on_client(client, &rename(1, u32::try_from(self.position)?)?)?;
                }
                13..39 => {
                    let client = self.draw(self.clients.len());
                    let issue = ApiKeyCommand::Issue(self.issue(client)?);
                    self.on_key(self.keys.len(), &issue)?;
                }
                _ if self.keys.is_empty() => {}
                39..70 => {
                    let (key, rotate) = (self.draw(self.keys.len()), self.rotate()?);
                    self.on_key(key, &rotate)?;
                }
                70..78 => {
                    let key = self.draw(self.keys.len());
                    if self.on_key(key, &ApiKeyCommand::Suspend(SuspendKey { reason: reason()? }))? {
                        self.suspended.push(key);
                    }
                }
                78..86 if !self.suspended.is_empty() => {
                    let at = self.draw(self.suspended.len());
                    let key = self.suspended.swap_remove(at);
                    self.on_key(key, &ApiKeyCommand::Reinstate(ReinstateKey { reason: reason()? }))?;
                }
                _ => {
                    let (key, now) = (self.draw(self.keys.len()), self.now);
                    let revoke = RevokeKey { now, at: None, reason: reason()? };
                    self.on_key(key, &ApiKeyCommand::Revoke(revoke))?;
                }
            }
        }
        Ok(())
    }

    /// The same numbers in every run. Source: splitmix64.
    fn draw(&mut self, below: usize) -> usize {
        self.drawn = self.drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.drawn ^ (self.drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap_or_default() % below.max(1)
    }

    fn id_parts(&mut self) -> (u64, u128) {
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or_default();
        (millis, u128::try_from(self.draw(usize::MAX)).unwrap_or_default())
    }

    fn on_client(&mut self, at: usize, command: &ApiClientCommand) -> Result<()> {
        if at == self.clients.len() {
            self.clients.push(Stream::default());
        }
        let stream = self.clients.get_mut(at).context("a client")?;
        let events = stream.state.decide(command)?;
        let [event] = events.as_slice() else { return Ok(()) };
        stream.state.apply(event);
        stream.sequence += 1;
        let (sequence, id) = (stream.sequence, client_id(at)?.to_string());
        self.record::<ApiClient>(&id, sequence, event)?;
        if let ApiClientCommand::Register(asked) = command {
            self.keep(&asked.owner.email, &id);
        }
        Ok(())
    }

    /// Whether the rules took it.
    fn on_key(&mut self, at: usize, command: &ApiKeyCommand) -> Result<bool> {
        if at == self.keys.len() {
            self.keys.push(Stream::default());
        }
        let stream = self.keys.get_mut(at).context("a key")?;
        let Ok(events) = stream.state.decide(command) else { return Ok(false) };
        let [event] = events.as_slice() else { return Ok(false) };
        stream.state.apply(event);
        stream.sequence += 1;
        let sequence = stream.sequence;
        let id = KeyId::from_parts(1_772_366_400_000 + u64::try_from(at)?, u128::try_from(at)? << 40);
        self.record::<ApiKey>(&id.to_string(), sequence, event)?;
        Ok(true)
    }

    fn issue(&mut self, client: usize) -> Result<IssueKey> {
        Ok(IssueKey {
            now: self.now,
            client_id: client_id(client)?,
            client: ClientFacts {
                standing: ClientStanding::Active,
                environments: ["prod".parse()?].into(),
                scopes: [].into(),
            },
            name: format!("key {}", self.keys.len()).parse()?,
            environment: "prod".parse()?,
            scopes: None,
            not_before: None,
            expires_at: Some(self.now.checked_add(SignedDuration::from_hours(24 * 365))?),
            allowed_cidrs: vec!["10.0.0.0/8".parse()?],
            secret: self.secret()?,
        })
    }

    fn rotate(&mut self) -> Result<ApiKeyCommand> {
        Ok(ApiKeyCommand::Rotate(RotateKey {
            now: self.now,
            client: ClientStanding::Active,
            secret: self.secret()?,
            overlap_seconds: 3_600,
            expires_at: None,
            reason: None,
            retire_when_idle_hours: None,
        }))
    }

    fn secret(&mut self) -> Result<NewSecret> {
        let mut hmac = [0; 32];
        for byte in &mut hmac {
            *byte = u8::try_from(self.draw(256))?;
        }
        let locator = format!("{:0>10}", self.draw(10_000_000_000)).parse()?;
        Ok(NewSecret {
            locator, digest: SecretDigest { pepper_version: 1, hmac }, hint: "…x7Qa".to_owned()
        })
    }

    /// As an append writes it.
    fn record<A: Aggregate>(&mut self, id: &str, sequence: u64, event: &A::Event) -> Result<()> {
        self.position += 1;
        let (millis, random) = self.id_parts();
        let event_id = EventId::from_parts(millis, random);
        let mut salt = [0; 16];
        for byte in &mut salt {
            *byte = u8::try_from(self.draw(256))?;
        }
        let address = PersonalValue::new(salt, &format!("192.0.2.{}", self.draw(256)));
        let (request, command) = (self.draw(usize::MAX), self.draw(usize::MAX));
        let metadata = canonical::to_text(&metadata(self.now, &address, request, command))?;
        let (payload, position, recorded_at) = (canonical::to_text(event)?, self.position, self.now);
        let (aggregate, event_type, version) = (A::TYPE, event.event_type(), event.event_version());
        let audited_payload = canonical::audited_payload(&payload);
        let audited = format!(
            r#"{{"aggregate_id":"{id}","aggregate_type":"{aggregate}","data":{audited_payload},"event_id":"{event_id}","event_type":"{event_type}","event_version":{version},"metadata":{metadata},"recorded_at":"{recorded_at}","sequence":{sequence}}}"#
        );
        let leaf = hex(&leaf_hash(audited.as_bytes()));
        let (payload, metadata) = (escaped(&payload), escaped(&metadata));
        self.events.push_str(&format!(
            "{position}\t{aggregate}\t{id}\t{sequence}\t{event_type}\t{version}\t{payload}\t{metadata}\t{event_id}\t{recorded_at}\n"
        ));
        self.log.push_str(&format!("{position}\t{position}\t\\\\x{leaf}\n"));
        self.keep(&address, "bootstrap-admin");
        Ok(())
    }

    /// Of the last event.
    fn keep(&mut self, value: &PersonalValue, subject: &str) {
        let (position, commitment, text) = (self.position, value.commitment(), value.text());
        let salt = hex(value.salt());
        self.personal.push_str(&format!("{position}\t{commitment}\t{subject}\t\\\\x{salt}\t{text}\n"));
    }
}

fn client_id(at: usize) -> Result<ClientId> {
    Ok(ClientId::from_parts(1_772_366_400_000 + u64::try_from(at)?, u128::try_from(at)? << 40))
}

fn reason() -> Result<domain::Reason> {
    Ok("as the security team asked".parse()?)
}

fn metadata(at: Timestamp, address: &PersonalValue, request: usize, command: usize) -> Metadata {
    Metadata {
        occurred_at: at,
        actor: "bootstrap-admin".to_owned(),
        actor_kind: ActorKind::ServiceAccount,
        authenticated_by: "bootstrap_token".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: Some(address.commitment()),
        user_agent: Some("curl/8.5.0".to_owned()),
        request_id: format!("req_{request:026}"),
        correlation_id: format!("req_{request:026}"),
        causation_id: None,
        reason: None,
        command_id: format!("cmd_{command:026}"),
    }
}

/// For COPY's text format.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
