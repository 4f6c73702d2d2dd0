//! A person whom the provider has proven: known here, let in as the settings say, or refused.

use std::time::Duration;

use domain::{
    Metadata, PrincipalId,
    metadata::ActorKind,
    personal::PersonalValue,
    principal::{Account, AddPerson, NewIdentity, PrincipalCommand, PrincipalRefusal},
};
use eventlog::{Execute, ExecuteError};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use sign_in::Identity;

use super::sealing_key;
use crate::{
    circumstances::Circumstances,
    guard::Door,
    problem::Problem,
    random::{salt, token_id},
};

/// The index knows of a person whom this process has just added within a moment.
const KNOWN_WAIT: Duration = Duration::from_secs(5);
const LOOKED_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Whom the identity stands for here. None: nobody, or somebody who is disabled.
pub(crate) async fn admit(
    door: &Door,
    identity: &Identity,
    admit_unknown: bool,
    circumstances: &Circumstances,
) -> Result<Option<PrincipalId>, Problem> {
    let access = &door.api().access;
    if !access.is_complete() {
        return Err(Problem::unavailable());
    }
    // From looking whether the identity is known until it is.
    let _held = door.admins.lock().await;
    let id = match access.find(&identity.issuer, &identity.subject) {
        Some(id) => id,
        None if admit_unknown => add(door, identity, circumstances).await?,
        None => return Ok(None),
    };
    Ok(access.is_enabled(id).then_some(id))
}

/// Under an identifier that follows from the identity: two processes add nobody twice.
async fn add(
    door: &Door,
    identity: &Identity,
    circumstances: &Circumstances,
) -> Result<PrincipalId, Problem> {
    let Identity { issuer, subject, .. } = identity;
    let random = door.random();
    let id = identifier(door, issuer, subject)?;
    let text = |claim: &str| identity.claims.get(claim).and_then(Value::as_str);
    let named = ["name", "preferred_username"].into_iter().filter_map(text);
    let mut names =
        named.chain([subject.as_str()]).filter_map(|name| PersonalValue::name(salt(random), name).ok());
    let name = names.next().unwrap_or_else(|| PersonalValue::new(salt(random), "unnamed"));
    // An address that the provider has not verified is anybody's.
    let verified = identity.claims.get("email_verified") == Some(&Value::Bool(true));
    let email =
        text("email").filter(|_| verified).and_then(|email| PersonalValue::email(salt(random), email).ok());
    let subject = PersonalValue::new(salt(random), subject);
    let address = circumstances.address.map(|address| PersonalValue::new(salt(random), &address.to_string()));
    let metadata = metadata(door, circumstances, address.as_ref());
    let personal = [Some(name.clone()), email.clone(), Some(subject.clone()), address].into_iter().flatten();
    let identity = Some(NewIdentity { issuer: issuer.clone(), subject, taken: false });
    let execute = Execute::<Account> {
        id,
        command: PrincipalCommand::AddPerson(AddPerson { name, email, identity }),
        metadata,
        expected_version: None,
        idempotency: None,
        personal: personal.collect(),
    };
    match door.api().log.execute(execute).await {
        // Or another process was quicker.
        Ok(_) | Err(ExecuteError::Refused(PrincipalRefusal::AlreadyThere)) => known(door, id).await,
        Err(ExecuteError::Refused(refusal)) => Err(Problem::refused(&refusal)),
        Err(ExecuteError::Failed(failure)) => Err(Problem::failed(&failure)),
        Err(ExecuteError::VersionMismatch { .. } | ExecuteError::Repeated(_)) => Err(Problem::unavailable()),
    }
}

/// The one who was added, once the index knows: on Postgres a sequencer comes between.
async fn known(door: &Door, id: PrincipalId) -> Result<PrincipalId, Problem> {
    let looks = async {
        while !door.api().access.knows(id) {
            tokio::time::sleep(LOOKED_AGAIN_AFTER).await;
        }
    };
    tokio::time::timeout(KNOWN_WAIT, looks).await.map(|()| id).map_err(|_| Problem::unavailable())
}

/// Keyed: from the identifier nobody guesses the subject.
fn identifier(door: &Door, issuer: &str, subject: &str) -> Result<PrincipalId, Problem> {
    let key = sealing_key(&door.api().peppers);
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_slice());
    let mut mac = mac.map_err(|why| Problem::internal(&why))?;
    for part in ["person", issuer, subject] {
        mac.update(part.as_bytes());
        mac.update(b"\0");
    }
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    let bits = digest.first_chunk::<16>().copied().unwrap_or_default();
    // Before every identifier that was made of a time.
    Ok(PrincipalId::from_parts(0, u128::from_le_bytes(bits)))
}

fn metadata(door: &Door, circumstances: &Circumstances, address: Option<&PersonalValue>) -> Metadata {
    let now = door.now();
    let Circumstances { request_id, correlation_id, user_agent, .. } = circumstances.clone();
    Metadata {
        occurred_at: now,
        actor: "sign-in".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "oidc".to_owned(),
        on_behalf_of: None,
        allowed_by: "setting:oidc_admit_unknown".to_owned(),
        address: address.map(PersonalValue::commitment),
        user_agent,
        request_id,
        correlation_id,
        causation_id: None,
        reason: None,
        command_id: token_id("cmd", door.random(), now),
    }
}
