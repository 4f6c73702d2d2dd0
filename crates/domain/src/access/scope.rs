//! How far a grant goes, and what is known of the thing that somebody wants to see or change.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::Access;
use crate::{Environment, Name};

/// How far a grant goes. Everything is said in so many words: what is left out never means all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GrantScope {
    /// The whole installation, also what belongs to nobody.
    All,
    /// What one team owns, or what lies in some environments, or both at once.
    Limited(Limits),
}

/// The bounds of a grant: each that is given has to hold. With none at all it reaches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// What this team owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Name>,
    /// What lies in these environments: 1 to 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub environments: Option<BTreeSet<Environment>>,
}

/// Read by hand: a derived reader would pass over a team that stands beside `all`, and give away everything.
impl<'de> Deserialize<'de> for GrantScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Kind {
            All,
            Limited,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            kind: Kind,
            #[serde(default)]
            team: Option<Name>,
            #[serde(default)]
            environments: Option<BTreeSet<Environment>>,
        }
        let Written { kind, team, environments } = Written::deserialize(deserializer)?;
        match kind {
            Kind::Limited => Ok(Self::Limited(Limits { team, environments })),
            Kind::All if team.is_none() && environments.is_none() => Ok(Self::All),
            Kind::All => Err(D::Error::custom("`all` names neither a team nor environments")),
        }
    }
}

/// Whose a thing is, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ResourceFacts {
    /// Nobody's alone: routes, policies, the gateway, the installation.
    Shared,
    Owned {
        /// None where no team is named: what lies in an environment, whoever it belongs to.
        owner_team: Option<Name>,
        /// Those that it lies in, or that a change of it touches.
        environments: BTreeSet<Environment>,
    },
}

impl ResourceFacts {
    /// Of one team, in these environments.
    #[must_use]
    pub fn owned(team: &Name, environments: impl IntoIterator<Item = Environment>) -> Self {
        Self::Owned { owner_team: Some(team.clone()), environments: environments.into_iter().collect() }
    }

    /// Of anybody, in one environment.
    #[must_use]
    pub fn within(environment: &Environment) -> Self {
        Self::Owned { owner_team: None, environments: [environment.clone()].into() }
    }
}

impl GrantScope {
    /// Within one team.
    #[must_use]
    pub fn team(team: Name) -> Self {
        Self::Limited(Limits { team: Some(team), environments: None })
    }

    /// Within environments.
    #[must_use]
    pub fn environments(environments: impl IntoIterator<Item = Environment>) -> Self {
        Self::Limited(Limits { team: None, environments: Some(environments.into_iter().collect()) })
    }

    /// Whether a grant in this scope reaches the thing. To see it, one of its environments is enough; to change it, each
    /// that the change touches has to be in the scope.
    #[must_use]
    pub fn reaches(&self, access: Access, facts: &ResourceFacts) -> bool {
        match (self, facts) {
            (Self::All, _) => true,
            (Self::Limited(limits), ResourceFacts::Shared) => access == Access::Read && !limits.is_empty(),
            (Self::Limited(limits), ResourceFacts::Owned { owner_team, environments }) => {
                limits.reach(access, owner_team.as_ref(), environments)
            }
        }
    }

    /// Whether it reaches nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Limited(limits) if limits.is_empty())
    }

    /// Whether nothing that the other reaches is beyond this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let (limits, others) = match (self, other) {
            (Self::All, _) => return true,
            (Self::Limited(_), Self::All) => return false,
            (Self::Limited(limits), Self::Limited(others)) => (limits, others),
        };
        let team = limits.team.is_none() || limits.team == others.team;
        let environments = match (&limits.environments, &others.environments) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ours), Some(theirs)) => theirs.is_subset(ours),
        };
        !limits.is_empty() && team && environments
    }

    /// What a grant in this scope is as a thing: who may give it, and who may see it. One over everything is given and seen
    /// by whoever holds everything.
    #[must_use]
    pub fn facts(&self) -> ResourceFacts {
        match self {
            Self::All => ResourceFacts::Owned { owner_team: None, environments: BTreeSet::new() },
            Self::Limited(Limits { team, environments }) => ResourceFacts::Owned {
                owner_team: team.clone(),
                environments: environments.clone().unwrap_or_default(),
            },
        }
    }
}

impl Limits {
    /// Whether it says nothing, or names no environment: then it reaches nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { team, environments } = self;
        (team.is_none() && environments.is_none()) || environments.as_ref().is_some_and(BTreeSet::is_empty)
    }

    fn reach(&self, access: Access, owner: Option<&Name>, lies_in: &BTreeSet<Environment>) -> bool {
        let Self { team, environments } = self;
        let team_ok = team.as_ref().is_none_or(|team| owner == Some(team));
        let environments_ok = environments.as_ref().is_none_or(|environments| match access {
            Access::Read => !lies_in.is_disjoint(environments),
            // What lies nowhere is in no environment either: an empty set is no permit.
            Access::Write => !lies_in.is_empty() && lies_in.is_subset(environments),
        });
        !self.is_empty() && team_ok && environments_ok
    }
}

/// As the metadata of an event keeps it: `all`, `environments:prod,sandbox team:Orders`.
impl fmt::Display for GrantScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Limited(Limits { team, environments }) = self else { return f.write_str("all") };
        let environments = environments.as_ref().map(|environments| {
            let names: Vec<&str> = environments.iter().map(Environment::as_str).collect();
            format!("environments:{}", names.join(","))
        });
        let team = team.as_ref().map(|team| format!("team:{team}"));
        let parts: Vec<String> = [environments, team].into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "nothing" } else { "" })?;
        f.write_str(&parts.join(" "))
    }
}
