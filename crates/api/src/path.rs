//! Identifiers in paths. What cannot be an identifier of such a thing names no such thing.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use domain::{
    ApprovalId, ApprovalRuleId, AssignmentId, ClientId, DeliveryId, ErasureId, GrantId, KeyId, LeakId,
    NotificationRuleId, OperationId, PolicyId, PrincipalId, RouteId, ScheduledChangeId, WebhookId,
    api_client::ApiClientRefusal, api_key::ApiKeyRefusal, approval::ApprovalRefusal,
    approval_rule::ApprovalRuleRefusal, erasure::ErasureRefusal, grant::GrantRefusal,
    notification_rule::NotificationRuleRefusal, operation::OperationRefusal, principal::PrincipalRefusal,
    rate_limit_policy::RateLimitPolicyRefusal, route::RouteRefusal, scheduled_change::ScheduledChangeRefusal,
    webhook::WebhookRefusal,
};
use http::request::Parts;

use crate::problem::{Problem, kinds};

/// An identifier whose thing can be missing.
pub(crate) trait Named: FromStr + Send {
    /// The parameter that holds it.
    const PARAMETER: &'static str = "id";

    fn missing() -> Problem;
}

macro_rules! named {
    ($id:ty, $refusal:expr) => {
        impl Named for $id {
            fn missing() -> Problem {
                Problem::refused(&$refusal)
            }
        }
    };
}
named!(ClientId, ApiClientRefusal::NotRegistered);
named!(KeyId, ApiKeyRefusal::NotIssued);
named!(RouteId, RouteRefusal::NotDefined);
named!(PolicyId, RateLimitPolicyRefusal::NotDefined);
named!(OperationId, OperationRefusal::NotPlanned);
named!(PrincipalId, PrincipalRefusal::NotThere);
named!(GrantId, GrantRefusal::NotGiven);
named!(ErasureId, ErasureRefusal::NothingThere);
named!(ApprovalId, ApprovalRefusal::NotThere);
named!(ApprovalRuleId, ApprovalRuleRefusal::NotThere);
named!(WebhookId, WebhookRefusal::NotThere);
named!(NotificationRuleId, NotificationRuleRefusal::NotThere);

impl Named for LeakId {
    fn missing() -> Problem {
        Problem::new(kinds::LEAK_NOT_FOUND)
    }
}
named!(ScheduledChangeId, ScheduledChangeRefusal::NotPlanned);

impl Named for DeliveryId {
    const PARAMETER: &'static str = "delivery_id";

    fn missing() -> Problem {
        Problem::new(kinds::DELIVERY_NOT_FOUND)
    }
}

impl Named for AssignmentId {
    const PARAMETER: &'static str = "assignment_id";

    /// Without the identifier: what was given is none.
    fn missing() -> Problem {
        let any = Self::from_parts(0, 0);
        Problem::refused(&RateLimitPolicyRefusal::NoAssignment { assignment_id: any })
            .reworded("the policy has no such assignment")
    }
}

/// The identifier in the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: Named, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| T::missing())?;
        let text = params.iter().find(|(name, _)| *name == T::PARAMETER).map(|(_, text)| text);
        text.and_then(|text| text.parse().ok()).map(Self).ok_or_else(T::missing)
    }
}

/// What a path says beside its operation.
pub(crate) trait Place: Send + Sync + Sized {
    fn read(parts: &mut Parts) -> impl Future<Output = Result<Self, Problem>> + Send;
}

impl Place for () {
    async fn read(_: &mut Parts) -> Result<Self, Problem> {
        Ok(())
    }
}

impl<T: Named + Sync> Place for Id<T> {
    async fn read(parts: &mut Parts) -> Result<Self, Problem> {
        Self::from_request_parts(parts, &()).await
    }
}

impl<A: Place, B: Place> Place for (A, B) {
    async fn read(parts: &mut Parts) -> Result<Self, Problem> {
        Ok((A::read(parts).await?, B::read(parts).await?))
    }
}
