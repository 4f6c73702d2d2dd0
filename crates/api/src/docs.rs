//! The OpenAPI document: what is not said at the handlers themselves.

mod answers;
mod examples;
mod params;
mod problems;
mod schemas;
mod writes;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr, Schema,
        schema::AdditionalProperties,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

pub(crate) use answers::{
    BulkAnswer, Changed, Created, Deferrable, ExportedLog, Found, FoundPlain, Listed, ListedOrTaken, Listing,
    Plain, PlainCreated, Removed, Report, ReportFile, Streamed, Unreconciled, UsageReported, WholeReport,
};
pub(crate) use params::{
    ApprovalPath, ApprovalRulePath, AssignmentPath, ChangePath, ClientPath, DecisionPath, DeliveryPath,
    EditHeaders, GrantPath, KeyPath, LeakPath, NotificationRulePath, OperationPath, PolicyPath, PositionPath,
    PrincipalPath, RoutePath, WebhookPath, WriteHeaders,
};
pub(crate) use problems::{
    AskProblems, BodilessProblems, ImportProblems, KnownProblems, MatchProblems, Missing, PastProblems,
    ReadProblems, ReceiverProblems, SignInProblems, StartProblems, UnknownReference, UploadProblems,
    WriteProblems,
};
pub(crate) use schemas::form;

use crate::{
    answer::Pending,
    dry_run,
    problem::{CatalogueEntry, ProblemBody, catalogue},
    receipt, routes,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tollgate admin API",
        description = "Registers API clients, issues their keys, and sets how fast and how much they may call.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(
        ProblemBody,
        Pending,
        dry_run::view::DryRunView,
        dry_run::view::EventView,
        dry_run::view::Warning,
        dry_run::view::BlastRadiusView,
        dry_run::view::CalledRouteView,
        dry_run::view::TouchedOwnerView,
        dry_run::view::TouchedContactView,
        receipt::ReceiptView,
        receipt::ReasonView,
        receipt::NodeReceiptView,
        receipt::StateView,
        receipt::ReceiptedBody,
        routes::clients::view::ClientView,
        routes::keys::view::KeyView,
        routes::keys::view::KeyWithSecret,
        routes::keys::view::PendingKey,
        routes::keys::rotation::RotationView,
        routes::routes::import::ImportItem,
        routes::routes::import::ImportReport,
        routes::keys::bulk::BulkPreview,
        routes::keys::import::ImportPreview,
        routes::operations::view::OperationView,
        routes::operations::view::ItemView,
        routes::operations::export::ExportView,
        routes::operations::export::ExportMadeView,
        routes::leaks::view::LeakView,
        routes::leaks::receive::GenericVerdicts,
        routes::routes::view::RouteView,
        routes::policies::view::PolicyView,
        routes::policies::view::AssignedPolicyView,
        routes::policies::view::AssignmentView,
        routes::scheduled_changes::view::ChangeView,
        routes::audit::view::AuditEntryView,
        routes::audit::chain::ChainView,
        routes::audit::chain::Link,
        routes::audit::search_secret::SearchView,
        routes::notification_rules::preview::NotificationRulePreview,
        routes::notification_rules::preview::PreviewedNotice,
        routes::audit::search_secret::FoundView,
        routes::mail_addresses::MailAddressView,
        routes::mail_addresses::MarkedView,
        routes::audit::checkpoint::CheckpointView,
        routes::audit::keys::KeysView,
        routes::audit::keys::KeyOfLog,
        routes::audit::keys::IdentityView,
        routes::audit::proof::InclusionView,
        routes::audit::proof::ConsistencyView,
        routes::reports::shadow::Shadow,
        routes::reports::usage::Usage,
        routes::reports::addresses::Addresses,
        routes::reports::top_endpoints::TopEndpoints,
        routes::reports::throttling::Throttling,
        routes::reports::quotas::Quotas,
        routes::reports::reconciliation::ReconciliationView,
        routes::reports::reconciliation::GrainView,
        routes::reports::reconciliation::DifferenceView,
        routes::access_report::view::AccessReport,
        routes::access_report::changes::AccessChanges,
        routes::policies::findings::PolicyWritten,
        routes::policies::findings::AssignmentWritten,
        routes::policies::findings::Findings,
        routes::policies::simulate::view::Simulated,
        routes::gateway::nodes::Nodes,
        routes::gateway::nodes::NodeView,
        routes::hygiene::HygieneKeyView,
        routes::hygiene::ScopeUseView,
        routes::hygiene::QuietRouteView,
        routes::hygiene::IdlePolicyView,
        form::Explained,
        form::ExplainedDecision,
        form::DecisionPage,
        form::EffectivePolicy,
        form::CurrentUsage,
        routes::usage::reset::ResetView,
        routes::approvals::view::ApprovalView,
        routes::approvals::view::NeedView,
        routes::approval_rules::RuleView,
        routes::approval_rules::EndedRule,
        routes::webhooks::view::WebhookView,
        routes::webhooks::view::WebhookWithSecret,
        routes::webhooks::view::PendingWebhook,
        routes::webhooks::deliveries::view::DeliveryView,
        routes::webhooks::deliveries::view::DeliveryWithTries,
        routes::webhooks::deliveries::view::AttemptView,
        routes::webhooks::deliveries::view::PendingDelivery,
        routes::webhooks::events::PulledView,
        routes::webhooks::events::EventMessageView,
        routes::webhooks::events::EventSubject,
        routes::webhooks::events::EventActor,
        routes::webhooks::view::HealthView,
        routes::webhooks::keys::SigningKeys,
        routes::webhooks::keys::SigningKeyView,
        routes::notification_rules::view::NotificationRuleView,
        routes::notification_rules::view::RecipientView,
        routes::claim::ClaimedInstallation,
        routes::claim::PendingClaim,
        routes::session::view::SessionView,
        routes::changes::Moved,
        routes::whoami::Whoami,
        routes::principals::view::PersonView,
        routes::principals::view::PersonWithToken,
        routes::principals::view::PendingPerson,
        routes::service_accounts::view::ServiceAccountView,
        routes::service_accounts::view::ServiceAccountWithToken,
        routes::service_accounts::view::PendingServiceAccount,
        routes::grants::view::GrantView,
        routes::grants::roles::Roles,
        routes::erasures::ErasureView,
        routes::operations::Health,
        crate::Readiness,
        CatalogueEntry,
    )),
    modifiers(&AdminToken),
    security(("admin_token" = []))
)]
pub(crate) struct Base;

struct AdminToken;

impl Modify for AdminToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some("An admin token. A client's API key does not open this API.".to_owned());
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("admin_token", SecurityScheme::Http(bearer));
    }
}

/// The document as it is published.
pub(crate) fn finished(openapi: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    examples::add(writes::with_writes(with_described_forms(openapi)))
}

/// Puts the description of a field into the form of its value. Utoipa writes the two as a value that is both the
/// form and an object, which nothing is.
fn with_described_forms(mut openapi: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let schemas = openapi.components.iter_mut().flat_map(|components| components.schemas.values_mut());
    for schema in schemas {
        match schema {
            RefOr::T(Schema::Object(object)) => object.properties.values_mut().for_each(describe),
            RefOr::T(Schema::OneOf(choice)) => choice.items.iter_mut().for_each(close),
            RefOr::T(_) | RefOr::Ref(_) => {}
        }
    }
    openapi
}

/// A kind of thing that is told apart by a member has no members but its own. Utoipa does not write that down for kinds.
fn close(kind: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = kind {
        let closed = || Box::new(AdditionalProperties::FreeForm(false));
        object.additional_properties.get_or_insert_with(closed);
    }
}

fn describe(property: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::AllOf(both)) = property
        && let [RefOr::T(Schema::Object(form)), RefOr::T(Schema::Object(said))] = both.items.as_slice()
        && said.properties.is_empty()
    {
        let mut described = form.clone();
        described.description.clone_from(&said.description);
        *property = RefOr::T(Schema::Object(described));
    }
}
