//! A principal on record: a person or a service account, with what it proves itself by. What it may do stands in grants.

mod commands;
mod events;
mod state;
#[cfg(test)]
mod tests;
mod token;

pub use commands::{
    AddPerson, BREAK_GLASS_MINUTES_MAX, ClaimInstallation, CloseBreakGlass, DisablePrincipal,
    EnablePrincipal, MakeServiceAccount, NewIdentity, NewToken, OpenBreakGlass, PrincipalCommand,
    PrincipalRefusal, ReopenClaim, RevokeTokens, RotateToken, TOKEN_DAYS_DEFAULT, TOKEN_DAYS_MAX,
    TOKEN_OVERLAP_SECONDS_MAX,
};
pub use events::{
    BreakGlassClosed, BreakGlassOpened, ClaimReopened, Disabled, Enabled, Identity, InstallationClaimed,
    PersonAdded, PrincipalEvent, ServiceAccountMade, TokenIssued, TokenRotated, TokensRevoked,
};
pub use state::{Account, Glass, Holder, HolderFacts, Profile, Token};
