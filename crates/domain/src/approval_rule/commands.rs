//! What may be asked of a rule, and the rules that answer.

use super::{ApprovalRule, ApprovalRuleEvent, Ended, Made};
use crate::{
    Aggregate, Environment, Reason,
    access::{Access, Permission},
    refusal::refusals,
};

/// What may be asked of a rule.
#[derive(Clone, Debug)]
pub enum ApprovalRuleCommand {
    Make(MakeApprovalRule),
    End(EndApprovalRule),
}

/// Lets something need a second person.
#[derive(Clone, Debug)]
pub struct MakeApprovalRule {
    pub permission: Permission,
    pub environment: Option<Environment>,
    pub reason: Reason,
    /// Whether there is such a rule.
    pub taken: bool,
}

/// Lets one person be enough again.
#[derive(Clone, Debug)]
pub struct EndApprovalRule {
    pub reason: Reason,
}

refusals! {
    /// Why a command about a rule was refused.
    pub enum ApprovalRuleRefusal {
        NotThere = ("approval_rule_not_found", "there is no such rule"),
        AlreadyThere = ("approval_rule_already_made", "the rule is made already"),
        Taken = ("approval_rule_taken", "there is such a rule already"),
        NotGuardable { permission: &'static str }
            = ("approval_rule_not_guardable", "`{permission}` cannot wait for a second person: it changes nothing, or is what is waited for, or is for emergencies"),
    }
}

impl Aggregate for ApprovalRule {
    const TYPE: &'static str = "approval_rule";
    type Command = ApprovalRuleCommand;
    type Event = ApprovalRuleEvent;
    type Refusal = ApprovalRuleRefusal;

    fn decide(&self, command: &ApprovalRuleCommand) -> Result<Vec<ApprovalRuleEvent>, ApprovalRuleRefusal> {
        match (command, self) {
            (ApprovalRuleCommand::Make(ask), Self::Absent) => make(ask),
            (ApprovalRuleCommand::Make(_), Self::InForce(_) | Self::Ended(_)) => {
                Err(ApprovalRuleRefusal::AlreadyThere)
            }
            (ApprovalRuleCommand::End(_), Self::Absent) => Err(ApprovalRuleRefusal::NotThere),
            (ApprovalRuleCommand::End(ask), Self::InForce(_)) => {
                Ok(vec![ApprovalRuleEvent::Ended(Ended { reason: ask.reason.clone() })])
            }
            (ApprovalRuleCommand::End(_), Self::Ended(_)) => Ok(vec![]),
        }
    }

    fn apply(&mut self, event: &ApprovalRuleEvent) {
        self.fold(event);
    }
}

fn make(ask: &MakeApprovalRule) -> Result<Vec<ApprovalRuleEvent>, ApprovalRuleRefusal> {
    let MakeApprovalRule { permission, environment, reason, taken } = ask.clone();
    if !is_guardable(permission) {
        return Err(ApprovalRuleRefusal::NotGuardable { permission: permission.as_str() });
    }
    if taken {
        return Err(ApprovalRuleRefusal::Taken);
    }
    Ok(vec![ApprovalRuleEvent::Made(Made { permission, environment, reason })])
}

/// Whether a command asks for it that can wait.
fn is_guardable(permission: Permission) -> bool {
    let waits_for_nothing = matches!(
        permission,
        Permission::CallVerify
            | Permission::GatewayFollow
            | Permission::ProjectionOperate
            | Permission::ApprovalDecide
            | Permission::BreakGlassOpen
    );
    permission.access() == Access::Write && !waits_for_nothing
}
