//! What load generators have in common: commands that always have news, figures of several rounds, answers of a proxy, and what a process
//! spends.

pub mod proxied;

use anyhow::{Context, Result};
use domain::{
    ClientId, Clock, Metadata, Timestamp,
    api_client::{ApiClient, ApiClientCommand, ClientKind, NewOwner, RegisterClient, UpdateClient},
    metadata::ActorKind,
    personal::PersonalValue,
};
use eventlog::{EventLog, Execute};

/// A clock that stands still.
#[derive(Debug)]
pub struct Fixed(pub Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// # Errors
/// Never: the text is a time.
pub fn now() -> Result<Timestamp> {
    "2026-03-01T12:00:00Z".parse().context("a time")
}

#[must_use]
pub fn client(number: u32) -> ClientId {
    ClientId::from_parts(1_772_366_400_000, u128::from(number))
}

/// # Errors
/// Never: the texts are within their bounds.
pub fn register() -> Result<ApiClientCommand> {
    let owner = NewOwner { team: "bench".parse()?, email: PersonalValue::new([1; 16], "bench@example.com") };
    Ok(ApiClientCommand::Register(RegisterClient {
        name: "Bench".parse()?,
        kind: ClientKind::Internal,
        owner,
        contacts: vec![],
        environments: ["prod".parse()?].into(),
        scopes: [].into(),
        labels: [].into(),
    }))
}

/// # Errors
/// Never: the name is within its bounds.
pub fn rename(round: u32, number: u32) -> Result<ApiClientCommand> {
    let name = Some(format!("round {round} command {number}").parse()?);
    Ok(ApiClientCommand::Update(UpdateClient { name, ..UpdateClient::default() }))
}

fn metadata() -> Result<Metadata> {
    Ok(Metadata {
        occurred_at: now()?,
        actor: "bench".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "system".to_owned(),
        address: None,
        user_agent: None,
        request_id: "r".to_owned(),
        correlation_id: "r".to_owned(),
        causation_id: None,
        reason: None,
        command_id: "c".to_owned(),
    })
}

/// Load, decide and append, answered when it is on record.
///
/// # Errors
/// When the store fails.
pub async fn execute(log: &EventLog, id: ClientId, command: ApiClientCommand) -> Result<()> {
    let ask = Execute {
        id,
        command,
        metadata: metadata()?,
        expected_version: None,
        idempotency: None,
        personal: vec![],
    };
    log.execute::<ApiClient>(ask).await.map(drop).context("our append")
}

/// The middle one, the upper of two.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
