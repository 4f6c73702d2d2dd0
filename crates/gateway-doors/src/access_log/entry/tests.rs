use domain::decision::RefusalReason;
use proptest::prelude::*;
use prost::{Message, bytes::Bytes};

use super::*;
use crate::{
    ext_authz,
    testing::{allowed, refused},
    wire::{
        access_log::{
            AccessLogCommon, Duration, FilterMetadata, HttpAccessLogEntry, HttpRequestProperties,
            HttpResponseProperties, Metadata, ResponseFlags, UInt32Value,
        },
        ext_authz::{CheckResponse, MetadataField, MetadataKind, MetadataValue, Struct},
    },
};

/// When the decisions of `testing` were taken, in Unix milliseconds.
const DECIDED_AT: i64 = 1_700_000_000_000;

fn at(unix_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(unix_ms).unwrap()
}

/// What the `ext_authz` door writes of a decision.
fn written(decision: &gateway::Decision) -> Struct {
    CheckResponse::decode(&*ext_authz::decided(decision)).unwrap().dynamic_metadata.unwrap()
}

fn under(filter: &str, says: Struct) -> Metadata {
    Metadata { filter_metadata: vec![FilterMetadata { key: filter.to_owned(), value: Some(says) }] }
}

/// A call that was allowed and answered 201 within 1.5 s.
fn answered() -> HttpAccessLogEntry {
    HttpAccessLogEntry {
        common_properties: Some(AccessLogCommon {
            time_to_last_downstream_tx_byte: Some(Duration { seconds: 1, nanos: 500_000_999 }),
            response_flags: None,
            metadata: Some(under(EXT_AUTHZ, written(&allowed()))),
            duration: Some(Duration { seconds: 2, nanos: 0 }),
            intermediate_log_entry: false,
            access_log_type: AccessLogType::DownstreamEnd.into(),
        }),
        request: Some(HttpRequestProperties { request_headers_bytes: 300, request_body_bytes: 20 }),
        response: Some(HttpResponseProperties {
            response_code: Some(UInt32Value { value: 201 }),
            response_headers_bytes: 100,
            response_body_bytes: 4_000,
        }),
    }
}

fn common(entry: &mut HttpAccessLogEntry) -> &mut AccessLogCommon {
    entry.common_properties.as_mut().unwrap()
}

fn changed(change: impl FnOnce(&mut HttpAccessLogEntry)) -> HttpAccessLogEntry {
    let mut entry = answered();
    change(&mut entry);
    entry
}

/// The entry with another text in what the door wrote; an empty one takes the field away.
fn saying(name: &str, text: &str) -> HttpAccessLogEntry {
    let mut says = written(&allowed());
    says.fields.retain(|field| field.key != name);
    if !text.is_empty() {
        let kind = Some(MetadataKind::Text(Bytes::copy_from_slice(text.as_bytes())));
        let key = Bytes::copy_from_slice(name.as_bytes());
        says.fields.push(MetadataField { key, value: Some(MetadataValue { kind }) });
    }
    changed(|entry| common(entry).metadata = Some(under(EXT_AUTHZ, says)))
}

fn read_at(entry: &HttpAccessLogEntry, unix_ms: i64) -> Result<Response, Skipped> {
    read(&entry.encode_to_vec(), at(unix_ms))
}

fn read_soon(entry: &HttpAccessLogEntry) -> Result<Response, Skipped> {
    read_at(entry, DECIDED_AT + 2_000)
}

fn expected() -> Response {
    let decision = allowed();
    Response {
        decided_at: at(DECIDED_AT),
        client_id: decision.client_id,
        key_id: decision.key_id,
        secret_version: Some(2),
        route_id: decision.route_id,
        environment: decision.environment,
        outcome: Outcome::Allowed,
        status: StatusClass::Success,
        upstream_error: false,
        request_bytes: 320,
        response_bytes: 4_100,
        duration_us: 1_500_000,
    }
}

#[test]
fn an_answer_is_joined_to_what_the_door_said() {
    assert_eq!(read_soon(&answered()), Ok(expected()));
}

#[test]
fn a_refusal_is_an_answer_too_and_an_unproven_caller_has_no_name() {
    let mut unproven = refused(RefusalReason::UnknownSecret);
    (unproven.client_id, unproven.key_id, unproven.secret_version, unproven.route_id) =
        (None, None, None, None);
    let entry = changed(|entry| {
        common(entry).metadata = Some(under(EXT_AUTHZ, written(&unproven)));
        entry.response.as_mut().unwrap().response_code = Some(UInt32Value { value: 401 });
    });
    let read = read_soon(&entry).unwrap();
    assert_eq!((read.outcome, read.status), (Outcome::Unauthenticated, StatusClass::ClientError));
    assert_eq!((read.client_id, read.key_id, read.secret_version, read.route_id), (None, None, None, None));
}

#[test]
fn a_filter_that_is_named_after_its_policy_speaks_for_the_door_and_another_does_not() {
    let under = |name: &str| {
        let entry = changed(|entry| common(entry).metadata = Some(under(name, written(&allowed()))));
        read_soon(&entry)
    };
    assert_eq!(under("envoy.filters.http.ext_authz/securitypolicy/apis/tollgate"), Ok(expected()));
    for other in ["envoy.filters.http.ext_authz2", "envoy.filters.http.jwt_authn", "", "tollgate"] {
        assert_eq!(under(other), Err(Skipped::Undecided), "{other}");
    }
}

#[test]
fn without_the_doors_word_there_is_nothing_to_join() {
    assert_eq!(read_soon(&changed(|entry| common(entry).metadata = None)), Err(Skipped::Undecided));
    assert_eq!(read_soon(&saying("decision_id", "")), Err(Skipped::Undecided));
    assert_eq!(read_soon(&HttpAccessLogEntry::default()), Err(Skipped::Undecided));
    let entry = changed(|entry| common(entry).metadata = Some(under(EXT_AUTHZ, Struct { fields: vec![] })));
    assert_eq!(read_soon(&entry), Err(Skipped::Undecided));
}

#[test]
fn what_no_gateway_wrote_is_malformed() {
    for (name, text) in [
        ("decision_id", "dec_7"),
        ("client_id", "key_01h00000000000000000000000"),
        ("key_id", "'; drop table"),
        ("route_id", "rt_"),
        ("secret_version", "-1"),
        ("secret_version", "4294967296"),
        ("environment", "PROD"),
        ("environment", ""),
        ("outcome", "perhaps"),
        ("outcome", ""),
    ] {
        assert_eq!(read_soon(&saying(name, text)), Err(Skipped::Malformed), "{name}: {text}");
    }
    assert_eq!(read_soon(&saying("what_comes_next", "x")), Ok(expected()), "a later gateway may say more");
}

#[test]
fn a_decision_is_of_the_last_day_by_this_gateways_clock() {
    let read = |later_ms: i64| read_at(&answered(), DECIDED_AT + later_ms).map(|_| ());
    for later_ms in [-AHEAD_MAX_MS, 0, AGE_MAX_MS] {
        assert_eq!(read(later_ms), Ok(()), "{later_ms}");
    }
    for later_ms in [-AHEAD_MAX_MS - 1, AGE_MAX_MS + 1] {
        assert_eq!(read(later_ms), Err(Skipped::Untimely), "{later_ms}");
    }
    let last = DecisionId::from_u128(u128::MAX).to_string();
    assert_eq!(read_soon(&saying("decision_id", &last)), Err(Skipped::Untimely));
}

#[test]
fn a_call_is_counted_when_it_ends_and_not_before() {
    let of = |kind: i32| {
        let entry = changed(|entry| common(entry).access_log_type = kind);
        read_soon(&entry).map(|_| ())
    };
    for last in [AccessLogType::NotSet, AccessLogType::DownstreamEnd] {
        assert_eq!(of(last.into()), Ok(()));
    }
    for other in
        [AccessLogType::DownstreamStart, AccessLogType::DownstreamPeriodic, AccessLogType::UpstreamEnd]
    {
        assert_eq!(of(other.into()), Err(Skipped::Unfinished), "{other:?}");
    }
    assert_eq!(of(4_711), Err(Skipped::Unfinished));
    let entry = changed(|entry| common(entry).intermediate_log_entry = true);
    assert_eq!(read_soon(&entry), Err(Skipped::Unfinished));
}

#[test]
fn an_upstream_at_fault_is_told_by_flags_and_not_by_a_status() {
    let with = |flags: ResponseFlags| {
        let entry = changed(|entry| common(entry).response_flags = Some(flags));
        read_soon(&entry).unwrap().upstream_error
    };
    let none = ResponseFlags::default();
    let at_fault = [
        ResponseFlags { no_healthy_upstream: true, ..none },
        ResponseFlags { upstream_request_timeout: true, ..none },
        ResponseFlags { upstream_remote_reset: true, ..none },
        ResponseFlags { upstream_connection_failure: true, ..none },
        ResponseFlags { upstream_connection_termination: true, ..none },
        ResponseFlags { upstream_overflow: true, ..none },
        ResponseFlags { upstream_retry_limit_exceeded: true, ..none },
        ResponseFlags { upstream_max_stream_duration_reached: true, ..none },
        ResponseFlags { upstream_protocol_error: true, ..none },
        ResponseFlags { dns_resolution_failure: true, ..none },
    ];
    assert_eq!(at_fault.len(), UPSTREAM_ERRORS.len());
    for flags in at_fault {
        assert!(with(flags), "{flags:?}");
    }
    assert!(!with(none));
    let failed = changed(|entry| {
        entry.response.as_mut().unwrap().response_code = Some(UInt32Value { value: 500 });
    });
    let read = read_soon(&failed).unwrap();
    assert_eq!((read.status, read.upstream_error), (StatusClass::ServerError, false));
}

/// Flags that are none of an upstream's, as Envoy writes them: the caller's going away (15), a refusal of the door (13).
#[test]
fn flags_of_others_are_no_upstream_errors() {
    let mut flags = vec![];
    for flag in (1_u8..=28).filter(|flag| *flag != 13 && !UPSTREAM_ERRORS.contains(&u64::from(*flag))) {
        prost::encoding::encode_key(flag.into(), prost::encoding::WireType::Varint, &mut flags);
        flags.push(1);
    }
    flags.extend([13 << 3 | 2, 2, 1 << 3, 1]);
    let mut said = Said::default();
    said.read_flags(&flags).unwrap();
    assert!(!said.upstream_error);
}

#[test]
fn a_time_that_is_missing_is_taken_from_the_whole_call() {
    let with = |until_last_byte: Option<Duration>, duration: Option<Duration>| {
        let entry = changed(|entry| {
            common(entry).time_to_last_downstream_tx_byte = until_last_byte;
            common(entry).duration = duration;
        });
        read_soon(&entry).map(|response| response.duration_us)
    };
    let (second, back) = (Some(Duration { seconds: 1, nanos: 0 }), Some(Duration { seconds: -1, nanos: -1 }));
    assert_eq!(with(None, second), Ok(1_000_000));
    assert_eq!(with(None, None), Ok(0));
    assert_eq!(with(back, second), Ok(0), "a clock that was set back");
    assert_eq!(with(Some(Duration { seconds: i64::MAX, nanos: 0 }), None), Err(Skipped::Malformed));
}

#[test]
fn a_size_that_cannot_be_is_malformed_and_no_status_is_a_status_of_its_own() {
    let entry = changed(|entry| entry.response.as_mut().unwrap().response_body_bytes = u64::MAX);
    assert_eq!(read_soon(&entry), Err(Skipped::Malformed));
    let gone = changed(|entry| entry.response = None);
    let read = read_soon(&gone).unwrap();
    assert_eq!((read.status, read.response_bytes), (StatusClass::None, 0));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let read = read(&bytes, at(DECIDED_AT));
        prop_assert!(read.is_err(), "{read:?}");
    }

    /// Bytes that are nearly an entry come further.
    #[test]
    fn no_damaged_entry_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = answered().encode_to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(length.index(bytes.len()) + 1);
        if let Ok(response) = read(&bytes, at(DECIDED_AT + 2_000)) {
            prop_assert!(response.duration_us <= DURATION_MAX_US && response.response_bytes <= BYTES_MAX);
        }
    }
}
