//! Keys: two secrets at most, versions one after the other, no grace beyond an end, and two ends for good.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::SignedDuration;
use proptest::{collection::vec, option, prelude::*, sample};
use zeroize::Zeroizing;

use super::{CASES, COMMANDS_MAX, Step, follow_but, moment, moved, name, pace, reason, sized};
use crate::{
    ClientId, Environment, LeakId, Timestamp,
    api_client::{ClientFacts, ClientStanding},
    api_key::{
        ApiKey, ApiKeyCommand, ApiKeyEvent, CancelRevocation, ExpireKey, ExtendOverlap, ForeignSecret,
        IDLE_HOURS_MAX, ImportKey, IssueKey, JudgePrevious, LeakReceiver, LeakResponse, Lineage, NewSecret,
        OVERLAP_SECONDS_MAX, Origin, Overlap, OverlapEnd, Quarantine, ReinstateKey, ReleaseKey, ReportLeak,
        RetirePrevious, RevokeKey, RotateKey, SuspendKey,
    },
    given::{at, the},
    secret::{ForeignDigest, Peppers, PlainSecret, PresentedSecret},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES * 2))]

    #[test]
    fn no_sequence_of_commands_breaks_a_key(commands in commands()) {
        // Each suspension is a decision of its own.
        let again_is_news = |command: &_| matches!(command, ApiKeyCommand::Suspend(_));
        follow_but::<ApiKey>(&commands, &SECRETS.unspoken, again_is_news, |step| {
            assert_possible(step.after);
            assert_ends_are_final(step);
            assert_lawful(step);
        });
    }
}

fn assert_possible(key: &ApiKey) {
    let Some(lineage) = key.lineage() else { return };
    match &lineage.previous {
        None => assert_eq!(lineage.current.version, 1),
        Some((previous, until)) => {
            assert_eq!(lineage.current.version, previous.version + 1, "versions are contiguous");
            assert_ne!(lineage.current.proof, previous.proof);
            assert!(lineage.expires_at.is_none_or(|end| *until <= end), "no grace beyond the key's end");
        }
    }
    if let (Some(start), Some(end)) = (lineage.not_before, lineage.expires_at) {
        assert!(start < end);
    }
    assert!(lineage.allowed_cidrs.len() <= 50);
    assert!(lineage.allowed_cidrs.iter().all(|range| *range == range.trunc()));
    let ranges: BTreeSet<_> = lineage.allowed_cidrs.iter().collect();
    assert_eq!(ranges.len(), lineage.allowed_cidrs.len(), "each range once");
}

/// On record or by the clock: what has ended takes no new secret, no new plan, and stays ended.
fn assert_ends_are_final(step: &Step<'_, ApiKey>) {
    let Step { before, command, answer, after } = step;
    if let ApiKey::Revoked(_) | ApiKey::Expired(_) = before {
        let only_told = |event: &ApiKeyEvent| matches!(event, ApiKeyEvent::LeakReported(_));
        assert!(answer.iter().flatten().all(only_told));
        assert_eq!(std::mem::discriminant(*before), std::mem::discriminant(*after));
    }
    let (Some(lineage), Some(now)) = (before.lineage(), asked_at(command)) else { return };
    let revoked = lineage.revoke_at.as_ref().is_some_and(|(at, _)| *at <= now);
    if revoked || lineage.expires_at.is_some_and(|end| end <= now) {
        for event in answer.iter().flatten() {
            match event {
                ApiKeyEvent::Revoked(_)
                // What lives shorter, and what is only said.
                | ApiKeyEvent::PreviousRetired(_)
                | ApiKeyEvent::PreviousStillBusy(_) => {}
                ApiKeyEvent::Expired(_) => assert!(!revoked),
                // A report changes nothing by itself; a secret before the current one may outlive the planned end.
                ApiKeyEvent::LeakReported(_) | ApiKeyEvent::Quarantined(_) | ApiKeyEvent::Released(_) => {}
                ApiKeyEvent::Issued(_)
                | ApiKeyEvent::Rotated(_)
                | ApiKeyEvent::OverlapExtended(_)
                | ApiKeyEvent::RevocationScheduled(_)
                | ApiKeyEvent::RevocationCancelled(_)
                | ApiKeyEvent::Suspended(_)
                | ApiKeyEvent::Reinstated(_)
                | ApiKeyEvent::Imported(_) => panic!("{event:?} after the end, in {before:?}"),
            }
        }
    }
}

fn asked_at(command: &ApiKeyCommand) -> Option<Timestamp> {
    match command {
        ApiKeyCommand::Issue(ask) => Some(ask.now),
        ApiKeyCommand::Rotate(ask) => Some(ask.now),
        ApiKeyCommand::ExtendOverlap(ask) => Some(ask.now),
        ApiKeyCommand::RetirePrevious(ask) => Some(ask.now),
        ApiKeyCommand::JudgePrevious(ask) => Some(ask.now),
        ApiKeyCommand::Revoke(ask) => Some(ask.now),
        ApiKeyCommand::CancelRevocation(ask) => Some(ask.now),
        ApiKeyCommand::Expire(ask) => Some(ask.now),
        ApiKeyCommand::Import(ask) => Some(ask.now),
        ApiKeyCommand::ReportLeak(ask) => Some(ask.now),
        ApiKeyCommand::Release(ask) => Some(ask.now),
        ApiKeyCommand::Suspend(_) | ApiKeyCommand::Reinstate(_) => None,
    }
}

fn assert_lawful(step: &Step<'_, ApiKey>) {
    let Step { before, command, answer, after } = step;
    let Ok(events) = answer else { return };
    match (before, command, events.as_slice()) {
        (_, _, []) => assert_eq!(before, after),
        (ApiKey::Absent, ApiKeyCommand::Issue(ask), [ApiKeyEvent::Issued(_)]) => assert_issued(ask, after),
        (ApiKey::Active(had), ApiKeyCommand::Rotate(ask), [ApiKeyEvent::Rotated(_)]) => {
            assert_rotated(had, ask, active(after));
        }
        (ApiKey::Active(had) | ApiKey::Suspended(had), _, [ApiKeyEvent::RevocationScheduled(planned)]) => {
            let revoke_at = Some((planned.revoke_at, planned.reason.clone()));
            let expected = Lineage { revoke_at, ..had.clone() };
            assert_eq!(after.lineage(), Some(&expected));
            assert_eq!(matches!(before, ApiKey::Active(_)), matches!(after, ApiKey::Active(_)));
        }
        (ApiKey::Active(had) | ApiKey::Suspended(had), _, [ApiKeyEvent::RevocationCancelled(cancelled)]) => {
            assert_eq!(had.revoke_at.as_ref().map(|(at, _)| *at), Some(cancelled.revoke_at));
            assert!(asked_at(command).is_some_and(|now| cancelled.revoke_at > now));
            assert_eq!(after.lineage(), Some(&Lineage { revoke_at: None, ..had.clone() }));
        }
        (
            ApiKey::Active(had) | ApiKey::Suspended(had),
            _,
            [
                ApiKeyEvent::OverlapExtended(_)
                | ApiKeyEvent::PreviousRetired(_)
                | ApiKeyEvent::PreviousStillBusy(_),
            ],
        ) => {
            assert_eq!(matches!(before, ApiKey::Active(_)), matches!(after, ApiKey::Active(_)));
            assert_overlap(had, command, after.lineage().unwrap());
        }
        (ApiKey::Active(had) | ApiKey::Suspended(had), _, [ApiKeyEvent::Revoked(revoked)]) => {
            assert_eq!(**after, ApiKey::Revoked(had.clone()));
            assert!(asked_at(command).is_some_and(|now| revoked.revoked_at <= now));
        }
        (ApiKey::Active(had) | ApiKey::Suspended(had), _, [ApiKeyEvent::Expired(expired)]) => {
            assert_eq!(**after, ApiKey::Expired(had.clone()));
            assert_eq!(had.expires_at, Some(expired.expired_at));
        }
        (ApiKey::Active(had) | ApiKey::Suspended(had), _, [ApiKeyEvent::Suspended(_)]) => {
            assert_eq!(**after, ApiKey::Suspended(had.clone()));
        }
        (ApiKey::Suspended(had), _, [ApiKeyEvent::Reinstated(_)]) => {
            assert_eq!(**after, ApiKey::Active(had.clone()));
        }
        (ApiKey::Absent, ApiKeyCommand::Import(_), [ApiKeyEvent::Imported(_)]) => {
            assert!(active(after).imported.is_some());
        }
        (_, ApiKeyCommand::ReportLeak(ask), [ApiKeyEvent::LeakReported(_), rest @ ..]) => {
            assert_reported(ask, rest, after);
        }
        (_, ApiKeyCommand::Release(_), [ApiKeyEvent::Released(_)]) => {
            assert_eq!(after.lineage().and_then(|lineage| lineage.quarantine), None);
        }
        (before, _, events) => panic!("{events:?} in {before:?}"),
    }
}

fn assert_issued(ask: &IssueKey, after: &ApiKey) {
    let lineage = active(after);
    assert_eq!(ask.client.standing, ClientStanding::Active);
    assert!(ask.client.environments.contains(&lineage.environment));
    assert_eq!(lineage.scopes, ask.scopes);
    assert!(lineage.scopes.iter().all(|scopes| scopes.is_subset(&ask.client.scopes)));
    assert!(lineage.expires_at.is_none_or(|end| end > ask.now));
    let ten_years = SignedDuration::from_hours(3_660 * 24);
    for time in lineage.not_before.into_iter().chain(lineage.expires_at) {
        assert!(time.duration_since(ask.now).abs() <= ten_years);
    }
    assert_eq!(lineage.current.version, 1);
}

fn assert_rotated(had: &Lineage, ask: &RotateKey, now: &Lineage) {
    let (previous, until) = now.previous.as_ref().expect("a rotation leaves the version before");
    assert_eq!(ask.client, ClientStanding::Active);
    assert_eq!(*previous, had.current);
    assert!(had.previous.as_ref().is_none_or(|(_, stopped)| *stopped <= ask.now), "no third live secret");
    assert!(had.expires_at.is_none_or(|end| *until <= end), "no grace beyond its own end");
    assert!(*until >= ask.now);
    assert!(*until <= moved(ask.now, SignedDuration::from_secs(i64::from(OVERLAP_SECONDS_MAX))));
    assert_eq!(now.expires_at, ask.expires_at.or(had.expires_at));
    let overlap = Overlap {
        rotated_at: Some(ask.now),
        expires_at: had.expires_at,
        retire_when_idle_hours: ask.retire_when_idle_hours,
        still_busy: false,
        retired: false,
    };
    assert_eq!(now.overlap, Some(overlap));
    let kept = Lineage { current: had.current.clone(), previous: had.previous.clone(), ..now.clone() };
    assert_eq!(Lineage { expires_at: had.expires_at, overlap: had.overlap.clone(), ..kept }, *had);
}

/// The old secret's end moves within its bounds, and nothing else does.
fn assert_overlap(had: &Lineage, command: &ApiKeyCommand, now: &Lineage) {
    let (overlap, (old, was)) = (had.overlap.as_ref().unwrap(), had.previous.as_ref().unwrap());
    let (still_old, until) = now.previous.as_ref().unwrap();
    assert_eq!(old, still_old);
    assert!(!overlap.retired, "what was retired stays so");
    assert!(overlap.expires_at.is_none_or(|end| *until <= end), "no grace beyond its own expiry");
    let longest = SignedDuration::from_secs(i64::from(OVERLAP_SECONDS_MAX));
    assert!(*until <= moved(overlap.rotated_at.unwrap(), longest));
    let asked = asked_at(command).unwrap();
    assert!(*was > asked, "what has stopped stays so");
    assert!(*until >= asked, "nothing stops before now");
    let kept = Lineage { previous: had.previous.clone(), overlap: had.overlap.clone(), ..now.clone() };
    assert_eq!(kept, *had);
}

fn assert_reported(ask: &ReportLeak, effect: &[ApiKeyEvent], after: &ApiKey) {
    let lineage = after.lineage().expect("a key that was reported is there");
    assert!(lineage.leaks.contains(&ask.leak_id));
    match effect {
        [] => {}
        [ApiKeyEvent::Quarantined(_)] => {
            let quarantine = Quarantine { leak_id: ask.leak_id, secret_version: ask.secret_version };
            assert_eq!(lineage.quarantine, Some(quarantine));
        }
        [ApiKeyEvent::Revoked(_)] => assert!(matches!(after, ApiKey::Revoked(_))),
        other => panic!("{other:?} after a report"),
    }
}

fn active(key: &ApiKey) -> &Lineage {
    let ApiKey::Active(lineage) = key else { panic!("{key:?} is not active") };
    lineage
}

/// Real secrets, as they are kept and as they must never be seen.
struct Secrets {
    kept: Vec<NewSecret>,
    unspoken: Vec<String>,
}

static SECRETS: LazyLock<Secrets> = LazyLock::new(|| {
    let peppers = Peppers::new([(1, Zeroizing::new([7; 32]))]).unwrap();
    let mut secrets = Secrets { kept: vec![], unspoken: vec![] };
    for first in 'a'..='f' {
        let random: String =
            ('A'..='Z').chain('a'..='z').cycle().skip_while(|c| *c != first).take(42).collect();
        let plain = PlainSecret::compose("tg", &the::<Environment>("prod"), &Zeroizing::new(random)).unwrap();
        let parsed = PresentedSecret::parse(plain.expose()).unwrap();
        let (locator, hint) = (parsed.locator, parsed.hint());
        secrets.kept.push(NewSecret { locator, digest: peppers.digest_new(&plain), hint });
        let random_part = &plain.expose()["tg_prod_".len() + 10..][..28];
        secrets.unspoken.extend([plain.expose().to_owned(), random_part.to_owned()]);
    }
    secrets
});

fn commands() -> impl Strategy<Value = Vec<ApiKeyCommand>> {
    vec((pace(), command()), 1..COMMANDS_MAX).prop_map(|steps| {
        let mut passed = SignedDuration::ZERO;
        let mut paced = |(pace, command)| {
            passed += pace;
            after(passed, command)
        };
        steps.into_iter().map(&mut paced).collect()
    })
}

/// The command as it is asked when that much time has passed.
fn after(passed: SignedDuration, mut command: ApiKeyCommand) -> ApiKeyCommand {
    let times: Vec<&mut Timestamp> = match &mut command {
        ApiKeyCommand::Issue(ask) => {
            [&mut ask.now].into_iter().chain(&mut ask.not_before).chain(&mut ask.expires_at).collect()
        }
        ApiKeyCommand::Rotate(ask) => [&mut ask.now].into_iter().chain(&mut ask.expires_at).collect(),
        ApiKeyCommand::ExtendOverlap(ask) => match &mut ask.until {
            OverlapEnd::At(until) => vec![&mut ask.now, until],
            OverlapEnd::AfterRotation { seconds: _ } => vec![&mut ask.now],
        },
        ApiKeyCommand::RetirePrevious(ask) => vec![&mut ask.now],
        ApiKeyCommand::JudgePrevious(ask) => {
            [&mut ask.now].into_iter().chain(&mut ask.last_used_at).collect()
        }
        ApiKeyCommand::CancelRevocation(ask) => vec![&mut ask.now],
        ApiKeyCommand::Revoke(ask) => [&mut ask.now].into_iter().chain(&mut ask.at).collect(),
        ApiKeyCommand::Expire(ask) => vec![&mut ask.now],
        ApiKeyCommand::Import(ask) => {
            [&mut ask.now].into_iter().chain(&mut ask.not_before).chain(&mut ask.expires_at).collect()
        }
        ApiKeyCommand::ReportLeak(ask) => vec![&mut ask.now],
        ApiKeyCommand::Release(ask) => vec![&mut ask.now],
        ApiKeyCommand::Suspend(_) | ApiKeyCommand::Reinstate(_) => vec![],
    };
    for time in times {
        *time = moved(*time, passed);
    }
    command
}

fn command() -> impl Strategy<Value = ApiKeyCommand> {
    let suspend = reason().prop_map(|reason| ApiKeyCommand::Suspend(SuspendKey { reason }));
    let reinstate = reason().prop_map(|reason| ApiKeyCommand::Reinstate(ReinstateKey { reason }));
    prop_oneof![
        6 => issue().prop_map(ApiKeyCommand::Issue),
        8 => rotate().prop_map(ApiKeyCommand::Rotate),
        1 => (option::weighted(0.9, moment()), reason())
            .prop_map(|(at_time, reason)| ApiKeyCommand::Revoke(RevokeKey { now: at(0), at: at_time, reason })),
        1 => reason().prop_map(|reason| ApiKeyCommand::CancelRevocation(CancelRevocation { now: at(0), reason })),
        3 => extend().prop_map(ApiKeyCommand::ExtendOverlap),
        1 => reason().prop_map(|reason| ApiKeyCommand::RetirePrevious(RetirePrevious { now: at(0), reason })),
        3 => judge().prop_map(ApiKeyCommand::JudgePrevious),
        1 => suspend,
        2 => reinstate,
        1 => Just(()).prop_map(|()| ApiKeyCommand::Expire(ExpireKey { now: at(0) })),
        3 => issue().prop_map(|ask| ApiKeyCommand::Import(imported(ask))),
        2 => report().prop_map(ApiKeyCommand::ReportLeak),
        1 => reason().prop_map(|reason| ApiKeyCommand::Release(ReleaseKey { now: at(0), reason })),
    ]
}

/// The same key, of another system.
fn imported(ask: IssueKey) -> ImportKey {
    let IssueKey { now, client_id, client, name, environment, scopes, not_before, expires_at, .. } = ask;
    ImportKey {
        now,
        client_id,
        client,
        name,
        environment,
        scopes,
        not_before,
        expires_at,
        allowed_cidrs: ask.allowed_cidrs,
        secret: ForeignSecret { sha256: ForeignDigest::from_bytes([7; 32]), hint: "…".to_owned() },
        origin: Origin { source: the("kong"), external_id: the("kong-1"), created_at: None },
    }
}

fn report() -> impl Strategy<Value = ReportLeak> {
    let quarantine = LeakResponse::Quarantine { known_addresses: vec![], calls_per_minute: 6 };
    let response = sample::select(vec![quarantine.clone(), quarantine, LeakResponse::Revoke]);
    (0..4_u128, 1..4_u32, response, reason()).prop_map(|(leak, secret_version, response, reason)| {
        ReportLeak {
            now: at(0),
            leak_id: LeakId::from_parts(1, leak),
            secret_version,
            receiver: LeakReceiver::Generic,
            source: None,
            url: None,
            response,
            reason,
        }
    })
}

fn issue() -> impl Strategy<Value = IssueKey> {
    let scopes = option::of(sample::subsequence(vec!["a", "b", "c"], 0..=3));
    let environment = sample::select(vec!["prod", "prod", "prod", "prod", "sandbox"]);
    let ranges = sized(3, 50, |number| the(&format!("10.0.{}.1/24", number % 49)));
    let times = (option::weighted(0.3, moment()), option::weighted(0.6, moment()));
    (facts(), name(), environment, scopes, times, ranges, secret()).prop_map(
        |(client, name, environment, scopes, (not_before, expires_at), allowed_cidrs, secret)| IssueKey {
            now: at(0),
            client_id: ClientId::from_parts(1, 1),
            client,
            name,
            environment: the(environment),
            scopes: scopes.map(|texts| texts.into_iter().map(the).collect()),
            not_before,
            expires_at,
            allowed_cidrs,
            secret,
        },
    )
}

fn rotate() -> impl Strategy<Value = RotateKey> {
    let overlap = prop_oneof![
        6 => (0..5_u32).prop_map(|tens| tens * 10),
        1 => sample::select(vec![OVERLAP_SECONDS_MAX, OVERLAP_SECONDS_MAX + 1, u32::MAX]),
    ];
    let idle_hours = option::of(sample::select(vec![1, 24, IDLE_HOURS_MAX, 0, IDLE_HOURS_MAX + 1]));
    let rest = (option::weighted(0.3, moment()), option::of(reason()), idle_hours);
    (standing(), secret(), overlap, rest).prop_map(
        |(client, secret, overlap_seconds, (expires_at, reason, retire_when_idle_hours))| RotateKey {
            now: at(0),
            client,
            secret,
            overlap_seconds,
            expires_at,
            reason,
            retire_when_idle_hours,
        },
    )
}

fn extend() -> impl Strategy<Value = ExtendOverlap> {
    let seconds = prop_oneof![
        6 => (0..9_u32).prop_map(|tens| tens * 10),
        1 => sample::select(vec![OVERLAP_SECONDS_MAX, OVERLAP_SECONDS_MAX + 1, u32::MAX]),
    ];
    let until = prop_oneof![
        moment().prop_map(OverlapEnd::At),
        seconds.prop_map(|seconds| OverlapEnd::AfterRotation { seconds }),
    ];
    (until, reason()).prop_map(|(until, reason)| ExtendOverlap { now: at(0), until, reason })
}

fn judge() -> impl Strategy<Value = JudgePrevious> {
    (1..5_u32, option::of(moment())).prop_map(|(version, last_used_at)| JudgePrevious {
        now: at(0),
        version,
        last_used_at,
    })
}

fn facts() -> impl Strategy<Value = ClientFacts> {
    (standing(), sample::subsequence(vec!["a", "b", "c"], 1..=3)).prop_map(|(standing, scopes)| ClientFacts {
        standing,
        environments: [the("prod")].into(),
        scopes: scopes.into_iter().map(the).collect(),
    })
}

fn standing() -> impl Strategy<Value = ClientStanding> {
    let other = vec![ClientStanding::Absent, ClientStanding::Suspended, ClientStanding::Archived];
    prop_oneof![9 => Just(ClientStanding::Active), 1 => sample::select(other)]
}

fn secret() -> impl Strategy<Value = NewSecret> {
    sample::select(SECRETS.kept.clone())
}
