//! The samples of principals, grants and erasures.

use super::{Sampled, day, personal, secret};
use crate::{
    ClientId, GrantId, Position, PrincipalId,
    access::{GrantScope, Limits, Permission, ResourceFacts, Role},
    approval::{self, ApprovalEvent, CommandHash, Need},
    approval_rule::{self, ApprovalRuleEvent},
    erasure::{Erased, ErasedValue, ErasureEvent, Holder},
    grant::{self, GrantEvent},
    principal::{self, PrincipalEvent},
};

pub(super) fn principal_events(id: PrincipalId, grant_id: GrantId) -> Sampled<Vec<PrincipalEvent>> {
    use PrincipalEvent as E;
    Ok(vec![
        E::PersonAdded(principal::PersonAdded {
            name: personal("Ada Lovelace"),
            email: Some(personal("ada@example.com")),
            identity: Some(principal::Identity {
                issuer: "https://login.example.com".to_owned(),
                subject: personal("00u1a2b3c4"),
            }),
        }),
        E::ServiceAccountMade(principal::ServiceAccountMade {
            name: "deployment".parse()?,
            team: "Orders".parse()?,
        }),
        E::TokenIssued(principal::TokenIssued { secret: secret(1, "aB3dE6gH9j")?, expires_at: day(90)? }),
        E::TokenRotated(principal::TokenRotated {
            secret: secret(2, "K0mN2pQ4rS")?,
            previous_until: day(31)?,
            expires_at: day(120)?,
        }),
        E::TokensRevoked(principal::TokensRevoked { reason: "Seen in a build log".parse()? }),
        E::Disabled(principal::Disabled { reason: "Left the company".parse()? }),
        E::Enabled(principal::Enabled { reason: "Back again".parse()? }),
        E::InstallationClaimed(principal::InstallationClaimed { grant_id }),
        E::ClaimReopened(principal::ClaimReopened {
            secret: secret(1, "T5vX7zA9cE")?,
            expires_at: day(1)?,
            reason: "The only administrator is gone".parse()?,
        }),
        E::BreakGlassOpened(principal::BreakGlassOpened {
            until: day(1)?,
            reason: "The gateway refuses every call".parse()?,
            told: vec![id],
        }),
        E::BreakGlassClosed(principal::BreakGlassClosed { reason: Some("The calls pass again".parse()?) }),
    ])
}

pub(super) fn grant_events(principal_id: PrincipalId) -> Sampled<Vec<GrantEvent>> {
    let scope = GrantScope::Limited(Limits {
        team: Some("Orders".parse()?),
        environments: Some(["prod".parse()?, "sandbox".parse()?].into()),
    });
    Ok(vec![
        GrantEvent::Given(grant::Given {
            principal_id,
            role: Role::Operator,
            scope,
            until: Some(day(180)?),
            reason: "On call for the orders team".parse()?,
        }),
        GrantEvent::Withdrawn(grant::Withdrawn { reason: "Changed teams".parse()? }),
    ])
}

pub(super) fn erased(client_id: ClientId) -> Sampled<ErasureEvent> {
    let value =
        |position, text| ErasedValue { position: Position::new(position), commitment: personal(text) };
    Ok(ErasureEvent::Erased(Erased {
        of: Holder::Client { client_id },
        values: vec![value(17, "Ada Lovelace"), value(17, "ada@example.com")],
        reason: "Asked for by the person".parse()?,
    }))
}

pub(super) fn approval_events(told: PrincipalId, grant_id: GrantId) -> Sampled<Vec<ApprovalEvent>> {
    use ApprovalEvent as E;
    let facts = ResourceFacts::owned(&"Orders".parse()?, ["prod".parse()?]);
    Ok(vec![
        E::Proposed(approval::Proposed {
            proposer: "prn_01jx3v6k9q8z7m5n4p3r2s1t0v".to_owned(),
            method: "POST".to_owned(),
            path: "/v1/clients/cli_01jx3v6k9q8z7m5n4p3r2s1t0v/keys".to_owned(),
            command_hash: CommandHash::new([7; 32]),
            needs: vec![Need { permission: Permission::KeyIssue, facts }],
            asked: Some(personal(r#"{"body":{"name":"booking backend","environment":"prod"}}"#)),
            reason: Some("The partner goes live".parse()?),
            expires_at: day(1)?,
            told: vec![told],
        }),
        E::Approved(approval::Approved {
            by: "prn_01jx3v6k9q8z7m5n4p3r2s1t0w".to_owned(),
            grant_id: Some(grant_id),
            reason: Some("As agreed with the partner".parse()?),
        }),
        E::Declined(approval::Declined {
            by: "prn_01jx3v6k9q8z7m5n4p3r2s1t0w".to_owned(),
            reason: "Not before the contract is signed".parse()?,
        }),
        E::Withdrawn(approval::Withdrawn { reason: Some("Another day".parse()?) }),
        E::Redeemed(approval::Redeemed { redeemed_at: day(1)? }),
    ])
}

pub(super) fn approval_rule_events() -> Sampled<Vec<ApprovalRuleEvent>> {
    Ok(vec![
        ApprovalRuleEvent::Made(approval_rule::Made {
            permission: Permission::KeyIssue,
            environment: Some("prod".parse()?),
            reason: "Two people for production".parse()?,
        }),
        ApprovalRuleEvent::Ended(approval_rule::Ended { reason: "The audit is over".parse()? }),
    ])
}
