//! The names that the log is signed under: the first follows from the first event, another is an operator's word.

use domain::{Position, Timestamp};

use super::{KnownBy, SignFailure, SignRefusal};
use crate::{
    EventLog, LogFailure,
    checkpoint::{Checkpoint, Identity, Signing},
    note::Note,
};

/// The name of a log that was given none: of its first event, so that it is the same on every engine that the log is moved
/// to, and another for every other log. None while the log is empty.
///
/// # Errors
/// When the store cannot be read.
pub async fn default_origin(log: &EventLog) -> Result<Option<String>, LogFailure> {
    let first = log.leaves(Position::START, Position::START.next()).await?;
    Ok(first.first().map(|leaf| format!("tollgate/{}", hex::encode(leaf.get(..10).unwrap_or_default()))))
}

/// The first name of a log; none while it is empty.
pub(super) async fn first(
    log: &EventLog,
    origin: Option<String>,
    now: Timestamp,
) -> Result<Option<Identity>, LogFailure> {
    let Some(default) = default_origin(log).await? else { return Ok(None) };
    let origin = origin.unwrap_or(default);
    let reason = "first signature".to_owned();
    Ok(Some(Identity { number: 1, origin, made_at: now, reason, abandoned: None }))
}

/// An empty log contradicts every checkpoint.
pub(super) fn check_empty(published: Option<&Note>) -> Result<(), SignFailure> {
    let Some(note) = published else { return Ok(()) };
    let by = KnownBy::Published;
    let known = Checkpoint::of(note).map_err(|why| SignRefusal::Unverified { by, why })?;
    if known.size == Position::START {
        return Ok(());
    }
    Err(SignRefusal::Shorter { by, size: known.size.get(), head: 0 }.into())
}

/// Whether what was published is of this name; no if an operator has abandoned it.
pub(super) fn is_continued(
    note: &Note,
    identity: &Identity,
    identities: &[Identity],
) -> Result<bool, SignRefusal> {
    let by = KnownBy::Published;
    let found = Checkpoint::of(note).map_err(|why| SignRefusal::Unverified { by, why })?.origin;
    if found == identity.origin {
        return Ok(true);
    }
    let is_abandoned = |identity: &Identity| {
        identity.origin == found || identity.abandoned.as_ref().is_some_and(|(origin, _)| *origin == found)
    };
    if identities.iter().any(is_abandoned) {
        return Ok(false);
    }
    Err(SignRefusal::OtherLog { found, origin: identity.origin.clone() })
}

/// Gives the log another name from here on, by an operator's word: what was published under the one before is not
/// continued. It stays on record which that was, and why.
///
/// # Errors
/// When the log is empty, or the store fails.
pub async fn renew_identity(
    log: &EventLog,
    published: Option<&Note>,
    origin: Option<String>,
    reason: &str,
    now: Timestamp,
) -> Result<Identity, SignFailure> {
    let identities = log.identities().await?;
    let Some(default) = default_origin(log).await? else { return Err(SignRefusal::Nameless.into()) };
    let stored = log.checkpoint().await?.map(|newest| newest.note);
    let abandoned = [published, stored.as_ref()].into_iter().flatten();
    let abandoned = abandoned.filter_map(|note| Checkpoint::of(note).ok()).max_by_key(|known| known.size);
    let number = identities.last().map_or(0, |last| last.number).saturating_add(1);
    let base = identities.first().map_or(default, |first| first.origin.clone());
    let is_taken = |origin: &String| {
        identities.iter().any(|identity| identity.origin == *origin)
            || abandoned.as_ref().is_some_and(|abandoned| abandoned.origin == *origin)
    };
    let names = std::iter::once(base.clone()).chain((2_u32..).map(|at| format!("{base}/{at}")));
    let free = origin.into_iter().chain(names).find(|origin| !is_taken(origin));
    let identity = Identity {
        number,
        origin: free.unwrap_or(base),
        made_at: now,
        reason: reason.to_owned(),
        abandoned: abandoned.map(|known| (known.origin, known.size)),
    };
    log.write_signing(Signing { identity: Some(identity.clone()), ..Signing::default() }).await?;
    Ok(identity)
}
