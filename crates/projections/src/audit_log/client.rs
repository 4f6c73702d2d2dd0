//! Which client an event concerns, also where it does not say so itself.

use domain::{
    AssignmentId, ClientId, DomainEvent, KeyId, ScheduledChangeId,
    api_key::ApiKeyEvent,
    erasure::{ErasureEvent, Holder},
    rate_limit_policy::{LimitReset, RateLimitPolicyEvent},
    scheduled_change::ScheduledChangeEvent,
};

use crate::{BadColumn, Column, Columns, Folded, Poison, Row, Rows, Stored, Table, Value};

/// Which client a key, an assignment or a planned change belongs to.
pub(super) static CLIENTS: Table = Table {
    name: "audit_clients",
    key_columns: 1,
    appended: false,
    columns: &[Column::text("id"), Column::text("client_id")],
};

/// The client that an identifier belongs to.
#[derive(Clone, Debug)]
pub(super) struct Belonging {
    pub(super) id: String,
    client_id: ClientId,
}

impl Stored for Belonging {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self { id: columns.text("id")?, client_id: columns.parsed("client_id")? })
    }
}

impl Folded for Belonging {
    fn row(&self) -> Row {
        Row(vec![self.id.as_str().into(), self.client_id.into()])
    }
}

/// The client that an event concerns, and what is to be remembered for later events that will not say.
pub(super) fn client(
    rows: &Rows,
    event: &DomainEvent,
) -> Result<(Option<ClientId>, Option<Belonging>), Poison> {
    Ok(match Client::of(event) {
        Client::None => (None, None),
        Client::Known(client_id, remembered_by) => {
            (Some(client_id), remembered_by.map(|id| Belonging { id, client_id }))
        }
        Client::OfKey(id) => {
            let client_id = known(rows, &id.into())?;
            let none = || Poison::NoRow { table: CLIENTS.name, subject: id.to_string() };
            (Some(client_id.ok_or_else(none)?), None)
        }
        // An assignment need not name a client.
        Client::OfAssignment(id) => (known(rows, &id.into())?, None),
        Client::OfChange(id) => (known(rows, &id.into())?, None),
    })
}

fn known(rows: &Rows, id: &Value) -> Result<Option<ClientId>, Poison> {
    Ok(rows.get::<Belonging>(&CLIENTS, id)?.map(|belonging| belonging.client_id))
}

/// Where an event says which client it concerns.
pub(crate) enum Client {
    None,
    /// In itself; the second is an identifier whose later events will not say.
    Known(ClientId, Option<String>),
    OfKey(KeyId),
    OfAssignment(AssignmentId),
    OfChange(ScheduledChangeId),
}

impl Client {
    pub(crate) fn of(event: &DomainEvent) -> Self {
        match event {
            DomainEvent::Route { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::Principal { .. }
            | DomainEvent::Grant { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Approval { .. }
            | DomainEvent::ApprovalRule { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => Self::None,
            DomainEvent::Erasure { id: _, event: ErasureEvent::Erased(erased) } => match erased.of {
                Holder::Client { client_id } => Self::Known(client_id, None),
                Holder::Principal { .. } | Holder::Circumstances => Self::None,
            },
            DomainEvent::ApiClient { id, event: _ } => Self::Known(*id, None),
            DomainEvent::ApiKey { id, event } => match event {
                ApiKeyEvent::Issued(issued) => Self::Known(issued.client_id, Some(id.to_string())),
                ApiKeyEvent::Imported(imported) => Self::Known(imported.client_id, Some(id.to_string())),
                ApiKeyEvent::Rotated(_)
                | ApiKeyEvent::OverlapExtended(_)
                | ApiKeyEvent::PreviousRetired(_)
                | ApiKeyEvent::PreviousStillBusy(_)
                | ApiKeyEvent::RevocationScheduled(_)
                | ApiKeyEvent::RevocationCancelled(_)
                | ApiKeyEvent::Revoked(_)
                | ApiKeyEvent::Suspended(_)
                | ApiKeyEvent::Reinstated(_)
                | ApiKeyEvent::Expired(_)
                | ApiKeyEvent::LeakReported(_)
                | ApiKeyEvent::Quarantined(_)
                | ApiKeyEvent::Released(_) => Self::OfKey(*id),
            },
            DomainEvent::ScheduledChange { id, event } => match event {
                ScheduledChangeEvent::Planned(planned) => {
                    let known = |client_id| Self::Known(client_id, Some(id.to_string()));
                    planned.change.client_id().map_or(Self::None, known)
                }
                ScheduledChangeEvent::Begun(_)
                | ScheduledChangeEvent::Applied(_)
                | ScheduledChangeEvent::Ended(_)
                | ScheduledChangeEvent::Failed(_)
                | ScheduledChangeEvent::Cancelled(_) => Self::OfChange(*id),
            },
            DomainEvent::RateLimitPolicy { id: _, event } => match event {
                RateLimitPolicyEvent::Assigned(assigned) => {
                    let id = assigned.assignment.assignment_id;
                    let known = |client_id| Self::Known(client_id, Some(id.to_string()));
                    assigned.assignment.client_id.map_or(Self::None, known)
                }
                RateLimitPolicyEvent::Unassigned(unassigned) => Self::OfAssignment(unassigned.assignment_id),
                RateLimitPolicyEvent::LimitReset(LimitReset { client_id, .. }) => {
                    client_id.map_or(Self::None, |client_id| Self::Known(client_id, None))
                }
                RateLimitPolicyEvent::Defined(_)
                | RateLimitPolicyEvent::Revised(_)
                | RateLimitPolicyEvent::Retired(_) => Self::None,
            },
        }
    }
}
