//! The OpenAPI document: what is not said at the handlers themselves.

use std::{collections::BTreeMap, marker::PhantomData};

use domain::{AssignmentId, ClientId, KeyId, PolicyId, RouteId};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, IntoResponses, Modify, OpenApi, PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, Content, HeaderBuilder, ObjectBuilder, OneOfBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
        schema::{SchemaType, Type},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{answer::Pending, problem::{CatalogueEntry, ProblemBody}, routes};

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
        routes::clients::view::ClientView,
        routes::keys::view::KeyView,
        routes::keys::view::KeyWithSecret,
        routes::keys::view::PendingKey,
        routes::routes::view::RouteView,
        routes::policies::view::PolicyView,
        routes::policies::view::AssignedPolicyView,
        routes::policies::view::AssignmentView,
        routes::audit::view::AuditEntryView,
        routes::reports::usage::Usage,
        routes::whoami::Whoami,
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

type Responses = BTreeMap<String, RefOr<Response>>;

fn reference<T: ToSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
}

fn text_header(description: &str) -> utoipa::openapi::Header {
    HeaderBuilder::new().schema(Some(String::schema())).description(Some(description)).build()
}

/// A resource as it stands, with its entity tag.
pub(crate) struct Found<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Found<T> {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("As it stands.")
            .header("ETag", text_header("The version, for `If-Match`."))
            .content("application/json", Content::new(Some(reference::<T>())));
        [("200".to_owned(), response.build().into())].into()
    }
}

/// Something without a version.
pub(crate) struct FoundPlain<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for FoundPlain<T> {
    fn responses() -> Responses {
        let content = Content::new(Some(reference::<T>()));
        let response = ResponseBuilder::new().description("As it stands.").content("application/json", content);
        [("200".to_owned(), response.build().into())].into()
    }
}

/// A usage report in either form.
pub(crate) struct Report;

impl IntoResponses for Report {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("The report.")
            .content("application/json", Content::new(Some(reference::<routes::reports::usage::Usage>())))
            .content("text/csv", Content::new(Some(String::schema())));
        let mut responses = problems(&[
            ("406", "Neither form is acceptable."),
            ("422", "The report would be too large."),
        ]);
        responses.insert("200".to_owned(), response.build().into());
        responses
    }
}

fn effect(description: &str, schema: RefOr<Schema>) -> ResponseBuilder {
    ResponseBuilder::new()
        .description(description)
        .header("ETag", text_header("The version, for `If-Match`."))
        .header("Tollgate-Position", text_header("The log's position of the last event of the write."))
        .header("Idempotency-Replayed", text_header("`true` where the command was given before."))
        .content("application/json", Content::new(Some(schema)))
}

fn accepted<P: ToSchema>() -> (String, RefOr<Response>) {
    let response = effect("On record, but not shown by reads yet.", reference::<P>())
        .header("Tollgate-Visible", text_header("`false`."));
    ("202".to_owned(), response.build().into())
}

/// A thing made, with where it is, and what stands for it while reads do not show it.
pub(crate) struct Created<T, P = Pending>(PhantomData<(T, P)>);

impl<T: ToSchema, P: ToSchema> IntoResponses for Created<T, P> {
    fn responses() -> Responses {
        let response = effect("Made.", reference::<T>()).header("Location", text_header("Where it is."));
        [("201".to_owned(), response.build().into()), accepted::<P>()].into()
    }
}

/// A thing changed, as it then stands, likewise.
pub(crate) struct Changed<T, P = Pending>(PhantomData<(T, P)>);

impl<T: ToSchema, P: ToSchema> IntoResponses for Changed<T, P> {
    fn responses() -> Responses {
        let response = effect("As it now stands.", reference::<T>());
        [("200".to_owned(), response.build().into()), accepted::<P>()].into()
    }
}

/// A part of a thing removed.
pub(crate) struct Removed;

impl IntoResponses for Removed {
    fn responses() -> Responses {
        let response = |description| {
            let response = ResponseBuilder::new()
                .description(description)
                .header("ETag", text_header("The policy's version, for `If-Match`."))
                .header("Tollgate-Position", text_header("The log's position of the last event of the write."))
                .header("Idempotency-Replayed", text_header("`true` where the command was given before."));
            response.build().into()
        };
        let (removed, accepted) = (response("Removed."), response("On record, but not shown by reads yet."));
        [("204".to_owned(), removed), ("202".to_owned(), accepted)].into()
    }
}

fn problems(statuses: &[(&str, &str)]) -> Responses {
    let one = |(status, description): &(&str, &str)| {
        let content = Content::new(Some(reference::<ProblemBody>()));
        let response = ResponseBuilder::new().description(*description).content("application/problem+json", content);
        ((*status).to_owned(), response.build().into())
    };
    statuses.iter().map(one).collect()
}

const UNKNOWN_CALLER: (&str, &str) = ("401", "No valid admin token was given.");
const NOT_ALLOWED: (&str, &str) = ("403", "The principal does not hold the permission.");
const FAULT: (&str, &str) = ("5XX", "A fault of the server.");

/// Of an operation that everyone with a token may call.
pub(crate) struct KnownProblems;
impl IntoResponses for KnownProblems {
    fn responses() -> Responses {
        problems(&[("400", "A query parameter is wrong."), UNKNOWN_CALLER, FAULT])
    }
}

/// Of a read.
pub(crate) struct ReadProblems;
impl IntoResponses for ReadProblems {
    fn responses() -> Responses {
        problems(&[("400", "A query parameter is wrong."), UNKNOWN_CALLER, NOT_ALLOWED, FAULT])
    }
}

/// Of an operation on a thing that need not be there.
pub(crate) struct Missing;
impl IntoResponses for Missing {
    fn responses() -> Responses {
        problems(&[("404", "There is no such thing.")])
    }
}

/// Of a write.
pub(crate) struct WriteProblems;
impl IntoResponses for WriteProblems {
    fn responses() -> Responses {
        problems(&[
            ("400", "A header, a query parameter or the form of the body is wrong."),
            UNKNOWN_CALLER,
            NOT_ALLOWED,
            ("408", "The body did not arrive in time."),
            ("409", "The state of things forbids it, or the same command is being carried out."),
            ("412", "`If-Match` names another version than the current one."),
            ("413", "The body is larger than 1 MiB."),
            ("415", "The body is not said to be JSON."),
            ("422", "A field is wrong, a rule forbids it, or the `Idempotency-Key` was used for another request."),
            FAULT,
        ])
    }
}

/// Of a write without a body.
pub(crate) struct BodilessProblems;
impl IntoResponses for BodilessProblems {
    fn responses() -> Responses {
        let mut responses = WriteProblems::responses();
        responses.remove("415");
        responses
    }
}

/// Of a write that demands `If-Match`.
pub(crate) struct MatchProblems;
impl IntoResponses for MatchProblems {
    fn responses() -> Responses {
        problems(&[("428", "`If-Match` is missing.")])
    }
}

/// One page of a list.
pub(crate) struct Listed<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Listed<T> {
    fn responses() -> Responses {
        let cursor = "Give it as `cursor` for the next page; null on the last one.";
        let page = ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(reference::<T>()))
            .required("items")
            .property("next_cursor", ObjectBuilder::new().schema_type(text_or_null()).description(Some(cursor)))
            .required("next_cursor");
        let content = Content::new(Some(Schema::from(page)));
        let response = ResponseBuilder::new().description("One page.").content("application/json", content);
        [("200".to_owned(), response.build().into())].into()
    }
}

fn text_or_null() -> SchemaType {
    SchemaType::from_iter([Type::String, Type::Null])
}

macro_rules! path_of {
    ($name:ident, $id:ty) => {
        #[derive(IntoParams)]
        #[into_params(parameter_in = Path)]
        #[expect(dead_code, reason = "documents what `Id` reads")]
        pub(crate) struct $name {
            #[param(schema_with = schema_of::<$id>, required = true)]
            id: String,
        }
    };
}
path_of!(ClientPath, ClientId);
path_of!(KeyPath, KeyId);
path_of!(RoutePath, RouteId);
path_of!(PolicyPath, PolicyId);

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "documents what `Id` reads")]
pub(crate) struct PositionPath {
    #[param(minimum = 1)]
    position: u64,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "documents what `Id` reads")]
pub(crate) struct AssignmentPath {
    #[param(schema_with = schema_of::<PolicyId>, required = true)]
    id: String,
    #[param(schema_with = schema_of::<AssignmentId>, required = true)]
    assignment_id: String,
}

/// What every write may be given.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what `Ask` reads")]
pub(crate) struct WriteHeaders {
    /// The caller's own name for the command: a repetition is recognised and answered, not carried out again.
    #[param(rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
    /// The `ETag` that the caller has seen; the write is refused if there is a newer one.
    #[param(rename = "If-Match", value_type = String, required = false)]
    if_match: Option<String>,
}

/// What a change of a whole thing must be given.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents what `Ask` reads")]
pub(crate) struct EditHeaders {
    /// The caller's own name for the command: a repetition is recognised and answered, not carried out again.
    #[param(rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
    /// The `ETag` that the caller has seen; the write is refused if there is a newer one.
    #[param(rename = "If-Match")]
    if_match: String,
}

/// The schema that the domain has for its own type, so that the two cannot drift apart.
pub(crate) fn schema_of<T: JsonSchema>() -> RefOr<Schema> {
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

/// A list of such values.
pub(crate) fn list_of<T: JsonSchema>() -> Schema {
    ArrayBuilder::new().items(schema_of::<T>()).build().into()
}

/// Such a value, or null.
pub(crate) fn or_null<T: JsonSchema>() -> Schema {
    OneOfBuilder::new().item(schema_of::<T>()).item(null()).build().into()
}

/// A list of such values, or null.
pub(crate) fn list_or_null<T: JsonSchema>() -> Schema {
    OneOfBuilder::new().item(list_of::<T>()).item(null()).build().into()
}

fn null() -> Schema {
    ObjectBuilder::new().schema_type(Type::Null).build().into()
}

/// An object whose members are such values.
pub(crate) fn map_of<T: JsonSchema>() -> Schema {
    ObjectBuilder::new().additional_properties(Some(schema_of::<T>())).build().into()
}

/// One of these words.
pub(crate) fn word(words: &[&'static str]) -> Schema {
    let words: Vec<&'static str> = words.to_vec();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .build()
        .into()
}

