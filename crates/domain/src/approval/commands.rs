//! What may be asked of an approval, and the rules that answer.

use jiff::SignedDuration;

use super::{
    Approval, ApprovalEvent, Approved, CommandHash, Declined, Need, Proposal, Proposed, Redeemed, Withdrawn,
};
use crate::{Aggregate, GrantId, PrincipalId, Reason, Timestamp, personal::Personal, refusal::refusals};

/// What nobody has decided, or what was not done, has come to nothing after so many hours.
pub const APPROVAL_HOURS: i64 = 24;

/// What may be asked of an approval.
#[derive(Clone, Debug)]
pub enum ApprovalCommand {
    Propose(Propose),
    Approve(ApproveProposal),
    Decline(DeclineProposal),
    Withdraw(WithdrawProposal),
    Redeem(RedeemApproval),
}

/// Puts a request on record that waits for another person.
#[derive(Clone, Debug)]
pub struct Propose {
    pub now: Timestamp,
    pub proposer: String,
    pub method: String,
    pub path: String,
    pub command_hash: CommandHash,
    pub needs: Vec<Need>,
    pub asked: Option<Personal>,
    pub reason: Option<Reason>,
    pub told: Vec<PrincipalId>,
}

/// Allows it. That whoever asks holds what it needs is asked before.
#[derive(Clone, Debug)]
pub struct ApproveProposal {
    pub now: Timestamp,
    pub by: String,
    pub is_person: bool,
    pub grant_id: Option<GrantId>,
    pub reason: Option<Reason>,
}

/// Says no to it.
#[derive(Clone, Debug)]
pub struct DeclineProposal {
    pub now: Timestamp,
    pub by: String,
    pub is_person: bool,
    pub reason: Reason,
}

/// Takes it back.
#[derive(Clone, Debug)]
pub struct WithdrawProposal {
    pub now: Timestamp,
    pub by: String,
    pub reason: Option<Reason>,
}

/// Does what was allowed. It is done once by the name of its command, which the approval gives.
#[derive(Clone, Debug)]
pub struct RedeemApproval {
    pub now: Timestamp,
    pub by: String,
    pub command_hash: CommandHash,
    /// Whether whoever approved holds what it needs still.
    pub approver_holds: bool,
    /// Whether the command has a name that the log takes once. Without one, what broke off is not gone on with.
    pub is_named: bool,
}

refusals! {
    /// Why a command about an approval was refused.
    pub enum ApprovalRefusal {
        NotThere = ("approval_not_found", "there is no such approval"),
        AlreadyThere = ("approval_already_proposed", "the approval is proposed already"),
        OfOwn = ("approval_of_own", "nobody decides on what they have proposed themselves"),
        NeedsPerson = ("approval_needs_person", "only a person decides, who is known by name"),
        OfAnother = ("approval_of_another", "only whoever has proposed it may"),
        NotWaiting { status: &'static str } = ("approval_not_waiting", "the approval waits for nobody any more: it is {status}"),
        NotApproved { status: &'static str } = ("approval_not_approved", "the approval allows nothing: it is {status}"),
        Expired { expired_at: Timestamp } = ("approval_expired", "the approval has come to nothing at {expired_at}"),
        OtherCommand = ("approval_of_other_command", "another request was approved: method, address, body and `If-Match` have to be the same"),
        ApproverLost = ("approval_approver_lost", "whoever approved it may not do it themselves any more"),
    }
}

type Decided = Result<Vec<ApprovalEvent>, ApprovalRefusal>;

impl Aggregate for Approval {
    const TYPE: &'static str = "approval";
    type Command = ApprovalCommand;
    type Event = ApprovalEvent;
    type Refusal = ApprovalRefusal;

    fn decide(&self, command: &ApprovalCommand) -> Decided {
        match command {
            ApprovalCommand::Propose(ask) => self.propose(ask),
            ApprovalCommand::Approve(ask) => self.approve(ask),
            ApprovalCommand::Decline(ask) => self.decline(ask),
            ApprovalCommand::Withdraw(ask) => self.withdraw(ask),
            ApprovalCommand::Redeem(ask) => self.redeem(ask),
        }
    }

    fn apply(&mut self, event: &ApprovalEvent) {
        self.fold(event);
    }
}

impl Approval {
    fn propose(&self, ask: &Propose) -> Decided {
        let Self::Absent = self else { return Err(ApprovalRefusal::AlreadyThere) };
        let Propose { now, proposer, method, path, command_hash, needs, asked, reason, told } = ask.clone();
        let span = SignedDuration::from_hours(APPROVAL_HOURS);
        let expires_at = now.checked_add(span).unwrap_or(Timestamp::MAX);
        Ok(vec![ApprovalEvent::Proposed(Proposed {
            proposer,
            method,
            path,
            command_hash,
            needs,
            asked,
            reason,
            expires_at,
            told,
        })])
    }

    fn approve(&self, ask: &ApproveProposal) -> Decided {
        let ApproveProposal { now, by, is_person, grant_id, reason } = ask.clone();
        if let Self::Approved(proposal, before) = self
            && before.by == by
            && now < proposal.expires_at
        {
            // A client's retry.
            return Ok(vec![]);
        }
        self.deciding(now, &by, is_person)?;
        Ok(vec![ApprovalEvent::Approved(Approved { by, grant_id, reason })])
    }

    fn decline(&self, ask: &DeclineProposal) -> Decided {
        let DeclineProposal { now, by, is_person, reason } = ask.clone();
        self.deciding(now, &by, is_person)?;
        Ok(vec![ApprovalEvent::Declined(Declined { by, reason })])
    }

    /// Whether this may be decided now, and by whom.
    fn deciding(&self, now: Timestamp, by: &str, is_person: bool) -> Result<(), ApprovalRefusal> {
        let proposal = self.proposal().ok_or(ApprovalRefusal::NotThere)?;
        if !is_person {
            return Err(ApprovalRefusal::NeedsPerson);
        }
        if proposal.proposer == by {
            return Err(ApprovalRefusal::OfOwn);
        }
        match self {
            Self::Waiting(_) => check_time(proposal, now),
            Self::Absent
            | Self::Approved(_, _)
            | Self::Redeemed(_, _)
            | Self::Declined(_)
            | Self::Withdrawn(_) => Err(ApprovalRefusal::NotWaiting { status: self.status(now) }),
        }
    }

    fn withdraw(&self, ask: &WithdrawProposal) -> Decided {
        let WithdrawProposal { now, by, reason } = ask;
        let proposal = self.proposal().ok_or(ApprovalRefusal::NotThere)?;
        if proposal.proposer != *by {
            return Err(ApprovalRefusal::OfAnother);
        }
        match self {
            Self::Waiting(_) | Self::Approved(_, _) => {
                Ok(vec![ApprovalEvent::Withdrawn(Withdrawn { reason: reason.clone() })])
            }
            Self::Withdrawn(_) => Ok(vec![]),
            Self::Absent | Self::Redeemed(_, _) | Self::Declined(_) => {
                Err(ApprovalRefusal::NotWaiting { status: self.status(*now) })
            }
        }
    }

    fn redeem(&self, ask: &RedeemApproval) -> Decided {
        let RedeemApproval { now, by, command_hash, approver_holds, is_named } = ask;
        let proposal = self.proposal().ok_or(ApprovalRefusal::NotThere)?;
        if proposal.proposer != *by {
            return Err(ApprovalRefusal::OfAnother);
        }
        if proposal.command_hash != *command_hash {
            return Err(ApprovalRefusal::OtherCommand);
        }
        check_time(proposal, *now)?;
        if self.approved_by().is_none() {
            return Err(ApprovalRefusal::NotApproved { status: self.status(*now) });
        }
        if !approver_holds {
            return Err(ApprovalRefusal::ApproverLost);
        }
        // What was begun before and broke off is gone on with: the command's name holds that it is done once.
        if let Self::Redeemed(_, _) = self {
            let status = self.status(*now);
            return if *is_named { Ok(vec![]) } else { Err(ApprovalRefusal::NotApproved { status }) };
        }
        Ok(vec![ApprovalEvent::Redeemed(Redeemed { redeemed_at: *now })])
    }
}

fn check_time(proposal: &Proposal, now: Timestamp) -> Result<(), ApprovalRefusal> {
    let expired_at = proposal.expires_at;
    if now < expired_at { Ok(()) } else { Err(ApprovalRefusal::Expired { expired_at }) }
}
