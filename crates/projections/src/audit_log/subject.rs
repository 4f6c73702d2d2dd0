//! Things as they stood after their last event, so that the next event's entry can tell what it changed.
//!
//! They are the rows of the directories, which people know and which have nothing of a secret in them, with the
//! commitments in the place of personal values: here is nothing to be erased.

use domain::{
    Aggregate, DomainEvent,
    approval::Approval,
    approval_rule::ApprovalRule,
    notification_rule::NotificationRule,
    personal::{Personal, PersonalValues},
    projection::Projection as LeftOut,
    scheduled_change::ScheduledChange,
    webhook::Webhook,
};
use serde_json::{Value as Json, json};

use crate::{
    BadColumn, Column, Columns, Directory, Fact, Folded, Poison, Row, Stored, Table, Value,
    assignment_directory::{AssignmentDirectory, assignment_of},
    audit_log::patch,
    client_directory::ClientDirectory,
    grant_directory::GrantDirectory,
    key_directory::KeyDirectory,
    operation_directory::OperationDirectory,
    policy_directory::PolicyDirectory,
    principal_directory::PrincipalDirectory,
    route_directory::RouteDirectory,
    table::InTable,
};

pub(super) static SUBJECTS: Table = Table {
    name: "audit_subjects",
    key_columns: 1,
    appended: false,
    columns: &[Column::text("id"), Column::text("kind"), Column::text("state")],
};

/// What says of a thing when it changed, and not what: the entry itself says that.
const NO_NEWS: [&str; 4] = ["position", "version", "updated_at", "last_used_at"];

/// A thing as it stands.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    id: String,
    state: State,
}

impl Stored for Subject {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let (kind, text) = (columns.text("kind")?, columns.text("state")?);
        let state = State::read(&kind, &text);
        let expected = "a thing as it was written";
        Ok(Self { id: columns.text("id")?, state: state.ok_or(BadColumn { column: "state", expected })? })
    }
}

impl Folded for Subject {
    fn row(&self) -> Row {
        Row(vec![self.id.as_str().into(), self.state.kind().into(), self.state.written()])
    }
}

/// A directory whose rows are kept here.
trait Kept: Directory {
    fn keep(row: Self::Row) -> State;
    fn kept(state: State) -> Option<Self::Row>;
}

macro_rules! states {
    ($($variant:ident = $kind:literal: $directory:ty),+ $(,)?) => {
        #[derive(Clone, Debug)]
        enum State {
            $($variant(Box<<$directory as Directory>::Row>),)+
            Change(Box<ScheduledChange>),
            LeftOut(Box<LeftOut>),
            Approval(Box<Approval>),
            Rule(Box<ApprovalRule>),
            Webhook(Box<Webhook>),
            Telling(Box<NotificationRule>),
        }

        impl State {
            fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $kind,)+
                    Self::Change(_) => ScheduledChange::TYPE,
                    Self::LeftOut(_) => LeftOut::TYPE,
                    Self::Approval(_) => Approval::TYPE,
                    Self::Rule(_) => ApprovalRule::TYPE,
                    Self::Webhook(_) => Webhook::TYPE,
                    Self::Telling(_) => NotificationRule::TYPE,
                }
            }

            fn written(&self) -> Value {
                match self {
                    $(Self::$variant(row) => written(row.row()),)+
                    Self::Change(state) => Value::json(state),
                    Self::LeftOut(state) => Value::json(state),
                    Self::Approval(state) => Value::json(state),
                    Self::Rule(state) => Value::json(state),
                    Self::Webhook(state) => Value::json(state),
                    Self::Telling(state) => Value::json(state),
                }
            }

            fn read(kind: &str, text: &str) -> Option<Self> {
                match kind {
                    $($kind => read::<$directory>(text),)+
                    ScheduledChange::TYPE => serde_json::from_str(text).ok().map(Self::Change),
                    LeftOut::TYPE => serde_json::from_str(text).ok().map(Self::LeftOut),
                    Approval::TYPE => serde_json::from_str(text).ok().map(Self::Approval),
                    ApprovalRule::TYPE => serde_json::from_str(text).ok().map(Self::Rule),
                    Webhook::TYPE => serde_json::from_str(text).ok().map(Self::Webhook),
                    NotificationRule::TYPE => serde_json::from_str(text).ok().map(Self::Telling),
                    _ => None,
                }
            }

            /// As reads show it.
            fn document(&self) -> serde_json::Result<Json> {
                match self {
                    $(Self::$variant(row) => serde_json::to_value(row),)+
                    Self::Change(state) => serde_json::to_value(state),
                    Self::LeftOut(state) => serde_json::to_value(state),
                    Self::Approval(state) => serde_json::to_value(state),
                    Self::Rule(state) => serde_json::to_value(state),
                    Self::Webhook(state) => serde_json::to_value(state),
                    Self::Telling(state) => serde_json::to_value(state),
                }
            }
        }

        $(impl Kept for $directory {
            fn keep(row: Self::Row) -> State {
                State::$variant(Box::new(row))
            }
            fn kept(state: State) -> Option<Self::Row> {
                if let State::$variant(row) = state { Some(*row) } else { None }
            }
        })+
    };
}
states! {
    Client = "api_client": ClientDirectory,
    Key = "api_key": KeyDirectory,
    Route = "route": RouteDirectory,
    Policy = "rate_limit_policy": PolicyDirectory,
    Assignment = "assignment": AssignmentDirectory,
    Operation = "operation": OperationDirectory,
    Principal = "principal": PrincipalDirectory,
    Grant = "grant": GrantDirectory,
}

/// What is kept under which name is what this event changes; none where it changes nothing that is kept.
pub(super) fn key(event: &DomainEvent) -> Option<String> {
    match event {
        DomainEvent::ApiClient { .. }
        | DomainEvent::ApiKey { .. }
        | DomainEvent::Route { .. }
        | DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::ScheduledChange { .. }
        | DomainEvent::Principal { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::Webhook { .. }
        | DomainEvent::NotificationRule { .. } => Some(event.subject()),
        // An assignment is a thing of its own, beside the policy that its events are of.
        DomainEvent::RateLimitPolicy { id: _, event: of } => {
            Some(assignment_of(of).map_or_else(|| event.subject(), |id| id.to_string()))
        }
        DomainEvent::Observation { .. } | DomainEvent::Erasure { .. } => None,
    }
}

/// What an event made of a thing.
pub(super) struct Changed {
    /// None where the thing is no more, or is not known.
    pub(super) after: Option<Subject>,
    /// A JSON Patch; none where what was there before is not known.
    pub(super) changes: Option<String>,
}

/// An event that does not fit what is kept of its thing, for an earlier one was left out, leaves nothing of it to be known.
pub(super) fn change(before: Option<Subject>, id: &str, fact: &Fact<'_>) -> Result<Changed, Poison> {
    let was = match &before {
        Some(subject) => document(&subject.state)?,
        None => Json::Null,
    };
    let commitments = commitments(fact.event)?;
    let known = Fact { personal: &commitments, ..*fact };
    let Ok(after) = next(before.map(|subject| subject.state), &known) else {
        return Ok(Changed { after: None, changes: None });
    };
    let is = match &after {
        Some(state) => document(state)?,
        None => Json::Null,
    };
    let patch = match assigned(fact.event) {
        true => patch::between(&under(id, was), &under(id, is)),
        false => patch::between(&was, &is),
    };
    let after = after.map(|state| Subject { id: id.to_owned(), state });
    Ok(Changed { after, changes: Some(patch.to_string()) })
}

fn document(state: &State) -> Result<Json, Poison> {
    let mut document = state.document().map_err(|_| Poison::NotJson)?;
    if let Some(fields) = document.as_object_mut() {
        fields.retain(|name, _| !NO_NEWS.contains(&name.as_str()));
        // Commitments stand in the place of the values already.
        for contact in fields.get_mut("contacts").and_then(Json::as_array_mut).into_iter().flatten() {
            if let Some(contact) = contact.as_object_mut() {
                contact.retain(|name, _| !name.ends_with("_of"));
            }
        }
    }
    Ok(document)
}

fn assigned(event: &DomainEvent) -> bool {
    matches!(event, DomainEvent::RateLimitPolicy { id: _, event } if assignment_of(event).is_some())
}

/// As a part of its policy.
fn under(id: &str, assignment: Json) -> Json {
    if assignment.is_null() {
        json!({ "assignments": {} })
    } else {
        json!({ "assignments": { id: assignment } })
    }
}

fn next(before: Option<State>, fact: &Fact<'_>) -> Result<Option<State>, Poison> {
    match fact.event {
        DomainEvent::ApiClient { .. } => folded::<ClientDirectory>(before, fact),
        DomainEvent::ApiKey { .. } => folded::<KeyDirectory>(before, fact),
        DomainEvent::Route { .. } => folded::<RouteDirectory>(before, fact),
        DomainEvent::RateLimitPolicy { id: _, event } => match assignment_of(event) {
            Some(_) => folded::<AssignmentDirectory>(before, fact),
            None => folded::<PolicyDirectory>(before, fact),
        },
        DomainEvent::Operation { .. } => folded::<OperationDirectory>(before, fact),
        DomainEvent::Principal { .. } => folded::<PrincipalDirectory>(before, fact),
        DomainEvent::Grant { .. } => folded::<GrantDirectory>(before, fact),
        DomainEvent::ScheduledChange { id: _, event } => {
            let state =
                if let Some(State::Change(state)) = before { *state } else { ScheduledChange::default() };
            Ok(Some(State::Change(Box::new(applied(state, event)))))
        }
        DomainEvent::Projection { id: _, event } => {
            let state = if let Some(State::LeftOut(state)) = before { *state } else { LeftOut::default() };
            Ok(Some(State::LeftOut(Box::new(applied(state, event)))))
        }
        DomainEvent::Approval { id: _, event } => {
            let state = if let Some(State::Approval(state)) = before { *state } else { Approval::default() };
            Ok(Some(State::Approval(Box::new(applied(state, event)))))
        }
        DomainEvent::ApprovalRule { id: _, event } => {
            let state = if let Some(State::Rule(state)) = before { *state } else { ApprovalRule::default() };
            Ok(Some(State::Rule(Box::new(applied(state, event)))))
        }
        DomainEvent::Webhook { id: _, event } => {
            let state = if let Some(State::Webhook(state)) = before { *state } else { Webhook::default() };
            Ok(Some(State::Webhook(Box::new(applied(state, event)))))
        }
        DomainEvent::NotificationRule { id: _, event } => {
            let state =
                if let Some(State::Telling(state)) = before { *state } else { NotificationRule::default() };
            Ok(Some(State::Telling(Box::new(applied(state, event)))))
        }
        DomainEvent::Observation { .. } | DomainEvent::Erasure { .. } => Ok(None),
    }
}

fn folded<D: Kept>(before: Option<State>, fact: &Fact<'_>) -> Result<Option<State>, Poison> {
    Ok(D::fold(before.and_then(D::kept), fact)?.map(D::keep))
}

fn applied<A: Aggregate>(mut state: A, event: &A::Event) -> A {
    state.apply(event);
    state
}

/// Each commitment of an event in the place of the value that it is to.
fn commitments(event: &DomainEvent) -> Result<PersonalValues, Poison> {
    let mut found = PersonalValues::new();
    if let DomainEvent::ApiClient { .. } | DomainEvent::Principal { .. } = event {
        find(&event.payload().map_err(|_| Poison::NotJson)?, &mut found);
    }
    Ok(found)
}

fn find(value: &Json, found: &mut PersonalValues) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => {
            if let Ok(commitment) = text.parse::<Personal>() {
                found.insert(commitment, text.as_str().into());
            }
        }
        Json::Array(items) => items.iter().for_each(|item| find(item, found)),
        Json::Object(fields) => fields.values().for_each(|field| find(field, found)),
    }
}

/// A row's columns as a list in JSON.
fn written(row: Row) -> Value {
    let values = row.0.into_iter().map(|value| match value {
        Value::Null => Json::Null,
        Value::Integer(number) => number.into(),
        Value::Text(text) => text.into(),
    });
    Value::json(&values.collect::<Vec<Json>>())
}

fn read<D: Kept>(text: &str) -> Option<State> {
    let [table] = D::TABLES;
    let values: Vec<Json> = serde_json::from_str(text).ok()?;
    let values = values.into_iter().map(|value| match value {
        Json::Null => Some(Value::Null),
        Json::Number(number) => number.as_i64().map(Value::Integer),
        Json::String(text) => Some(Value::Text(text)),
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    });
    let row = Row(values.collect::<Option<_>>()?);
    D::Row::read(&InTable::new(table, &row)).ok().map(D::keep)
}
