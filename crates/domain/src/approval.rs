//! An approval: what one principal has proposed and another person allows, once, to the letter.

mod commands;
mod events;
mod risk;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{
    APPROVAL_HOURS, ApprovalCommand, ApprovalRefusal, ApproveProposal, DeclineProposal, Propose,
    RedeemApproval, WithdrawProposal,
};
pub use events::{ApprovalEvent, Approved, CommandHash, Declined, Need, Proposed, Redeemed, Withdrawn};
pub use risk::{lowers_risk, raises_a_limit};
pub use state::{Approval, ApprovedBy, Proposal};
