//! The keys as they stand now. Of their secrets only the version and the hint: a digest or a locator has no
//! column here.

#[cfg(test)]
mod tests;

use domain::{
    Aggregate as _, ClientId, DomainEvent, KeyId, LeakId, Position, Timestamp,
    api_key::{ApiKey, ApiKeyEvent, Imported, Issued, Origin, Rotated},
};
use serde::Serialize;

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, KeyStatus, Poison, Row, Stored, Table, Value,
};

static TABLE: Table = Table {
    name: "key_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("key_id"),
        Column::text("client_id"),
        Column::text("name"),
        Column::text("environment"),
        Column::text("scopes"),
        Column::text("status"),
        Column::integer("secret_version"),
        Column::text("hint"),
        Column::integer("previous_version"),
        Column::text("previous_hint"),
        Column::integer("previous_until_us"),
        Column::integer("rotated_at_us"),
        Column::integer("retire_when_idle_hours"),
        Column::integer("still_busy"),
        Column::integer("not_before_us"),
        Column::integer("expires_at_us"),
        Column::integer("revoke_at_us"),
        Column::integer("ends_at_us"),
        Column::text("allowed_cidrs"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("issued_at_us"),
        Column::integer("updated_at_us"),
        Column::text("source"),
        Column::text("external_id"),
        Column::integer("quarantined_version"),
        Column::integer("quarantined_at_us"),
        Column::text("leak_id"),
    ],
};

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyRow {
    pub key_id: KeyId,
    pub client_id: ClientId,
    pub name: String,
    pub environment: String,
    /// None: whatever the client holds. Empty: nothing. Sorted.
    pub scopes: Option<Vec<String>>,
    pub status: KeyStatus,
    /// The newest one.
    pub secret_version: u32,
    /// Of the newest secret version.
    pub hint: String,
    /// None before the first rotation.
    pub previous: Option<PreviousSecret>,
    pub not_before: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// When a planned revocation takes effect; when it took effect, once revoked.
    pub revoke_at: Option<Timestamp>,
    /// Empty: from anywhere.
    pub allowed_cidrs: Vec<String>,
    /// The latest genuine use of any secret version that was live, as the gateways have reported it.
    pub last_used_at: Option<Timestamp>,
    /// The aggregate's version after its last event; an `ETag`.
    pub version: u64,
    /// Of its last event.
    pub position: Position,
    pub issued_at: Timestamp,
    pub updated_at: Timestamp,
    /// None of a key that was issued here.
    pub origin: Option<KeyOrigin>,
    /// None of a key whose secrets are not known to have leaked, or that was released since.
    pub quarantine: Option<KeyQuarantine>,
}

/// Where an imported key comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyOrigin {
    pub source: String,
    pub external_id: String,
}

/// What a leaked key stands under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyQuarantine {
    pub leak_id: LeakId,
    /// This version and those before it open little; later ones are free.
    pub secret_version: u32,
    pub since: Timestamp,
}

/// The secret version before the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviousSecret {
    pub version: u32,
    pub hint: String,
    /// When it stops or stopped.
    pub until: Timestamp,
    /// When the version after it came; none where that was recorded without its time.
    pub rotated_at: Option<Timestamp>,
    /// It is retired once it has not been used for so long.
    pub retire_when_idle_hours: Option<u16>,
    /// Whether it was still in use a day before its end.
    pub still_busy: bool,
    pub last_used_at: Option<Timestamp>,
}

impl Stored for KeyRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self {
            key_id: columns.parsed("key_id")?,
            client_id: columns.parsed("client_id")?,
            name: columns.text("name")?,
            environment: columns.text("environment")?,
            scopes: columns.json_or_none("scopes")?,
            status: columns.parsed("status")?,
            secret_version: columns.count("secret_version")?,
            hint: columns.text("hint")?,
            previous: PreviousSecret::read(columns)?,
            not_before: columns.time_or_none("not_before_us")?,
            expires_at: columns.time_or_none("expires_at_us")?,
            revoke_at: columns.time_or_none("revoke_at_us")?,
            allowed_cidrs: columns.json("allowed_cidrs")?,
            last_used_at: None,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            issued_at: columns.time("issued_at_us")?,
            updated_at: columns.time("updated_at_us")?,
            origin: KeyOrigin::read(columns)?,
            quarantine: KeyQuarantine::read(columns)?,
        })
    }
}

impl KeyOrigin {
    fn read(columns: &impl Columns) -> Result<Option<Self>, BadColumn> {
        let Some(source) = columns.text_or_none("source")? else { return Ok(None) };
        Ok(Some(Self { source, external_id: columns.text("external_id")? }))
    }
}

impl KeyQuarantine {
    fn read(columns: &impl Columns) -> Result<Option<Self>, BadColumn> {
        let Some(secret_version) = columns.count_or_none("quarantined_version")? else { return Ok(None) };
        let (leak_id, since) = (columns.parsed("leak_id")?, columns.time("quarantined_at_us")?);
        Ok(Some(Self { leak_id, secret_version, since }))
    }
}

impl PreviousSecret {
    fn read(columns: &impl Columns) -> Result<Option<Self>, BadColumn> {
        let Some(version) = columns.count_or_none("previous_version")? else { return Ok(None) };
        let (hint, until) = (columns.text("previous_hint")?, columns.time("previous_until_us")?);
        Ok(Some(Self {
            version,
            hint,
            until,
            rotated_at: columns.time_or_none("rotated_at_us")?,
            retire_when_idle_hours: columns.count_or_none("retire_when_idle_hours")?,
            still_busy: columns.count_or_none::<u32>("still_busy")?.is_some_and(|flag| flag > 0),
            last_used_at: None,
        }))
    }
}

impl Folded for KeyRow {
    fn row(&self) -> Row {
        let previous = self.previous.as_ref();
        Row(vec![
            self.key_id.into(),
            self.client_id.into(),
            self.name.as_str().into(),
            self.environment.as_str().into(),
            self.scopes.as_ref().map(Value::json).into(),
            self.status.into(),
            self.secret_version.into(),
            self.hint.as_str().into(),
            previous.map(|previous| previous.version).into(),
            previous.map(|previous| previous.hint.as_str()).into(),
            previous.map(|previous| previous.until).into(),
            previous.and_then(|previous| previous.rotated_at).into(),
            previous.and_then(|previous| previous.retire_when_idle_hours).map(u32::from).into(),
            previous.filter(|previous| previous.still_busy).map(|_| 1_u32).into(),
            self.not_before.into(),
            self.expires_at.into(),
            self.revoke_at.into(),
            self.ends_at().into(),
            Value::json(&self.allowed_cidrs),
            self.version.into(),
            self.position.into(),
            self.issued_at.into(),
            self.updated_at.into(),
            self.origin.as_ref().map(|origin| origin.source.as_str()).into(),
            self.origin.as_ref().map(|origin| origin.external_id.as_str()).into(),
            self.quarantine.as_ref().map(|held| held.secret_version).into(),
            self.quarantine.as_ref().map(|held| held.since).into(),
            self.quarantine.as_ref().map(|held| held.leak_id).into(),
        ])
    }
}

pub(crate) struct KeyDirectory;

impl Directory for KeyDirectory {
    type Row = KeyRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[ApiKey::TYPE];

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            DomainEvent::ApiKey { id, .. } => Some((*id).into()),
            DomainEvent::ApiClient { .. }
            | DomainEvent::Route { .. }
            | DomainEvent::RateLimitPolicy { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::ScheduledChange { .. }
            | DomainEvent::Principal { .. }
            | DomainEvent::Grant { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Erasure { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => None,
        }
    }

    fn fold(row: Option<KeyRow>, fact: &Fact<'_>) -> Result<Option<KeyRow>, Poison> {
        let DomainEvent::ApiKey { id, event } = fact.event else { return Ok(row) };
        let mut row = if let ApiKeyEvent::Issued(issued) = event {
            KeyRow::issued(*id, issued, fact)
        } else if let ApiKeyEvent::Imported(imported) = event {
            KeyRow::imported(*id, imported, fact)
        } else {
            row.ok_or_else(|| Poison::NoRow { table: TABLE.name, subject: id.to_string() })?
        };
        row.change(event, fact);
        row.version = fact.sequence;
        row.position = fact.position;
        row.updated_at = fact.occurred_at;
        Ok(Some(row))
    }
}

impl KeyRow {
    fn issued(id: KeyId, issued: &Issued, fact: &Fact<'_>) -> Self {
        let Issued { client_id, name, environment, scopes, secret, not_before, expires_at, allowed_cidrs } =
            issued;
        Self {
            key_id: id,
            client_id: *client_id,
            name: name.to_string(),
            environment: environment.to_string(),
            scopes: scopes.as_ref().map(|scopes| scopes.iter().map(ToString::to_string).collect()),
            status: KeyStatus::Active,
            secret_version: secret.version,
            hint: secret.hint.clone(),
            previous: None,
            not_before: *not_before,
            expires_at: *expires_at,
            revoke_at: None,
            allowed_cidrs: allowed_cidrs.iter().map(ToString::to_string).collect(),
            last_used_at: None,
            version: fact.sequence,
            position: fact.position,
            issued_at: fact.occurred_at,
            updated_at: fact.occurred_at,
            origin: None,
            quarantine: None,
        }
    }

    fn imported(id: KeyId, imported: &Imported, fact: &Fact<'_>) -> Self {
        let Imported { client_id, name, environment, scopes, secret, not_before, expires_at, .. } = imported;
        let Imported { allowed_cidrs, origin: Origin { source, external_id, created_at: _ }, .. } = imported;
        Self {
            key_id: id,
            client_id: *client_id,
            name: name.to_string(),
            environment: environment.to_string(),
            scopes: scopes.as_ref().map(|scopes| scopes.iter().map(ToString::to_string).collect()),
            status: KeyStatus::Active,
            secret_version: secret.version,
            hint: secret.hint.clone(),
            previous: None,
            not_before: *not_before,
            expires_at: *expires_at,
            revoke_at: None,
            allowed_cidrs: allowed_cidrs.iter().map(ToString::to_string).collect(),
            last_used_at: None,
            version: fact.sequence,
            position: fact.position,
            issued_at: fact.occurred_at,
            updated_at: fact.occurred_at,
            origin: Some(KeyOrigin { source: source.to_string(), external_id: external_id.to_string() }),
            quarantine: None,
        }
    }

    fn change(&mut self, event: &ApiKeyEvent, fact: &Fact<'_>) {
        use ApiKeyEvent as E;
        match event {
            E::Issued(_) | E::Imported(_) | E::LeakReported(_) => {}
            E::Quarantined(quarantined) => {
                let (leak_id, secret_version) = (quarantined.leak_id, quarantined.secret_version);
                self.quarantine = Some(KeyQuarantine { leak_id, secret_version, since: fact.occurred_at });
            }
            E::Released(_) => self.quarantine = None,
            E::Rotated(rotated) => self.rotate(rotated),
            E::OverlapExtended(extended) => self.stop_previous(extended.previous_until),
            E::PreviousRetired(retired) => self.stop_previous(retired.retired_at),
            E::PreviousStillBusy(_) => {
                self.previous.iter_mut().for_each(|previous| previous.still_busy = true);
            }
            E::RevocationScheduled(scheduled) => self.revoke_at = Some(scheduled.revoke_at),
            E::RevocationCancelled(_) => self.revoke_at = None,
            E::Revoked(revoked) => {
                self.status = KeyStatus::Revoked;
                self.revoke_at = Some(revoked.revoked_at);
            }
            E::Suspended(_) => self.status = KeyStatus::Suspended,
            E::Reinstated(_) => self.status = KeyStatus::Active,
            E::Expired(_) => self.status = KeyStatus::Expired,
        }
    }

    fn rotate(&mut self, rotated: &Rotated) {
        let Rotated { secret, previous_until, expires_at, reason: _, rotated_at, retire_when_idle_hours } =
            rotated;
        let hint = std::mem::replace(&mut self.hint, secret.hint.clone());
        let version = std::mem::replace(&mut self.secret_version, secret.version);
        self.previous = Some(PreviousSecret {
            version,
            hint,
            until: *previous_until,
            rotated_at: *rotated_at,
            retire_when_idle_hours: *retire_when_idle_hours,
            still_busy: false,
            last_used_at: None,
        });
        self.expires_at = *expires_at;
    }

    fn stop_previous(&mut self, at: Timestamp) {
        self.previous.iter_mut().for_each(|previous| (previous.until, previous.still_busy) = (at, false));
    }

    /// When the clock ends the key: none when its end is on record or none is planned.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        match self.status {
            KeyStatus::Active | KeyStatus::Suspended => {
                self.expires_at.into_iter().chain(self.revoke_at).min()
            }
            KeyStatus::Revoked | KeyStatus::Expired => None,
        }
    }
}
