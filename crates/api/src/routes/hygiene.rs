//! `/v1/hygiene`: what nobody seems to need, by kind of thing.

mod keys;
mod policies;
mod routes;
mod scopes;

use domain::{InvalidValue, Timestamp};
use jiff::SignedDuration;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;

use crate::guard::Door;

pub(crate) use self::{
    keys::HygieneKeyView, policies::IdlePolicyView, routes::QuietRouteView, scopes::ScopeUseView,
};

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(utoipa_axum::routes!(keys::keys))
        .routes(utoipa_axum::routes!(scopes::scopes))
        .routes(utoipa_axum::routes!(routes::routes))
        .routes(utoipa_axum::routes!(policies::policies))
}

/// So many days: 1 to 3650.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Days(u32);

impl TryFrom<u32> for Days {
    type Error = InvalidValue;
    fn try_from(days: u32) -> Result<Self, InvalidValue> {
        if (1..=3_650).contains(&days) {
            Ok(Self(days))
        } else {
            Err(InvalidValue::expected("days must be a whole number from 1 to 3650"))
        }
    }
}

impl Days {
    fn long(self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.0))
    }

    fn before(self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.long()).unwrap_or(Timestamp::MIN)
    }

    fn after(self, now: Timestamp) -> Timestamp {
        now.checked_add(self.long()).unwrap_or(Timestamp::MAX)
    }
}
