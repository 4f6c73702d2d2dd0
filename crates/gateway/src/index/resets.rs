//! When limits were given back: a counter that began before then counts no more.

pub(crate) mod rows;

use domain::{Position, rate_limit_policy::Counting};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::slots::{EnvironmentSlot, LimitSlot};
use crate::counters::AccountKey;

/// Which counters a reset begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reset {
    pub(crate) limit: LimitSlot,
    pub(crate) counting: Counting,
    /// The slot of the client, the key or the policy.
    pub(crate) subject: u32,
    /// NONE: in every environment.
    pub(crate) environment: EnvironmentSlot,
}

impl Reset {
    /// Whether it begins the account's counter of its limit anew.
    pub(crate) fn covers(&self, account: &AccountKey) -> bool {
        let everywhere = self.environment == EnvironmentSlot::NONE;
        self.counting == account.counting
            && self.subject == account.subject
            && (everywhere || self.environment == account.environment)
    }
}

/// The last of each, by where the log says so. Few limits are ever reset.
#[derive(Debug, Default)]
pub(crate) struct Resets {
    last: HashMap<Reset, Position, FxBuildHasher>,
    /// Those that the counters have not heard of.
    news: Vec<(Reset, Position)>,
}

impl Resets {
    pub(crate) fn note(&mut self, reset: Reset, at: Position) {
        self.last.insert(reset, at);
        self.news.push((reset, at));
    }

    pub(crate) fn take_news(&mut self) -> Vec<(Reset, Position)> {
        std::mem::take(&mut self.news)
    }

    /// Where an account's counter of a limit began at the latest; the log's start where it was never reset.
    pub(crate) fn epoch(&self, account: &AccountKey, limit: LimitSlot) -> Position {
        if self.last.is_empty() {
            return Position::START;
        }
        let AccountKey { environment, route: _, counting, subject } = *account;
        let at = |environment| self.last.get(&Reset { limit, counting, subject, environment }).copied();
        at(environment).max(at(EnvironmentSlot::NONE)).unwrap_or_default()
    }
}
