//! Importing: a key that another system has issued, once, however often its row comes.

use super::*;
use crate::secret::ForeignDigest;

fn origin() -> Origin {
    Origin { source: the("kong"), external_id: the("kong-1"), created_at: Some(at(-DAY)) }
}

fn digest(byte: u8) -> ForeignDigest {
    ForeignDigest::from_bytes([byte; 32])
}

fn import(change: impl FnOnce(&mut ImportKey)) -> ApiKeyCommand {
    let IssueKey { now, client_id, client, name, environment, scopes, not_before, expires_at, .. } =
        issuing();
    let secret = ForeignSecret { sha256: digest(7), hint: "…9f3e".to_owned() };
    let (allowed_cidrs, origin) = (vec![the("10.0.0.1/8")], origin());
    let mut ask = ImportKey {
        now,
        client_id,
        client,
        name,
        environment,
        scopes,
        not_before,
        expires_at,
        allowed_cidrs,
        secret,
        origin,
    };
    change(&mut ask);
    ApiKeyCommand::Import(ask)
}

pub(super) fn imported() -> ApiKeyEvent {
    ApiKeyEvent::Imported(Imported {
        client_id: ClientId::from_parts(1, 1),
        name: the("Nightly export"),
        environment: the("prod"),
        scopes: None,
        secret: ForeignVersion { version: 1, sha256: digest(7), hint: "…9f3e".to_owned() },
        not_before: None,
        expires_at: None,
        allowed_cidrs: vec![the("10.0.0.0/8")],
        origin: origin(),
    })
}

#[test]
fn importing_records_the_foreign_secret_as_the_first_version() {
    check([], import(|_| {}), Ok(vec![imported()]));
}

#[test]
fn the_same_row_again_is_no_news_whatever_has_become_of_the_key() {
    for since in [vec![], vec![suspended()], vec![revoked(0)], vec![rotated(2, 50, None)], vec![expired(0)]] {
        let given = [vec![imported()], since].concat();
        check(given, import(|ask| ask.name = the("Another name")), Ok(vec![]));
    }
}

#[test]
fn another_row_under_the_same_name_is_refused() {
    let refused = || Err(ApiKeyRefusal::ImportedDifferently { external_id: the("kong-1") });
    check([imported()], import(|ask| ask.secret.sha256 = digest(8)), refused());
    check([imported()], import(|ask| ask.client_id = ClientId::from_parts(1, 2)), refused());
    check([imported()], import(|ask| ask.environment = the("sandbox")), refused());
    check([issued()], import(|_| {}), refused());
}

#[test]
fn an_imported_key_is_bound_as_an_issued_one() {
    let standing = ClientStanding::Suspended;
    let refused = ApiKeyRefusal::ClientNotActive { standing };
    check([], import(|ask| ask.client.standing = standing), Err(refused));
    let refused = ApiKeyRefusal::EnvironmentNotAllowed { environment: the("staging") };
    check([], import(|ask| ask.environment = the("staging")), Err(refused));
    let refused = ApiKeyRefusal::ScopeNotGranted { scope: the("admin") };
    check([], import(|ask| ask.scopes = Some(all(&["admin"]))), Err(refused));
    let refused = ApiKeyRefusal::ExpiryNotAhead { expires_at: at(-1), now: at(0) };
    check([], import(|ask| ask.expires_at = Some(at(-1))), Err(refused));
    let refused = ApiKeyRefusal::TooManyCidrs { what: "address ranges", given: 51, allowed: 50 };
    let ranges: Vec<_> = (0..51).map(|n| the(&format!("10.0.{n}.0/24"))).collect();
    check([], import(|ask| ask.allowed_cidrs = ranges), Err(refused));
}

#[test]
fn a_rotation_gives_an_imported_key_a_secret_of_our_own_and_the_foreign_one_lives_on() {
    check([imported()], rotate(|_| {}), Ok(vec![rotated(2, 50, None)]));
    let key = ApiKey::replay(&[imported(), rotated(2, 50, None)]);
    let lineage = key.lineage().unwrap();
    let (previous, until) = lineage.previous.as_ref().unwrap();
    assert_eq!((previous.proof, *until), (Proof::Foreign(digest(7)), at(50)));
    assert!(matches!(lineage.current.proof, Proof::Native { .. }));
}

#[test]
fn a_row_has_one_key_and_no_two_rows_have_the_same() {
    let id = |source: &str, external_id: &str| imported_key_id(&the(source), &the(external_id));
    assert_eq!(id("kong", "1"), id("kong", "1"));
    assert_ne!(id("kong", "1"), id("tyk", "1"));
    assert_ne!(id("kong1", "1"), id("kong", "11"), "the two parts do not run together");
}
