//! Answers that do not do what was asked, as the person is told of them.

use anyhow::anyhow;
use reqwest::StatusCode;
use serde_json::Value;

/// The server said no: what it said, for the person, and an exit code of its own.
#[derive(Debug)]
pub(crate) struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// The server has done nothing yet: one person is not enough for it. With an exit code of its own, for a script goes on
/// after a success.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    approval: String,
}

impl Waiting {
    /// Where the answer names the approval as what was made: other work that is accepted has another place.
    pub(super) fn of(status: StatusCode, location: Option<&str>) -> Option<Self> {
        let approval = location?.strip_prefix("/v1/approvals/")?;
        (status == StatusCode::ACCEPTED).then(|| Self { approval: approval.to_owned() })
    }
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { approval } = self;
        write!(
            f,
            "waits for a second person: {approval}. Nothing was done. When it is approved, give the same command with \
             --approval {approval}"
        )
    }
}

impl std::error::Error for Waiting {}

/// Why an answer is no success. `url`: where the caller looks for the server.
pub(super) fn failure(status: StatusCode, url: &str, body: &Value) -> anyhow::Error {
    let said = |name: &str| body.get(name).and_then(Value::as_str);
    // Every problem of the API has a code. A gateway's door, a proxy and somebody else's server know of none.
    let Some(code) = said("code") else {
        return anyhow!(
            "nothing of Tollgate's admin API answers at {url}: what is there says {status}; look at --url and TOLLGATE_URL"
        );
    };
    let pointer = said("pointer").map(|at| format!(" (at {at})")).unwrap_or_default();
    let message = format!("{status} {code}: {}{pointer}", said("detail").unwrap_or_default());
    if status.is_client_error() {
        return Refused(message).into();
    }
    // What failed there is in the server's log, by this name.
    let request = said("request_id").map(|id| format!(" (request {id})")).unwrap_or_default();
    anyhow!("{message}{request}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "http://127.0.0.1:9090";

    fn check(status: u16, body: &Value, said: &str, refused: bool) {
        let failure = failure(StatusCode::from_u16(status).unwrap(), URL, body);
        assert_eq!((failure.to_string().as_str(), failure.is::<Refused>()), (said, refused), "{body}");
    }

    #[test]
    fn a_refusal_has_its_code_and_where_it_lies() {
        let problem = json!({ "code": "name_empty", "detail": "give a name", "request_id": "req_1" });
        check(422, &problem, "422 Unprocessable Entity name_empty: give a name", true);
        let problem = json!({ "code": "name_empty", "detail": "give a name", "pointer": "/name" });
        check(422, &problem, "422 Unprocessable Entity name_empty: give a name (at /name)", true);
    }

    #[test]
    fn a_failure_of_the_server_names_the_request_that_its_log_knows() {
        let problem =
            json!({ "code": "internal", "detail": "the log knows it by its id", "request_id": "req_1" });
        let said = "500 Internal Server Error internal: the log knows it by its id (request req_1)";
        check(500, &problem, said, false);
    }

    #[test]
    fn an_answer_without_a_code_is_none_of_the_admin_api() {
        for body in [Value::Null, Value::String("<html>".to_owned()), json!({ "error": "no such path" })] {
            let said = "nothing of Tollgate's admin API answers at http://127.0.0.1:9090: what is there says \
                        404 Not Found; look at --url and TOLLGATE_URL";
            check(404, &body, said, false);
        }
    }

    #[test]
    fn only_an_approval_that_was_accepted_waits() {
        let waiting = |status, at| Waiting::of(status, Some(at)).map(|waiting| waiting.to_string());
        let said = waiting(StatusCode::ACCEPTED, "/v1/approvals/apr_1").unwrap();
        assert!(said.starts_with("waits for a second person: apr_1."), "{said}");
        assert!(said.ends_with("--approval apr_1"), "{said}");
        assert_eq!(waiting(StatusCode::ACCEPTED, "/v1/operations/op_1"), None);
        assert_eq!(waiting(StatusCode::OK, "/v1/approvals/apr_1"), None);
        assert!(Waiting::of(StatusCode::ACCEPTED, None).is_none());
    }
}
