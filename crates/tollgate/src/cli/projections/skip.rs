//! `tollgate projections skip`: an operator's word that a projection may leave out the event that it has stopped at.
//!
//! The word is an event like any other: on record, audited, and followed by whichever process moves the projection.

use std::time::Duration;

use anyhow::{bail, ensure};
use domain::{
    Metadata, Position, Reason, Refusal as _, Timestamp,
    metadata::ActorKind,
    projection::{Projection, ProjectionCommand, ProjectionName, SkipEvent},
};
use eventlog::{Execute, ExecuteError, Place};
use projections::{Standing, USAGE};

use super::{names, stores::Stores};
use crate::{cli::operator::Who, runtime};

const SEQUENCED_AT_MOST: Duration = Duration::from_secs(5);

pub(super) async fn skip(
    stores: &Stores,
    name: &str,
    position: u64,
    reason: Reason,
    who: &Who,
) -> anyhow::Result<()> {
    let known = names().find(|known| *known == name);
    let Some(name) = known else {
        bail!("no projection is called `{name}`; there are: {}", names().collect::<Vec<_>>().join(", "));
    };
    ensure!(name != USAGE, "usage is counted from batches, and no batch can be left out");
    let position = Position::new(position);
    let standings = stores.read.standings().await?;
    let halted_at = standings.iter().find(|standing| standing.name == name).and_then(Standing::halted_at);
    if halted_at == Some(position) {
        tell_event(stores, position).await?;
    }
    let metadata = metadata(stores, who, name, position, &reason)?;
    let id: ProjectionName = name.parse()?;
    let command = ProjectionCommand::Skip(SkipEvent { position, halted_at, reason });
    let ask: Execute<Projection> =
        Execute { id, command, metadata, expected_version: None, idempotency: None, personal: vec![] };
    match stores.log.execute(ask).await {
        Ok(done) if done.events.is_empty() => {
            println!("That was said before; nothing was put on record.");
            Ok(())
        }
        Ok(done) => tell_place(stores, name, position, done.place).await,
        Err(ExecuteError::Refused(refusal)) => bail!("{}: {refusal}", refusal.code()),
        Err(failure) => Err(failure.into()),
    }
}

/// Which event it is, so that the operator sees what is left out. A projection may also have stopped because there is
/// none, and then nothing can be.
async fn tell_event(stores: &Stores, position: Position) -> anyhow::Result<()> {
    let before = Position::new(position.get().saturating_sub(1));
    let stored = stores.log.read_stored(before, 1).await?;
    let Some(stored) = stored.first().filter(|stored| stored.position == position) else {
        bail!("the log has no event at position {position}: restore the log, nothing can be left out");
    };
    println!(
        "The event at position {position}: {} (version {}) of {}, recorded at {}.",
        stored.event_type, stored.event_version, stored.aggregate_id, stored.recorded_at
    );
    Ok(())
}

async fn tell_place(stores: &Stores, name: &str, skipped: Position, place: Place) -> anyhow::Result<()> {
    match stores.log.position(place, SEQUENCED_AT_MOST).await {
        Ok(at) => println!(
            "`{name}` may leave out the event at position {skipped}: on record at position {at}. It goes on when \
             it gets there, or when its server is started."
        ),
        // It is on record all the same.
        Err(failure) => println!(
            "`{name}` may leave out the event at position {skipped}. It goes on once that has its own position: {failure}."
        ),
    }
    Ok(())
}

fn metadata(
    stores: &Stores,
    who: &Who,
    name: &str,
    position: Position,
    reason: &Reason,
) -> anyhow::Result<Metadata> {
    let now: Timestamp = runtime::system_clock().now();
    let id = format!("skip-{name}-{position}-{}", now.as_microsecond());
    Ok(Metadata {
        occurred_at: now,
        actor: who.actor()?,
        actor_kind: ActorKind::Person,
        authenticated_by: stores.authenticated_by.to_owned(),
        on_behalf_of: None,
        allowed_by: stores.authenticated_by.to_owned(),
        address: None,
        user_agent: None,
        request_id: id.clone(),
        correlation_id: id.clone(),
        causation_id: None,
        reason: Some(reason.to_string()),
        command_id: id,
    })
}
