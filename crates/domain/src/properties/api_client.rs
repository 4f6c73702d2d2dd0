//! Clients: bounded, archived for good, and changed as asked or not at all.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, sample};

use super::{CASES, COMMANDS_MAX, Step, follow_but, name, reason, sized};
use crate::{
    LabelKey, LabelValue, Scope,
    api_client::{
        ApiClient, ApiClientCommand, ArchiveClient, ClientKind, Contact, ContactRole, NewContact, NewOwner,
        Owner, Profile, RegisterClient, ReinstateClient, SuspendClient, UpdateClient,
    },
    given::the,
    personal::PersonalValue,
};

const PEOPLE: [&str; 4] = ["Ada Lovelace", "ada@partner.example", "Grace Hopper", "grace@navy.example"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_sequence_of_commands_breaks_a_client(commands in vec(command(), 1..COMMANDS_MAX)) {
        // Each suspension is a decision of its own.
        let again_is_news = |command: &_| matches!(command, ApiClientCommand::Suspend(_));
        follow_but::<ApiClient>(&commands, &PEOPLE.map(str::to_owned), again_is_news, |step| {
            assert_possible(step.after);
            assert_lawful(step);
        });
    }
}

fn assert_possible(client: &ApiClient) {
    let Some(profile) = client.profile() else { return };
    assert!((1..=16).contains(&profile.environments.len()));
    assert!(profile.contacts.len() <= 20);
    assert!(profile.scopes.len() <= 200);
    assert!(profile.labels.len() <= 32);
}

fn assert_lawful(step: &Step<'_, ApiClient>) {
    let Step { before, command, answer, after } = step;
    if answer.is_err() {
        return;
    }
    match (before, command) {
        (ApiClient::Absent, ApiClientCommand::Register(ask)) => {
            assert_eq!(**after, ApiClient::Active(registered(ask)));
        }
        (ApiClient::Active(had), ApiClientCommand::Update(ask)) => {
            assert_eq!(**after, ApiClient::Active(updated(had, ask)));
        }
        (ApiClient::Suspended(had), ApiClientCommand::Update(ask)) => {
            assert_eq!(**after, ApiClient::Suspended(updated(had, ask)));
        }
        (ApiClient::Active(had) | ApiClient::Suspended(had), ApiClientCommand::Suspend(_)) => {
            assert_eq!(**after, ApiClient::Suspended(had.clone()));
        }
        (ApiClient::Active(had) | ApiClient::Suspended(had), ApiClientCommand::Reinstate(_)) => {
            assert_eq!(**after, ApiClient::Active(had.clone()));
        }
        (
            ApiClient::Active(had) | ApiClient::Suspended(had) | ApiClient::Archived(had),
            ApiClientCommand::Archive(_),
        ) => {
            assert_eq!(**after, ApiClient::Archived(had.clone()));
        }
        (before, command) => panic!("{command:?} was allowed in {before:?}"),
    }
}

fn registered(ask: &RegisterClient) -> Profile {
    let RegisterClient { name, kind: _, owner, contacts, environments, scopes, labels } = ask;
    Profile {
        name: name.clone(),
        owner: committed_owner(owner),
        contacts: contacts.iter().map(committed).collect(),
        environments: environments.clone(),
        scopes: scopes.clone(),
        labels: labels.clone(),
    }
}

fn updated(had: &Profile, ask: &UpdateClient) -> Profile {
    let UpdateClient { name, owner, contacts, environments, scopes, labels } = ask;
    let had = had.clone();
    Profile {
        name: name.clone().unwrap_or(had.name),
        owner: owner.as_ref().map_or(had.owner, committed_owner),
        contacts: contacts.as_ref().map_or(had.contacts, |all| all.iter().map(committed).collect()),
        environments: environments.clone().unwrap_or(had.environments),
        scopes: scopes.clone().unwrap_or(had.scopes),
        labels: labels.clone().unwrap_or(had.labels),
    }
}

fn committed_owner(owner: &NewOwner) -> Owner {
    Owner { team: owner.team.clone(), email: owner.email.commitment() }
}

fn committed(contact: &NewContact) -> Contact {
    Contact { name: contact.name.commitment(), email: contact.email.commitment(), role: contact.role }
}

fn command() -> impl Strategy<Value = ApiClientCommand> {
    prop_oneof![
        4 => register().prop_map(ApiClientCommand::Register),
        8 => update().prop_map(ApiClientCommand::Update),
        2 => reason().prop_map(|reason| ApiClientCommand::Suspend(SuspendClient { reason })),
        2 => reason().prop_map(|reason| ApiClientCommand::Reinstate(ReinstateClient { reason })),
        1 => reason().prop_map(|reason| ApiClientCommand::Archive(ArchiveClient { reason })),
    ]
}

fn register() -> impl Strategy<Value = RegisterClient> {
    let kind = sample::select(vec![ClientKind::Partner, ClientKind::Internal]);
    (name(), kind, owner(), contacts(), texts(3, 16), texts(5, 200), labels()).prop_map(
        |(name, kind, owner, contacts, environments, scopes, labels)| RegisterClient {
            name,
            kind,
            owner,
            contacts,
            environments: environments.iter().map(|text| the(text)).collect(),
            scopes: scopes.iter().map(|text| the(text)).collect(),
            labels: labels.into_iter().collect(),
        },
    )
}

fn update() -> impl Strategy<Value = UpdateClient> {
    let (environments, scopes) = (option::of(texts(3, 16)), option::of(texts(5, 200)));
    let (name, owner) = (option::of(name()), option::of(owner()));
    (name, owner, option::of(contacts()), environments, scopes, option::of(labels())).prop_map(
        |(name, owner, contacts, environments, scopes, labels)| UpdateClient {
            name,
            owner,
            contacts,
            environments: environments.map(|texts| texts.iter().map(|text| the(text)).collect()),
            scopes: scopes.map(|texts| texts.iter().map(|text| the::<Scope>(text)).collect::<BTreeSet<_>>()),
            labels: labels.map(|labels| labels.into_iter().collect()),
        },
    )
}

fn owner() -> impl Strategy<Value = NewOwner> {
    (name(), personal()).prop_map(|(team, email)| NewOwner { team, email })
}

fn contacts() -> impl Strategy<Value = Vec<NewContact>> {
    sized(3, 20, |number| {
        let salt = [u8::try_from(number).unwrap(); 16];
        let [name, email] = [PEOPLE[0], PEOPLE[1]].map(|text| PersonalValue::new(salt, text));
        NewContact { name, email, role: ContactRole::Technical }
    })
}

fn personal() -> impl Strategy<Value = PersonalValue> {
    (0..3_u8, sample::select(PEOPLE.to_vec())).prop_map(|(salt, text)| PersonalValue::new([salt; 16], text))
}

fn texts(few: usize, bound: usize) -> impl Strategy<Value = Vec<String>> {
    sized(few, bound, |number| format!("t{number}"))
}

fn labels() -> impl Strategy<Value = Vec<(LabelKey, LabelValue)>> {
    sized(3, 32, |number| (the(&format!("k{number}")), the(&format!("value {number}"))))
}
