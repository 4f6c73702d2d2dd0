//! The hosts of a route, and how events write them: the first as `host`, which is all that one of the first release
//! reads, the rest beside it. It then takes fewer calls than meant, never more.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Host;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct RecordedHosts {
    /// The first of the hosts. Null: any host.
    host: Option<Host>,
    /// The others; absent where there are none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    other_hosts: BTreeSet<Host>,
}

pub(super) fn serialize<S: Serializer>(hosts: &BTreeSet<Host>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut hosts = hosts.iter().cloned();
    let (host, other_hosts) = (hosts.next(), hosts.collect());
    RecordedHosts { host, other_hosts }.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Host>, D::Error> {
    let RecordedHosts { host, mut other_hosts } = RecordedHosts::deserialize(deserializer)?;
    other_hosts.extend(host);
    Ok(other_hosts)
}
