//! A call of which only the limits are asked: whose it is, and what they say.

use domain::{ClientId, api_client::ClientStanding, decision::RefusalReason};

use super::{Asked, Caller, Deciding, Findings, Grounds, Verdict};
use crate::{
    index::{Index, keys::KeyEntry, slots::EnvironmentSlot},
    metered::{MeteredCall, OwnStanding},
    path::{self, BadPath},
};

/// Takes from the limit that comes with a call.
pub(crate) type TakeOwn<'a> = &'a mut dyn FnMut() -> OwnStanding;

/// Judges a call by its limits alone; by its own one, where it has that, in place of those of the policies. None where it
/// names nobody who is known: then nothing was taken.
pub(crate) fn meter(
    grounds: &Grounds<'_>,
    asked: &Asked<'_>,
    metered: &MeteredCall<'_>,
    own: Option<TakeOwn<'_>>,
) -> Option<Verdict> {
    let open_key = metered.client_id.and_then(|id| open_key(id, grounds.index, asked.environment));
    let caller = match (metered.client_id, &open_key) {
        (Some(_), Some(key)) => Caller::named(key, grounds.index),
        (Some(_), None) => return None,
        (None, _) => Caller::prove(grounds, asked.call.secret).ok()?,
    };
    let mut found = Findings::none(grounds, asked);
    found.know(caller);
    if let Err(reason) = found.judge_limits(grounds, asked, metered, &caller, own) {
        found.decision.reason = Some(reason);
        found.decision.outcome = reason.outcome();
    }
    Some(found.verdict(asked))
}

/// What a client that is named calls with.
fn open_key(id: ClientId, index: &Index, environment: EnvironmentSlot) -> Option<KeyEntry> {
    let slot = index.clients.find(id)?;
    let known = index.clients.get(slot).is_some_and(|client| client.standing != ClientStanding::Absent);
    known.then(|| KeyEntry::unbound(slot, environment))
}

impl<'a> Findings<'a> {
    /// A path that no route takes is on no route, and so is a call without one: that is no reason to refuse here.
    ///
    /// One without a safe reading is refused where limits of routes are asked. The upstream may well serve it as one that is
    /// limited, and the caller chooses how it is written. A limit of the call's own asks for no route.
    fn place(&mut self, grounds: &Grounds<'a>, metered: &MeteredCall<'_>) -> Result<(), RefusalReason> {
        let routes = &grounds.index.routes;
        let call = &metered.call;
        self.route = match metered.route_id {
            Some(id) => routes.active(id),
            None if call.path.is_empty() => None,
            None => match path::normalise(call.path) {
                Ok(path) => routes.find(call.host, call.method, &path),
                Err(BadPath) if metered.own.is_some() => None,
                Err(BadPath) => return Err(RefusalReason::BadPath),
            },
        };
        self.decision.route_id = self.route.and_then(|(slot, _)| routes.get(slot)).map(|route| route.id);
        Ok(())
    }

    /// Who was told to stop is stopped here too: a suspended client that passes would be one without limits.
    fn judge_limits(
        &mut self,
        grounds: &Grounds<'a>,
        asked: &Asked<'_>,
        metered: &MeteredCall<'_>,
        caller: &Caller<'a>,
        own: Option<TakeOwn<'_>>,
    ) -> Result<(), RefusalReason> {
        let placed = self.place(grounds, metered);
        caller.check_live(asked.now)?;
        caller.check_standing()?;
        grounds.check_fresh()?;
        placed?;
        let quarantine = caller.check_quarantine(grounds, asked.call.address)?;
        self.take_confined(quarantine, asked, &mut Deciding, |found, manner| match own {
            Some(own) => found.take_own(own()),
            None => found.take_from_limits(grounds, asked, caller, manner),
        })
    }

    fn take_own(&mut self, standing: OwnStanding) -> Result<(), RefusalReason> {
        self.decision.retry_after_seconds = standing.wait_seconds;
        match standing.wait_seconds {
            None => Ok(()),
            Some(_) if standing.no_room => Err(RefusalReason::QuotaUnavailable),
            Some(_) => Err(RefusalReason::RateLimited),
        }
    }
}
