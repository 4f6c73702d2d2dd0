//! What may be asked of a notification rule, and the rules that answer.

use super::{Cadence, Ended, Made, NotificationRule, NotificationRuleEvent, Revised, RuleSpec};
use crate::{Aggregate, Reason, notice::NoticeName, refusal::refusals};

/// So many recipients a rule has at most.
pub const RECIPIENTS_MAX: usize = 20;
const MARKS_MAX: usize = 20;
const TEAM_ZONES_MAX: usize = 50;

/// What may be asked of a notification rule.
#[derive(Clone, Debug)]
pub enum NotificationRuleCommand {
    Make(MakeNotificationRule),
    Revise(ReviseNotificationRule),
    End(EndNotificationRule),
}

/// Has something told.
#[derive(Clone, Debug)]
pub struct MakeNotificationRule {
    pub spec: RuleSpec,
}

/// Gives it another specification, whole.
#[derive(Clone, Debug)]
pub struct ReviseNotificationRule {
    pub spec: RuleSpec,
}

/// Has it told no more.
#[derive(Clone, Debug)]
pub struct EndNotificationRule {
    pub reason: Option<Reason>,
}

refusals! {
    /// Why a command about a notification rule was refused.
    pub enum NotificationRuleRefusal {
        NotThere = ("notification_rule_not_found", "there is no such rule"),
        AlreadyThere = ("notification_rule_already_made", "the rule is made already"),
        Ended = ("notification_rule_ended", "the rule has ended"),
        NoNotices = ("notification_rule_without_notices", "a rule names at least one notice"),
        NoRecipients = ("notification_rule_without_recipients", "a rule names at least one recipient"),
        TooManyRecipients { recipients: usize, recipients_max: usize }
            = ("notification_rule_too_many_recipients", "a rule names at most {recipients_max} recipients, not {recipients}"),
        Threshold { percent: u8 }
            = ("notification_rule_threshold_invalid", "a threshold is 1 to 100 percent, not {percent}; at most 20 of them"),
        DaysBefore { days: u16 }
            = ("notification_rule_days_invalid", "a reminder is 1 to 365 days ahead, not {days}; at most 20 of them"),
        TooManyTeamZones { teams: usize, teams_max: usize }
            = ("notification_rule_too_many_team_zones", "a digest names zones of at most {teams_max} teams, not {teams}"),
        NoReportSettings
            = ("notification_rule_without_report_settings", "a rule that tells usage reports says how often, of which zone and in which form: `report`"),
        Hour { hour: u8 } = ("notification_rule_hour_invalid", "an hour of the day is 0 to 23, not {hour}"),
    }
}

impl Aggregate for NotificationRule {
    const TYPE: &'static str = "notification_rule";
    type Command = NotificationRuleCommand;
    type Event = NotificationRuleEvent;
    type Refusal = NotificationRuleRefusal;

    fn decide(
        &self,
        command: &NotificationRuleCommand,
    ) -> Result<Vec<NotificationRuleEvent>, NotificationRuleRefusal> {
        match (self, command) {
            (Self::Absent, NotificationRuleCommand::Make(MakeNotificationRule { spec })) => {
                check(spec)?;
                Ok(vec![NotificationRuleEvent::Made(Made { spec: spec.clone() })])
            }
            (Self::InForce(_) | Self::Ended(_), NotificationRuleCommand::Make(_)) => {
                Err(NotificationRuleRefusal::AlreadyThere)
            }
            (Self::Absent, NotificationRuleCommand::Revise(_) | NotificationRuleCommand::End(_)) => {
                Err(NotificationRuleRefusal::NotThere)
            }
            (Self::InForce(before), NotificationRuleCommand::Revise(ReviseNotificationRule { spec })) => {
                check(spec)?;
                let news = **before != *spec;
                let revised = || NotificationRuleEvent::Revised(Revised { spec: spec.clone() });
                Ok(news.then(revised).into_iter().collect())
            }
            (Self::Ended(_), NotificationRuleCommand::Revise(_)) => Err(NotificationRuleRefusal::Ended),
            (Self::InForce(_), NotificationRuleCommand::End(EndNotificationRule { reason })) => {
                Ok(vec![NotificationRuleEvent::Ended(Ended { reason: reason.clone() })])
            }
            (Self::Ended(_), NotificationRuleCommand::End(_)) => Ok(vec![]),
        }
    }

    fn apply(&mut self, event: &NotificationRuleEvent) {
        self.fold(event);
    }
}

fn check(spec: &RuleSpec) -> Result<(), NotificationRuleRefusal> {
    let RuleSpec { name: _, notices, thresholds, days_before, about: _, recipients, cadence, report } = spec;
    if notices.is_empty() {
        return Err(NotificationRuleRefusal::NoNotices);
    }
    if notices.contains(&NoticeName::UsageReport) && report.is_none() {
        return Err(NotificationRuleRefusal::NoReportSettings);
    }
    if recipients.is_empty() {
        return Err(NotificationRuleRefusal::NoRecipients);
    }
    let (count, recipients_max) = (recipients.len(), RECIPIENTS_MAX);
    if count > recipients_max {
        return Err(NotificationRuleRefusal::TooManyRecipients { recipients: count, recipients_max });
    }
    let wrong = thresholds.iter().find(|percent| !(1..=100).contains(*percent));
    if let Some(percent) = wrong.or_else(|| thresholds.iter().nth(MARKS_MAX)) {
        return Err(NotificationRuleRefusal::Threshold { percent: *percent });
    }
    let wrong = days_before.iter().find(|days| !(1..=365).contains(*days));
    if let Some(days) = wrong.or_else(|| days_before.iter().nth(MARKS_MAX)) {
        return Err(NotificationRuleRefusal::DaysBefore { days: *days });
    }
    match cadence {
        Cadence::Digest { hour, .. } if *hour > 23 => Err(NotificationRuleRefusal::Hour { hour: *hour }),
        Cadence::Digest { team_zones, .. } if team_zones.len() > TEAM_ZONES_MAX => {
            let (teams, teams_max) = (team_zones.len(), TEAM_ZONES_MAX);
            Err(NotificationRuleRefusal::TooManyTeamZones { teams, teams_max })
        }
        Cadence::Digest { .. } | Cadence::Immediate => Ok(()),
    }
}
