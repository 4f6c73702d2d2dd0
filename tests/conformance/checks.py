"""A request that the OpenAPI document allows is not refused for its form."""

import re

import schemathesis

# What is said of a request's form; every other code is about the state of things or a rule that no schema can write.
FORM = {
    "body_invalid",
    "body_malformed",
    "idempotency_key_invalid",
    "if_match_invalid",
    "media_type_unsupported",
    "query_invalid",
}

# Forms that JSON Schema has no words for: the pointer or the sentence, and why.
BEYOND_SCHEMA = [
    (r"expected a whole number|must be a whole number", "to JSON Schema 3.0 is a whole number; a counter written so is more likely an error"),
    (r"not (be )?above `(until|to)`", "two fields together"),
    (r"^must be before `until`|: must be before `until`", "two fields together"),
    (r"at most 366 days before `until`|must not be before now", "two times together"),
    (r"^give either|takes only one of", "one of several fields, as the words at each say"),
    (r"send the upload as", "the format is told by the media type or by a parameter, and `application/json` is neither"),
    (r"must be OpenAPI 3\.0 or 3\.1", "a document has its own form, which is not repeated here"),
    (r"must be a time as RFC 3339 writes it", "`date-time` has no bounds; times before 1970 are refused"),
    (r"IANA time zone", "the names are a database, not a form"),
    (r"range of addresses", "the pattern lets through 999.1.1.1/99"),
    (r"e-mail address", "`email` lets through what no mail server would take"),
    (r"segment `\.` or `\.\.`|two places alike|at most 32 segments", "a pattern sees one segment at a time"),
    (r"without a port", "a name of at most 253 characters"),
    (r"^invalid value: .*duplicate", "sets given with an item twice"),
]


@schemathesis.check
def what_is_documented_is_understood(ctx, response, case):
    """The document's forms are the API's forms."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 415, 422):
        return
    problem = response.json()
    if problem.get("code") not in FORM:
        return
    # The coverage phase gives an optional header the value `0`, whatever its pattern.
    if problem["code"] == "if_match_invalid" and case.headers.get("If-Match") == "0":
        return
    said = f"{problem.get('detail', '')}"
    if any(re.search(words, said) for words, _ in BEYOND_SCHEMA):
        return
    raise AssertionError(f"allowed by the document, refused for its form: {problem}")
