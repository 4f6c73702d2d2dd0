//! Whose a secret is or was. It proves itself against the digest in the event that it came with, so it does not matter what has become of
//! it since: what was rotated away, revoked or has expired is found like what lives.

use std::str::FromStr;

use domain::{
    Aggregate as _, KeyId,
    access::{Permission, Reach},
    api_key::{ApiKey, ApiKeyEvent, SecretVersion},
    principal::{Account, PrincipalEvent},
    secret::{ForeignDigest, PresentedSecret},
};
use eventlog::Stored;
use projections::queries::secrets;

use crate::{ask::Ask, guard::needs::AuditRead, problem::Problem, worker::foreign_secret};

type SearchAsk = Ask<AuditRead>;

/// Who a secret is of, and which of theirs it is where they have several.
pub(super) struct Whose {
    pub(super) r#type: &'static str,
    pub(super) id: String,
    pub(super) secret_version: Option<u32>,
}

/// None also of what is out of reach.
pub(super) async fn find(ask: &SearchAsk, secret: &str) -> Result<Option<Whose>, Problem> {
    // Nothing that is on record is to be missed.
    ask.caught_up::<ApiKey>().await?;
    ask.caught_up::<Account>().await?;
    let found = match of_ours(ask, secret).await? {
        Some(found) => Some(found),
        None => of_another_system(ask, secret).await?.or_else(|| of_installation(ask, secret)),
    };
    match found {
        Some(found) if is_seen(ask, &found).await? => Ok(Some(found)),
        Some(_) | None => Ok(None),
    }
}

/// A key is its client's. A principal is nobody's: only who sees everything is told.
async fn is_seen(ask: &SearchAsk, found: &Whose) -> Result<bool, Problem> {
    let everything = ask.reach() == Reach::Everything;
    match found.id.parse::<KeyId>() {
        Ok(key_id) if found.r#type == ApiKey::TYPE => {
            let (_, facts) = ask.judge::<ApiKey>(key_id).await?;
            Ok(facts.is_some_and(|facts| ask.sees(Permission::AuditRead, &facts)))
        }
        Ok(_) | Err(_) => Ok(everything),
    }
}

async fn of_ours(ask: &SearchAsk, secret: &str) -> Result<Option<Whose>, Problem> {
    let Ok(presented) = PresentedSecret::parse(secret) else { return Ok(None) };
    let row = secrets::find(ask.read(), presented.locator).await;
    let Some(row) = row.map_err(|failure| Problem::unread(&failure))? else { return Ok(None) };
    let (r#type, version) = if row.subject_type == ApiKey::TYPE {
        (ApiKey::TYPE, came_with::<ApiKey>(ask, &row.subject_id, row.sequence, ApiKeyEvent::secret).await?)
    } else {
        (
            Account::TYPE,
            came_with::<Account>(ask, &row.subject_id, row.sequence, PrincipalEvent::secret).await?,
        )
    };
    let proven = version.filter(|version| {
        let presented = ask.door().api().peppers.digest(version.digest.pepper_version, secret);
        presented.is_some_and(|presented| presented.matches(&version.digest))
    });
    Ok(proven.map(|version| Whose { r#type, id: row.subject_id, secret_version: Some(version.version) }))
}

/// What the log has of the secret that this event brought.
async fn came_with<A>(
    ask: &SearchAsk,
    id: &str,
    sequence: u64,
    of: fn(&A::Event) -> Option<&SecretVersion>,
) -> Result<Option<SecretVersion>, Problem>
where
    A: Stored,
    A::Id: FromStr,
{
    let Ok(id) = id.parse::<A::Id>() else { return Ok(None) };
    let event = ask.log().event::<A>(id, sequence).await.map_err(|failure| Problem::failed(&failure))?;
    Ok(event.as_ref().and_then(of).cloned())
}

/// One that was taken over: the name of the command that did so follows from it, and is never forgotten.
async fn of_another_system(ask: &SearchAsk, secret: &str) -> Result<Option<Whose>, Problem> {
    let Some(digest) = ForeignDigest::of(secret) else { return Ok(None) };
    let taken = ask.log().recall(&foreign_secret(&digest)).await;
    let taken = taken.map_err(|failure| Problem::failed(&failure))?;
    // The first that a key has.
    Ok(taken.map(|taken| Whose { r#type: ApiKey::TYPE, id: taken.aggregate_id, secret_version: Some(1) }))
}

/// One that stands in the settings, such as the token that the installation began with.
fn of_installation(ask: &SearchAsk, secret: &str) -> Option<Whose> {
    let api = ask.door().api();
    let known = api.admin.principal(&api.peppers, secret)?;
    Some(Whose { r#type: Account::TYPE, id: known.id, secret_version: None })
}
