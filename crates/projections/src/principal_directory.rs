//! The people and service accounts as they stand now. Their tokens are not here.

use domain::{
    Aggregate as _, DomainEvent, Position, PrincipalId, Timestamp,
    erasure::{Erased, Erasure, ErasureEvent, Holder},
    personal::{Personal, PersonalValues},
    principal::{Account, PersonAdded, PrincipalEvent, ServiceAccountMade},
};
use serde::{Deserialize, Serialize};

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, Poison, PrincipalKind, PrincipalStatus, Row, Stored,
    Table, Value,
};

static TABLE: Table = Table {
    name: "principal_directory",
    key_columns: 1,
    appended: false,
    columns: &[
        Column::text("principal_id"),
        Column::text("kind"),
        Column::text("status"),
        Column::text("name"),
        Column::text("name_folded"),
        Column::text("email"),
        Column::text("issuer"),
        Column::text("subject"),
        Column::text("personal_of"),
        Column::integer("claimed"),
        Column::text("team"),
        Column::integer("token_version"),
        Column::text("token_hint"),
        Column::integer("token_expires_at_us"),
        Column::text("previous_hint"),
        Column::integer("previous_until_us"),
        Column::integer("glass_until_us"),
        Column::integer("version"),
        Column::integer("position"),
        Column::integer("created_at_us"),
        Column::integer("updated_at_us"),
    ],
};

/// A person or a service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrincipalRow {
    pub principal_id: PrincipalId,
    pub kind: PrincipalKind,
    pub status: PrincipalStatus,
    /// None once erased.
    pub name: Option<String>,
    pub email: Option<String>,
    /// How an identity provider knows a person; the subject is none once erased.
    pub issuer: Option<String>,
    pub subject: Option<String>,
    /// What a person's event commits to them by.
    #[serde(skip)]
    pub personal_of: Option<PersonalOf>,
    /// Whether it is the person who claimed the installation.
    pub claimed: bool,
    /// Of a service account.
    pub team: Option<String>,
    pub token: Option<TokenRow>,
    /// The token before, until it stops: its end, and its last characters.
    pub previous: Option<(String, Timestamp)>,
    /// When a token of a service account was last used, to the minute; none in the past and where it is not asked for.
    pub last_used_at: Option<Timestamp>,
    /// Until when the person is an administrator by a broken glass.
    pub glass_until: Option<Timestamp>,
    /// The aggregate's version after its last event; an `ETag`.
    pub version: u64,
    pub position: Position,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Commitments to a person's values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalOf {
    pub name: Personal,
    pub email: Option<Personal>,
    pub subject: Option<Personal>,
}

/// The token that lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenRow {
    /// Counts from 1.
    pub version: u32,
    pub hint: String,
    pub expires_at: Timestamp,
}

impl Stored for PrincipalRow {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let expires_at = columns.time_or_none("token_expires_at_us")?;
        let token = match (columns.count_or_none("token_version")?, columns.text_or_none("token_hint")?) {
            (Some(version), Some(hint)) => {
                expires_at.map(|expires_at| TokenRow { version, hint, expires_at })
            }
            (_, _) => None,
        };
        let until = columns.time_or_none("previous_until_us")?;
        Ok(Self {
            principal_id: columns.parsed("principal_id")?,
            kind: columns.parsed("kind")?,
            status: columns.parsed("status")?,
            name: columns.text_or_none("name")?,
            email: columns.text_or_none("email")?,
            issuer: columns.text_or_none("issuer")?,
            subject: columns.text_or_none("subject")?,
            personal_of: columns.json_or_none("personal_of")?,
            claimed: columns.count::<u32>("claimed")? > 0,
            team: columns.text_or_none("team")?,
            token,
            previous: columns.text_or_none("previous_hint")?.zip(until),
            last_used_at: None,
            glass_until: columns.time_or_none("glass_until_us")?,
            version: columns.count("version")?,
            position: Position::new(columns.count("position")?),
            created_at: columns.time("created_at_us")?,
            updated_at: columns.time("updated_at_us")?,
        })
    }
}

impl Folded for PrincipalRow {
    fn row(&self) -> Row {
        let token = self.token.as_ref();
        let (previous_hint, previous_until) = match &self.previous {
            Some((hint, until)) => (Some(hint.as_str()), Some(*until)),
            None => (None, None),
        };
        Row(vec![
            self.principal_id.into(),
            self.kind.into(),
            self.status.into(),
            self.name.as_deref().into(),
            self.name.as_deref().unwrap_or_default().to_lowercase().into(),
            self.email.as_deref().into(),
            self.issuer.as_deref().into(),
            self.subject.as_deref().into(),
            self.personal_of.as_ref().map_or(Value::Null, Value::json),
            u32::from(self.claimed).into(),
            self.team.as_deref().into(),
            token.map(|token| token.version).into(),
            token.map(|token| token.hint.as_str()).into(),
            token.map(|token| token.expires_at).into(),
            previous_hint.into(),
            previous_until.into(),
            self.glass_until.into(),
            self.version.into(),
            self.position.into(),
            self.created_at.into(),
            self.updated_at.into(),
        ])
    }
}

pub(crate) struct PrincipalDirectory;

impl Directory for PrincipalDirectory {
    type Row = PrincipalRow;
    const TABLES: [&'static Table; 1] = [&TABLE];
    const AGGREGATES: &'static [&'static str] = &[Account::TYPE, Erasure::TYPE];
    const PERSONAL: bool = true;
    const VERSION: u32 = 2;

    fn key(event: &DomainEvent) -> Option<Value> {
        match event {
            // A claim that is opened anew is nobody.
            DomainEvent::Principal { event: PrincipalEvent::ClaimReopened(_), .. } => None,
            DomainEvent::Principal { id, .. } => Some((*id).into()),
            DomainEvent::Erasure { id: _, event: ErasureEvent::Erased(erased) } => match erased.of {
                Holder::Principal { principal_id } => Some(principal_id.into()),
                Holder::Client { .. } | Holder::Circumstances => None,
            },
            DomainEvent::ApiClient { .. }
            | DomainEvent::ApiKey { .. }
            | DomainEvent::Route { .. }
            | DomainEvent::RateLimitPolicy { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::ScheduledChange { .. }
            | DomainEvent::Grant { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => None,
        }
    }

    fn fold(row: Option<PrincipalRow>, fact: &Fact<'_>) -> Result<Option<PrincipalRow>, Poison> {
        if let DomainEvent::Erasure { event: ErasureEvent::Erased(erased), .. } = fact.event {
            return Ok(row.map(|row| row.without(erased)));
        }
        let DomainEvent::Principal { id, event } = fact.event else { return Ok(row) };
        let mut row = match event {
            PrincipalEvent::PersonAdded(added) => PrincipalRow::person(*id, added, fact),
            PrincipalEvent::ServiceAccountMade(made) => PrincipalRow::service_account(*id, made, fact),
            PrincipalEvent::TokenIssued(_)
            | PrincipalEvent::TokenRotated(_)
            | PrincipalEvent::TokensRevoked(_)
            | PrincipalEvent::Disabled(_)
            | PrincipalEvent::Enabled(_)
            | PrincipalEvent::InstallationClaimed(_)
            | PrincipalEvent::ClaimReopened(_)
            | PrincipalEvent::BreakGlassOpened(_)
            | PrincipalEvent::BreakGlassClosed(_) => {
                row.ok_or_else(|| Poison::NoRow { table: TABLE.name, subject: id.to_string() })?
            }
        };
        row.change(event);
        (row.version, row.position, row.updated_at) = (fact.sequence, fact.position, fact.occurred_at);
        Ok(Some(row))
    }
}

impl PrincipalRow {
    fn without(mut self, erased: &Erased) -> Self {
        let gone = |of: Option<Personal>| erased.values.iter().any(|value| of == Some(value.commitment));
        if let Some(of) = &self.personal_of {
            self.name = self.name.filter(|_| !gone(Some(of.name)));
            self.email = self.email.filter(|_| !gone(of.email));
            self.subject = self.subject.filter(|_| !gone(of.subject));
        }
        self
    }

    fn person(id: PrincipalId, added: &PersonAdded, fact: &Fact<'_>) -> Self {
        let PersonAdded { name, email, identity } = added;
        Self {
            name: clear(fact.personal, name),
            email: email.as_ref().and_then(|email| clear(fact.personal, email)),
            issuer: identity.as_ref().map(|identity| identity.issuer.clone()),
            subject: identity.as_ref().and_then(|identity| clear(fact.personal, &identity.subject)),
            personal_of: Some(PersonalOf {
                name: *name,
                email: *email,
                subject: identity.as_ref().map(|identity| identity.subject),
            }),
            ..Self::blank(id, PrincipalKind::Person, fact)
        }
    }

    fn service_account(id: PrincipalId, made: &ServiceAccountMade, fact: &Fact<'_>) -> Self {
        Self {
            name: Some(made.name.to_string()),
            team: Some(made.team.to_string()),
            ..Self::blank(id, PrincipalKind::ServiceAccount, fact)
        }
    }

    fn blank(principal_id: PrincipalId, kind: PrincipalKind, fact: &Fact<'_>) -> Self {
        Self {
            principal_id,
            kind,
            status: PrincipalStatus::Enabled,
            name: None,
            email: None,
            issuer: None,
            subject: None,
            personal_of: None,
            claimed: false,
            team: None,
            token: None,
            previous: None,
            last_used_at: None,
            glass_until: None,
            version: fact.sequence,
            position: fact.position,
            created_at: fact.occurred_at,
            updated_at: fact.occurred_at,
        }
    }

    fn change(&mut self, event: &PrincipalEvent) {
        use PrincipalEvent as E;
        match event {
            E::PersonAdded(_) | E::ServiceAccountMade(_) | E::ClaimReopened(_) => {}
            E::TokenIssued(issued) => {
                self.previous = None;
                self.put(issued.secret.version, &issued.secret.hint, issued.expires_at);
            }
            E::TokenRotated(rotated) => {
                self.previous = self.token.take().map(|token| (token.hint, rotated.previous_until));
                self.put(rotated.secret.version, &rotated.secret.hint, rotated.expires_at);
            }
            E::TokensRevoked(_) => (self.token, self.previous) = (None, None),
            E::Disabled(_) => self.status = PrincipalStatus::Disabled,
            E::Enabled(_) => self.status = PrincipalStatus::Enabled,
            E::InstallationClaimed(_) => self.claimed = true,
            E::BreakGlassOpened(opened) => self.glass_until = Some(opened.until),
            E::BreakGlassClosed(_) => self.glass_until = None,
        }
    }

    fn put(&mut self, version: u32, hint: &str, expires_at: Timestamp) {
        self.token = Some(TokenRow { version, hint: hint.to_owned(), expires_at });
    }
}

fn clear(values: &PersonalValues, commitment: &Personal) -> Option<String> {
    values.get(commitment).map(ToString::to_string)
}
