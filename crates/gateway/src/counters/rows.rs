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
    let Name { policy, limit, environment, subject, route } = Name::parse(text)?;
    let policy = index.policies.slot_of(policy);
    let (counting, subject) = match subject {
        Whose::All => (Counting::Shared, policy.0),
        Whose::Client(client) => (Counting::Client, index.clients.slot_of(client).0),
        Whose::Key(key) => (Counting::Key, index.keys.slot_of(key).0),
    };
    let route = route.map_or(RouteSlot::NONE, |route| index.routes.slot_of(route));
    let environment = index.environments.slot_of(&environment);
    let limit = index.policies.limit_slot_of(policy, &limit);
    Some((AccountKey { environment, route, counting, subject }, limit))
}

/// The same of what is known, for those who only ask. None where it is not.
pub(crate) fn find_key(text: &str, index: &Index) -> Option<(AccountKey, LimitSlot)> {
    let Name { policy, limit, environment, subject, route } = Name::parse(text)?;
    let policy = index.policies.slot_if_known(policy)?;
    let (counting, subject) = match subject {
        Whose::All => (Counting::Shared, policy.0),
        Whose::Client(client) => (Counting::Client, index.clients.find(client)?.0),
        Whose::Key(key) => (Counting::Key, index.keys.version(key, None)?.slot.0),
    };
    let route = match route {
        Some(route) => index.routes.slot_if_known(route)?,
        None => RouteSlot::NONE,
    };
    let environment = index.environments.find(&environment)?;
    let limit = index.policies.limit_slot_if_known(policy, &limit)?;
    Some((AccountKey { environment, route, counting, subject }, limit))
}

/// The parts of a counter's name.
struct Name {
    policy: PolicyId,
    limit: LimitName,
    environment: Environment,
    subject: Whose,
    route: Option<RouteId>,
}

enum Whose {
    All,
    Client(ClientId),
    Key(KeyId),
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let policy = parts.next()?.parse().ok()?;
        let limit = parts.next()?.parse().ok()?;
        let environment = parts.next()?.parse().ok()?;
        let subject = match parts.next()? {
            ALL => Whose::All,
            subject => match subject.parse() {
                Ok(client) => Whose::Client(client),
                Err(_) => Whose::Key(subject.parse().ok()?),
            },
        };
        let route = match parts.next()? {
            ANY => None,
            route => Some(route.parse().ok()?),
        };
        parts.next().is_none().then_some(Self { policy, limit, environment, subject, route })
    }
}
