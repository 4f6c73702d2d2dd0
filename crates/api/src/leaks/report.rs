//! One report taken: whose secret it is, and what is put on record.

use std::net::IpAddr;

use domain::{
    Environment, InvalidValue, KeyId, LeakId, Metadata, Name, Reason, Timestamp,
    api_key::{ApiKey, ApiKeyCommand, LeakReceiver, LeakResponse, LeakUrl, ReportLeak},
    metadata::ActorKind,
    personal::PersonalValue,
};
use eventlog::{Execute, ExecuteError, LogFailure};
use ipnet::IpNet;
use projections::queries::rotation;
use sha2::{Digest as _, Sha256};

use super::LeakPolicy;
use crate::{Api, circumstances::Circumstances, problem::Problem, random::salt};

/// No secret is longer; what is, is somebody else's.
const TOKEN_CHARS_MAX: usize = 512;

/// A secret that somebody has found.
pub(crate) struct Report<'body> {
    pub(crate) receiver: LeakReceiver,
    pub(crate) token: &'body str,
    pub(crate) source: Option<&'body str>,
    pub(crate) url: Option<&'body str>,
}

/// Whether it was one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Ours,
    NotOurs,
}

/// Puts a report on record and does what the key's environment wants. The token goes no further than this.
pub(crate) async fn take(
    api: &Api,
    circumstances: &Circumstances,
    report: &Report<'_>,
) -> Result<Told, Problem> {
    let Some(holders) = &api.leaks.holders else { return Err(Problem::unavailable()) };
    if report.token.len() > TOKEN_CHARS_MAX {
        return Ok(Told::NotOurs);
    }
    let Some((key_id, secret_version)) = holders.holder(report.token) else { return Ok(Told::NotOurs) };
    let failed = |failure: LogFailure| Problem::failed(&failure);
    let key = api.log.load::<ApiKey>(key_id).await.map_err(failed)?;
    let Some(lineage) = key.state.lineage() else { return Ok(Told::NotOurs) };
    let response = response(api, key_id, secret_version, &lineage.environment).await?;
    let command = command(api, report, key_id, secret_version, response);
    let command = command.map_err(|why| Problem::internal(&why))?;
    let (metadata, address) = metadata(api, circumstances, report.receiver, &command.reason);
    let ask: Execute<ApiKey> = Execute {
        id: key_id,
        command: ApiKeyCommand::ReportLeak(command),
        metadata,
        expected_version: None,
        idempotency: None,
        personal: address.into_iter().collect(),
    };
    match api.log.execute(ask).await {
        Ok(done) => {
            if !done.events.is_empty() {
                tracing::warn!(key.id = %key_id, "A secret of key `{key_id}` was reported as leaked");
            }
            Ok(Told::Ours)
        }
        Err(ExecuteError::Failed(failure)) => Err(failed(failure)),
        // A key that is not there, or a command that was given before: neither can be asked for here.
        Err(ExecuteError::Refused(_) | ExecuteError::VersionMismatch { .. } | ExecuteError::Repeated(_)) => {
            Ok(Told::NotOurs)
        }
    }
}

/// What the environment wants done. Where the key is quarantined, the addresses that have been seen with the leaked secret,
/// or with one before it, are those that it may still be used from.
async fn response(
    api: &Api,
    key_id: KeyId,
    secret_version: u32,
    environment: &Environment,
) -> Result<LeakResponse, Problem> {
    match api.leaks.policies.get(environment).copied().unwrap_or_default() {
        LeakPolicy::Revoke => Ok(LeakResponse::Revoke),
        LeakPolicy::Quarantine => {
            let rotation = rotation::get(&api.read, key_id, api.clock.now()).await;
            let rotation = rotation.map_err(|failure| Problem::unread(&failure))?;
            let versions = rotation.into_iter().flat_map(|rotation| rotation.versions);
            let seen = versions.filter(|version| version.version <= secret_version);
            let addresses = seen.flat_map(|version| version.addresses);
            let known = addresses.filter_map(|seen| seen.value.parse::<IpAddr>().ok()).map(IpNet::from);
            Ok(LeakResponse::Quarantine {
                known_addresses: known.collect(),
                calls_per_minute: api.leaks.calls_per_minute,
            })
        }
    }
}

fn command(
    api: &Api,
    report: &Report<'_>,
    key_id: KeyId,
    secret_version: u32,
    response: LeakResponse,
) -> Result<ReportLeak, InvalidValue> {
    let Report { receiver, token, source, url } = report;
    // Where somebody put the secret itself into the address of where it was found.
    let url = url.filter(|url| !url.contains(token));
    let source = source.filter(|source| !source.contains(token));
    let reason: Reason = match receiver {
        LeakReceiver::Github => "reported as leaked by GitHub's secret scanning",
        LeakReceiver::Generic => "reported as leaked",
    }
    .parse()?;
    Ok(ReportLeak {
        now: api.clock.now(),
        leak_id: leak_id(*receiver, key_id, secret_version, url),
        secret_version,
        receiver: *receiver,
        source: source.and_then(|source| source.parse::<Name>().ok()),
        url: url.and_then(|url| url.parse::<LeakUrl>().ok()),
        response,
        reason,
    })
}

/// The same for the same report, however often it comes. Its time is 0: the log says when it came first.
fn leak_id(receiver: LeakReceiver, key_id: KeyId, secret_version: u32, url: Option<&str>) -> LeakId {
    let receiver = match receiver {
        LeakReceiver::Github => "github",
        LeakReceiver::Generic => "generic",
    };
    let words = format!("tollgate leak {receiver} {key_id} {secret_version} {}", url.unwrap_or_default());
    let mut bits = [0; 16];
    bits.iter_mut().zip(Sha256::digest(words)).for_each(|(bit, byte)| *bit = byte);
    LeakId::from_parts(0, u128::from_be_bytes(bits) & ((1 << 80) - 1))
}

fn metadata(
    api: &Api,
    circumstances: &Circumstances,
    receiver: LeakReceiver,
    reason: &Reason,
) -> (Metadata, Option<PersonalValue>) {
    let Circumstances { request_id, correlation_id, address, user_agent, traceparent: _ } =
        circumstances.clone();
    let address = address.map(|address| PersonalValue::new(salt(&*api.random), &address.to_string()));
    let now: Timestamp = api.clock.now();
    let metadata = Metadata {
        occurred_at: now,
        actor: match receiver {
            LeakReceiver::Github => "system:leaks-github",
            LeakReceiver::Generic => "system:leaks-generic",
        }
        .to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "signature".to_owned(),
        on_behalf_of: None,
        allowed_by: "leak_receiver".to_owned(),
        address: address.as_ref().map(PersonalValue::commitment),
        user_agent,
        command_id: request_id.clone(),
        request_id,
        correlation_id,
        causation_id: None,
        reason: Some(reason.to_string()),
    };
    (metadata, address)
}
