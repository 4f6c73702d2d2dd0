//! Counters by name: `<policy>/<limit>/<environment>/<client, key or all>/<route or any>`.

use domain::{
    ClientId, Environment, KeyId, LimitName, PolicyId, Position, RouteId, rate_limit_policy::Counting,
};

use super::AccountKey;
use crate::index::{
    Index,
    slots::{ClientSlot, KeySlot, LimitSlot, RouteSlot},
};

const ALL: &str = "all";
const ANY: &str = "any";

/// A counter's name, stable over restarts. None when the index does not know what it counts.
pub(crate) fn key_text(account: &AccountKey, limit: LimitSlot, index: &Index) -> Option<String> {
    let AccountKey { environment, route, counting, subject } = *account;
    let (policy, limit) = index.policies.limit(limit)?;
    let environment = index.environments.name(environment)?;
    let subject = match counting {
        Counting::Client => index.clients.get(ClientSlot(subject))?.id.to_string(),
        Counting::Key => index.keys.get(KeySlot(subject))?.id.to_string(),
        Counting::Shared => ALL.to_owned(),
    };
    let route = match route {
        RouteSlot::NONE => ANY.to_owned(),
        route => index.routes.get(route)?.id.to_string(),
    };
    Some(format!("{policy}/{limit}/{environment}/{subject}/{route}"))
}

/// The same with where its counter began: after a reset it counts together under another name.
pub(crate) fn account_text(
    account: &AccountKey,
    limit: LimitSlot,
    epoch: Position,
    index: &Index,
) -> Option<String> {
    let name = key_text(account, limit, index)?;
    Some(if epoch == Position::START { name } else { format!("{name}/{epoch}") })
}

/// The counter of a name. What it counts need not be known yet: its slots are made. None for another text.
pub(crate) fn read_key(text: &str, index: &mut Index) -> Option<(AccountKey, LimitSlot)> {
    let mut parts = text.split('/');
    let policy: PolicyId = parts.next()?.parse().ok()?;
    let limit: LimitName = parts.next()?.parse().ok()?;
    let environment: Environment = parts.next()?.parse().ok()?;
    let (subject, route) = (parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let policy = index.policies.slot_of(policy);
    let (counting, subject) = if subject == ALL {
        (Counting::Shared, policy.0)
    } else if let Ok(client) = subject.parse::<ClientId>() {
        (Counting::Client, index.clients.slot_of(client).0)
    } else {
        (Counting::Key, index.keys.slot_of(subject.parse::<KeyId>().ok()?).0)
    };
    let route = match route {
        ANY => RouteSlot::NONE,
        route => index.routes.slot_of(route.parse::<RouteId>().ok()?),
    };
    let environment = index.environments.slot_of(&environment);
    let limit = index.policies.limit_slot_of(policy, &limit);
    Some((AccountKey { environment, route, counting, subject }, limit))
}
