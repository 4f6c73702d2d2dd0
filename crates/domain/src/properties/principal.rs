//! Principals: tokens that end and are told apart, and a glass that is broken for a bounded time.

use jiff::SignedDuration;
use proptest::{collection::vec, option, prelude::*, sample};

use super::{CASES, COMMANDS_MAX, Step, follow, moment, moved, name, pace, reason};
use crate::{
    GrantId, PrincipalId, Timestamp,
    api_key::NewSecret,
    given::{at, the},
    personal::PersonalValue,
    principal::{
        Account, AddPerson, BREAK_GLASS_MINUTES_MAX, ClaimInstallation, CloseBreakGlass, DisablePrincipal,
        EnablePrincipal, Holder, MakeServiceAccount, NewIdentity, NewToken, OpenBreakGlass, PrincipalCommand,
        PrincipalEvent, ReopenClaim, RevokeTokens, RotateToken, TOKEN_DAYS_MAX,
    },
    secret::SecretDigest,
};

const PEOPLE: [&str; 3] = ["Ada Lovelace", "ada@example.com", "00u1a2b3c4"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_sequence_of_commands_breaks_a_principal(asks in vec((pace(), ask()), 1..COMMANDS_MAX)) {
        let mut now = at(0);
        let commands: Vec<_> = asks
            .into_iter()
            .map(|(pause, ask)| {
                now = moved(now, pause);
                ask.at(now)
            })
            .collect();
        follow::<Account>(&commands, &PEOPLE.map(str::to_owned), |step| {
            assert_possible(step.after);
            assert_lawful(step);
        });
    }
}

fn assert_possible(account: &Account) {
    let Some(profile) = account.profile() else { return };
    assert!(profile.previous.is_none() || profile.token.is_some(), "none lives on alone");
    if let (Some(token), Some(previous)) = (&profile.token, &profile.previous) {
        assert!(previous.secret.version < token.secret.version);
        assert_ne!(previous.secret.locator, token.secret.locator);
    }
    if matches!(profile.holder, Holder::Person { claimed: false, .. }) {
        assert_eq!(profile.token, None);
    }
    assert!(account.is_enabled() || profile.glass.is_none(), "who is disabled is no administrator");
}

fn assert_lawful(step: &Step<'_, Account>) {
    let Step { before, command, answer, after: _ } = step;
    let longest = SignedDuration::from_hours(i64::from(TOKEN_DAYS_MAX) * 24);
    for event in answer.iter().flatten() {
        match (event, now_of(command)) {
            (PrincipalEvent::TokenIssued(issued), Some(now)) => {
                assert!(issued.expires_at > now && issued.expires_at <= moved(now, longest));
            }
            (PrincipalEvent::TokenRotated(rotated), Some(now)) => {
                assert!(rotated.expires_at > now && rotated.expires_at <= moved(now, longest));
                let had = before.profile().and_then(|profile| profile.token.as_ref()).unwrap();
                assert!(rotated.previous_until <= had.until, "none lives longer by being followed");
                assert!(before.is_enabled());
            }
            (PrincipalEvent::BreakGlassOpened(opened), Some(now)) => {
                let longest = SignedDuration::from_mins(i64::from(BREAK_GLASS_MINUTES_MAX));
                assert!(opened.until <= moved(now, longest));
                assert!(matches!(before.profile().unwrap().holder, Holder::Person { .. }));
            }
            (PrincipalEvent::Disabled(_), _) => {
                assert!(!matches!(command, PrincipalCommand::Disable(ask) if ask.is_last_admin));
            }
            _ => {}
        }
    }
}

fn now_of(command: &PrincipalCommand) -> Option<Timestamp> {
    match command {
        PrincipalCommand::MakeServiceAccount(ask) => Some(ask.now),
        PrincipalCommand::RotateToken(ask) => Some(ask.now),
        PrincipalCommand::Claim(ask) => Some(ask.now),
        PrincipalCommand::Reopen(ask) => Some(ask.now),
        PrincipalCommand::OpenBreakGlass(ask) => Some(ask.now),
        PrincipalCommand::CloseBreakGlass(ask) => Some(ask.now),
        PrincipalCommand::AddPerson(_)
        | PrincipalCommand::RevokeTokens(_)
        | PrincipalCommand::Disable(_)
        | PrincipalCommand::Enable(_) => None,
    }
}

/// A command but for its time.
#[derive(Debug)]
struct Ask {
    make: fn(Timestamp, Draw) -> PrincipalCommand,
    draw: Draw,
}

/// What commands are drawn from.
#[derive(Debug)]
struct Draw {
    number: u64,
    token: NewSecret,
    expires_at: Option<Timestamp>,
    lives: i64,
    overlap_seconds: u32,
    minutes: u16,
    flag: bool,
    name: crate::Name,
    reason: crate::Reason,
}

impl Ask {
    fn at(self, now: Timestamp) -> PrincipalCommand {
        (self.make)(now, self.draw)
    }
}

impl Draw {
    /// Most of them within a year.
    fn token(&self, now: Timestamp) -> NewToken {
        let lives = SignedDuration::from_hours(self.lives * 24);
        let expires_at = self.expires_at.unwrap_or_else(|| moved(now, lives));
        NewToken { secret: self.token.clone(), expires_at }
    }

    fn person(&self) -> AddPerson {
        let personal = |text| PersonalValue::new([u8::try_from(self.number % 3).unwrap(); 16], text);
        let identity = NewIdentity {
            issuer: "https://login.example.com".to_owned(),
            subject: personal(PEOPLE[2]),
            taken: self.number.is_multiple_of(7),
        };
        let email = self.flag.then(|| personal(PEOPLE[1]));
        AddPerson { name: personal(PEOPLE[0]), email, identity: Some(identity).filter(|_| !self.flag) }
    }
}

fn ask() -> impl Strategy<Value = Ask> {
    use PrincipalCommand as C;
    type Make = fn(Timestamp, Draw) -> C;
    let makes: Vec<(u32, Make)> = vec![
        (2, |_, draw| C::AddPerson(draw.person())),
        (4, |now, draw| {
            let (token, name) = (draw.token(now), draw.name);
            C::MakeServiceAccount(MakeServiceAccount { now, team: name.clone(), name, token })
        }),
        (8, |now, draw| {
            let (token, overlap_seconds) = (draw.token(now), draw.overlap_seconds);
            C::RotateToken(RotateToken { now, token, overlap_seconds })
        }),
        (2, |_, draw| C::RevokeTokens(RevokeTokens { reason: draw.reason })),
        (2, |_, draw| {
            let is_last_admin = draw.number % 4 == 0;
            C::Disable(DisablePrincipal { reason: draw.reason, is_last_admin })
        }),
        (3, |_, draw| C::Enable(EnablePrincipal { reason: draw.reason })),
        (3, |now, draw| {
            let (person, token) = (draw.person(), draw.token(now));
            let grant_id = GrantId::from_parts(1, u128::from(draw.number));
            C::Claim(ClaimInstallation { now, person, token, grant_id })
        }),
        (3, |now, draw| {
            let (minutes, reason) = (draw.minutes, draw.reason);
            let told = vec![PrincipalId::from_parts(1, 9)];
            C::OpenBreakGlass(OpenBreakGlass { now, minutes, reason, told })
        }),
        (2, |now, draw| {
            let reason = Some(draw.reason).filter(|_| draw.flag);
            C::CloseBreakGlass(CloseBreakGlass { now, reason })
        }),
    ];
    let weighted: Vec<_> =
        makes.into_iter().flat_map(|(weight, make)| (0..weight).map(move |_| make)).collect();
    (sample::select(weighted), draw()).prop_map(|(make, draw)| Ask { make, draw })
}

fn draw() -> impl Strategy<Value = Draw> {
    let lives = prop_oneof![9 => 1..=365_i64, 1 => sample::select(vec![0, -1, 366])];
    let overlap = prop_oneof![8 => 0..100_u32, 1 => Just(2_592_000_u32), 1 => Just(2_592_001_u32)];
    let minutes = prop_oneof![8 => 1..=240_u16, 1 => sample::select(vec![0_u16, 241])];
    let first = (0..1_000_u64, option::weighted(0.05, moment()), lives, overlap, minutes);
    (first, any::<bool>(), name(), reason()).prop_map(|(first, flag, name, reason)| {
        let (number, expires_at, lives, overlap_seconds, minutes) = first;
        let token = secret(number);
        Draw { number, token, expires_at, lives, overlap_seconds, minutes, flag, name, reason }
    })
}

fn secret(number: u64) -> NewSecret {
    let digest = SecretDigest { pepper_version: 1, hmac: [7; 32] };
    NewSecret { locator: the(&format!("aB3dE6g{number:03}")), digest, hint: "…x7Qa".to_owned() }
}

/// A claim that is opened anew is never somebody.
#[test]
fn a_claim_is_no_principal() {
    let reopen = |number| {
        let token = NewToken { secret: secret(number), expires_at: at(60) };
        PrincipalCommand::Reopen(ReopenClaim { now: at(0), token, reason: the("gone") })
    };
    super::follow_but::<Account>(
        &[reopen(1), reopen(2)],
        &[],
        |_| true,
        |step| {
            assert_eq!(step.after.profile(), None);
        },
    );
}
