//! The rules of two secrets beside each other: how long the old one lives, and when it may stop.

use jiff::SignedDuration;

use super::{
    ApiKey, ApiKeyEvent, ApiKeyRefusal, ExtendOverlap, HeldSecret, JudgePrevious, Lineage,
    OVERLAP_SECONDS_MAX, Overlap, OverlapEnd, OverlapExtended, PreviousRetired, PreviousStillBusy,
    RetirePrevious, commands::BUSY_BEFORE_END, rules::later,
};
use crate::{Reason, Timestamp};

/// An old secret that has not stopped.
struct Living<'key> {
    secret: &'key HeldSecret,
    until: Timestamp,
    overlap: &'key Overlap,
}

impl ApiKey {
    pub(super) fn extend_overlap(&self, ask: &ExtendOverlap) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let ExtendOverlap { now, until, reason } = ask;
        let lineage = self.lineage_in_use()?;
        lineage.check_not_ended(*now)?;
        let living = lineage.living_previous(*now).ok_or(ApiKeyRefusal::NoOverlap)?;
        let (until, latest) = (living.end(*until), living.latest(lineage.expires_at));
        if until == living.until {
            return Ok(vec![]);
        }
        if until < living.until {
            return Err(ApiKeyRefusal::OverlapNotExtended { until, previous_until: living.until });
        }
        if until > latest {
            return Err(ApiKeyRefusal::OverlapEndTooFar { until, latest });
        }
        Ok(vec![ApiKeyEvent::OverlapExtended(OverlapExtended {
            version: living.secret.version,
            previous_until: until,
            reason: reason.clone(),
        })])
    }

    pub(super) fn retire_previous(&self, ask: &RetirePrevious) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let RetirePrevious { now, reason } = ask;
        let lineage = self.lineage_in_use()?;
        let Some((secret, until)) = &lineage.previous else { return Err(ApiKeyRefusal::NoOverlap) };
        // What has stopped is as it was asked for.
        if until <= now || lineage.overlap.as_ref().is_some_and(|overlap| overlap.retired) {
            return Ok(vec![]);
        }
        Ok(vec![ApiKeyEvent::PreviousRetired(PreviousRetired {
            version: secret.version,
            retired_at: *now,
            last_used_at: None,
            reason: reason.clone(),
        })])
    }

    pub(super) fn judge_previous(&self, ask: &JudgePrevious) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let JudgePrevious { now, version, last_used_at } = ask;
        let living = self.lineage_in_use()?.living_previous(*now);
        let Some(living) = living.filter(|living| living.secret.version == *version) else {
            return Ok(vec![]);
        };
        Ok(living
            .idle(*now, *last_used_at)
            .or_else(|| living.busy(*now, *last_used_at))
            .into_iter()
            .collect())
    }
}

impl Lineage {
    fn living_previous(&self, now: Timestamp) -> Option<Living<'_>> {
        let (secret, until) = self.previous.as_ref()?;
        let living = Living { secret, until: *until, overlap: self.overlap.as_ref()? };
        Some(living).filter(|living| living.until > now && !living.overlap.retired)
    }
}

impl Living<'_> {
    /// The end that is asked for. So long after a rotation of which the time is not known is no other than there is.
    fn end(&self, asked: OverlapEnd) -> Timestamp {
        match asked {
            OverlapEnd::At(until) => until,
            OverlapEnd::AfterRotation { seconds } => {
                self.overlap.rotated_at.map_or(self.until, |rotated_at| {
                    later(rotated_at, SignedDuration::from_secs(seconds.into()))
                })
            }
        }
    }

    /// The latest end that may be given, whatever the old secret's own expiry is, and the key's.
    fn latest(&self, key_expires_at: Option<Timestamp>) -> Timestamp {
        let longest = SignedDuration::from_secs(OVERLAP_SECONDS_MAX.into());
        let longest = self.overlap.rotated_at.map_or(self.until, |rotated_at| later(rotated_at, longest));
        [self.overlap.expires_at, key_expires_at].into_iter().flatten().fold(longest, Timestamp::min)
    }

    /// Its retirement, if that was asked for and it has been idle for so long.
    fn idle(&self, now: Timestamp, last_used_at: Option<Timestamp>) -> Option<ApiKeyEvent> {
        let hours = self.overlap.retire_when_idle_hours?;
        // The old secret is given its time from the rotation on: nobody can have moved to the new one before.
        let since = last_used_at.into_iter().chain(self.overlap.rotated_at).max()?;
        if later(since, SignedDuration::from_hours(hours.into())) > now {
            return None;
        }
        Some(ApiKeyEvent::PreviousRetired(PreviousRetired {
            version: self.secret.version,
            retired_at: now,
            last_used_at,
            reason: idle_for(hours)?,
        }))
    }

    /// That it is in use shortly before its end, if that is not on record yet.
    fn busy(&self, now: Timestamp, last_used_at: Option<Timestamp>) -> Option<ApiKeyEvent> {
        let last_used_at = last_used_at.filter(|used| later(*used, BUSY_BEFORE_END) >= now)?;
        // Uses before the rotation say nothing of who has yet to move.
        let since_rotated = self.overlap.rotated_at.is_none_or(|rotated_at| last_used_at > rotated_at);
        let near = self.until <= later(now, BUSY_BEFORE_END);
        if !near || !since_rotated || self.overlap.still_busy {
            return None;
        }
        Some(ApiKeyEvent::PreviousStillBusy(PreviousStillBusy {
            version: self.secret.version,
            previous_until: self.until,
            last_used_at,
        }))
    }
}

fn idle_for(hours: u16) -> Option<Reason> {
    format!("not used for {hours} h, as the rotation asked").parse().ok()
}
