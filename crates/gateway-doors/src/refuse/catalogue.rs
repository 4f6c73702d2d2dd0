//! Every code that a caller can meet at a door, for `schemas/refusals.json`.

use domain::decision::RefusalReason;
use http::StatusCode;
use serde::Serialize;

use super::{Fault, detail, status};

/// One code, with its status and its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemDoc {
    pub code: &'static str,
    pub status: u16,
    pub message: &'static str,
}

/// A request to a door that cannot be read, with the codes of the admin API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    BodyMalformed,
    BodyTooSlow,
    BodyTooLarge,
    MediaTypeUnsupported,
    BodyInvalid,
}

impl Rejection {
    pub(super) const ALL: [Self; 5] = [
        Self::BodyMalformed,
        Self::BodyTooSlow,
        Self::BodyTooLarge,
        Self::MediaTypeUnsupported,
        Self::BodyInvalid,
    ];

    pub(super) fn doc(self) -> ProblemDoc {
        let (code, status, message) = match self {
            Self::BodyMalformed => ("body_malformed", StatusCode::BAD_REQUEST, "the body is not JSON"),
            Self::BodyTooSlow => {
                ("body_too_slow", StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")
            }
            Self::BodyTooLarge => {
                ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 KiB")
            }
            Self::MediaTypeUnsupported => (
                "media_type_unsupported",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be sent as `Content-Type: application/json`",
            ),
            Self::BodyInvalid => (
                "body_invalid",
                StatusCode::UNPROCESSABLE_ENTITY,
                "a field of the body, named by `pointer`, is missing, unknown or has a wrong value",
            ),
        };
        ProblemDoc { code, status: status.as_u16(), message }
    }
}

/// What a genuine secret can be refused for; the other reasons all are `unauthenticated`.
const TOLD: [RefusalReason; 13] = [
    RefusalReason::KeySuspended,
    RefusalReason::ClientSuspended,
    RefusalReason::ClientArchived,
    RefusalReason::WrongEnvironment,
    RefusalReason::AddressNotAllowed,
    RefusalReason::KeyQuarantined,
    RefusalReason::BadPath,
    RefusalReason::UnknownRoute,
    RefusalReason::MissingScope,
    RefusalReason::RateLimited,
    RefusalReason::QuotaExceeded,
    RefusalReason::QuotaUnavailable,
    RefusalReason::StaleConfiguration,
];

/// Every problem of the doors, by code. Some codes are the admin API's too, under another status.
#[must_use]
pub fn problems() -> Vec<ProblemDoc> {
    let unauthenticated =
        ProblemDoc { code: "unauthenticated", status: 401, message: detail(RefusalReason::MissingSecret) };
    let told = TOLD.into_iter().filter_map(|reason| {
        let status = status(reason.outcome())?.as_u16();
        Some(ProblemDoc { code: reason.as_str(), status, message: detail(reason) })
    });
    let faults = Fault::ALL.into_iter().map(Fault::doc);
    let rejections = Rejection::ALL.into_iter().map(Rejection::doc);
    let mut all: Vec<_> = [unauthenticated].into_iter().chain(told).chain(faults).chain(rejections).collect();
    all.sort_unstable_by_key(|doc| doc.code);
    all
}
