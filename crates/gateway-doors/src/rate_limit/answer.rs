//! What was judged, as Envoy carries it out. Written as `wire::rate_limit::RateLimitResponse` reads.

#[cfg(test)]
mod tests;

use domain::decision::RefusalReason;
use gateway::{Decision, Metered};
use smallvec::SmallVec;

use super::units;
use crate::{
    ext_authz::write_metadata,
    headers::{self, Headers, STALE, Shown, in_order},
    refuse,
    text::push_decimal,
    told::{Chosen, RateLimitHeaders, Told},
    wire::{
        rate_limit::Code,
        writer::{Frame, Writer},
    },
};

/// What most answers fit into.
const ANSWER_BYTES: usize = 1024;

/// The whole answer: a call is within its limits when each descriptor is.
pub(super) fn of(judged: &[Metered], told: Told) -> Frame {
    let refusing = judged.iter().find(|metered| is_over(metered));
    let mut answer = Writer::framed(ANSWER_BYTES);
    write_code(&mut answer, refusing.is_some());
    for metered in judged {
        answer.message(2, |status| write_status(status, metered));
    }
    for (name, value) in fields(judged, refusing.is_some(), told).iter() {
        answer.message(3, |header| {
            header.text(1, name);
            header.text(2, value);
        });
    }
    if let Some(refusing) = refusing {
        answer.text(5, &body(refusing));
    }
    if let Some(decision) = decision(judged, refusing) {
        answer.message(6, |metadata| write_metadata(metadata, decision, Chosen::default()));
    }
    answer.into_frame()
}

/// Whoever must not call at all is told the only no that there is.
fn is_over(metered: &Metered) -> bool {
    metered.decision.as_ref().is_some_and(|decision| decision.reason.is_some())
        || metered.own.is_some_and(|own| own.wait_seconds.is_some())
}

fn write_code(answer: &mut Writer, over: bool) {
    let code = if over { Code::OverLimit } else { Code::Ok };
    answer.number(1, number(i32::from(code)));
}

/// `DescriptorStatus`: of several limits the one that refused, or of which the smallest share is left.
fn write_status(status: &mut Writer, metered: &Metered) {
    write_code(status, is_over(metered));
    let Some(limit) = in_order(limits(metered).collect()).first().copied() else { return };
    status.message(2, |current| write_limit(current, &limit));
    status.number(3, bounded(limit.remaining));
    status.message(4, |duration| duration.number(1, limit.reset_seconds));
}

/// `RateLimit`. Numbers are of 32 bits here; the fields for the caller have those of a quota that is larger.
fn write_limit(current: &mut Writer, limit: &Shown<'_>) {
    let (unit, times) = units::of(limit.window_seconds);
    current.number(1, bounded(limit.requests));
    current.number(2, number(i32::from(unit)));
    current.text(3, limit.name);
    if times != 1 {
        current.message(4, |multiplier| multiplier.number(1, times.into()));
    }
}

fn limits(metered: &Metered) -> impl Iterator<Item = Shown<'_>> {
    let decided = metered.decision.iter().flat_map(Shown::of);
    let own = metered.own.as_ref().filter(|own| !own.no_room).map(Shown::own);
    decided.chain(own)
}

/// For the caller, on any answer: `X-RateLimit-*` are Envoy's own to write, where it is told to.
fn fields(judged: &[Metered], over: bool, told: Told) -> Headers {
    let mut fields = Headers::new();
    if over {
        fields.add("content-type", |text| text.push_str("application/problem+json"));
    }
    if let Some(seconds) = judged.iter().filter_map(wait).max() {
        fields.add("retry-after", |text| push_decimal(text, seconds));
    }
    if judged.iter().filter_map(|metered| metered.decision.as_ref()).any(|decision| decision.stale) {
        fields.add(STALE, |text| text.push_str("true"));
    }
    if told.rate_limit.contains(RateLimitHeaders::RateLimit) {
        headers::add_fields(&mut fields, &each_once(in_order(judged.iter().flat_map(limits).collect())));
    }
    fields
}

/// Two descriptors may have met the same limit; the more urgent goes first.
fn each_once<'a>(limits: SmallVec<[Shown<'a>; 4]>) -> SmallVec<[Shown<'a>; 4]> {
    let mut once = SmallVec::<[Shown<'a>; 4]>::new();
    for limit in limits {
        let same = |told: &Shown<'_>| {
            (told.name, told.requests, told.window_seconds)
                == (limit.name, limit.requests, limit.window_seconds)
        };
        if !once.iter().any(same) {
            once.push(limit);
        }
    }
    once
}

fn wait(metered: &Metered) -> Option<u64> {
    let decided = metered.decision.as_ref().and_then(|decision| decision.retry_after_seconds);
    decided.or(metered.own.and_then(|own| own.wait_seconds))
}

fn body(refusing: &Metered) -> String {
    match (&refusing.decision, &refusing.own) {
        (Some(decision), _) => refuse::over_limit(decision),
        (None, Some(own)) if own.no_room => refuse::over_own_limit(RefusalReason::QuotaUnavailable),
        (None, _) => refuse::over_own_limit(RefusalReason::RateLimited),
    }
}

/// The one that is told to access logs and later filters: that which refused, else the first.
fn decision<'a>(judged: &'a [Metered], refusing: Option<&'a Metered>) -> Option<&'a Decision> {
    let first = || judged.iter().find_map(|metered| metered.decision.as_ref());
    refusing.map_or_else(first, |refusing| refusing.decision.as_ref())
}

fn bounded(number: u64) -> u64 {
    number.min(u32::MAX.into())
}

fn number(number: i32) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
