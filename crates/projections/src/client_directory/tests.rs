//! Given, when, then.

use domain::{
    ErasureId,
    api_client::{ApiClientCommand, SuspendClient, UpdateClient},
    erasure::{Erase, ErasedValue, ErasureCommand, Found},
};

use super::*;
use crate::testing::{History, at, client, eventful, folded, personal, register};

fn check(history: &History, expected: &ClientRow) {
    assert_eq!(folded::<ClientDirectory>(history, expected.client_id).as_ref(), Some(expected));
}

fn contact(name: Option<String>, email: Option<String>) -> ContactRow {
    let [name_of, email_of] = ["Ada", "ada@example.com"].map(|text| Some(personal(text).commitment()));
    ContactRow { name, email, role: ContactRole::Security, name_of, email_of }
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
        owner_email_of: Some(personal("team@example.com").commitment()),
        contacts: vec![contact(name, email)],
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
    let contacts = vec![contact(None, None)];
    check(&history, &ClientRow { owner_email: None, contacts, ..registered() });
}

/// They go from the row too, at the version that it has, and only those that are named.
#[test]
fn an_erasure_takes_what_it_names() {
    let erase = |n, text: &str| Erase {
        found: vec![Found {
            of: Holder::Client { client_id: client(n) },
            value: ErasedValue { position: Position::new(1), commitment: personal(text).commitment() },
        }],
        holder_is_enabled: false,
        reason: "asked for".parse().unwrap(),
    };
    let history = || History::default().client(1, &register("Acme")).client(2, &register("Beta"));
    let erased = |n, text| {
        let command = ErasureCommand::Erase(erase(n, text));
        history().when::<Erasure>(ErasureId::from_parts(1, 1), &command)
    };
    check(&erased(2, "ada@example.com"), &registered());
    let name = || Some("Ada".to_owned());
    check(
        &erased(1, "ada@example.com"),
        &ClientRow { contacts: vec![contact(name(), None)], ..registered() },
    );
    check(&erased(1, "team@example.com"), &ClientRow { owner_email: None, ..registered() });
    check(&erased(1, "of somebody else"), &registered());
}

#[test]
fn what_happens_to_an_unknown_client_is_poison() {
    let history = eventful();
    let suspended =
        history.events.iter().find(|one| one.event.event_type() == "api_client.suspended").unwrap();
    let refused = ClientDirectory::fold(None, &suspended.into());
    assert_eq!(refused, Err(Poison::NoRow { table: "client_directory", subject: client(1).to_string() }));
}
