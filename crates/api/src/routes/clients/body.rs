//! What is said of a client.

use std::collections::BTreeMap;

use domain::{
    Environment, LabelKey, LabelValue, Name, Reason, Scope,
    api_client::{ContactRole, NewContact, NewOwner},
    personal::PersonalValue,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ask::Said,
    body::Object,
    docs::form,
    random::Random,
    routes::scheduled_changes::planning::Times,
    values::{Email, Moment, PersonName},
};

/// Who answers for a client on our side.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOwner)]
pub(crate) struct OwnerBody {
    #[schema(value_type = form::Name, inline)]
    pub(crate) team: Name,
    #[schema(value_type = String, format = Email, max_length = 254)]
    pub(crate) email: Email,
}

/// A person on the client's side.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewContact)]
pub(crate) struct ContactBody {
    #[schema(value_type = form::Name, inline)]
    pub(crate) name: PersonName,
    #[schema(value_type = String, format = Email, max_length = 254)]
    pub(crate) email: Email,
    #[schema(value_type = form::ContactRole, inline)]
    pub(crate) role: ContactRole,
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reason)]
pub(crate) struct ReasonBody {
    #[schema(value_type = form::Reason, inline)]
    pub(crate) reason: Reason,
}

/// Why something is suspended, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suspension {
    #[schema(value_type = form::Reason, inline)]
    pub(crate) reason: Reason,
    /// A time ahead, at most ten years; absent: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) at: Option<Moment>,
    /// When it is reinstated; absent: when somebody does it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) until: Option<Moment>,
}

impl Suspension {
    pub(crate) fn times(&self) -> Times {
        Times::new(self.at, self.until)
    }
}

pub(crate) type Environments = std::collections::BTreeSet<Environment>;
pub(crate) type Scopes = std::collections::BTreeSet<Scope>;
pub(crate) type Labels = BTreeMap<LabelKey, LabelValue>;

/// Personal values on their way into the log: the command takes the sealed ones, the log those behind them.
pub(crate) struct People<'random> {
    random: &'random dyn Random,
    personal: Vec<PersonalValue>,
}

impl<'random> People<'random> {
    pub(crate) fn new(random: &'random dyn Random) -> Self {
        Self { random, personal: vec![] }
    }

    pub(crate) fn owner(&mut self, OwnerBody { team, email }: OwnerBody) -> NewOwner {
        let email = self.keep(email.seal(self.random));
        NewOwner { team, email }
    }

    pub(crate) fn contacts(&mut self, contacts: Vec<Object<ContactBody>>) -> Vec<NewContact> {
        let contact = |Object(ContactBody { name, email, role })| {
            let name = self.keep(name.seal(self.random));
            let email = self.keep(email.seal(self.random));
            NewContact { name, email, role }
        };
        contacts.into_iter().map(contact).collect()
    }

    fn keep(&mut self, value: PersonalValue) -> PersonalValue {
        self.personal.push(value.clone());
        value
    }

    pub(crate) fn said(self) -> Said {
        Said { personal: self.personal, ..Said::nothing() }
    }
}
