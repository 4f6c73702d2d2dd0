//! Whose keys an upload would make: rows of clients that are out of reach make none.

use std::collections::HashMap;

use domain::{ClientId, Environment, access::Reach, api_client::ApiClient, api_key::ImportRefusal};
use projections::queries::clients;

use super::ImportAsk;
use crate::{
    facts::{ANYTHING, in_environment},
    imports::{NamedClient, Row},
    problem::Problem,
};

/// What rows name, and whose key it would be; none of what is out of reach.
type Known = HashMap<(NamedClient, Environment), Option<ClientId>>;

/// The rows as whoever asks may have them done. Of somebody who does not reach everything, each that is within reach names its
/// client by its id, and no other becomes a key: whoever works on it later asks nobody any more.
pub(super) async fn within_reach(ask: &ImportAsk, mut rows: Vec<Row>) -> Result<Vec<Row>, Problem> {
    if ask.reach() == Reach::Everything {
        ask.allow(&ANYTHING)?;
        return Ok(rows);
    }
    ask.caught_up::<ApiClient>().await?;
    let mut known = Known::new();
    for row in &mut rows {
        let Ok(key) = &mut row.key else { continue };
        let named = (key.client.clone(), key.environment.clone());
        let found = match known.get(&named) {
            Some(found) => *found,
            None => {
                let found = find(ask, &key.client, &key.environment).await?;
                known.insert(named, found);
                found
            }
        };
        match found {
            Some(client_id) => key.client = NamedClient::Id(client_id),
            // Like one that is not there.
            None => row.key = Err(unknown(&key.client)),
        }
    }
    Ok(rows)
}

fn unknown(client: &NamedClient) -> String {
    let client = match client {
        NamedClient::Id(id) => id.to_string(),
        NamedClient::Name(name) => name.clone(),
    };
    ImportRefusal::NoSuchClient { client }.to_string()
}

async fn find(
    ask: &ImportAsk,
    client: &NamedClient,
    environment: &Environment,
) -> Result<Option<ClientId>, Problem> {
    let id = match client {
        NamedClient::Id(id) => *id,
        NamedClient::Name(name) => {
            let rows = clients::named(ask.read(), name, &ask.reach()).await;
            match rows.map_err(|failure| Problem::unread(&failure))?.as_slice() {
                [one] => one.client_id,
                [] | [_, _, ..] => return Ok(None),
            }
        }
    };
    let loaded = ask.log().load::<ApiClient>(id).await.map_err(|failure| Problem::failed(&failure))?;
    // Held to the grant, and noted for whoever may have to approve it.
    Ok(ask.allow(&in_environment(&loaded.state, environment)).is_ok().then_some(id))
}
