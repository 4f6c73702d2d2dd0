//! Settings of the production engine: what a process does, and where its database and its bus are.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{bail, ensure};
use clap::ValueEnum;
use eventlog::bus::shown;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Settings, mask};

/// What a process does. Several instances of each may run beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// REST API and console
    Api,
    /// Gives events their positions and publishes them; one at a time, the others stand by
    Sequencer,
    /// Keeps the read models; one at a time for each of them, the others stand by
    Projections,
    /// Judges calls; needs no database
    Gateway,
    /// Does what is planned for a time when that has come; one at a time, the others stand by
    Scheduler,
    /// Tells people and programs what concerns them, by e-mail and webhooks; one finds it at a time, all deliver
    Notifier,
}

impl Role {
    pub(crate) const ALL: [Self; 6] =
        [Self::Api, Self::Sequencer, Self::Projections, Self::Gateway, Self::Scheduler, Self::Notifier];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Sequencer => "sequencer",
            Self::Projections => "projections",
            Self::Gateway => "gateway",
            Self::Scheduler => "scheduler",
            Self::Notifier => "notifier",
        }
    }
}

/// What a gateway does with quotas that several nodes share while it cannot reach NATS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WhenAlone {
    /// Each node grants its part of what was left
    Share,
    /// Each node counts for itself: quotas may be exceeded
    Allow,
    /// What is not reserved yet is refused
    Refuse,
}

/// The database server.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Database {
    #[serde(serialize_with = "mask_url")]
    pub(crate) url: SecretString,
    pub(crate) connections: u32,
}

/// The bus.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Nats {
    #[serde(serialize_with = "mask_users")]
    pub(crate) urls: Vec<SecretString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    pub(crate) replicas: u8,
}

/// Where a gateway without a database gets its first snapshot.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ControlPlane {
    pub(crate) url: String,
}

/// It may have a password in it.
fn mask_url<S: serde::Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    mask(&None, serializer)
}

/// Servers may be named with a user and a password.
fn mask_users<S: serde::Serializer>(urls: &[SecretString], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(urls.iter().map(|url| shown(url.expose_secret())))
}

pub(super) fn roles(flags: Vec<Role>, file: Vec<Role>) -> BTreeSet<Role> {
    let given = if flags.is_empty() { file } else { flags };
    if given.is_empty() { Role::ALL.into() } else { given.into_iter().collect() }
}

pub(super) fn database(url: Option<SecretString>, connections: Option<u32>) -> Option<Database> {
    url.map(|url| Database { url, connections: connections.unwrap_or(8) })
}

pub(super) fn nats(
    urls: Vec<SecretString>,
    credentials: Option<PathBuf>,
    ca: Option<PathBuf>,
    replicas: Option<u8>,
) -> Option<Nats> {
    (!urls.is_empty()).then(|| Nats { urls, credentials, ca, replicas: replicas.unwrap_or(1) })
}

/// What does not fit together. `named`: the node was given a name.
pub(super) fn check(settings: &Settings, named: bool) -> anyhow::Result<()> {
    let has = |role| settings.roles.contains(&role);
    let all = settings.roles.len() == Role::ALL.len();
    if settings.database.is_none() && settings.nats.is_none() {
        ensure!(all, "roles run apart on Postgres and NATS: give --database-url and --nats-url");
        ensure!(settings.control_plane.is_none(), "--control-plane is for gateways without a database");
        return Ok(());
    }
    for role in [Role::Api, Role::Sequencer, Role::Projections, Role::Scheduler, Role::Notifier] {
        if has(role) && settings.database.is_none() {
            let role = role.to_possible_value().map(|role| role.get_name().to_owned()).unwrap_or_default();
            bail!("the role `{role}` needs --database-url");
        }
    }
    ensure!(
        all || settings.nats.is_some(),
        "roles that run apart find each other on NATS: give --nats-url, or run all roles in this process"
    );
    ensure!(
        !has(Role::Gateway) || settings.nats.is_none() || named,
        "name this gateway node by --node: the others tell it apart by its name, which must stay over restarts"
    );
    ensure!(
        !has(Role::Api) || settings.bootstrap_token.is_some(),
        "several instances know the first admin token by TOLLGATE_BOOTSTRAP_TOKEN: give the same to each"
    );
    ensure!(
        settings.control_plane.is_none() || settings.gateway_token.is_some(),
        "--control-plane needs the token that it is asked with: TOLLGATE_GATEWAY_TOKEN"
    );
    if let Some(database) = &settings.database {
        ensure!(
            (5..=1_000).contains(&database.connections),
            "database_connections = {} must be 5 to 1000",
            database.connections
        );
    }
    if let Some(nats) = &settings.nats {
        ensure!([1, 3].contains(&nats.replicas), "nats_replicas = {} must be 1 or 3", nats.replicas);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ServeFlags, load};

    fn refused(flags: ServeFlags) -> String {
        load(flags).unwrap_err().to_string()
    }

    fn on_servers(roles: &[Role]) -> ServeFlags {
        ServeFlags {
            roles: roles.to_vec(),
            database_url: Some("postgres://app:hunter2@127.0.0.1/tollgate".into()),
            nats_url: vec!["nats://app:hunter3@127.0.0.1:4222".into()],
            node: Some("gw-1".to_owned()),
            bootstrap_token: Some("a-long-enough-token".into()),
            ..ServeFlags::default()
        }
    }

    #[test]
    fn everything_runs_in_one_process_without_servers() {
        let settings = load(ServeFlags::default()).unwrap();
        assert_eq!(settings.roles, Role::ALL.into());
        assert!(
            refused(ServeFlags { roles: vec![Role::Api], ..ServeFlags::default() })
                .contains("--database-url")
        );
    }

    #[test]
    fn a_gateway_needs_the_bus_and_a_name_and_no_database() {
        let gateway =
            ServeFlags { database_url: None, bootstrap_token: None, ..on_servers(&[Role::Gateway]) };
        assert!(load(gateway.clone()).is_ok());
        assert!(refused(ServeFlags { node: None, ..gateway.clone() }).contains("--node"));
        assert!(refused(ServeFlags { roles: vec![Role::Gateway, Role::Api], ..gateway }).contains("`api`"));
    }

    #[test]
    fn instances_that_must_agree_are_told_what_on() {
        let api = on_servers(&[Role::Api]);
        assert!(load(api.clone()).is_ok());
        assert!(
            refused(ServeFlags { bootstrap_token: None, ..api.clone() }).contains("TOLLGATE_BOOTSTRAP_TOKEN")
        );
        assert!(refused(ServeFlags { nats_url: vec![], ..api.clone() }).contains("--nats-url"));
        assert!(refused(ServeFlags { nats_replicas: Some(2), ..api.clone() }).contains("1 or 3"));
        let asks = ServeFlags { control_plane: Some("http://127.0.0.1:8080".to_owned()), ..api };
        assert!(refused(asks).contains("TOLLGATE_GATEWAY_TOKEN"));
    }

    #[test]
    fn what_is_secret_in_addresses_and_tokens_is_shown_in_no_way() {
        let flags = ServeFlags { gateway_token: Some("hunter4-and-longer".into()), ..on_servers(&[]) };
        let given = format!("{flags:?}");
        let settings = load(flags).unwrap();
        let shown = toml::to_string(&settings).unwrap();
        assert!(shown.contains("nats://********@127.0.0.1:4222"), "{shown}");
        for shown in [given, shown, format!("{settings:?}")] {
            for secret in ["hunter2", "hunter3", "hunter4", "a-long-enough-token"] {
                assert!(!shown.contains(secret), "{secret} in {shown}");
            }
        }
    }
}
