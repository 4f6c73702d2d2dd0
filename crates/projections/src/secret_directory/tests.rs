//! Given, when, then.

use domain::{
    api_key::{ApiKeyCommand, RevokeKey},
    principal::{MakeServiceAccount, NewToken, PrincipalCommand, ReopenClaim, RotateToken},
};

use super::*;
use crate::testing::{History, at, folded, issue, key, principal, rotate, secret};

fn row(of: u8, subject_type: &str, subject_id: String, sequence: u64, position: u64) -> SecretRow {
    let fingerprint = secret(of).locator.fingerprint();
    SecretRow {
        fingerprint,
        subject_type: subject_type.to_owned(),
        subject_id,
        sequence,
        position: Position::new(position),
    }
}

#[test]
fn each_secret_of_a_key_is_a_row_that_stays_when_it_ends() {
    let revoke = RevokeKey { now: at(20), at: None, reason: "leaked".parse().unwrap() };
    let history = History::default()
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(1, &rotate(at(10)))
        .key(1, &ApiKeyCommand::Revoke(revoke));
    for (of, sequence) in [(1, 1), (2, 2)] {
        let expected = row(of, "api_key", key(1).to_string(), sequence, sequence);
        let found = folded::<SecretDirectory>(&history, secret(of).locator.fingerprint());
        assert_eq!(found, Some(expected), "{of}");
    }
    assert_eq!(folded::<SecretDirectory>(&history, secret(3).locator.fingerprint()), None);
}

#[test]
fn so_is_each_token_of_a_principal_and_of_a_claim() {
    let token = |of| NewToken { secret: secret(of), expires_at: at(1_000_000) };
    let (name, team) = ("ci".parse().unwrap(), "payments".parse().unwrap());
    let made = MakeServiceAccount { now: at(0), name, team, token: token(1) };
    let rotated = RotateToken { now: at(1), token: token(2), overlap_seconds: 0 };
    let reason = "nobody is left".parse().unwrap();
    let reopened = ReopenClaim { now: at(2), token: token(3), reason };
    let history = History::default()
        .when::<Account>(principal(1), &PrincipalCommand::MakeServiceAccount(made))
        .when::<Account>(principal(1), &PrincipalCommand::RotateToken(rotated))
        .when::<Account>(Account::claim_id(), &PrincipalCommand::Reopen(reopened));
    for (of, id, sequence, position) in
        [(1, principal(1), 2, 2), (2, principal(1), 3, 3), (3, Account::claim_id(), 1, 4)]
    {
        let found = folded::<SecretDirectory>(&history, secret(of).locator.fingerprint());
        assert_eq!(found, Some(row(of, "principal", id.to_string(), sequence, position)), "{of}");
    }
}
