//! What is behind the door, for a request that was let in: stores, and what goes into a command.

use domain::{
    Environment, Metadata, Position, Reason, Timestamp, api_key::NewSecret, personal::PersonalValue,
    secret::PlainSecret,
};
use eventlog::EventLog;
use outbox::Outbox;
use projections::{ReadModel, Visibility};

use super::{Allowed, Door, Needs};
use crate::{
    Api,
    circumstances::Circumstances,
    gateways::Gateways,
    previews::Previews,
    problem::Problem,
    random::{NoRandom, Random, salt, token_id},
    secret::new_key_secret,
};

impl<P: Needs> Allowed<P> {
    pub(crate) fn read(&self) -> &ReadModel {
        &self.door.api.read
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.door.api.outbox
    }

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    pub(crate) fn gateways(&self) -> &dyn Gateways {
        &*self.door.api.gateways
    }

    /// The notifier, which is only asked.
    pub(crate) fn previews(&self) -> &dyn Previews {
        &*self.door.api.previews
    }

    /// For [`Ask`](crate::ask::Ask), which gives the commands.
    pub(crate) fn log(&self) -> &EventLog {
        &self.door.api.log
    }

    /// The last position of the log.
    pub(crate) fn head(&self) -> Position {
        self.door.api.log.head()
    }

    pub(crate) fn visibility(&self) -> &Visibility {
        &self.door.api.visibility
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.door.now()
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.door.random()
    }

    /// A new secret for a key of this environment, with what is kept of it.
    pub(crate) fn new_secret(&self, environment: &Environment) -> Result<(PlainSecret, NewSecret), Problem> {
        let Api { brand, peppers, .. } = &*self.door.api;
        new_key_secret(brand, environment, peppers, self.random()).map_err(|why| Problem::internal(&why))
    }

    /// What stands for a secret where none is to be made: nobody's, and no secret at all.
    pub(crate) fn no_secret(&self, environment: &Environment) -> Result<(PlainSecret, NewSecret), Problem> {
        let Api { brand, peppers, .. } = &*self.door.api;
        new_key_secret(brand, environment, peppers, &NoRandom).map_err(|why| Problem::internal(&why))
    }

    /// The circumstances of a command for its events, with the personal value that they commit to.
    pub(crate) fn metadata(
        &self,
        command: Option<&str>,
        reason: Option<&Reason>,
    ) -> (Metadata, Option<PersonalValue>) {
        let now = self.now();
        let Circumstances { request_id, correlation_id, address, user_agent, traceparent: _ } =
            self.circumstances.clone();
        let address = address.map(|address| PersonalValue::new(salt(self.random()), &address.to_string()));
        let metadata = Metadata {
            occurred_at: now,
            actor: self.principal.id.clone(),
            actor_kind: self.principal.kind.actor_kind(),
            authenticated_by: self.principal.authenticated_by.to_owned(),
            on_behalf_of: None,
            allowed_by: self.grant.describe(),
            address: address.as_ref().map(PersonalValue::commitment),
            user_agent,
            request_id,
            correlation_id,
            causation_id: None,
            reason: reason.map(ToString::to_string),
            command_id: command.map_or_else(|| token_id("cmd", self.random(), now), ToOwned::to_owned),
        };
        (metadata, address)
    }
}
