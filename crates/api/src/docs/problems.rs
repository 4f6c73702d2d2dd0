//! What operations answer when they do not do what was asked.

use utoipa::{
    IntoResponses,
    openapi::{Content, ResponseBuilder},
};

use super::answers::{Responses, reference};
use crate::problem::ProblemBody;

pub(super) fn problems(statuses: &[(&str, &str)]) -> Responses {
    let one = |(status, description): &(&str, &str)| {
        let content = Content::new(Some(reference::<ProblemBody>()));
        let response =
            ResponseBuilder::new().description(*description).content("application/problem+json", content);
        ((*status).to_owned(), response.build().into())
    };
    statuses.iter().map(one).collect()
}

const UNKNOWN_CALLER: (&str, &str) = ("401", "No valid admin token was given.");
const NOT_ALLOWED: (&str, &str) = ("403", "The principal does not hold the permission.");
const CROSS_SITE: (&str, &str) = ("403", "A session's cookie came along from another site's page.");
const TOO_MANY: (&str, &str) =
    ("429", "Too many attempts have failed from this address, or of this principal.");
const FAULT: (&str, &str) = ("5XX", "A fault of the server.");

/// Of an operation that everyone with a token may call.
pub(crate) struct KnownProblems;
impl IntoResponses for KnownProblems {
    fn responses() -> Responses {
        problems(&[("400", "A query parameter is wrong."), UNKNOWN_CALLER, CROSS_SITE, TOO_MANY, FAULT])
    }
}

/// Of a read.
pub(crate) struct ReadProblems;
impl IntoResponses for ReadProblems {
    fn responses() -> Responses {
        problems(&[("400", "A query parameter is wrong."), UNKNOWN_CALLER, NOT_ALLOWED, TOO_MANY, FAULT])
    }
}

/// Of beginning to sign in.
pub(crate) struct StartProblems;
impl IntoResponses for StartProblems {
    fn responses() -> Responses {
        problems(&[("400", "A query parameter is wrong.")])
    }
}

/// Of signing in.
pub(crate) struct SignInProblems;
impl IntoResponses for SignInProblems {
    fn responses() -> Responses {
        problems(&[("404", "No identity provider is set."), TOO_MANY, FAULT])
    }
}

/// Of a read that may be of the past.
pub(crate) struct PastProblems;
impl IntoResponses for PastProblems {
    fn responses() -> Responses {
        problems(&[("422", "The state as of then stands on too many events.")])
    }
}

/// Of an operation on a thing that need not be there.
pub(crate) struct Missing;
impl IntoResponses for Missing {
    fn responses() -> Responses {
        problems(&[("404", "There is no such thing.")])
    }
}

/// Of a read that names a thing in its query.
pub(crate) struct UnknownReference;
impl IntoResponses for UnknownReference {
    fn responses() -> Responses {
        problems(&[("422", "There is no such client, key or route.")])
    }
}

/// Of a question with a body, which changes nothing.
pub(crate) struct AskProblems;
impl IntoResponses for AskProblems {
    fn responses() -> Responses {
        let mut responses = WriteProblems::responses();
        responses.remove("412");
        responses
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
            (
                "422",
                "A field is wrong, a rule forbids it, or the `Idempotency-Key` was used for another request.",
            ),
            TOO_MANY,
            FAULT,
        ])
    }
}

/// Of an import: it is of no version.
pub(crate) struct ImportProblems;
impl IntoResponses for ImportProblems {
    fn responses() -> Responses {
        let mut responses = WriteProblems::responses();
        responses.remove("412");
        responses.extend(problems(&[
            ("413", "The document is larger than 4 MiB."),
            ("415", "The document is said to be neither JSON nor YAML."),
        ]));
        responses
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

/// Of a write that uploads rows.
pub(crate) struct UploadProblems;
impl IntoResponses for UploadProblems {
    fn responses() -> Responses {
        let mut responses = WriteProblems::responses();
        responses.extend(problems(&[
            ("413", "The upload is larger than 32 MiB."),
            ("415", "The upload is of no form that is known here."),
        ]));
        responses
    }
}

/// Of a report that proves itself by its signature.
pub(crate) struct ReceiverProblems;
impl IntoResponses for ReceiverProblems {
    fn responses() -> Responses {
        problems(&[
            ("400", "The body is no list of reports, or a query parameter was given."),
            ("403", "The report is not signed as it should be."),
            ("404", "This receiver is not open."),
            ("413", "The body is larger than 1 MiB."),
            ("429", "More reports come in than are taken."),
            FAULT,
        ])
    }
}

/// Of a write that demands `If-Match`.
pub(crate) struct MatchProblems;
impl IntoResponses for MatchProblems {
    fn responses() -> Responses {
        problems(&[("428", "`If-Match` is missing.")])
    }
}
