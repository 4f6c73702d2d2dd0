//! Given, when, then.

use super::*;
use crate::{
    Aggregate, Environment, LabelKey, LabelValue, Scope,
    given::{all, many, the},
    personal::PersonalValue,
};

fn check(
    given: impl IntoIterator<Item = ApiClientEvent>,
    when: ApiClientCommand,
    then: Result<Vec<ApiClientEvent>, ApiClientRefusal>,
) {
    let given: Vec<_> = given.into_iter().collect();
    assert_eq!(ApiClient::replay(&given).decide(&when), then, "{when:?} after {given:?}");
}

#[test]
fn registering_records_what_was_given_and_only_commitments_to_people() {
    check([], register(|_| {}), Ok(vec![registered()]));
    let written = serde_json::to_string(&registered()).unwrap();
    for plain in ["Ada", "ada@", "orders@"] {
        assert!(!written.contains(plain), "{written}");
    }
}

#[test]
fn registering_twice_is_refused() {
    for standing in [vec![], vec![suspended()], vec![archived()]] {
        let given = [vec![registered()], standing].concat();
        check(given, register(|_| {}), Err(ApiClientRefusal::AlreadyRegistered));
    }
}

#[test]
fn a_client_needs_an_environment() {
    let none = Err(ApiClientRefusal::NoEnvironment);
    check([], register(|ask| ask.environments.clear()), none.clone());
    check([registered()], update(|ask| ask.environments = Some([].into())), none);
}

#[test]
fn as_many_as_allowed_are_taken_and_one_more_is_refused() {
    let sizes = [("contacts", 20), ("environments", 16), ("scopes", 200), ("labels", 32)];
    for (what, allowed) in sizes {
        let too_many = ApiClientRefusal::TooMany { what, given: allowed + 1, allowed };
        let taken = ApiClient::default().decide(&register(|ask| fill(ask, what, allowed)));
        assert_eq!(taken.unwrap().len(), 1, "{what}");
        check([], register(|ask| fill(ask, what, allowed + 1)), Err(too_many.clone()));
        let mut beyond = registration();
        fill(&mut beyond, what, allowed + 1);
        let when = ApiClientCommand::Update(UpdateClient {
            name: None,
            owner: None,
            contacts: Some(beyond.contacts),
            environments: Some(beyond.environments),
            scopes: Some(beyond.scopes),
            labels: Some(beyond.labels),
        });
        check([registered()], when, Err(too_many));
    }
}

#[test]
fn a_client_may_have_neither_people_nor_scopes_nor_labels() {
    let bare = register(|ask| {
        ask.contacts.clear();
        ask.scopes.clear();
        ask.labels.clear();
    });
    let then = registered_with(|event| {
        event.contacts.clear();
        event.scopes.clear();
        event.labels.clear();
    });
    check([], bare, Ok(vec![then]));
}

#[test]
fn updating_with_nothing_or_with_what_is_there_records_nothing() {
    check([registered()], update(|_| {}), Ok(vec![]));
    let RegisterClient { name, kind: _, owner, contacts, environments, scopes, labels } = registration();
    let same = UpdateClient {
        name: Some(name),
        owner: Some(owner),
        contacts: Some(contacts),
        environments: Some(environments),
        scopes: Some(scopes),
        labels: Some(labels),
    };
    check([registered()], ApiClientCommand::Update(same), Ok(vec![]));
}

#[test]
fn each_change_is_an_event_of_its_own() {
    let owner = NewOwner { team: the("Billing"), email: PersonalValue::new([9; 16], "orders@example.com") };
    let when = update(|ask| {
        ask.name = Some(the("Renamed"));
        ask.owner = Some(owner.clone());
        ask.contacts = Some(vec![]);
        ask.labels = Some([(the("tier"), the("gold"))].into());
    });
    let owner = Owner { team: owner.team.clone(), email: owner.email.commitment() };
    let then = vec![
        ApiClientEvent::Renamed(Renamed { name: the("Renamed") }),
        ApiClientEvent::OwnerChanged(OwnerChanged { owner }),
        ApiClientEvent::ContactsChanged(ContactsChanged { contacts: vec![] }),
        ApiClientEvent::LabelsChanged(LabelsChanged { labels: [(the("tier"), the("gold"))].into() }),
    ];
    check([registered()], when, Ok(then));
}

#[test]
fn an_owner_under_another_salt_is_news_for_texts_cannot_be_compared() {
    let resalted =
        NewOwner { email: PersonalValue::new([9; 16], "orders@example.com"), ..registration().owner };
    let owner = Owner { team: resalted.team.clone(), email: resalted.email.commitment() };
    let changed = ApiClientEvent::OwnerChanged(OwnerChanged { owner });
    check([registered()], update(|ask| ask.owner = Some(resalted.clone())), Ok(vec![changed]));
}

#[test]
fn a_set_of_scopes_grants_what_is_new_and_revokes_what_is_missing() {
    let then = vec![granted("orders:delete"), revoked("orders:write")];
    let when = update(|ask| ask.scopes = Some(all(&["orders:read", "orders:delete"])));
    check([registered()], when, Ok(then.clone()));
    let none = update(|ask| ask.scopes = Some([].into()));
    let given = [vec![registered()], then].concat();
    check(given, none, Ok(vec![revoked("orders:delete"), revoked("orders:read")]));
}

#[test]
fn a_set_of_environments_allows_what_is_new_before_it_withdraws_what_is_missing() {
    let when = update(|ask| ask.environments = Some(all(&["staging"])));
    let then = vec![
        ApiClientEvent::EnvironmentAllowed(EnvironmentAllowed { environment: the("staging") }),
        ApiClientEvent::EnvironmentWithdrawn(EnvironmentWithdrawn { environment: the("prod") }),
    ];
    check([registered()], when, Ok(then));
}

#[test]
fn all_scopes_may_be_exchanged_at_once() {
    let given = registered_with(|event| event.scopes = many(200));
    let others: Vec<String> = (0..200).map(|number| format!("b{number}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let when = update(|ask| ask.scopes = Some(all(&others)));
    assert_eq!(ApiClient::replay([&given]).decide(&when).unwrap().len(), 400);
}

#[test]
fn a_refused_update_records_not_even_its_lawful_part() {
    let when = update(|ask| {
        ask.name = Some(the("Renamed"));
        ask.environments = Some([].into());
    });
    check([registered()], when, Err(ApiClientRefusal::NoEnvironment));
}

#[test]
fn a_suspended_client_can_still_be_changed() {
    let renamed = ApiClientEvent::Renamed(Renamed { name: the("Renamed") });
    check([registered(), suspended()], update(|ask| ask.name = Some(the("Renamed"))), Ok(vec![renamed]));
}

#[test]
fn each_suspension_is_on_record() {
    check([registered()], suspend(), Ok(vec![suspended()]));
    check([registered(), suspended()], suspend(), Ok(vec![suspended()]));
    check([registered(), suspended(), reinstated()], suspend(), Ok(vec![suspended()]));
}

#[test]
fn reinstating_ends_a_suspension_and_an_active_client_needs_none() {
    check([registered(), suspended()], reinstate(), Ok(vec![reinstated()]));
    check([registered()], reinstate(), Ok(vec![]));
}

#[test]
fn archiving_takes_active_and_suspended_clients_once() {
    check([registered()], archive(), Ok(vec![archived()]));
    check([registered(), suspended()], archive(), Ok(vec![archived()]));
    check([registered(), archived()], archive(), Ok(vec![]));
}

#[test]
fn archived_is_final() {
    for when in [update(|_| {}), suspend(), reinstate()] {
        check([registered(), suspended(), archived()], when, Err(ApiClientRefusal::Archived));
    }
}

#[test]
fn nothing_can_be_asked_of_a_client_that_was_never_registered() {
    for when in [update(|_| {}), suspend(), reinstate(), archive()] {
        check([], when, Err(ApiClientRefusal::NotRegistered));
    }
}

#[test]
fn keys_see_the_standing_the_environments_and_the_scopes() {
    let facts = |events: &[ApiClientEvent]| ApiClient::replay(events).facts();
    assert_eq!(facts(&[]).standing, ClientStanding::Absent);
    assert_eq!(facts(&[registered()]).standing, ClientStanding::Active);
    assert_eq!(facts(&[registered(), archived()]).standing, ClientStanding::Archived);
    let changed = facts(&[registered(), granted("a"), revoked("orders:read"), suspended()]);
    assert_eq!(changed.standing, ClientStanding::Suspended);
    assert_eq!(changed.scopes, all(&["a", "orders:write"]));
    assert_eq!(changed.environments, all(&["prod"]));
}

fn registration() -> RegisterClient {
    RegisterClient {
        name: the("Größe & Söhne"),
        kind: ClientKind::Partner,
        owner: NewOwner { team: the("Orders"), email: PersonalValue::new([1; 16], "orders@example.com") },
        contacts: vec![contact()],
        environments: all(&["prod"]),
        scopes: all(&["orders:read", "orders:write"]),
        labels: [(the("tier"), the("silver"))].into(),
    }
}

fn contact() -> NewContact {
    let [name, email] = ["Ada Lovelace", "ada@partner.example"].map(|text| PersonalValue::new([2; 16], text));
    NewContact { name, email, role: ContactRole::Security }
}

fn fill(ask: &mut RegisterClient, what: &str, count: usize) {
    match what {
        "contacts" => ask.contacts = vec![contact(); count],
        "environments" => ask.environments = many::<Environment, _>(count),
        "scopes" => ask.scopes = many::<Scope, _>(count),
        _ => ask.labels = many::<LabelKey, Vec<_>>(count).into_iter().map(|key| (key, value())).collect(),
    }
}

fn value() -> LabelValue {
    the("value")
}

fn register(change: impl FnOnce(&mut RegisterClient)) -> ApiClientCommand {
    let mut ask = registration();
    change(&mut ask);
    ApiClientCommand::Register(ask)
}

fn update(change: impl FnOnce(&mut UpdateClient)) -> ApiClientCommand {
    let mut ask = UpdateClient::default();
    change(&mut ask);
    ApiClientCommand::Update(ask)
}

fn suspend() -> ApiClientCommand {
    ApiClientCommand::Suspend(SuspendClient { reason: the("because") })
}

fn reinstate() -> ApiClientCommand {
    ApiClientCommand::Reinstate(ReinstateClient { reason: the("because") })
}

fn archive() -> ApiClientCommand {
    ApiClientCommand::Archive(ArchiveClient { reason: the("because") })
}

fn registered() -> ApiClientEvent {
    registered_with(|_| {})
}

fn registered_with(change: impl FnOnce(&mut Registered)) -> ApiClientEvent {
    let RegisterClient { name, kind, owner, contacts: _, environments, scopes, labels } = registration();
    let NewContact { name: person, email, role } = contact();
    let owner = Owner { team: owner.team, email: owner.email.commitment() };
    let contacts = vec![Contact { name: person.commitment(), email: email.commitment(), role }];
    let mut event = Registered { name, kind, owner, contacts, environments, scopes, labels };
    change(&mut event);
    ApiClientEvent::Registered(event)
}

fn granted(scope: &str) -> ApiClientEvent {
    ApiClientEvent::ScopeGranted(ScopeGranted { scope: the(scope) })
}

fn revoked(scope: &str) -> ApiClientEvent {
    ApiClientEvent::ScopeRevoked(ScopeRevoked { scope: the(scope) })
}

fn suspended() -> ApiClientEvent {
    ApiClientEvent::Suspended(Suspended { reason: the("because") })
}

fn reinstated() -> ApiClientEvent {
    ApiClientEvent::Reinstated(Reinstated { reason: the("because") })
}

fn archived() -> ApiClientEvent {
    ApiClientEvent::Archived(Archived { reason: the("because") })
}
