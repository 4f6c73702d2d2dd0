//! Schemas of values whose form somebody else knows: they are asked for it, so that the two cannot drift apart.

use projections::queries::usage::Granularity;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

/// Forms, each named like the type whose form it is.
pub(crate) mod form {
    use projections::{ClientStatus as C, KeyStatus as K, PolicyStatus as P, RouteStatus as R};
    use utoipa::openapi::{RefOr, Schema};

    use super::{Granularity as G, domain_schema, granularity, word_schema};
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
        api_client: ClientKind, ContactRole;
        decision: Outcome, RefusalReason;
        ids: AssignmentId, ClientId, DecisionId, EventId, KeyId, PolicyId, RouteId;
        metadata: ActorKind;
        rate_limit_policy: Counting, Mode, Period, QuotaLimit, QuotaWindow, RateLimit;
        route: CostFromHeader, Host, Method;
        text: Environment, LabelValue, LimitName, Name, Reason, Scope;
    }
    forms!(
        ClientStatus = word_schema([C::Active, C::Suspended, C::Archived], C::as_str),
        KeyStatus = word_schema([K::Active, K::Suspended, K::Revoked, K::Expired], K::as_str),
        RouteStatus = word_schema([R::Active, R::Retired], R::as_str),
        PolicyStatus = word_schema([P::Active, P::Retired], P::as_str),
        Explained = domain_schema::<routes::explain::Explained>(),
        ExplainedDecision = domain_schema::<routes::decisions::view::ExplainedDecision>(),
        DecisionPage = domain_schema::<routes::decisions::view::DecisionPage>(),
        EffectivePolicy = domain_schema::<routes::effective_policy::EffectivePolicy>(),
        CurrentUsage = domain_schema::<routes::usage::current::CurrentUsage>(),
        Granularity = word_schema([G::Minute, G::Quarter, G::Hour, G::Day, G::Total], granularity),
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

/// Without titles, and an enum as the list of its words, however schemars writes it.
fn plain(schema: &mut Value) {
    if let Some(words) = words_of(schema) {
        *schema = json!({ "type": "string", "enum": words });
    }
    if let Value::Object(members) = schema {
        members.remove("title");
        members.values_mut().for_each(plain);
    }
}

fn words_of(schema: &Value) -> Option<Vec<Value>> {
    let variants = schema.get("oneOf")?.as_array()?;
    let words = variants.iter().flat_map(|variant| {
        let many = variant.get("enum").and_then(Value::as_array).into_iter().flatten();
        variant.get("const").into_iter().chain(many).cloned()
    });
    Some(words.collect())
}

fn word_schema<const N: usize, T>(all: [T; N], word: fn(T) -> &'static str) -> RefOr<Schema> {
    let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(all.map(word)));
    Schema::from(words).into()
}

fn granularity(granularity: Granularity) -> &'static str {
    match granularity {
        Granularity::Minute => "minute",
        Granularity::Quarter => "quarter",
        Granularity::Hour => "hour",
        Granularity::Day => "day",
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
