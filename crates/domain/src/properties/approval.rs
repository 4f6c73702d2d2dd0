//! Approvals: never one's own, never for another request, and begun at most once.

use proptest::{collection::vec, prelude::*, sample};

use super::{CASES, COMMANDS_MAX, Step, follow, moment, reason};
use crate::approval::{
    Approval, ApprovalCommand, ApprovalEvent, ApproveProposal, CommandHash, DeclineProposal, Propose,
    RedeemApproval, WithdrawProposal,
};

const PEOPLE: [&str; 3] = ["prn_a", "prn_b", "prn_c"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_sequence_of_commands_redeems_what_no_other_person_has_approved(
        commands in vec(command(), 1..COMMANDS_MAX),
    ) {
        let redeemed = std::cell::Cell::new(0);
        follow::<Approval>(&commands, &[], |step| {
            assert_lawful(step);
            let events = step.answer.iter().flatten();
            redeemed.set(redeemed.get() + events.filter(|e| matches!(e, ApprovalEvent::Redeemed(_))).count());
        });
        assert!(redeemed.get() <= 1);
    }
}

fn assert_lawful(step: &Step<'_, Approval>) {
    let Step { before, command, answer, after } = step;
    let Ok(events) = answer else { return };
    match command {
        ApprovalCommand::Propose(_) => assert_eq!(**before, Approval::Absent),
        ApprovalCommand::Approve(ask) => {
            let proposal = after.proposal().unwrap();
            assert!(ask.by != proposal.proposer && ask.now < proposal.expires_at);
            assert!(ask.is_person || events.is_empty());
        }
        ApprovalCommand::Decline(ask) => {
            assert!(ask.is_person && ask.by != after.proposal().unwrap().proposer);
        }
        ApprovalCommand::Withdraw(ask) => assert_eq!(ask.by, after.proposal().unwrap().proposer),
        ApprovalCommand::Redeem(ask) => {
            let (proposal, by) = (after.proposal().unwrap(), after.approved_by().unwrap());
            assert!(ask.approver_holds && ask.now < proposal.expires_at);
            assert_eq!((&ask.by, ask.command_hash), (&proposal.proposer, proposal.command_hash));
            assert_ne!(by.by, proposal.proposer);
        }
    }
}

fn who() -> impl Strategy<Value = String> {
    sample::select(&PEOPLE[..]).prop_map(ToOwned::to_owned)
}

fn hash() -> impl Strategy<Value = CommandHash> {
    (0_u8..2).prop_map(|byte| CommandHash::new([byte; 32]))
}

fn command() -> impl Strategy<Value = ApprovalCommand> {
    let propose = (moment(), who(), hash()).prop_map(|(now, proposer, command_hash)| {
        ApprovalCommand::Propose(Propose {
            now,
            proposer,
            method: "POST".to_owned(),
            path: "/v1/keys".to_owned(),
            command_hash,
            needs: vec![],
            asked: None,
            reason: None,
            told: vec![],
        })
    });
    let approve = (moment(), who(), any::<bool>()).prop_map(|(now, by, is_person)| {
        ApprovalCommand::Approve(ApproveProposal { now, by, is_person, grant_id: None, reason: None })
    });
    let decline = (moment(), who(), any::<bool>(), reason()).prop_map(|(now, by, is_person, reason)| {
        ApprovalCommand::Decline(DeclineProposal { now, by, is_person, reason })
    });
    let withdraw = (moment(), who())
        .prop_map(|(now, by)| ApprovalCommand::Withdraw(WithdrawProposal { now, by, reason: None }));
    let redeem =
        (moment(), who(), hash(), any::<bool>()).prop_map(|(now, by, command_hash, approver_holds)| {
            ApprovalCommand::Redeem(RedeemApproval { now, by, command_hash, approver_holds, is_named: true })
        });
    prop_oneof![3 => propose, 4 => approve, 1 => decline, 1 => withdraw, 4 => redeem]
}
