//! Policies that change for clients: those that an assignment names are told, and what holds now, line by line.
//!
//! What binds everybody, or a route, is told to nobody: it is nobody's own limit that changes.

use domain::{
    ClientId, PolicyId, Recorded,
    rate_limit_policy::{
        Assigned, Period, PolicySpec, QuotaLimit, QuotaWindow, RateLimit, RateLimitPolicy,
        RateLimitPolicyEvent,
    },
};
use eventlog::{EventLog, Past};

use super::of_client;
use crate::{book::Book, notices::PolicyChanged, occasion::Occasion, parts::Failure};

/// What a policy says, and since which revision.
struct Said {
    revision: u32,
    spec: PolicySpec,
}

pub(super) async fn occasions(
    book: &Book,
    log: &EventLog,
    id: PolicyId,
    event: &RateLimitPolicyEvent,
    recorded: &Recorded,
) -> Result<Vec<Occasion>, Failure> {
    let clients: Vec<ClientId> = match event {
        RateLimitPolicyEvent::Revised(_) | RateLimitPolicyEvent::Retired(_) => book.named_by(id).await?,
        RateLimitPolicyEvent::Assigned(Assigned { assignment }) => assignment.client_id.into_iter().collect(),
        RateLimitPolicyEvent::Unassigned(_) => {
            before(log, id, recorded).await?.unassigned(event).into_iter().collect()
        }
        RateLimitPolicyEvent::Defined(_) | RateLimitPolicyEvent::LimitReset(_) => vec![],
    };
    if clients.is_empty() {
        return Ok(vec![]);
    }
    let history = before(log, id, recorded).await?;
    let Some(was) = history.said() else { return Ok(vec![]) };
    let (old, new) = match event {
        RateLimitPolicyEvent::Revised(revised) => {
            (Some(&was), Some(Said { revision: revised.revision, spec: revised.spec.clone() }))
        }
        RateLimitPolicyEvent::Assigned(_) => {
            (None, Some(Said { revision: was.revision, spec: was.spec.clone() }))
        }
        RateLimitPolicyEvent::Unassigned(_)
        | RateLimitPolicyEvent::Retired(_)
        | RateLimitPolicyEvent::Defined(_)
        | RateLimitPolicyEvent::LimitReset(_) => (Some(&was), None),
    };
    let changes = changes(old.map(|said| &said.spec), new.as_ref().map(|said| &said.spec));
    let mut occasions = vec![];
    for client in clients {
        let Some(client) = book.client(client).await? else { continue };
        let notice = PolicyChanged {
            client: client.told.clone(),
            policy_id: id,
            policy_name: new.as_ref().unwrap_or(&was).spec.name.clone(),
            old_version: old.map(|said| said.revision),
            new_version: new.as_ref().map(|said| said.revision),
            changed_at: recorded.metadata.occurred_at,
            changed_by: recorded.metadata.actor.clone(),
            reason: reason(event),
            changes: changes.clone(),
        };
        occasions.push(of_client(client, notice, recorded));
    }
    Ok(occasions)
}

fn reason(event: &RateLimitPolicyEvent) -> Option<domain::Reason> {
    match event {
        RateLimitPolicyEvent::Unassigned(gone) => gone.reason.clone(),
        RateLimitPolicyEvent::Retired(retired) => retired.reason.clone(),
        RateLimitPolicyEvent::Defined(_)
        | RateLimitPolicyEvent::Revised(_)
        | RateLimitPolicyEvent::Assigned(_)
        | RateLimitPolicyEvent::LimitReset(_) => None,
    }
}

/// The policy's events before the one that is told.
struct History(Vec<RateLimitPolicyEvent>);

async fn before(log: &EventLog, id: PolicyId, recorded: &Recorded) -> Result<History, Failure> {
    let history = log.history::<RateLimitPolicy>(id).await?;
    let earlier = history.into_iter().filter(|Past { version, .. }| *version < recorded.sequence);
    Ok(History(earlier.map(|past| past.event).collect()))
}

impl History {
    fn said(&self) -> Option<Said> {
        let mut said = None;
        for event in &self.0 {
            match event {
                RateLimitPolicyEvent::Defined(defined) => {
                    said = Some(Said { revision: 1, spec: defined.spec.clone() });
                }
                RateLimitPolicyEvent::Revised(revised) => {
                    said = Some(Said { revision: revised.revision, spec: revised.spec.clone() });
                }
                RateLimitPolicyEvent::Assigned(_)
                | RateLimitPolicyEvent::Unassigned(_)
                | RateLimitPolicyEvent::Retired(_)
                | RateLimitPolicyEvent::LimitReset(_) => {}
            }
        }
        said
    }

    /// Whose assignment it was that is gone.
    fn unassigned(&self, event: &RateLimitPolicyEvent) -> Option<ClientId> {
        let RateLimitPolicyEvent::Unassigned(gone) = event else { return None };
        self.0.iter().find_map(|event| match event {
            RateLimitPolicyEvent::Assigned(Assigned { assignment })
                if assignment.assignment_id == gone.assignment_id =>
            {
                assignment.client_id
            }
            RateLimitPolicyEvent::Assigned(_)
            | RateLimitPolicyEvent::Defined(_)
            | RateLimitPolicyEvent::Revised(_)
            | RateLimitPolicyEvent::Unassigned(_)
            | RateLimitPolicyEvent::Retired(_)
            | RateLimitPolicyEvent::LimitReset(_) => None,
        })
    }
}

/// A line for each limit that there is, or was.
fn changes(old: Option<&PolicySpec>, new: Option<&PolicySpec>) -> Vec<String> {
    let (was, is) = (old.map(limits).unwrap_or_default(), new.map(limits).unwrap_or_default());
    let mut lines: Vec<String> = is
        .iter()
        .map(|(name, says)| match was.iter().find(|(other, _)| other == name) {
            _ if old.is_none() => format!("{name}: {says}"),
            None => format!("{name}: {says}, which is new"),
            Some((_, said)) if said == says => format!("{name}: {says}, as before"),
            Some((_, said)) => format!("{name}: {says}, instead of {said}"),
        })
        .collect();
    let gone = was.iter().filter(|(name, _)| !is.iter().any(|(other, _)| other == name));
    lines.extend(gone.map(|(name, said)| format!("{name}: no more ({said})")));
    lines
}

/// Names with what they allow.
fn limits(spec: &PolicySpec) -> Vec<(String, String)> {
    let rates = spec.rates.iter().map(|RateLimit { name, requests, per_seconds, burst }| {
        let seconds = if *per_seconds == 1 {
            "second".to_owned()
        } else {
            format!("{} seconds", grouped((*per_seconds).into()))
        };
        (name.to_string(), format!("{} per {seconds}, at most {} at once", calls(*requests), grouped(*burst)))
    });
    let quotas = spec.quotas.iter().map(|QuotaLimit { name, requests, period, window, time_zone }| {
        let per = match period {
            Period::Minute => "minute",
            Period::Hour => "hour",
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::Year => "year",
        };
        let of = match window {
            QuotaWindow::Calendar => format!("per calendar {per} in {}", time_zone.as_str()),
            QuotaWindow::Rolling => format!("in any {per}"),
        };
        (name.to_string(), format!("{} {of}", calls(*requests)))
    });
    rates.chain(quotas).collect()
}

fn calls(number: u64) -> String {
    format!("{} {}", grouped(number), if number == 1 { "call" } else { "calls" })
}

/// With commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(monthly: u64, per_second: Option<u64>) -> PolicySpec {
        let rate =
            |requests| RateLimit { name: "burst".parse().unwrap(), requests, per_seconds: 1, burst: 2_000 };
        PolicySpec {
            name: "standard".parse().unwrap(),
            rates: per_second.map(rate).into_iter().collect(),
            quotas: vec![QuotaLimit {
                name: "monthly".parse().unwrap(),
                requests: monthly,
                period: Period::Month,
                window: QuotaWindow::Calendar,
                time_zone: "Europe/Berlin".parse().unwrap(),
            }],
            counting: domain::rate_limit_policy::Counting::Client,
            mode: domain::rate_limit_policy::Mode::Enforce,
            thresholds: [].into(),
        }
    }

    #[test]
    fn what_holds_now_is_said_line_by_line() {
        let (old, new) = (spec(1_000_000, Some(1)), spec(2_000_000, None));
        assert_eq!(
            changes(Some(&old), Some(&new)),
            [
                "monthly: 2,000,000 calls per calendar month in Europe/Berlin, instead of 1,000,000 calls per calendar month in Europe/Berlin",
                "burst: no more (1 call per second, at most 2,000 at once)",
            ]
        );
        assert_eq!(changes(Some(&new), Some(&old)).len(), 2);
        assert_eq!(changes(None, Some(&old))[0], "burst: 1 call per second, at most 2,000 at once");
        assert!(changes(Some(&old), Some(&old)).iter().all(|line| line.ends_with("as before")));
        assert!(changes(Some(&old), None).iter().all(|line| line.contains("no more")));
    }

    #[test]
    fn thousands_are_told_apart() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), expected);
        }
    }
}
