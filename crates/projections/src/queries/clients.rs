//! Clients: one, and lists.

use domain::{ClientId, Environment, api_client::ClientKind};

pub use crate::client_directory::{ClientRow, ContactRow};
use crate::{
    ClientStatus, ReadFailure, ReadModel, Value,
    queries::{Page, Select, select::escape_like},
};

/// Which clients; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    pub status: Option<ClientStatus>,
    pub kind: Option<ClientKind>,
    pub owner_team: Option<String>,
    /// May be used by the client.
    pub environment: Option<Environment>,
    /// In any case.
    pub name_contains: Option<String>,
}

/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: ClientId) -> Result<Option<ClientRow>, ReadFailure> {
    let select = Select::new(include_str!("clients/select.sql"), vec![]).and("client_id = {}", id);
    model.fetch_one(select).await
}

/// In the order of their ids, which is that of their registration.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &ClientFilter,
    page: &Page,
) -> Result<Vec<ClientRow>, ReadFailure> {
    let ClientFilter { status, kind, owner_team, environment, name_contains } = filter;
    // Environments are a-z and 0-9: one in quotes is found in the JSON list only where it is an item.
    let environment = environment.as_ref().map(|name| format!("%\"{}\"%", escape_like(name.as_str())));
    let select = Select::new(include_str!("clients/select.sql"), vec![])
        .and_some("client_id > {}", page.after.as_deref())
        .and_some("status = {}", *status)
        .and_some("kind = {}", kind.as_ref().map(Value::word))
        .and_some("owner_team = {}", owner_team.as_deref())
        .and_some("environments like {} escape '\\'", environment)
        .and_contains("name_folded like {} escape '\\'", name_contains.as_deref())
        .then(" order by client_id")
        .limit(page.limit);
    model.fetch(select).await
}
