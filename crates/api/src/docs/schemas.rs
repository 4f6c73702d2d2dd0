//! Schemas of values whose form somebody else knows: they are asked for it, so that the two cannot drift apart.

use projections::queries::{order::Listed, usage::Granularity};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{SchemaType, Type},
    },
};

/// Forms, each named like the type whose form it is.
pub(crate) mod form {
    use projections::{
        ChangeStatus as H, ClientStatus as C, GrantStatus as T, KeyStatus as K, NotificationRuleStatus as L,
        OperationStatus as O, PolicyStatus as P, PrincipalStatus as N, RouteStatus as R, WebhookStatus as W,
    };
    use utoipa::openapi::{RefOr, Schema};

    use super::{
        Granularity as G, domain_schema, granularity, kinds_schema, named_schema, or_null, pattern_schema,
        sort_schema, word_schema,
    };
    use crate::routes;

    macro_rules! forms {
        ($($name:ident = $schema:expr),+ $(,)?) => {
            $(
                pub(crate) struct $name;
                impl utoipa::PartialSchema for $name {
                    fn schema() -> RefOr<Schema> {
                        $schema
                    }
                }
                impl utoipa::ToSchema for $name {}
            )+
        };
    }
    macro_rules! forms_of {
        ($($module:ident: $($name:ident),+;)+) => {
            $(forms!($($name = domain_schema::<domain::$module::$name>()),+);)+
        };
    }

    forms_of! {
        access: Permission, Role;
        api_client: ClientKind, ContactRole;
        api_key: LeakAction, LeakReceiver;
        decision: Outcome, RefusalReason;
        ids: ApprovalId, ApprovalRuleId, AssignmentId, ClientId, DecisionId, DeliveryId, ErasureId, EventId, GrantId, KeyId, LeakId, MessageId, NotificationRuleId, OperationId, PolicyId, PrincipalId, RouteId, ScheduledChangeId, WebhookId;
        metadata: ActorKind;
        notice: NoticeName;
        operation: ExportFormat, ExportedReport, ItemResult, OperationKind;
        rate_limit_policy: Counting, Mode, Period, QuotaLimit, QuotaWindow, RateLimit;
        route: CostFromHeader, Host, Method, PathTemplate;
        scheduled_change: Phase;
        webhook: DisableCause, EventPattern, WebhookUrl;
        text: Environment, LabelKey, LabelValue, LimitName, Name, Reason, Scope;
    }
    forms!(
        GrantScope = kinds_schema::<domain::access::GrantScope>(),
        About = domain_schema::<domain::notification_rule::About>(),
        ReportSettings = domain_schema::<domain::notification_rule::ReportSettings>(),
        Cadence = kinds_schema::<domain::notification_rule::Cadence>(),
        AttemptOutcome = named_schema(outbox::AttemptOutcome::ALL, outbox::AttemptOutcome::as_str),
        Channel = named_schema(outbox::Channel::ALL, outbox::Channel::as_str),
        DeliveryState = named_schema(outbox::DeliveryState::ALL, outbox::DeliveryState::as_str),
        MessageKind = named_schema(outbox::MessageKind::ALL, outbox::MessageKind::as_str),
        WebhookStatus = word_schema([W::Unverified, W::Active, W::Disabled, W::Deleted], W::as_str),
        NotificationRuleStatus = word_schema([L::InForce, L::Ended], L::as_str),
        ChangeStatus = word_schema([H::Pending, H::Applied, H::Ended, H::Cancelled, H::Failed], H::as_str),
        AsOf = pattern_schema(
            "^([0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))$"
        ),
        Label = pattern_schema("^[a-z0-9._/-]{1,63}(=[!-~]{1,255})?$"),
        NewLabelValue = or_null(domain_schema::<domain::LabelValue>()),
        PathPrefix = pattern_schema("^/[A-Za-z0-9._~!$&'()+,;=:@/{}*-]{0,511}$"),
        ClientSort = sort_schema::<projections::queries::clients::ClientRow>(),
        KeySort = sort_schema::<projections::queries::keys::KeyRow>(),
        RouteSort = sort_schema::<projections::queries::routes::RouteRow>(),
        PolicySort = sort_schema::<projections::queries::policies::PolicyRow>(),
        AssignmentSort = sort_schema::<projections::queries::policies::AssignmentRow>(),
        AuditSort = sort_schema::<projections::queries::audit::AuditEntry>(),
        Cursor = pattern_schema("^[A-Za-z0-9_-]+$"),
        Cidr = pattern_schema("^[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}$"),
        ClientStatus = word_schema([C::Active, C::Suspended, C::Archived], C::as_str),
        KeyStatus = word_schema([K::Active, K::Suspended, K::Revoked, K::Expired], K::as_str),
        OperationStatus = word_schema([O::Planned, O::Running, O::Finished, O::Cancelled], O::as_str),
        ApprovalStatus =
            word_schema(["waiting", "approved", "redeemed", "declined", "withdrawn", "expired"], |word| word),
        GrantStatus = word_schema([T::Given, T::Withdrawn], T::as_str),
        PrincipalStatus = word_schema([N::Enabled, N::Disabled], N::as_str),
        RouteStatus = word_schema([R::Active, R::Retired], R::as_str),
        PolicyStatus = word_schema([P::Active, P::Retired], P::as_str),
        Explained = domain_schema::<routes::explain::Explained>(),
        ExplainedDecision = domain_schema::<routes::decisions::view::ExplainedDecision>(),
        DecisionPage = domain_schema::<routes::decisions::view::DecisionPage>(),
        EffectivePolicy = domain_schema::<routes::effective_policy::EffectivePolicy>(),
        CurrentUsage = domain_schema::<routes::usage::current::CurrentUsage>(),
        Granularity =
            word_schema([G::Minute, G::Quarter, G::Hour, G::Day, G::Week, G::Month, G::Total], granularity),
        UsageDimension =
            word_schema(["owner_team", "client", "key", "secret_version", "route", "environment"], |word| {
                word
            },),
        Comparison = word_schema(["previous"], |word| word),
        TopBy = word_schema(["calls", "errors", "latency", "throttling", "clients"], |word| word),
    );
}

fn domain_schema<T: JsonSchema>() -> RefOr<Schema> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    plain(&mut schema);
    serde_json::from_value(schema).unwrap_or_else(|_| String::schema())
}

/// Kinds that are told apart by a member, each with no members but its own.
fn kinds_schema<T: JsonSchema>() -> RefOr<Schema> {
    let mut schema = domain_schema::<T>();
    if let RefOr::T(Schema::OneOf(choice)) = &mut schema {
        choice.items.iter_mut().for_each(super::close);
    }
    schema
}

/// Without titles, and an enum as the list of its words, however schemars writes it.
fn plain(schema: &mut Value) {
    if let Some(words) = words_of(schema) {
        *schema = json!({ "type": "string", "enum": words });
    }
    match schema {
        Value::Object(members) => {
            members.remove("title");
            // Utoipa's form of a schema does not know `const`, and would leave it out.
            if let Some(word @ Value::String(_)) = members.remove("const") {
                members.insert("enum".to_owned(), json!([word]));
            }
            members.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn words_of(schema: &Value) -> Option<Vec<Value>> {
    let variants = schema.get("oneOf")?.as_array()?;
    let words = variants.iter().flat_map(|variant| {
        let many = variant.get("enum").and_then(Value::as_array).into_iter().flatten();
        variant.get("const").into_iter().chain(many).cloned()
    });
    // Variants that hold something are no words.
    let worded = |variant: &Value| variant.get("const").is_some() || variant.get("enum").is_some();
    variants.iter().all(worded).then(|| words.collect())
}

fn word_schema<const N: usize, T>(all: [T; N], word: fn(T) -> &'static str) -> RefOr<Schema> {
    let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(all.map(word)));
    Schema::from(words).into()
}

fn named_schema<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> RefOr<Schema> {
    let words = all.iter().map(|one| word(*one));
    Schema::from(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))).into()
}

fn or_null(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
            Schema::Object(object).into()
        }
        other @ (RefOr::T(_) | RefOr::Ref(_)) => other,
    }
}

/// Fields with commas between them, each perhaps with a `-` before it.
fn sort_schema<Row: Listed>() -> RefOr<Schema> {
    let names = Row::FIELDS.iter().map(|field| field.name).collect::<Vec<_>>().join("|");
    pattern_schema(&format!("^-?({names})(,-?({names}))*$"))
}

fn pattern_schema(pattern: &str) -> RefOr<Schema> {
    Schema::from(ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))).into()
}

fn granularity(granularity: Granularity) -> &'static str {
    match granularity {
        Granularity::Minute => "minute",
        Granularity::Quarter => "quarter",
        Granularity::Hour => "hour",
        Granularity::Day => "day",
        Granularity::Week => "week",
        Granularity::Month => "month",
        Granularity::Total => "total",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_granularity_are_those_that_are_read() {
        let schema = serde_json::to_value(form::Granularity::schema()).unwrap();
        for word in schema["enum"].as_array().unwrap() {
            assert!(serde_json::from_value::<Granularity>(word.clone()).is_ok(), "{word}");
        }
    }

    #[test]
    fn an_enum_is_the_list_of_its_words() {
        let schema = serde_json::to_value(form::Counting::schema()).unwrap();
        assert_eq!(schema, json!({ "type": "string", "enum": ["client", "key", "shared"] }));
    }
}
