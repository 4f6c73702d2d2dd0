//! How the caller stands, for those who read it.

use domain::{
    api_client::ClientStanding,
    explain::{CallerStanding, KeyState},
};

use super::{Who, moment};
use crate::{decide::Caller, index::Index};

/// None when nobody was found.
pub(crate) fn standing(who: Who<'_>, named_client_only: bool, index: &Index) -> Option<CallerStanding> {
    let caller = match who {
        Who::Nobody(_) => return None,
        Who::Proven(caller) | Who::Named(caller) => caller,
    };
    let environments = caller.client.iter().flat_map(|client| client.environments());
    Some(CallerStanding {
        client_id: caller.client.map(|client| client.id),
        client: caller.client.map_or(ClientStanding::Absent, |client| client.standing),
        environments: environments.filter_map(|slot| index.environments.name(*slot)).cloned().collect(),
        key: (!named_client_only).then(|| key(&caller, index)),
    })
}

fn key(caller: &Caller<'_>, index: &Index) -> KeyState {
    let key = caller.key;
    let ranges = key.allowed_from.as_ref();
    KeyState {
        key_id: key.id,
        secret_version: caller.version,
        standing: key.standing.as_str().to_owned(),
        environment: index.environments.name(key.environment).cloned(),
        not_before: moment(key.not_before),
        expires_at: moment(key.expires_at),
        revoke_at: moment(key.revoke_at),
        retired_at: caller.retired_at.and_then(moment),
        allowed_cidrs: ranges.map(|ranges| ranges.as_slice().to_vec()).unwrap_or_default(),
    }
}
