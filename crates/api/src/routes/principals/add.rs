//! `POST /v1/principals`

use axum::response::Response;
use domain::{
    PrincipalId,
    access::ResourceFacts,
    personal::PersonalValue,
    principal::{Account, AddPerson, NewIdentity, PrincipalCommand},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::PersonView;
use crate::{
    answer::written,
    ask::{Ask, Effect, Said},
    body::Object,
    docs::{Created, WriteHeaders, WriteProblems, form},
    dry_run::Instead,
    guard::{Door, needs::PrincipalWrite},
    random::{Random, id_parts, salt},
    values::{Email, Issuer, PersonName, Subject},
};

/// Somebody to be let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    #[schema(value_type = form::Name, inline)]
    pub(crate) name: PersonName,
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    pub(crate) email: Option<Email>,
    #[schema(value_type = Option<IdentityBody>)]
    pub(crate) identity: Option<Object<IdentityBody>>,
}

/// How an identity provider knows a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewIdentity)]
pub(crate) struct IdentityBody {
    /// The provider, as it names itself.
    #[schema(value_type = String, pattern = "^https?://[!-~]{1,500}$", example = "https://login.example.com")]
    pub(crate) issuer: Issuer,
    /// Its name for the person, which it never gives to another.
    #[schema(value_type = String, min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "00u1a2b3c4")]
    pub(crate) subject: Subject,
}

type AddAsk = Ask<PrincipalWrite>;

/// Add a person
///
/// They may do nothing until they are given a grant.
#[utoipa::path(
    post,
    path = "/v1/principals",
    operation_id = "add_person",
    tag = "access",
    params(WriteHeaders),
    request_body = NewPerson,
    responses(Created<PersonView>, WriteProblems),
    extensions(("x-tollgate-permission" = json!("principal.write")))
)]
pub(crate) async fn add(ask: AddAsk) -> Result<Response, Instead> {
    ask.check_seen(0)?;
    let effect = ask.once(fresh(&ask)).await?;
    written::<_, _, _, PersonView>(&ask, effect, StatusCode::CREATED).await
}

async fn fresh(ask: &AddAsk) -> Result<Effect<PrincipalId>, Instead> {
    let body: NewPerson = ask.body()?;
    // From looking whether the identity is taken until it is on record.
    let _held = ask.door().admins.lock().await;
    let (person, personal) = body.sealed(ask.door(), ask.random());
    let (unix_ms, random) = id_parts(ask.random(), ask.now());
    let id = PrincipalId::from_parts(unix_ms, random);
    let grant = ask.allow(&ResourceFacts::Shared)?;
    let said = Said { personal, ..Said::nothing() };
    ask.create::<Account>(id, PrincipalCommand::AddPerson(person), grant, said).await
}

impl NewPerson {
    /// For the command, and the values behind it for the log.
    pub(crate) fn sealed(self, door: &Door, random: &dyn Random) -> (AddPerson, Vec<PersonalValue>) {
        let Self { name, email, identity } = self;
        let (name, email) = (name.seal(random), email.map(|email| email.seal(random)));
        let identity = identity.map(|Object(IdentityBody { issuer, subject })| NewIdentity {
            taken: door.api().access.find(issuer.as_str(), subject.as_str()).is_some(),
            issuer: issuer.as_str().to_owned(),
            subject: PersonalValue::new(salt(random), subject.as_str()),
        });
        let subject = identity.as_ref().map(|identity| identity.subject.clone());
        let personal = [Some(name.clone()), email.clone(), subject].into_iter().flatten().collect();
        (AddPerson { name, email, identity }, personal)
    }
}
