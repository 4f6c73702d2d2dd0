//! What every write takes and answers beside its own, dry runs and receipts: said once, of whatever takes an
//! `Idempotency-Key`.

use utoipa::{
    PartialSchema,
    openapi::{
        Content, ObjectBuilder, OpenApi, RefOr, Required, Response, ResponseBuilder, Schema,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{AllOfBuilder, AnyOfBuilder, Type},
    },
};

use super::{
    answers::{reference, text_header},
    schemas::form,
};
use crate::{dry_run::view::DryRunView, receipt::ReceiptedBody, routes::approvals::view::ApprovalView};

/// The document with what its writes have in common.
pub(super) fn with_writes(mut openapi: OpenApi) -> OpenApi {
    for item in openapi.paths.paths.values_mut() {
        let writes = [&mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten();
        writes.filter(|operation| is_write(operation)).for_each(complete);
    }
    openapi
}

fn is_write(operation: &Operation) -> bool {
    let named = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.name == "Idempotency-Key",
        RefOr::Ref(_) => false,
    };
    operation.parameters.iter().flatten().any(named)
}

fn complete(operation: &mut Operation) {
    operation.parameters.get_or_insert_default().extend([dry_run().into(), wait().into(), approval().into()]);
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            with_receipt(response);
        }
    }
    // What is decided and what is made more of does not wait itself.
    let waits = ["approve_approval", "decline_approval", "withdraw_approval", "make_approval_rule"];
    let named = operation.operation_id.as_deref().unwrap_or_default();
    if !waits.contains(&named) {
        let waiting = responses.entry("202".to_owned()).or_insert_with(|| {
            ResponseBuilder::new().description("It waits for a second person.").build().into()
        });
        if let RefOr::T(response) = waiting {
            or_approval(response);
        }
    }
    let rehearsed = responses.entry("200".to_owned()).or_insert_with(|| {
        let description = "What a dry run would do, or a receipt where there is nothing else to answer.";
        ResponseBuilder::new().description(description).build().into()
    });
    if let RefOr::T(response) = rehearsed {
        or_dry_run(response);
    }
}

fn dry_run() -> Parameter {
    let description = "Answers 200 with what the write would put on record and whom it would touch, under the same \
                       conditions and with the same refusals. Nothing happens, and nothing is remembered.";
    ParameterBuilder::new()
        .name("dry_run")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(bool::schema()))
        .build()
}

fn wait() -> Parameter {
    let description = "Answers once every gateway node that lives has applied the write, for a bounded time: with a \
                       `receipt` that names the nodes, and `Tollgate-Applied`. A dry run does not wait.";
    ParameterBuilder::new()
        .name("wait")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["applied"]))))
        .build()
}

/// What the operation answers, with the receipt that a caller may wait for.
fn with_receipt(response: &mut Response) {
    let applied =
        text_header("Where `wait=applied` was asked for: whether the write is in force on every node.");
    response.headers.insert("Tollgate-Applied".to_owned(), applied.into());
    for content in response.content.values_mut() {
        if let RefOr::T(content) = content
            && let Some(own) = content.schema.take()
        {
            let both = AllOfBuilder::new().item(own).item(reference::<ReceiptedBody>());
            content.schema = Some(Schema::from(both).into());
        }
    }
}

fn approval() -> Parameter {
    let description = "The approval that the same request was allowed by, where it needs a second person.";
    ParameterBuilder::new()
        .name("Tollgate-Approval")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(form::ApprovalId::schema()))
        .build()
}

/// Either what the operation answers while reads do not show it, or what waits for a second person.
fn or_approval(response: &mut Response) {
    let empty = response.content.is_empty();
    let content = response.content.entry("application/json".to_owned());
    let content = content.or_insert_with(|| Content::new(Some(reference::<ApprovalView>())).into());
    if let (RefOr::T(content), false) = (content, empty)
        && let Some(own) = content.schema.take()
    {
        let either = AnyOfBuilder::new().item(own).item(reference::<ApprovalView>());
        content.schema = Some(Schema::from(either).into());
    }
}

/// Either what the operation answers, or a dry run.
fn or_dry_run(response: &mut Response) {
    let content = response.content.entry("application/json".to_owned());
    let content = content.or_insert_with(|| Content::new(Some(reference::<ReceiptedBody>())).into());
    if let RefOr::T(content) = content
        && let Some(own) = content.schema.take()
    {
        let either = AnyOfBuilder::new().item(own).item(reference::<DryRunView>());
        content.schema = Some(Schema::from(either).into());
    }
}
