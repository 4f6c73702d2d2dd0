//! What may be asked of a principal, and the rules that answer.

use super::{
    Account, BreakGlassClosed, BreakGlassOpened, ClaimReopened, Disabled, Enabled, Holder, Identity,
    InstallationClaimed, PersonAdded, PrincipalEvent, Profile, ServiceAccountMade, token,
};
use crate::{
    Aggregate, GrantId, Name, PrincipalId, Reason, Timestamp, api_key::NewSecret, personal::PersonalValue,
    refusal::refusals,
};

/// A token lives for so long unless something else is asked.
pub const TOKEN_DAYS_DEFAULT: u16 = 90;
/// No token lives longer.
pub const TOKEN_DAYS_MAX: u16 = 365;
/// No token lives on for longer after its rotation: 30 days.
pub const TOKEN_OVERLAP_SECONDS_MAX: u32 = 30 * 24 * 60 * 60;
/// No glass stays broken for longer.
pub const BREAK_GLASS_MINUTES_MAX: u16 = 240;

/// What may be asked of a principal.
#[derive(Debug)]
pub enum PrincipalCommand {
    AddPerson(AddPerson),
    MakeServiceAccount(MakeServiceAccount),
    RotateToken(RotateToken),
    RevokeTokens(RevokeTokens),
    Disable(DisablePrincipal),
    Enable(EnablePrincipal),
    Claim(ClaimInstallation),
    Reopen(ReopenClaim),
    OpenBreakGlass(OpenBreakGlass),
    CloseBreakGlass(CloseBreakGlass),
}

/// An identity as the caller names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentity {
    pub issuer: String,
    pub subject: PersonalValue,
    /// Whether another principal has it.
    pub taken: bool,
}

/// Lets somebody be let in; what they may do stands in grants.
#[derive(Clone, Debug)]
pub struct AddPerson {
    pub name: PersonalValue,
    pub email: Option<PersonalValue>,
    pub identity: Option<NewIdentity>,
}

/// A token on its way.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub secret: NewSecret,
    /// After now, at most [`TOKEN_DAYS_MAX`] days.
    pub expires_at: Timestamp,
}

/// Makes a service account, with its first token.
#[derive(Debug)]
pub struct MakeServiceAccount {
    pub now: Timestamp,
    pub name: Name,
    pub team: Name,
    pub token: NewToken,
}

/// Gives it a new token and lets the one before live on for a while; one whose tokens were revoked gets one again.
#[derive(Debug)]
pub struct RotateToken {
    pub now: Timestamp,
    pub token: NewToken,
    /// How long the token before lives on: 0 to [`TOKEN_OVERLAP_SECONDS_MAX`].
    pub overlap_seconds: u32,
}

/// Ends all its tokens at once.
#[derive(Debug)]
pub struct RevokeTokens {
    pub reason: Reason,
}

/// Takes everything from it until it is enabled again.
#[derive(Debug)]
pub struct DisablePrincipal {
    pub reason: Reason,
    /// Whether nobody would be left who may grant everything.
    pub is_last_admin: bool,
}

/// Gives it back what its grants allow.
#[derive(Debug)]
pub struct EnablePrincipal {
    pub reason: Reason,
}

/// Makes the first administrator, with a token to begin with. That an installation is claimed once is held by the
/// command's name, which is the same whoever claims.
#[derive(Debug)]
pub struct ClaimInstallation {
    pub now: Timestamp,
    pub person: AddPerson,
    pub token: NewToken,
    pub grant_id: GrantId,
}

/// Lets the installation be claimed once more.
#[derive(Debug)]
pub struct ReopenClaim {
    pub now: Timestamp,
    pub token: NewToken,
    pub reason: Reason,
}

/// Makes a person an administrator for some minutes.
#[derive(Debug)]
pub struct OpenBreakGlass {
    pub now: Timestamp,
    /// 1 to [`BREAK_GLASS_MINUTES_MAX`].
    pub minutes: u16,
    pub reason: Reason,
    /// Who is to be told.
    pub told: Vec<PrincipalId>,
}

/// Ends that before its time.
#[derive(Debug)]
pub struct CloseBreakGlass {
    pub now: Timestamp,
    pub reason: Option<Reason>,
}

refusals! {
    /// Why a command about a principal was refused.
    pub enum PrincipalRefusal {
        NotThere = ("principal_not_found", "there is no such principal"),
        AlreadyThere = ("principal_already_there", "the principal is there already"),
        Disabled = ("principal_disabled", "the principal is disabled"),
        IdentityTaken { issuer: String } = ("identity_taken", "another principal has this identity at {issuer}"),
        NoTokens = ("principal_without_tokens", "only a service account and whoever claimed the installation have tokens"),
        TokenInUse = ("token_in_use", "the principal has this token already"),
        TokenLifetime { expires_at: Timestamp, latest: Timestamp }
            = ("token_lifetime_out_of_bounds", "the token would expire at {expires_at}; it has to be after now, and at {latest} at the latest"),
        TokenOverlap { overlap_seconds: u32, allowed: u32 }
            = ("token_overlap_too_long", "{overlap_seconds} s of overlap are more than the {allowed} s allowed"),
        LastAdmin = ("last_admin", "nobody would be left who may grant everything"),
        NotAPerson = ("principal_not_a_person", "only a person can break the glass"),
        GlassBroken { until: Timestamp } = ("break_glass_open", "the glass is broken already, until {until}"),
        GlassMinutes { minutes: u16, allowed: u16 }
            = ("break_glass_minutes_out_of_bounds", "{minutes} minutes are not between 1 and {allowed}"),
    }
}

type Decided = Result<Vec<PrincipalEvent>, PrincipalRefusal>;

impl Aggregate for Account {
    const TYPE: &'static str = "principal";
    type Command = PrincipalCommand;
    type Event = PrincipalEvent;
    type Refusal = PrincipalRefusal;

    fn decide(&self, command: &PrincipalCommand) -> Decided {
        match command {
            PrincipalCommand::AddPerson(ask) => Ok(vec![self.add_person(ask)?]),
            PrincipalCommand::MakeServiceAccount(ask) => self.make_service_account(ask),
            PrincipalCommand::RotateToken(ask) => token::rotate(self.enabled()?, ask),
            PrincipalCommand::RevokeTokens(ask) => token::revoke(self.known()?, ask),
            PrincipalCommand::Disable(ask) => self.disable(ask),
            PrincipalCommand::Enable(ask) => self.enable(ask),
            PrincipalCommand::Claim(ask) => self.claim(ask),
            PrincipalCommand::Reopen(ask) => self.reopen(ask),
            PrincipalCommand::OpenBreakGlass(ask) => self.open_break_glass(ask),
            PrincipalCommand::CloseBreakGlass(ask) => self.close_break_glass(ask),
        }
    }

    fn apply(&mut self, event: &PrincipalEvent) {
        self.fold(event);
    }
}

impl Account {
    fn add_person(&self, ask: &AddPerson) -> Result<PrincipalEvent, PrincipalRefusal> {
        let Self::Absent = self else { return Err(PrincipalRefusal::AlreadyThere) };
        let AddPerson { name, email, identity } = ask;
        if let Some(NewIdentity { issuer, subject: _, taken: true }) = identity {
            return Err(PrincipalRefusal::IdentityTaken { issuer: issuer.clone() });
        }
        let identity = identity.as_ref().map(|NewIdentity { issuer, subject, taken: _ }| Identity {
            issuer: issuer.clone(),
            subject: subject.commitment(),
        });
        let email = email.as_ref().map(PersonalValue::commitment);
        Ok(PrincipalEvent::PersonAdded(PersonAdded { name: name.commitment(), email, identity }))
    }

    fn make_service_account(&self, ask: &MakeServiceAccount) -> Decided {
        let Self::Absent = self else { return Err(PrincipalRefusal::AlreadyThere) };
        let MakeServiceAccount { now, name, team, token } = ask;
        let made = ServiceAccountMade { name: name.clone(), team: team.clone() };
        Ok(vec![PrincipalEvent::ServiceAccountMade(made), token::issue(*now, token, 0)?])
    }

    fn disable(&self, ask: &DisablePrincipal) -> Decided {
        let DisablePrincipal { reason, is_last_admin } = ask;
        match self {
            Self::Absent | Self::Claim { .. } => Err(PrincipalRefusal::NotThere),
            // A second order is a client's retry, and a retry is not news.
            Self::Disabled(_) => Ok(vec![]),
            Self::Enabled(_) if *is_last_admin => Err(PrincipalRefusal::LastAdmin),
            Self::Enabled(profile) => {
                let closed = profile.glass.map(|_| closed(Some(reason)));
                let disabled = PrincipalEvent::Disabled(Disabled { reason: reason.clone() });
                Ok(closed.into_iter().chain([disabled]).collect())
            }
        }
    }

    fn enable(&self, ask: &EnablePrincipal) -> Decided {
        match self {
            Self::Absent | Self::Claim { .. } => Err(PrincipalRefusal::NotThere),
            Self::Enabled(_) => Ok(vec![]),
            Self::Disabled(_) => Ok(vec![PrincipalEvent::Enabled(Enabled { reason: ask.reason.clone() })]),
        }
    }

    fn claim(&self, ask: &ClaimInstallation) -> Decided {
        let ClaimInstallation { now, person, token, grant_id } = ask;
        let added = self.add_person(person)?;
        let claimed = PrincipalEvent::InstallationClaimed(InstallationClaimed { grant_id: *grant_id });
        Ok(vec![added, token::issue(*now, token, 0)?, claimed])
    }

    fn reopen(&self, ask: &ReopenClaim) -> Decided {
        let ReopenClaim { now, token, reason } = ask;
        let last = match self {
            Self::Absent => 0,
            Self::Claim { reopened: _, last } => *last,
            Self::Enabled(_) | Self::Disabled(_) => return Err(PrincipalRefusal::AlreadyThere),
        };
        token::check_lifetime(*now, token.expires_at)?;
        let secret = token::version(&token.secret, last);
        let (expires_at, reason) = (token.expires_at, reason.clone());
        Ok(vec![PrincipalEvent::ClaimReopened(ClaimReopened { secret, expires_at, reason })])
    }

    fn open_break_glass(&self, ask: &OpenBreakGlass) -> Decided {
        let OpenBreakGlass { now, minutes, reason, told } = ask;
        let profile = self.enabled()?;
        let Holder::Person { .. } = profile.holder else { return Err(PrincipalRefusal::NotAPerson) };
        if let Some(glass) = profile.glass.filter(|glass| *now < glass.until) {
            return Err(PrincipalRefusal::GlassBroken { until: glass.until });
        }
        let span = jiff::SignedDuration::from_mins(i64::from(*minutes));
        let until = now.checked_add(span).unwrap_or(Timestamp::MAX);
        // At the end of time there is no time to be an administrator in.
        if !(1..=BREAK_GLASS_MINUTES_MAX).contains(minutes) || until <= *now {
            let (minutes, allowed) = (*minutes, BREAK_GLASS_MINUTES_MAX);
            return Err(PrincipalRefusal::GlassMinutes { minutes, allowed });
        }
        let (reason, told) = (reason.clone(), told.clone());
        Ok(vec![PrincipalEvent::BreakGlassOpened(BreakGlassOpened { until, reason, told })])
    }

    fn close_break_glass(&self, ask: &CloseBreakGlass) -> Decided {
        let CloseBreakGlass { now, reason } = ask;
        // What has ended by itself needs no end.
        let broken = self.known()?.glass_is_broken(*now);
        Ok(if broken { vec![closed(reason.as_ref())] } else { vec![] })
    }

    fn known(&self) -> Result<&Profile, PrincipalRefusal> {
        self.profile().ok_or(PrincipalRefusal::NotThere)
    }

    fn enabled(&self) -> Result<&Profile, PrincipalRefusal> {
        let profile = self.known()?;
        if self.is_enabled() { Ok(profile) } else { Err(PrincipalRefusal::Disabled) }
    }
}

fn closed(reason: Option<&Reason>) -> PrincipalEvent {
    PrincipalEvent::BreakGlassClosed(BreakGlassClosed { reason: reason.cloned() })
}
