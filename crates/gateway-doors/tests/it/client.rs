//! Asks as Envoy does.

use std::collections::BTreeMap;

use prost::bytes::Bytes;
use tollgate_gateway_doors::wire::ext_authz::{
    Address, AttributeContext, CHECK, CheckRequest, CheckResponse, DeniedHttpResponse, Entry,
    HeaderValueOption, HttpRequest, HttpResponse, MetadataKind, OkHttpResponse, Peer, Request, SocketAddress,
};
use tonic::{
    Status,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::world::Open;

/// A connection to the door.
pub(super) struct Envoy(Channel);

impl Envoy {
    pub(super) async fn connect(open: &Open) -> Self {
        Self(Endpoint::from_shared(open.url("")).unwrap().connect().await.unwrap())
    }

    pub(super) async fn ask(&self, question: CheckRequest) -> Result<CheckResponse, Status> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.map_err(|failure| Status::unavailable(failure.to_string()))?;
        let codec = ProstCodec::<CheckRequest, CheckResponse>::default();
        let answer = grpc.unary(tonic::Request::new(question), CHECK.parse().unwrap(), codec).await?;
        Ok(answer.into_inner())
    }

    /// Asks about a call that is to pass.
    pub(super) async fn pass(&self, question: CheckRequest) -> Passed {
        let answer = self.ask(question).await.unwrap();
        let metadata = metadata(&answer);
        let code = answer.status.unwrap().code;
        match answer.http_response {
            Some(HttpResponse::Ok(ok)) if code == 0 => Passed { ok, metadata },
            other => panic!("code {code}: {other:?}"),
        }
    }

    /// Asks about a call that is to be refused.
    pub(super) async fn refuse(&self, question: CheckRequest) -> Refused {
        let answer = self.ask(question).await.unwrap();
        let metadata = metadata(&answer);
        let code = answer.status.unwrap().code;
        match answer.http_response {
            Some(HttpResponse::Denied(denied)) if code != 0 => Refused { code, denied, metadata },
            other => panic!("code {code}: {other:?}"),
        }
    }
}

pub(super) struct Passed {
    pub(super) ok: OkHttpResponse,
    pub(super) metadata: BTreeMap<String, String>,
}

impl Passed {
    pub(super) fn removed(&self) -> Vec<&str> {
        self.ok.headers_to_remove.iter().map(text).collect()
    }
}

pub(super) struct Refused {
    pub(super) code: i32,
    pub(super) denied: DeniedHttpResponse,
    pub(super) metadata: BTreeMap<String, String>,
}

impl Refused {
    pub(super) fn status(&self) -> i32 {
        self.denied.status.as_ref().unwrap().code
    }

    pub(super) fn headers(&self) -> BTreeMap<&str, &str> {
        headers(&self.denied.headers)
    }

    pub(super) fn body(&self) -> serde_json::Value {
        serde_json::from_str(&self.denied.body).unwrap()
    }
}

/// By name. Each must overwrite, and none may come twice.
pub(super) fn headers(options: &[HeaderValueOption]) -> BTreeMap<&str, &str> {
    let mut headers = BTreeMap::new();
    for option in options {
        assert_eq!(option.append_action, 2, "{option:?}");
        let header = option.header.as_ref().unwrap();
        assert_eq!(headers.insert(text(&header.key), text(&header.value)), None, "{option:?}");
    }
    headers
}

fn text(bytes: &Bytes) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn metadata(answer: &CheckResponse) -> BTreeMap<String, String> {
    let fields = answer.dynamic_metadata.iter().flat_map(|metadata| &metadata.fields);
    fields
        .map(|field| {
            (text(&field.key).to_owned(), shown(field.value.as_ref().unwrap().kind.as_ref().unwrap()))
        })
        .collect()
}

fn shown(kind: &MetadataKind) -> String {
    match kind {
        MetadataKind::Number(number) => number.to_string(),
        MetadataKind::Text(bytes) => text(bytes).to_owned(),
        MetadataKind::Truth(truth) => truth.to_string(),
        MetadataKind::List(list) => {
            let items = list.values.iter().map(|value| shown(value.kind.as_ref().unwrap()));
            items.collect::<Vec<_>>().join(" ")
        }
    }
}

/// A question about `GET /orders/7` from 198.51.100.7 with these headers.
pub(super) fn question(headers: &[(&str, &str)]) -> CheckRequest {
    let entry = |(key, value): &(&str, &str)| Entry { key: (*key).to_owned(), value: (*value).to_owned() };
    let http = HttpRequest {
        method: "GET".to_owned(),
        headers: headers.iter().map(entry).collect(),
        path: "/orders/7".to_owned(),
        host: "Api.Example.com:443".to_owned(),
        header_map: None,
    };
    let socket_address = SocketAddress { address: "198.51.100.7".to_owned(), port_value: 51_000 };
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(Peer { address: Some(Address { socket_address: Some(socket_address) }) }),
            request: Some(Request { http: Some(http) }),
            context_extensions: vec![],
        }),
    }
}

pub(super) fn http(question: &mut CheckRequest) -> &mut HttpRequest {
    question.attributes.as_mut().unwrap().request.as_mut().unwrap().http.as_mut().unwrap()
}

pub(super) fn extend(question: &mut CheckRequest, value: &str) {
    let entry = Entry { key: "tollgate.environment".to_owned(), value: value.to_owned() };
    question.attributes.as_mut().unwrap().context_extensions.push(entry);
}
