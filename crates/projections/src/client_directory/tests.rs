//! Given, when, then.

use domain::api_client::{ApiClientCommand, SuspendClient, UpdateClient};

use super::*;
use crate::testing::{History, at, client, eventful, folded, register};

fn check(history: &History, expected: &ClientRow) {
    assert_eq!(folded::<ClientDirectory>(history, expected.client_id).as_ref(), Some(expected));
}

fn registered() -> ClientRow {
    let [name, email] = ["Ada", "ada@example.com"].map(|text| Some(text.to_owned()));
    ClientRow {
        client_id: client(1),
        name: "Acme".to_owned(),
        kind: ClientKind::Partner,
        status: ClientStatus::Active,
        owner_team: "payments".to_owned(),
        owner_email: Some("team@example.com".to_owned()),
        contacts: vec![ContactRow { name, email, role: ContactRole::Security }],
        environments: vec!["prod".to_owned(), "sandbox".to_owned()],
        scopes: vec!["orders:read".to_owned(), "orders:write".to_owned()],
        labels: [("tier".to_owned(), "gold".to_owned())].into(),
        version: 1,
        position: Position::new(1),
        registered_at: at(1),
        updated_at: at(1),
    }
}

#[test]
fn a_registered_client_has_its_row() {
    check(&History::default().client(1, &register("Acme")), &registered());
}

#[test]
fn sets_change_one_item_at_a_time_and_stay_sorted() {
    let update = UpdateClient {
        scopes: Some(["a:b", "orders:write"].map(|scope| scope.parse().unwrap()).into()),
        environments: Some(["alpha", "prod"].map(|name| name.parse().unwrap()).into()),
        ..UpdateClient::default()
    };
    let history =
        History::default().client(1, &register("Acme")).client(1, &ApiClientCommand::Update(update));
    let [scopes, environments] =
        [["a:b", "orders:write"], ["alpha", "prod"]].map(|list| list.map(str::to_owned).to_vec());
    let (version, position, updated_at) = (5, Position::new(5), at(5));
    check(&history, &ClientRow { scopes, environments, version, position, updated_at, ..registered() });
}

#[test]
fn a_suspension_keeps_everything_else() {
    let suspend = ApiClientCommand::Suspend(SuspendClient { reason: "late".parse().unwrap() });
    let history = History::default().client(1, &register("Acme")).client(1, &suspend);
    let (version, position, updated_at) = (2, Position::new(2), at(2));
    check(
        &history,
        &ClientRow { status: ClientStatus::Suspended, version, position, updated_at, ..registered() },
    );
}

#[test]
fn erased_values_are_none() {
    let mut history = History::default().client(1, &register("Acme"));
    history.events[0].personal.clear();
    let contacts = vec![ContactRow { name: None, email: None, role: ContactRole::Security }];
    check(&history, &ClientRow { owner_email: None, contacts, ..registered() });
}

#[test]
fn what_happens_to_an_unknown_client_is_poison() {
    let history = eventful();
    let suspended =
        history.events.iter().find(|one| one.event.event_type() == "api_client.suspended").unwrap();
    let refused = ClientDirectory::fold(None, &suspended.into());
    assert_eq!(refused, Err(Poison::NoRow { table: "client_directory", subject: client(1).to_string() }));
}
