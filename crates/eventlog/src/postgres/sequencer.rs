//! Gives committed events their positions. One at a time among all instances, by an advisory lock of the session that does
//! it: who loses the session has lost the right with it, and the primary key of `log` is the judge should that not be so.

use std::time::{Duration, Instant};

use metrics::{gauge, histogram};
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, field::Empty, info, trace_span, warn};

use super::{
    connect::Server,
    head::{BATCH_EVERY, Head, POLL_EVERY},
};

/// The lock's number: "tollgate" in ASCII.
pub(super) const LOCK: i64 = 0x746f_6c6c_6761_7465;
/// How often a standby asks for the lock.
const ASK_EVERY: Duration = Duration::from_millis(500);
const EVENTS_AT_ONCE: i64 = 5_000;

/// Stands by, leads when nobody else does, and stands by again when the session is lost. Until stopped.
pub(super) async fn run(server: &Server, head: &Head, stop: CancellationToken) {
    gauge!("tollgate_sequencer_leads").set(0.0);
    let mut failing = false;
    while !stop.is_cancelled() {
        match stand_by(server, &stop).await {
            Ok(Some(mut session)) => {
                failing = false;
                info!("Giving positions to events from here");
                lead(server, &mut session, head, &stop).await;
                // Closed in an orderly way, the lock is free at once.
                drop(tokio::time::timeout(ASK_EVERY, session.close()).await);
            }
            Ok(None) => return,
            Err(source) => {
                if !std::mem::replace(&mut failing, true) {
                    warn!(error = %source, "Cannot reach the database to give positions; trying on");
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(ASK_EVERY) => {}
                }
            }
        }
    }
}

/// Waits for the lock; none when stopped before.
async fn stand_by(server: &Server, stop: &CancellationToken) -> Result<Option<PgConnection>, sqlx::Error> {
    let mut session = server.connect().await?;
    loop {
        let ours: bool =
            sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut session).await?;
        if ours {
            return Ok(Some(session));
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
    }
}

/// Until the session is lost or it is told to stop. Once nothing waits, a command that comes alone to this process gets its
/// position without the queue.
async fn lead(server: &Server, session: &mut PgConnection, head: &Head, stop: &CancellationToken) {
    head.leads.send_replace(true);
    gauge!("tollgate_sequencer_leads").set(1.0);
    let mut last = None;
    loop {
        pace(last, head, stop).await;
        // What still waits is on record: the next one to lead gives it its positions.
        if stop.is_cancelled() {
            break;
        }
        let mut placing = head.sequencing().await;
        // On a wire that has fallen silent somebody else leads by now.
        let sequenced = tokio::time::timeout(server.answer_at_most(), sequence(session)).await;
        match sequenced.unwrap_or_else(|late| Err(sqlx::Error::Io(late.into()))) {
            Ok(given) if !given.is_empty() => {
                last = Some(Instant::now());
                head.note_sequenced(&given);
                // What is left is much, and no part of anybody's append.
                if i64::try_from(given.len()).is_ok_and(|given| given >= EVENTS_AT_ONCE) {
                    placing.at_once(false);
                }
            }
            Ok(_nothing_waits) => {
                placing.at_once(true);
                drop(placing);
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    () = head.appended.notified() => {}
                    // Should a word from another instance have been lost.
                    () = tokio::time::sleep(POLL_EVERY) => {}
                }
            }
            Err(source) => {
                warn!(error = %source, "No longer giving positions to events from here");
                // Before it is let go: writers may be waiting for it.
                placing.at_once(false);
                break;
            }
        }
    }
    head.sequencing().await.at_once(false);
    head.leads.send_replace(false);
    gauge!("tollgate_sequencer_leads").set(0.0);
}

/// At once after a rest, and when somebody waits for a position; in the midst of other commands, those of some milliseconds
/// together. Each batch is a commit of its own, and one for every command would make each command wait for the disk twice.
async fn pace(last: Option<Instant>, head: &Head, stop: &CancellationToken) {
    let rest = last.map_or(Duration::ZERO, |last| BATCH_EVERY.saturating_sub(last.elapsed()));
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = head.is_awaited() => {}
        () = tokio::time::sleep(rest) => {}
    }
}

async fn sequence(session: &mut PgConnection) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let begun = Instant::now();
    let span = trace_span!("sequence", batch.events = Empty);
    let giving = sqlx::query_as(include_str!("sequence_pending.sql")).bind(EVENTS_AT_ONCE).fetch_all(session);
    let mut given: Vec<(i64, i64)> = giving.instrument(span.clone()).await?;
    span.record("batch.events", given.len());
    if !given.is_empty() {
        histogram!("tollgate_sequencer_batch_seconds").record(begun.elapsed());
    }
    // The order in which rows come back is not promised.
    given.sort_unstable();
    Ok(given)
}
