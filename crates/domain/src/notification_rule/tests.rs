//! Rules of what is told to whom.

use super::*;
use crate::{Aggregate as _, given::the, notice::NoticeName};

fn check<const N: usize>(
    given: [NotificationRuleEvent; N],
    when: NotificationRuleCommand,
    then: Result<Vec<NotificationRuleEvent>, NotificationRuleRefusal>,
) {
    let mut rule = NotificationRule::default();
    given.iter().for_each(|event| rule.apply(event));
    assert_eq!(rule.decide(&when), then);
}

fn spec(name: &str) -> RuleSpec {
    RuleSpec {
        name: the(name),
        notices: [NoticeName::KeyExpiring, NoticeName::QuotaThreshold].into(),
        thresholds: DEFAULT_THRESHOLDS.into(),
        days_before: DEFAULT_DAYS_BEFORE.into(),
        about: About::default(),
        recipients: vec![Recipient::Owner],
        cadence: Cadence::Immediate,
        report: None,
    }
}

fn make(spec: RuleSpec) -> NotificationRuleCommand {
    NotificationRuleCommand::Make(MakeNotificationRule { spec })
}

fn revise(spec: RuleSpec) -> NotificationRuleCommand {
    NotificationRuleCommand::Revise(ReviseNotificationRule { spec })
}

fn end() -> NotificationRuleCommand {
    NotificationRuleCommand::End(EndNotificationRule { reason: None })
}

fn made(name: &str) -> NotificationRuleEvent {
    NotificationRuleEvent::Made(Made { spec: spec(name) })
}

fn revised(name: &str) -> NotificationRuleEvent {
    NotificationRuleEvent::Revised(Revised { spec: spec(name) })
}

fn ended() -> NotificationRuleEvent {
    NotificationRuleEvent::Ended(Ended { reason: None })
}

#[test]
fn a_rule_is_made_revised_and_ended_for_good() {
    check([], make(spec("a")), Ok(vec![made("a")]));
    check([made("a")], make(spec("a")), Err(NotificationRuleRefusal::AlreadyThere));
    check([made("a")], revise(spec("b")), Ok(vec![revised("b")]));
    check([made("a"), revised("b")], revise(spec("b")), Ok(vec![]));
    check([made("a")], end(), Ok(vec![ended()]));
    check([made("a"), ended()], end(), Ok(vec![]));
    check([made("a"), ended()], revise(spec("b")), Err(NotificationRuleRefusal::Ended));
    check([], revise(spec("b")), Err(NotificationRuleRefusal::NotThere));
    check([], end(), Err(NotificationRuleRefusal::NotThere));
}

#[test]
fn a_rule_that_could_tell_nobody_anything_is_none() {
    let of = || spec("a");
    for (spec, refusal) in [
        (RuleSpec { notices: [].into(), ..of() }, NotificationRuleRefusal::NoNotices),
        (
            RuleSpec { notices: [NoticeName::UsageReport].into(), ..of() },
            NotificationRuleRefusal::NoReportSettings,
        ),
        (RuleSpec { recipients: vec![], ..of() }, NotificationRuleRefusal::NoRecipients),
        (
            RuleSpec { recipients: vec![Recipient::Owner; RECIPIENTS_MAX + 1], ..of() },
            NotificationRuleRefusal::TooManyRecipients {
                recipients: RECIPIENTS_MAX + 1,
                recipients_max: RECIPIENTS_MAX,
            },
        ),
        (RuleSpec { thresholds: [0].into(), ..of() }, NotificationRuleRefusal::Threshold { percent: 0 }),
        (RuleSpec { thresholds: [101].into(), ..of() }, NotificationRuleRefusal::Threshold { percent: 101 }),
        (RuleSpec { days_before: [366].into(), ..of() }, NotificationRuleRefusal::DaysBefore { days: 366 }),
        (
            RuleSpec {
                cadence: Cadence::Digest { hour: 24, time_zone: the("Europe/Berlin"), team_zones: [].into() },
                ..of()
            },
            NotificationRuleRefusal::Hour { hour: 24 },
        ),
        (
            RuleSpec { cadence: elsewhere(51), ..of() },
            NotificationRuleRefusal::TooManyTeamZones { teams: 51, teams_max: 50 },
        ),
    ] {
        check([], make(spec.clone()), Err(refusal.clone()));
        check([made("b")], revise(spec), Err(refusal));
    }
}

/// A digest for so many teams that are elsewhere.
fn elsewhere(teams: usize) -> Cadence {
    let zone = |team: usize| (the(&format!("Team {team}")), the("Asia/Tokyo"));
    Cadence::Digest { hour: 8, time_zone: the("Europe/Berlin"), team_zones: (0..teams).map(zone).collect() }
}

#[test]
fn a_digest_of_before_there_were_team_zones_reads_as_one_without() {
    let before = serde_json::json!({ "kind": "digest", "hour": 8, "time_zone": "Europe/Berlin" });
    let cadence: Cadence = serde_json::from_value(before.clone()).unwrap();
    assert_eq!(cadence, elsewhere(0));
    assert_eq!(serde_json::to_value(&cadence).unwrap(), before);
    let spec = RuleSpec { cadence: elsewhere(50), ..spec("a") };
    check([], make(spec.clone()), Ok(vec![NotificationRuleEvent::Made(Made { spec })]));
}
