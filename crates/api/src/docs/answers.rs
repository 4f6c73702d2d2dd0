//! What operations answer when they do what was asked.

use std::{collections::BTreeMap, marker::PhantomData};

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, Content, HeaderBuilder, ObjectBuilder, OneOfBuilder, Ref, RefOr, Response,
        ResponseBuilder, Schema,
        schema::{SchemaType, Type},
    },
};

use super::problems::problems;
use crate::{answer::Pending, routes::scheduled_changes::view::ChangeView};

pub(super) type Responses = BTreeMap<String, RefOr<Response>>;

pub(super) fn reference<T: ToSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
}

pub(super) fn text_header(description: &str) -> utoipa::openapi::Header {
    HeaderBuilder::new().schema(Some(String::schema())).description(Some(description)).build()
}

/// A resource as it stands, with its entity tag.
pub(crate) struct Found<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Found<T> {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("As it stands.")
            .header("ETag", text_header("The version, for `If-Match`."))
            .header(
                "Tollgate-As-Of",
                text_header("Where `as_of` was given: the log's position that this is of."),
            )
            .content("application/json", Content::new(Some(reference::<T>())));
        [("200".to_owned(), response.build().into())].into()
    }
}

/// Something without a version.
pub(crate) struct FoundPlain<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for FoundPlain<T> {
    fn responses() -> Responses {
        let content = Content::new(Some(reference::<T>()));
        let response =
            ResponseBuilder::new().description("As it stands.").content("application/json", content);
        [("200".to_owned(), response.build().into())].into()
    }
}

/// A report in either form.
pub(crate) struct Report<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Report<T> {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("The report.")
            .content("application/json", Content::new(Some(reference::<T>())))
            .content("text/csv", Content::new(Some(String::schema())));
        let mut responses = problems(&[("406", "Neither form is acceptable.")]);
        responses.insert("200".to_owned(), response.build().into());
        responses
    }
}

/// A time that cannot be counted again.
pub(crate) struct Unreconciled;

impl IntoResponses for Unreconciled {
    fn responses() -> Responses {
        problems(&[(
            "422",
            "What gateways told of that time is not kept any more, or is too much to be read.",
        )])
    }
}

/// A report that can be had as Parquet, too, which has no pages.
pub(crate) struct UsageReported<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for UsageReported<T> {
    fn responses() -> Responses {
        let mut responses = WholeReport::<T>::responses();
        if let Some(RefOr::T(response)) = responses.get_mut("200") {
            let file = Content::new(Some(String::schema()));
            response.content.insert("application/vnd.apache.parquet".to_owned(), file.into());
        }
        responses
    }
}

/// A report that has no pages and is not cut: too large a one is refused.
pub(crate) struct WholeReport<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for WholeReport<T> {
    fn responses() -> Responses {
        let mut responses = Report::<T>::responses();
        responses.extend(problems(&[("422", "The report would be too large.")]));
        responses
    }
}

/// Events without an end, each with this as its data.
pub(crate) struct Streamed<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Streamed<T> {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("Server-sent events; the schema is that of an event's data.")
            .content("text/event-stream", Content::new(Some(reference::<T>())));
        [("200".to_owned(), response.build().into())].into()
    }
}

/// A page of a list, or all of it in a form that is taken out.
pub(crate) struct ListedOrTaken<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for ListedOrTaken<T> {
    fn responses() -> Responses {
        let mut responses = Listed::<T>::responses();
        let note = "With `proofs`: the signed note that they come to, in base 64.";
        if let Some(RefOr::T(response)) = responses.get_mut("200") {
            for kind in ["text/csv", "application/x-ndjson"] {
                response.content.insert(kind.to_owned(), Content::new(Some(String::schema())).into());
            }
            response.headers.insert("Tollgate-Checkpoint".to_owned(), text_header(note).into());
        }
        responses.extend(problems(&[
            ("404", "Proofs are asked for, and no signed checkpoint reaches so far yet."),
            ("406", "None of the forms is acceptable."),
        ]));
        responses
    }
}

/// A report that was written to a file.
pub(crate) struct ReportFile;

impl IntoResponses for ReportFile {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("The file, byte for byte as the operation tells of it.")
            .header("Content-Length", text_header("Its bytes."))
            .content("text/csv", Content::new(Some(String::schema())))
            .content("application/vnd.apache.parquet", Content::new(Some(String::schema())));
        let mut responses = problems(&[
            ("409", "It is not whole yet, or never will be, or another node keeps it."),
            ("410", "It is not kept any more."),
        ]);
        responses.insert("200".to_owned(), response.build().into());
        responses
    }
}

/// The log with its proof, one JSON object a line.
pub(crate) struct ExportedLog;

impl IntoResponses for ExportedLog {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("What was asked for, as it is read.")
            .content("application/jsonl", Content::new(Some(String::schema())));
        let mut responses = problems(&[("404", "No signed checkpoint reaches so far yet.")]);
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

/// An operation planned; what it would be about, where nothing is to be done.
pub(crate) struct BulkAnswer<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for BulkAnswer<T> {
    fn responses() -> Responses {
        let preview = ResponseBuilder::new()
            .description("With `dry_run`: what it would be about.")
            .content("application/json", Content::new(Some(reference::<T>())));
        let operation = reference::<crate::routes::operations::view::OperationView>();
        let planned = effect("Planned.", operation).header("Location", text_header("Where it is."));
        [
            ("200".to_owned(), preview.build().into()),
            ("201".to_owned(), planned.build().into()),
            accepted::<Pending>(),
        ]
        .into()
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

/// A thing changed, as it then stands: shown at once, for it is known from memory.
pub(crate) struct Plain<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Plain<T> {
    fn responses() -> Responses {
        [("200".to_owned(), effect("As it now stands.", reference::<T>()).build().into())].into()
    }
}

/// A thing made, likewise.
pub(crate) struct PlainCreated<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for PlainCreated<T> {
    fn responses() -> Responses {
        let response = effect("Made.", reference::<T>()).header("Location", text_header("Where it is."));
        [("201".to_owned(), response.build().into())].into()
    }
}

/// A thing changed, or a change of it planned for a time ahead, or to end by itself.
pub(crate) struct Deferrable<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Deferrable<T> {
    fn responses() -> Responses {
        let mut responses = Changed::<T>::responses();
        let either = OneOfBuilder::new().item(reference::<ChangeView>()).item(reference::<Pending>());
        let planned =
            effect("Planned, or on record but not shown by reads yet.", Schema::from(either).into())
                .header("Location", text_header("Where the change is, or the thing."))
                .header("Tollgate-Visible", text_header("`false` where reads do not show it yet."));
        responses.insert("202".to_owned(), planned.build().into());
        responses
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
                .header(
                    "Tollgate-Position",
                    text_header("The log's position of the last event of the write."),
                )
                .header("Idempotency-Replayed", text_header("`true` where the command was given before."));
            response.build().into()
        };
        let (removed, accepted) = (response("Removed."), response("On record, but not shown by reads yet."));
        [("204".to_owned(), removed), ("202".to_owned(), accepted)].into()
    }
}

/// One page of a list.
pub(crate) struct Listed<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Listed<T> {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("One page.")
            .header(
                "Tollgate-As-Of",
                text_header("Where `as_of` was given: the log's position that this is of."),
            )
            .content("application/json", page_of::<T>());
        [("200".to_owned(), response.build().into())].into()
    }
}

/// One page of a list in either form.
pub(crate) struct Listing<T>(PhantomData<T>);

impl<T: ToSchema> IntoResponses for Listing<T> {
    fn responses() -> Responses {
        let response = ResponseBuilder::new()
            .description("One page.")
            .header("Tollgate-Next-Cursor", text_header("Of CSV: where the list goes on."))
            .content("application/json", page_of::<T>())
            .content("text/csv", Content::new(Some(String::schema())));
        let mut responses = problems(&[("406", "Neither form is acceptable.")]);
        responses.insert("200".to_owned(), response.build().into());
        responses
    }
}

fn page_of<T: ToSchema>() -> Content {
    let cursor = "Give it as `cursor` for the next page; null on the last one.";
    let page = ObjectBuilder::new()
        .property("items", ArrayBuilder::new().items(reference::<T>()))
        .required("items")
        .property("next_cursor", ObjectBuilder::new().schema_type(text_or_null()).description(Some(cursor)))
        .required("next_cursor");
    Content::new(Some(Schema::from(page)))
}

fn text_or_null() -> SchemaType {
    SchemaType::from_iter([Type::String, Type::Null])
}
