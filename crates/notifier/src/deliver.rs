//! Delivers what is due: claims, tries, reports. Every process that is a notifier does, side by side.

mod attachment;
mod channels;
mod letters;
mod own_failure;
mod scope;
mod webhooks;

use std::{future::Future, pin::pin, time::Duration};

use domain::Timestamp;
use futures::{StreamExt as _, stream::FuturesUnordered};
use outbox::{Attempt, Channel, Claim, Claimed, Jitter, Lease, Outcome, Report, Reported, next_attempt};
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub(crate) use channels::{Channels, Down};
pub(crate) use own_failure::REPORTED_WITHIN;

use crate::{
    mail::Smtp,
    parts::{Failure, Parts},
};

/// Claimed at once: what is claimed is under way within a moment.
const CLAIMED_MAX: u32 = 64;
/// What another process has made due, and what comes due by time, is found so soon.
const LOOKED_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Posts to webhooks until it is told to stop.
pub(crate) async fn webhooks(parts: &Parts, channels: &Channels, stop: &CancellationToken) {
    let room = Room { channel: Channel::Webhook, at_once: parts.settings.webhooks_at_once };
    run(parts, room, stop, |claimed| post(parts, channels, claimed)).await;
}

/// Sends letters until it is told to stop. Without a server of mail they wait.
pub(crate) async fn letters(parts: &Parts, channels: &Channels, stop: &CancellationToken) {
    let Some(mail) = parts.mail.as_ref() else { return stop.cancelled().await };
    let room = Room { channel: Channel::Email, at_once: parts.settings.letters_at_once };
    run(parts, room, stop, |claimed| send(parts, mail, channels, claimed)).await;
}

async fn post(parts: &Parts, channels: &Channels, claimed: Claimed) -> Result<(), Failure> {
    let tried = Box::pin(webhooks::attempt(parts, channels, &claimed)).await;
    own_failure::settle(parts, &claimed, tried).await
}

async fn send(parts: &Parts, smtp: &Smtp, channels: &Channels, claimed: Claimed) -> Result<(), Failure> {
    let tried = Box::pin(letters::attempt(parts, smtp, channels, &claimed)).await;
    own_failure::settle(parts, &claimed, tried).await
}

/// Tries what is due once, one after the other.
#[cfg(test)]
pub(crate) async fn try_due(parts: &Parts, channels: &Channels) -> Result<(), Failure> {
    for claimed in claim(parts, Channel::Webhook, CLAIMED_MAX).await {
        post(parts, channels, claimed).await?;
    }
    if let Some(mail) = &parts.mail {
        for claimed in claim(parts, Channel::Email, CLAIMED_MAX).await {
            send(parts, mail, channels, claimed).await?;
        }
    }
    Ok(())
}

/// How much is under way at once.
#[derive(Clone, Copy)]
struct Room {
    channel: Channel,
    at_once: u32,
}

async fn run<Trying: Future<Output = Result<(), Failure>>>(
    parts: &Parts,
    room: Room,
    stop: &CancellationToken,
    attempt: impl Fn(Claimed) -> Trying,
) {
    let mut news = parts.outbox.watch();
    let mut under_way = FuturesUnordered::new();
    let mut more = true;
    loop {
        let busy = u32::try_from(under_way.len()).unwrap_or(u32::MAX);
        let max = room.at_once.saturating_sub(busy).min(CLAIMED_MAX);
        if stop.is_cancelled() {
            if under_way.is_empty() {
                return;
            }
        } else if more && max > 0 {
            news.mark_unchanged();
            let mut claiming = pin!(claim(parts, room.channel, max));
            // What is under way goes on meanwhile: it may hold the connection that claiming waits for.
            let claimed = loop {
                tokio::select! {
                    claimed = &mut claiming => break claimed,
                    Some(tried) = under_way.next(), if !under_way.is_empty() => note(tried),
                }
            };
            more = u32::try_from(claimed.len()).is_ok_and(|got| got == max);
            under_way.extend(claimed.into_iter().map(&attempt));
            if more && max < room.at_once.saturating_sub(busy) {
                continue;
            }
        }
        tokio::select! {
            biased;
            () = stop.cancelled(), if !stop.is_cancelled() => {}
            Some(tried) = under_way.next(), if !under_way.is_empty() => note(tried),
            _ = news.changed() => more = true,
            () = tokio::time::sleep(LOOKED_AGAIN_AFTER) => more = true,
        }
    }
}

fn note(tried: Result<(), Failure>) {
    if let Err(failure) = tried {
        // Its lease ends, and it is tried again.
        warn!(error = %failure, "Cannot say what became of a delivery");
        metrics::counter!("tollgate_notifier_failures_total", "of" => "deliveries").increment(1);
    }
}

async fn claim(parts: &Parts, channel: Channel, max: u32) -> Vec<Claimed> {
    let claim = Claim {
        channel,
        now: parts.clock.now(),
        lease: Lease::from_random(rand::random()),
        lease_for: parts.settings.lease,
        max,
        per_endpoint_max: match channel {
            Channel::Webhook => parts.settings.webhooks_per_endpoint,
            Channel::Email => max,
        },
    };
    match parts.outbox.claim(claim).await {
        Ok(claimed) => claimed,
        Err(failure) => {
            warn!(error = %failure, "Cannot look for deliveries that are due");
            metrics::counter!("tollgate_notifier_failures_total", "of" => "claims").increment(1);
            vec![]
        }
    }
}

/// What is known of a try, beside what became of it.
struct Tried {
    status: Option<u16>,
    latency_ms: Option<u64>,
    answer: Option<String>,
    error: Option<String>,
}

/// When it is tried again, or that it is given up.
fn again(claimed: &Claimed, now: Timestamp, not_before: Option<Timestamp>) -> Outcome {
    let asked = not_before.map(|at| at.duration_since(now));
    let jitter = Jitter::from_random(rand::random());
    next_attempt(claimed.failures.saturating_add(1), now, jitter, asked)
        .map_or(Outcome::Dead, Outcome::RetryAt)
}

async fn report(
    parts: &Parts,
    claimed: &Claimed,
    tried: Tried,
    outcome: Outcome,
) -> Result<Reported, Failure> {
    let Tried { status, latency_ms, answer, error } = tried;
    let channel = if claimed.endpoint_id.is_some() { "webhook" } else { "email" };
    let told = match outcome {
        Outcome::Delivered => "delivered",
        Outcome::RetryAt(_) => "retry",
        Outcome::Dead | Outcome::Unsendable => "dead",
        Outcome::Held => "held",
    };
    metrics::counter!("tollgate_deliveries_total", "channel" => channel, "outcome" => told).increment(1);
    if let Some(ms) = latency_ms {
        let seconds = Duration::from_millis(ms).as_secs_f64();
        metrics::histogram!("tollgate_delivery_seconds", "channel" => channel).record(seconds);
    }
    let (attempt_no, at) = (claimed.attempt_no, parts.clock.now());
    let attempt = Attempt { attempt_no, at, status, latency_ms, answer, error };
    let report = Report { delivery_id: claimed.delivery_id, lease: claimed.lease, attempt, outcome };
    Ok(parts.outbox.report(report).await?)
}
