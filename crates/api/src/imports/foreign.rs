//! The exports of other systems, spelled as ours. Sources: docs/importing-keys.md names the documents.

use std::rc::Rc;

use domain::{Timestamp, secret::ForeignDigest};
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    ROW_BYTES_MAX, ROWS_READ_MAX, Read,
    listed::{broken, each, list, object, objects},
};
use crate::problem::Problem;

type Fields = Map<String, Value>;

/// A credential of Kong's as it is written.
pub(super) struct Credential<'text> {
    text: &'text str,
    /// What its consumer is called, where it is listed under one: all of one consumer's share it.
    consumer: Option<Rc<Read>>,
}

/// decK's dump.
#[derive(Deserialize)]
struct Dump<'text> {
    #[serde(borrow)]
    consumers: Option<&'text RawValue>,
}

#[derive(Deserialize)]
struct Consumer<'text> {
    #[serde(borrow)]
    username: Option<&'text RawValue>,
    #[serde(borrow)]
    custom_id: Option<&'text RawValue>,
    #[serde(borrow)]
    keyauth_credentials: Option<&'text RawValue>,
}

/// Kong's credentials: as its Admin API lists them, or under their consumers as decK dumps them.
pub(super) fn kong_credentials(text: &str) -> Result<Vec<Credential<'_>>, Problem> {
    let dump = object::<Dump<'_>>(text.trim_ascii_start()).ok().flatten();
    let Some(consumers) = dump.and_then(|dump| list(dump.consumers)) else {
        let alone = objects(text)?.into_iter().map(|text| Credential { text, consumer: None });
        return Ok(alone.collect());
    };
    let mut credentials = vec![];
    let found = each(consumers, |consumer| {
        let Some(consumer) = object::<Consumer<'_>>(consumer)? else { return Ok(()) };
        let Some(held) = list(consumer.keyauth_credentials) else { return Ok(()) };
        let names = Rc::new(consumer.names());
        each(held, |text| {
            if credentials.len() < ROWS_READ_MAX {
                credentials.push(Credential { text, consumer: Some(Rc::clone(&names)) });
            }
            Ok(())
        })
    });
    found.map(|()| credentials).map_err(|_| broken())
}

impl Consumer<'_> {
    fn names(&self) -> Read {
        let name = |member: Option<&RawValue>| serde_json::from_str::<String>(member?.get()).ok();
        let names = [("username", name(self.username)), ("custom_id", name(self.custom_id))];
        // Each of its credentials is read with them.
        if names.iter().filter_map(|(_, name)| name.as_ref()).any(|name| name.len() > ROW_BYTES_MAX) {
            return Err("its consumer's name is too long".to_owned());
        }
        Ok(fields(names))
    }
}

impl Credential<'_> {
    pub(super) fn read(self) -> Read {
        let mut credential = super::native::object(self.text)?;
        if let Some(consumer) = self.consumer {
            credential.insert("consumer".to_owned(), Value::Object(Read::clone(&consumer)?));
        }
        Ok(credential)
    }
}

pub(super) fn of_kong(read: Read) -> Read {
    let credential = read?;
    if credential.contains_key("key") {
        let advice = "it has a secret in clear, which must not leave your machine: let `tollgate key import --format kong` \
                      digest it";
        return Err(advice.to_owned());
    }
    let digest = text(&credential, "sha256").ok_or("it has no `sha256`")?;
    let consumer = credential.get("consumer").and_then(Value::as_object);
    let of_consumer = |name: &str| consumer.and_then(|consumer| text(consumer, name));
    let created_at = seconds(&credential, "created_at");
    let ttl = credential.get("ttl").and_then(Value::as_i64);
    let ends =
        created_at.zip(ttl).and_then(|(created, ttl)| Timestamp::from_second(created.as_second() + ttl).ok());
    Ok(fields([
        ("external_id", text(&credential, "id").or_else(|| stand_in(&digest))),
        ("sha256", Some(digest)),
        ("client_name", of_consumer("username").or_else(|| of_consumer("custom_id"))),
        ("hint", text(&credential, "hint")),
        ("created_at", created_at.map(|time| time.to_string())),
        ("expires_at", ends.map(|time| time.to_string())),
    ]))
}

pub(super) fn of_unkey(read: Read) -> Read {
    let key = read?;
    if key.get("enabled").and_then(Value::as_bool) == Some(false) {
        return Err("it is disabled there".to_owned());
    }
    let digest = match key.get("hash") {
        Some(Value::String(hash)) => Some(hash.clone()),
        // As keys are migrated into Unkey: the value with its variant.
        Some(Value::Object(hash)) => text(hash, "value"),
        Some(_) | None => None,
    };
    let digest = digest.ok_or("it has no `hash`: Unkey's API does not give it out, its database does")?;
    let identity = key.get("identity").and_then(Value::as_object);
    let owner = identity.and_then(|identity| text(identity, "externalId"));
    let owner = owner.or_else(|| text(&key, "externalId")).or_else(|| text(&key, "ownerId"));
    let id = text(&key, "keyId").or_else(|| text(&key, "id")).or_else(|| stand_in(&digest));
    let mut row = fields([
        ("external_id", id),
        ("sha256", Some(digest)),
        ("name", text(&key, "name")),
        ("client_name", owner),
        ("created_at", milliseconds(&key, "createdAt").map(|time| time.to_string())),
        ("expires_at", milliseconds(&key, "expires").map(|time| time.to_string())),
    ]);
    if let Some(permissions) =
        key.get("permissions").filter(|list| list.as_array().is_some_and(|l| !l.is_empty()))
    {
        row.insert("scopes".to_owned(), permissions.clone());
    }
    Ok(row)
}

pub(super) fn of_tyk(read: Read) -> Read {
    let key = read?;
    let digest = text(&key, "key_hash").or_else(|| text(&key, "key_id")).ok_or("it has no `key_hash`")?;
    if digest.len() != 64 {
        let advice = "its hash is none of SHA-256 (`hash_key_function`): a murmur hash proves nothing, and opens nothing here";
        return Err(advice.to_owned());
    }
    let session = key.get("data").and_then(Value::as_object).unwrap_or(&key);
    if session.get("is_inactive").and_then(Value::as_bool) == Some(true) {
        return Err("it is inactive there".to_owned());
    }
    let alias = text(session, "alias");
    let ends = seconds(session, "expires").filter(|time| time.as_second() > 0);
    Ok(fields([
        ("external_id", stand_in(&digest)),
        ("sha256", Some(digest)),
        ("name", alias.clone()),
        ("client_name", alias),
        ("created_at", text(session, "date_created").and_then(plain_time)),
        ("expires_at", ends.map(|time| time.to_string())),
    ]))
}

fn fields<const N: usize>(given: [(&str, Option<String>); N]) -> Fields {
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
}

fn text(object: &Fields, name: &str) -> Option<String> {
    object.get(name)?.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

fn seconds(object: &Fields, name: &str) -> Option<Timestamp> {
    Timestamp::from_second(object.get(name)?.as_i64()?).ok()
}

fn milliseconds(object: &Fields, name: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(object.get(name)?.as_i64()?).ok()
}

/// To the microsecond, in UTC.
fn plain_time(text: String) -> Option<String> {
    text.parse::<Timestamp>().ok().filter(|time| time.as_second() > 0).map(|time| time.to_string())
}

/// Names a key whose export does not: the same each time, and not the digest itself.
fn stand_in(digest: &str) -> Option<String> {
    let digest: ForeignDigest = digest.parse().ok()?;
    digest.fingerprint().get(..24).map(ToOwned::to_owned)
}
