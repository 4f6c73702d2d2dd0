//! Refusals: a business no, with a stable code and the values that broke the rule.

use serde::Serialize;

/// A business no. Its `Display` is written for the person who asked.
pub trait Refusal: std::error::Error + Send + Serialize + Sync + 'static {
    /// What programs match on. Never changed once released.
    fn code(&self) -> &'static str;

    /// Whether the subject of the command does not exist.
    fn is_absence(&self) -> bool {
        self.code().ends_with("_not_found")
    }
}

/// One line of the catalogue in `schemas/refusals.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalDoc {
    pub code: &'static str,
    /// The sentence, with the names of the values in braces.
    pub message: &'static str,
}

/// Every refusal of every aggregate, in a stable order, without repeats.
#[must_use]
pub fn all_refusals() -> Vec<RefusalDoc> {
    let mut all: Vec<RefusalDoc> = [
        crate::api_client::ApiClientRefusal::CATALOGUE,
        crate::api_key::ApiKeyRefusal::CATALOGUE,
        crate::api_key::ImportRefusal::CATALOGUE,
        crate::route::RouteRefusal::CATALOGUE,
        crate::rate_limit_policy::RateLimitPolicyRefusal::CATALOGUE,
        crate::projection::ProjectionRefusal::CATALOGUE,
        crate::operation::OperationRefusal::CATALOGUE,
        crate::scheduled_change::ScheduledChangeRefusal::CATALOGUE,
        crate::access::Denied::CATALOGUE,
        crate::principal::PrincipalRefusal::CATALOGUE,
        crate::grant::GrantRefusal::CATALOGUE,
        crate::erasure::ErasureRefusal::CATALOGUE,
        crate::observation::ObservationRefusal::CATALOGUE,
        crate::approval::ApprovalRefusal::CATALOGUE,
        crate::approval_rule::ApprovalRuleRefusal::CATALOGUE,
        crate::webhook::WebhookRefusal::CATALOGUE,
        crate::notification_rule::NotificationRuleRefusal::CATALOGUE,
    ]
    .concat();
    all.sort_unstable_by_key(|doc| doc.code);
    all.dedup_by_key(|doc| doc.code);
    all
}

/// Declares a refusal enum: each variant with its code, its sentence and its values.
macro_rules! refusals {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$vmeta:meta])* $variant:ident $({ $($field:ident : $type:ty),+ $(,)? })? = ($code:literal, $message:literal) ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
        #[serde(tag = "code")]
        pub enum $name {
            $( $(#[$vmeta])* #[error($message)] #[serde(rename = $code)] $variant $({ $($field: $type),+ })? ),+
        }
        impl $name {
            /// Each code with its sentence.
            pub const CATALOGUE: &'static [$crate::RefusalDoc] =
                &[$( $crate::RefusalDoc { code: $code, message: $message } ),+];
        }
        impl $crate::Refusal for $name {
            fn code(&self) -> &'static str {
                match self { $( Self::$variant { .. } => $code ),+ }
            }
        }
    };
}
pub(crate) use refusals;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_sentence_whoever_says_it() {
        let mut sentences = std::collections::BTreeMap::new();
        let catalogues = [
            crate::api_client::ApiClientRefusal::CATALOGUE,
            crate::api_key::ApiKeyRefusal::CATALOGUE,
            crate::api_key::ImportRefusal::CATALOGUE,
            crate::route::RouteRefusal::CATALOGUE,
            crate::rate_limit_policy::RateLimitPolicyRefusal::CATALOGUE,
            crate::projection::ProjectionRefusal::CATALOGUE,
            crate::operation::OperationRefusal::CATALOGUE,
            crate::scheduled_change::ScheduledChangeRefusal::CATALOGUE,
            crate::access::Denied::CATALOGUE,
            crate::principal::PrincipalRefusal::CATALOGUE,
            crate::grant::GrantRefusal::CATALOGUE,
            crate::erasure::ErasureRefusal::CATALOGUE,
            crate::observation::ObservationRefusal::CATALOGUE,
            crate::approval::ApprovalRefusal::CATALOGUE,
            crate::approval_rule::ApprovalRuleRefusal::CATALOGUE,
            crate::webhook::WebhookRefusal::CATALOGUE,
            crate::notification_rule::NotificationRuleRefusal::CATALOGUE,
        ];
        for doc in catalogues.into_iter().flatten() {
            let first = sentences.entry(doc.code).or_insert(doc.message);
            assert_eq!(*first, doc.message, "{}", doc.code);
        }
        let listed: Vec<&str> = all_refusals().iter().map(|doc| doc.code).collect();
        assert_eq!(listed, sentences.into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn a_refusal_shows_its_code_and_its_values() {
        let refusal = crate::access::Denied::MissingPermission { permission: "key.issue" };
        let shown = serde_json::json!({ "code": "permission_denied", "permission": "key.issue" });
        assert_eq!(serde_json::to_value(&refusal).unwrap(), shown);
        assert_eq!(refusal.to_string(), "you do not hold the permission `key.issue`");
        assert!(!refusal.is_absence());
        assert!(crate::route::RouteRefusal::NotDefined.is_absence());
    }
}
