//! The samples of what was observed.

use super::{Sampled, day};
use crate::{
    KeyId, PrincipalId,
    access::Permission,
    observation::{
        AccessDenied, AddressesMarked, AddressesUnmarked, AuthenticationFailed, Exported, ExportedWhat,
        ObservationEvent, Overflowed, SecretSearched, SignInWay, SignedIn, SignedOut,
    },
    personal::{Personal, PersonalValue},
};

const SESSION: &str = "ses_01jx3v6k9q8z7m5n4p3r2s1t0v";

fn address() -> Personal {
    PersonalValue::new([7; 16], "ada@example.com").commitment()
}

pub(super) fn observation_events(principal_id: PrincipalId, key: KeyId) -> Sampled<Vec<ObservationEvent>> {
    use ObservationEvent as E;
    let (first_at, last_at) = (day(0)?, day(0)?);
    Ok(vec![
        E::AccessDenied(AccessDenied { permission: Permission::KeyRevoke, times: 3, first_at, last_at }),
        E::AuthenticationFailed(AuthenticationFailed {
            way: SignInWay::Credential,
            times: 20,
            first_at,
            last_at,
        }),
        E::Overflowed(Overflowed { denied: 1, failed: 4_711, first_at, last_at }),
        E::SignedIn(SignedIn {
            principal_id,
            session_id: SESSION.to_owned(),
            issuer: "https://login.example.com".to_owned(),
        }),
        E::SignedOut(SignedOut { principal_id: principal_id.to_string(), session_id: SESSION.to_owned() }),
        E::Exported(Exported {
            what: ExportedWhat::AuditEntries,
            format: "csv".to_owned(),
            rows: 4_711,
            bytes: 1_048_576,
            content_hash: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae".to_owned(),
            complete: true,
        }),
        E::SecretSearched(SecretSearched { found: Some(key.to_string()) }),
        E::AddressesMarked(AddressesMarked { addresses: vec![address()], reason: "bounced: 5.1.1".parse()? }),
        E::AddressesUnmarked(AddressesUnmarked { addresses: vec![address()] }),
    ])
}
